//! Subjects, search hits and people for the console's previews.

use domain::names::Lang;
use domain::posting::Side;
use operations::payments::ledger::{AccountBalance, Balances};
use operations::payments::limits::{LimitView, OwnLimit};
use operations::views::{CauseView, EventView, Explanation, Hit, LinkView, MerchantRow, Page as Rows, RequestRow};

use super::{say, subject};
use crate::portal::console::{self, Answer, History, Member, Merchant, Terminal};
use crate::portal::sample;

pub(super) fn chain(lang: Lang) -> Vec<LinkView> {
    let one = |kind: &str, id: &str, label: &str, stage: [&str; 2], standing: &str| LinkView {
        subject: subject(kind, id, label),
        stage: stage[1].to_lowercase(),
        stage_name: if stage[0].is_empty() {
            String::new()
        } else {
            say(lang, stage[0], stage[1])
        },
        standing: standing.into(),
    };
    vec![
        one(
            "platform",
            "-",
            &say(lang, "本平台", "This platform"),
            ["", ""],
            "works",
        ),
        one(
            "network",
            "-",
            &say(lang, "转接清算网络", "Clearing network"),
            ["", ""],
            "works",
        ),
        one("region", "330000", &say(lang, "浙江", "Zhejiang"), ["", ""], "works"),
        one(
            "agent",
            "agt_1",
            &say(lang, "杭州诚信服务商", "Chengxin Services"),
            ["合作中", "Active"],
            "works",
        ),
        one(
            "merchant",
            "mch_1",
            &say(lang, "老周面馆", "Lao Zhou Noodles"),
            ["已入网", "Active"],
            "stopped",
        ),
        one("contract", "con_1", "HT-2025-00163", ["履行中", "In force"], "works"),
        one(
            "settlement_account",
            "acc_1",
            "6222 02** **** 0163",
            ["已核验", "Verified"],
            "works",
        ),
        one(
            "shop",
            "shp_1",
            &say(lang, "解放路店", "Jiefang Road"),
            ["营业", "Open"],
            "works",
        ),
        one("terminal", "trm_1", "10000012", ["已开通", "Live"], "works"),
        one(
            "registration",
            "reg_1",
            "R-2025-88121",
            ["待更新", "Drifted"],
            "limited",
        ),
        one("device", "dev_1", "SD24100000127", ["使用中", "In use"], "works"),
        one(
            "model",
            "QZ-Q2",
            &say(lang, "青竹 Q2", "Qingzhu Q2"),
            ["在售", "Certified"],
            "works",
        ),
    ]
}

pub(super) fn for_staff(lang: Lang) -> Explanation {
    let mut told = sample::stopped(lang);
    for cause in &mut told.causes {
        cause.staff_note = say(
            lang,
            "任务：证照到期（system:expiry）。执照有效期止于 11 月 12 日。",
            "Job: expiring documents (system:expiry). The licence ended on 12 November.",
        );
        cause.text = say(
            lang,
            "先确认来电人是负责人本人。说明执照已过期，换领新照后在“办理”里拍照上传；已收的款照常结算。不要承诺当天恢复。",
            "First make sure the caller is the owner. Say that the licence has expired and that a photo of the new one goes under “Requests”; what was taken is paid out as usual. Do not promise today.",
        );
    }
    let mut hidden: CauseView = sample::category_cause(lang);
    hidden.reason = "merchant.risk_watch".into();
    hidden.title = say(lang, "交易模式在观察名单上", "the pattern of sales is on watch");
    hidden.text = say(
        lang,
        "规则 R-17：夜间整额交易。只提示，不停用；不得向商户说明。",
        "Rule R-17: round amounts at night. It only informs; the merchant is not told.",
    );
    hidden.blocks.clear();
    hidden.disclosure = "sealed".into();
    told.causes.push(hidden);
    told.chain = chain(lang);
    told
}

pub(super) fn events(lang: Lang) -> Rows<EventView> {
    rows(sample::events(lang))
}

pub(super) fn terminal(lang: Lang, at: &str) -> Terminal {
    Terminal {
        terminal: sample::terminals(lang).swap_remove(1),
        answer: Answer {
            merchant: sample::stopped(lang),
            staff: for_staff(lang),
        },
        history: History {
            events: events(lang),
            kind: String::new(),
            at: at.into(),
        },
        limits: limits(lang),
        health: vec![health(lang, 3, 0, &[]), health(lang, 2, 26, &[1, 3])],
    }
}

/// A span of reports of state; `broken`: parts that do not work.
fn health(lang: Lang, times: i64, hours_ago: i64, broken: &[usize]) -> console::Health {
    let parts = [
        ["磁条读卡器", "Stripe reader"],
        ["IC 卡读卡器", "Chip reader"],
        ["密码键盘", "PIN pad"],
        ["打印机", "Printer"],
    ];
    let told = parts.iter().enumerate();
    console::Health {
        first_at: sample::NOW - (hours_ago + 5) * 3_600_000,
        last_at: sample::NOW - hours_ago * 3_600_000,
        times,
        parts: told
            .map(|(i, name)| (say(lang, name[0], name[1]), !broken.contains(&i)))
            .collect(),
    }
}

/// Limits of each kind: fixed, standard, used, one's own.
pub(super) fn limits(lang: Lang) -> Vec<LimitView> {
    let one = |code: &str, name: [&str; 2], per: &str, most: i64, used: Option<i64>| LimitView {
        code: code.into(),
        name: say(lang, name[0], name[1]),
        per: per.into(),
        measure: "amount".into(),
        most: Some(most),
        standard: Some(most),
        own: None,
        used,
        adjustable: true,
    };
    let fixed = LimitView {
        adjustable: false,
        ..one(
            "micro_credit_day",
            ["小微商户信用卡单日收款", "Credit cards at micro merchants, a day"],
            "day",
            100_000,
            Some(38_650),
        )
    };
    let mut own = one(
        "merchant_day",
        ["商户单日金额", "One merchant, a day"],
        "day",
        5_000_000,
        Some(1_286_000),
    );
    own.standard = Some(20_000_000);
    own.own = Some(OwnLimit {
        most: 5_000_000,
        of_terminal: false,
        set_by: say(lang, "陈远", "Chen Yuan"),
        why: say(
            lang,
            "工单 20261118-07：夜间整额交易核实期间",
            "Case 20261118-07: while round amounts at night are looked into",
        ),
        set_at: Some(sample::NOW - 86_400_000),
    });
    vec![
        fixed,
        one(
            "card_single",
            ["刷卡单笔金额", "One card payment"],
            "transaction",
            5_000_000,
            None,
        ),
        own,
    ]
}

fn books(lang: Lang) -> Balances {
    let one = |account: &str, name: [&str; 2], side: Side, closing: i64| AccountBalance {
        account: account.into(),
        name: say(lang, name[0], name[1]),
        side,
        opening: 0,
        debit: 0,
        credit: closing,
        closing,
    };
    Balances {
        from: "2026-11-01".into(),
        until: "2026-11-25".into(),
        accounts: vec![
            one(
                "network_due",
                ["应收银行卡网络清算款", "Due from the card network"],
                Side::Debit,
                10_953_320,
            ),
            one(
                "merchant_payable",
                ["应付商户款", "Payable to the merchant"],
                Side::Credit,
                10_894_640,
            ),
            one("fee_income", ["手续费收入", "Fee income"], Side::Credit, 58_680),
        ],
    }
}

pub(super) fn merchant(lang: Lang) -> Merchant {
    let mut staff = sample::merchant_explanation(lang);
    staff.chain = chain(lang).into_iter().take(8).collect();
    Merchant {
        merchant: sample::merchant(lang),
        answer: Answer {
            merchant: sample::merchant_explanation(lang),
            staff,
        },
        terminals: sample::terminals(lang),
        requests: requests(lang),
        limits: limits(lang),
        books: Some(books(lang)),
        history: History {
            events: events(lang),
            kind: "stops".into(),
            at: String::new(),
        },
    }
}

pub(super) fn requests(lang: Lang) -> Vec<RequestRow> {
    sample::requests_open(lang)
}

pub(super) fn hits(lang: Lang) -> Vec<Hit> {
    let hit = |kind: &str, title: &str, detail: String, href: String| Hit {
        kind: kind.into(),
        id: "x".into(),
        title: title.into(),
        detail,
        href,
    };
    vec![
        hit(
            "merchant",
            &say(lang, "老周面馆", "Lao Zhou Noodles"),
            "826331058120163 · 杭州".into(),
            console::paths::merchant("mch_1"),
        ),
        hit(
            "merchant",
            &say(lang, "老周修车行", "Lao Zhou Garage"),
            "826331075380021 · 绍兴".into(),
            console::paths::merchant("mch_2"),
        ),
        hit(
            "terminal",
            "10000012",
            say(
                lang,
                "老周面馆 解放路店 · 停用",
                "Lao Zhou Noodles, Jiefang Road · stopped",
            ),
            console::paths::terminal("10000012"),
        ),
        hit(
            "terminal",
            "10000024",
            say(
                lang,
                "老周面馆 解放路店 · 正常",
                "Lao Zhou Noodles, Jiefang Road · works",
            ),
            console::paths::terminal("10000024"),
        ),
        hit(
            "request",
            "req_4f2k9",
            say(
                lang,
                "恢复收款 · 等待商户",
                "Restoring payments · waiting for the merchant",
            ),
            console::paths::request("mch_1", "req_4f2k9"),
        ),
        hit(
            "person",
            &say(lang, "周秀兰", "Zhou Xiulan"),
            "138****0163".into(),
            console::paths::merchant("mch_1"),
        ),
    ]
}

pub(super) fn members(lang: Lang) -> Vec<Member> {
    let one = |zh: &str, en: &str, login: &str, role: [&str; 2], second_factor: bool, closed: bool| Member {
        name: say(lang, zh, en),
        login: login.into(),
        role: say(lang, role[0], role[1]),
        second_factor,
        closed,
    };
    vec![
        one("林静", "Lin Jing", "reviewer", ["审核", "Reviewer"], true, false),
        one("陈远", "Chen Yuan", "risk", ["风控", "Risk"], true, false),
        one("何敏", "He Min", "desk", ["客服", "Service desk"], true, false),
        one("方立", "Fang Li", "fang", ["机具", "Devices"], false, true),
    ]
}

pub(super) fn merchants(lang: Lang) -> Vec<MerchantRow> {
    let it = sample::merchant(lang);
    ["works", "limited", "stopped", "waiting", "ended"]
        .iter()
        .map(|standing| MerchantRow {
            id: it.id.clone(),
            number: it.number.clone(),
            name: it.name.clone(),
            kind: it.kind.clone(),
            stage: it.stage.clone(),
            standing: (*standing).into(),
            city: it.city.clone(),
        })
        .collect()
}

pub(super) fn rows<T>(data: Vec<T>) -> Rows<T> {
    Rows {
        data,
        has_more: true,
        next_cursor: Some("next".into()),
    }
}
