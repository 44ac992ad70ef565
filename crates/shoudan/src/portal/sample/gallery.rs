//! Every page once, filled with the sample.

use domain::names::Lang;
use domain::time::Zone;
use maud::Markup;
use operations::payments::{Moment, Story};
use operations::people::KeyView;
use operations::requests::Agreement;
use operations::views::{Page as Rows, RequestView, TransactionView};

use crate::portal::merchant::{
    self, DayStatement, Filter, Home, Me, Money, NewRequest, NextAction, Programs, Statement,
};
use crate::portal::page::Theme;
use crate::portal::public::{self, Asked, Front, Login, Problem};
use crate::portal::{paths, sample, styleguide};
use sample::say;

fn rows<T>(data: Vec<T>) -> Rows<T> {
    Rows {
        data,
        has_more: true,
        next_cursor: Some("next".into()),
    }
}

/// The merchant's home.
pub fn home(lang: Lang) -> Home {
    let request = sample::request(lang);
    let step = request.steps.iter().find(|s| s.mine).cloned();
    Home {
        explanation: sample::merchant_explanation(lang),
        terminals: sample::terminals(lang),
        next: step.map(|step| NextAction {
            request_name: request.kind_name.clone(),
            href: paths::step(&request.id, &step.step),
            step,
        }),
        under_way: Vec::new(),
        days: sample::days(),
    }
}

fn terminal(lang: Lang, well: bool) -> merchant::Terminal {
    let mut explanation = if well {
        sample::working(lang)
    } else {
        sample::stopped(lang)
    };
    if well {
        explanation.explanation_code = None;
    }
    let index = usize::from(!well);
    merchant::Terminal {
        terminal: sample::terminals(lang).swap_remove(index),
        explanation,
        begin: None,
        events: sample::events(lang),
        offers: sample::offers(lang),
    }
}

fn day_statements() -> Vec<DayStatement> {
    let zone = Zone::default();
    sample::days()
        .iter()
        .rev()
        .map(|day| DayStatement {
            at: day.at,
            date: zone.date(domain::time::Time::from_millis(day.at)).to_string(),
            count: day.count,
            sales: day.amount,
            back: day.amount / 40,
        })
        .collect()
}

fn money(lang: Lang) -> Money {
    Money {
        account: Some(sample::settlement_account(lang)),
        causes: vec![],
        capabilities: sample::capabilities(lang, &[]),
        may_change: true,
        days: day_statements(),
        has_more: true,
        next_cursor: Some("next".into()),
    }
}

fn new_request(lang: Lang) -> NewRequest {
    let offer = sample::offers(lang).swap_remove(2);
    NewRequest {
        kind: "pause".into(),
        name: offer.name,
        about: offer.about,
        subject: "trm_1".into(),
        subject_label: sample::request(lang).subject.label,
        steps: vec![sample::field_step(lang, "confirm")],
        choices: vec![],
        errors: vec![],
        already: None,
        grave: false,
    }
}

/// Every page: a name and its HTML.
pub fn pages(lang: Lang, theme: Theme) -> Vec<(&'static str, Markup)> {
    let mut all = public_pages(lang, theme);
    all.extend(merchant_pages(lang, theme));
    all.extend(step_pages(lang, theme));
    all
}

fn public_pages(lang: Lang, theme: Theme) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = |path| sample::page(lang, theme, &zone, path);
    let services = sample::services(lang);
    let front = Front {
        asked: "",
        error: "",
        services: &services,
    };
    let accounts = sample::accounts(lang);
    let wrong = page("/login").say(crate::portal::words::public::LOGIN_WRONG);
    let login = Login {
        login: "owner",
        error: wrong,
        next: "/e/7K3-M9Q",
        accounts: &accounts,
    };
    let problem = |status| {
        public::problem(
            &page("/m/requests/req_4f2k9"),
            &Problem {
                status,
                ..Problem::default()
            },
        )
    };
    vec![
        ("front", public::front(&page("/"), &front)),
        (
            "explanation",
            public::explanation(
                &page("/e/7K3-M9Q"),
                Asked::Code("7K3-M9Q"),
                &sample::stopped_public(lang),
            ),
        ),
        (
            "explanation-works",
            public::explanation(&page("/s/SD24"), Asked::Serial("SD24100000127"), &sample::working(lang)),
        ),
        (
            "explanation-ended",
            public::explanation(&page("/e/7K3-M9Q"), Asked::Code("7K3-M9Q"), &sample::ended(lang)),
        ),
        ("code-gone", public::code_gone(&page("/e/7K3-M9X"), "7K3-M9X")),
        ("status", public::status(&page("/status"), &services)),
        ("login", public::login(&page("/login"), &login)),
        (
            "login-code",
            public::login_code(&page("/login/code"), "", "", Some("402913")),
        ),
        ("problem-403", problem(403)),
        ("problem-404", problem(404)),
        ("problem-409", problem(409)),
        ("problem-429", problem(429)),
        ("problem-500", problem(500)),
        ("styleguide", styleguide::styleguide(&page("/styleguide"))),
    ]
}

fn merchant_pages(lang: Lang, theme: Theme) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = |path| sample::own_page(lang, theme, &zone, path);
    let none = Home {
        terminals: vec![],
        next: None,
        days: vec![],
        ..home(lang)
    };
    let filter = Filter {
        terminals: vec!["10000012".into(), "10000024".into()],
        ..Filter::default()
    };
    let all = sample::transactions(lang);
    let declined = all.iter().find(|t| t.state == "declined").or(all.first());
    let me = Me {
        merchant: sample::merchant(lang),
        people: sample::people(lang),
        add_person: Some("/m/me/people/new".into()),
        change: Some(paths::new_request("information_change", "mch_1")),
    };
    let requests = merchant::Requests {
        open: sample::requests_open(lang),
        closed: Rows {
            data: vec![],
            has_more: false,
            next_cursor: None,
        },
        offers: sample::offers(lang),
    };
    let statement = day_statements().into_iter().next().map(|day| Statement {
        day,
        rows: all.clone(),
        has_more: false,
        next_cursor: None,
    });
    let request = merchant::Request {
        request: sample::request(lang),
        events: sample::events(lang),
        may_withdraw: true,
    };
    let mut pages = vec![
        ("home", merchant::home(&page("/m"), &home(lang))),
        ("home-empty", merchant::home(&page("/m"), &none)),
        (
            "terminals",
            merchant::terminals(&page("/m/terminals"), &rows(sample::terminals(lang))),
        ),
        (
            "terminal",
            merchant::terminal(&page("/m/terminals/trm_1"), &terminal(lang, false)),
        ),
        (
            "terminal-works",
            merchant::terminal(&page("/m/terminals/trm_2"), &terminal(lang, true)),
        ),
        (
            "transactions",
            merchant::transactions(&page("/m/transactions"), &filter, &rows(all.clone())),
        ),
        ("money", merchant::money(&page("/m/money"), &money(lang))),
        ("requests", merchant::requests(&page("/m/requests"), &requests)),
        ("request", merchant::request(&page("/m/requests/req_4f2k9"), &request)),
        (
            "request-new",
            merchant::new_request(&page("/m/requests/new"), &new_request(lang)),
        ),
        ("me", merchant::me(&page("/m/me"), &me)),
        ("programs", merchant::programs(&page("/m/me/keys"), &programs(lang))),
    ];
    pages.extend(declined.map(|one| {
        (
            "transaction",
            merchant::transaction(&page("/m/transactions/txn_2"), &story(lang, one), false),
        )
    }));
    pages.extend(statement.map(|one| ("statement", merchant::statement(&page("/m/money/2026-11-18"), &one))));
    pages
}

/// A key that was just made beside one that was switched off.
fn programs(lang: Lang) -> Programs {
    let key = |name: &str, disabled_at| KeyView {
        id: "key_1".into(),
        name: name.into(),
        role: say(lang, "接入方（只读）", "Developer, read only"),
        merchant_id: "mch_1".into(),
        user_id: "usr_1".into(),
        user_name: say(lang, "周秀兰", "Zhou Xiulan"),
        created_at: sample::NOW,
        disabled_at,
    };
    let keys = vec![
        key(&say(lang, "收银软件对账", "The till's daily accounts"), None),
        key(&say(lang, "旧收银软件", "The old till"), Some(sample::NOW)),
    ];
    Programs {
        keys,
        made: Some(format!("shk_{}", "0".repeat(64))),
        ..Programs::default()
    }
}

/// What happened to a transaction that a stop declined.
pub(super) fn story(lang: Lang, one: &TransactionView) -> Story {
    let moment = |after: i64, zh: &str, en: &str| Moment {
        at: one.at + after,
        text: say(lang, zh, en),
    };
    Story {
        transaction: one.clone(),
        meaning: say(lang, "终端未登记或停止使用", "terminal not registered or stopped"),
        why: say(lang, "营业执照已过期", "the business licence has expired"),
        authorisation: String::new(),
        signed_at: None,
        owed: None,
        related: Vec::new(),
        moments: vec![
            moment(
                40,
                "回答终端：97 终端未登记或停止使用",
                "The terminal was answered: 97 terminal not registered or stopped",
            ),
            moment(0, "终端送来消费，¥128.00", "The terminal sent: Sale, ¥128.00"),
        ],
    }
}

/// What is signed, shortened to its first lines.
fn agreement() -> Agreement {
    Agreement {
        contract: "ctr_4f2k9".into(),
        number: "C826584058120001".into(),
        terms: "2026-01".into(),
        text: domain::text!(
            "银行卡受理协议 C826584058120001（条款版本 2026-01）\n机具、收款码和结算账户不得出租、出借、出售。",
            "Acquiring agreement C826584058120001 (terms version 2026-01)\nTerminals, payment codes and the settlement account may not be let, lent or sold."
        ),
    }
}

fn step_pages(lang: Lang, theme: Theme) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = sample::own_page(lang, theme, &zone, "/m/requests/req_4f2k9/step");
    let request: RequestView = sample::request(lang);
    let show = |step: &operations::views::StepView, errors: Vec<(String, String)>| {
        merchant::step(
            &page,
            &merchant::Step {
                request: &request,
                step,
                errors,
                typed: vec![],
                agreement: (step.kind == "signature").then(agreement),
            },
        )
    };
    let wrong = sample::say(
        lang,
        "第 18 位校验不对，请对照执照再输一次。",
        "The last character does not fit the others; please compare with the licence.",
    );
    let mut pages = vec![(
        "step-form",
        show(&sample::field_step(lang, "form"), vec![("uscc".into(), wrong)]),
    )];
    pages.extend(
        request
            .steps
            .iter()
            .find(|s| s.mine)
            .map(|step| ("step-documents", show(step, vec![]))),
    );
    for (name, kind) in [
        ("step-payment", "payment"),
        ("step-signature", "signature"),
        ("step-confirm", "confirm"),
        ("step-device", "device"),
    ] {
        pages.push((name, show(&sample::field_step(lang, kind), vec![])));
    }
    pages.extend(
        request
            .steps
            .iter()
            .find(|s| s.kind == "review")
            .map(|step| ("step-wait", show(step, vec![]))),
    );
    pages
}
