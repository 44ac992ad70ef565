//! The console and the virtual POS, filled with the sample, for previews and tests.

use domain::catalog::Catalog;
use domain::names::Lang;
use domain::time::Zone;
use maud::Markup;
use operations::views::{
    AuditView, CauseView, DecisionView, DocumentView, EventView, Explanation, FieldAsked, Hit, LinkView, MerchantRow,
    Page as Rows, RequestRow, RequestView, ReviewView, StopPreview, StopView,
};

use super::{DAY, HOUR, NOW, say, subject};
use crate::portal::console::{
    self, Answer, Audit, Checked, Count, Desk, Form, History, Home, MayLift, Member, Merchant, Offered, Place, Queue,
    Request, Requests, Review, Stop, Stops, Terminal,
};
use crate::portal::page::{Page, Theme, Who};
use crate::portal::sample;

/// A page for a reviewer.
pub fn staff_page<'a>(lang: Lang, theme: Theme, zone: &'a Zone, path: &'a str) -> Page<'a> {
    let who = match lang {
        Lang::Zh => Who {
            name: "林静",
            role: "审核",
            house: "收单",
        },
        Lang::En => Who {
            name: "Lin Jing",
            role: "Reviewer",
            house: "Shoudan",
        },
    };
    Page {
        who: Some(who),
        ..sample::page(lang, theme, zone, path)
    }
}

fn desk(asked: &str) -> Desk {
    let all = [
        "read_all",
        "search",
        "catalog_read",
        "place_stop",
        "lift_stop",
        "review",
        "audit_read",
        "manage_users",
    ];
    Desk {
        may: all.map(str::to_owned).to_vec(),
        role: "reviewer".into(),
        reviews: Some(7),
        asked: asked.into(),
    }
}

fn rows<T>(data: Vec<T>) -> Rows<T> {
    Rows {
        data,
        has_more: true,
        next_cursor: Some("next".into()),
    }
}

fn chain(lang: Lang) -> Vec<LinkView> {
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

fn for_staff(lang: Lang) -> Explanation {
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

fn events(lang: Lang) -> Rows<EventView> {
    rows(sample::events(lang))
}

fn terminal(lang: Lang, at: &str) -> Terminal {
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
    }
}

fn merchant(lang: Lang) -> Merchant {
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
        history: History {
            events: events(lang),
            kind: "stops".into(),
            at: String::new(),
        },
    }
}

fn requests(lang: Lang) -> Vec<RequestRow> {
    sample::requests_open(lang)
}

fn hits(lang: Lang) -> Vec<Hit> {
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

fn review(lang: Lang, id: &str, by: i64, needed: i64) -> ReviewView {
    let mut request: RequestView = sample::request(lang);
    for step in &mut request.steps {
        for asked in &mut step.documents {
            asked.supplied.insert(
                0,
                DocumentView {
                    id: format!("doc_{}", asked.code),
                    file_name: "IMG_2051.jpg".into(),
                    media_type: "image/jpeg".into(),
                    size: 1_200_000,
                    state: "supplied".into(),
                    remark: String::new(),
                    uploaded_at: NOW - 2 * HOUR,
                },
            );
        }
    }
    if let Some(first) = request.steps.first_mut() {
        first.fields = vec![
            given(
                "uscc",
                &say(lang, "统一社会信用代码", "Unified social credit code"),
                "92330102MA2XXXXX0K",
            ),
            given(
                "legal_name",
                &say(lang, "执照上的名称", "Name on the licence"),
                &say(lang, "杭州上城区老周面馆", "Lao Zhou Noodles, Shangcheng"),
            ),
            given(
                "valid_until",
                &say(lang, "执照有效期至", "Licence valid until"),
                "2036-11-11",
            ),
            given(
                "owner_id",
                &say(lang, "负责人证件号", "Owner's identity number"),
                "3301**********4021",
            ),
        ];
    }
    ReviewView {
        id: id.into(),
        request,
        role: say(lang, "审核", "Reviewer"),
        state: "open".into(),
        approvals_needed: needed,
        decisions: vec![],
        opened_at: NOW - 3 * HOUR,
        promise_by: Some(by),
        consequences: vec![
            say(
                lang,
                "解除停用「营业执照已过有效期」",
                "Lifts the stop “the business licence has expired”",
            ),
            say(
                lang,
                "3 台终端恢复刷卡、预授权和二维码收款",
                "3 terminals take cards, pre-authorisations and QR again",
            ),
            say(
                lang,
                "新的执照资料报送清算机构，2 个工作日内确认",
                "The new licence details go to the clearing organisation, acknowledged within 2 working days",
            ),
        ],
        may_decide: true,
        why_not: String::new(),
    }
}

fn given(code: &str, name: &str, value: &str) -> FieldAsked {
    FieldAsked {
        code: code.into(),
        name: name.into(),
        hint: String::new(),
        check: "text".into(),
        value: value.into(),
        remark: String::new(),
    }
}

fn second(lang: Lang) -> ReviewView {
    let mut it = review(lang, "rev_2", NOW + 6 * HOUR, 2);
    it.request.kind_name = say(lang, "变更结算账户", "Changing the settlement account");
    it.decisions = vec![DecisionView {
        by: say(lang, "林静", "Lin Jing"),
        decision: "approve".into(),
        remark: say(
            lang,
            "户名与执照一致，小额打款已核对。",
            "The holder's name is that of the licence; the micro-deposit was compared.",
        ),
        at: NOW - HOUR,
    }];
    it
}

fn barred(lang: Lang) -> ReviewView {
    let mut it = review(lang, "rev_3", NOW - 2 * HOUR, 1);
    it.may_decide = false;
    it.why_not = say(
        lang,
        "您是这家商户的拓展人，要由另一位审核员处理",
        "You brought this merchant in; another reviewer decides",
    );
    it
}

fn queue(lang: Lang) -> Vec<ReviewView> {
    vec![
        barred(lang),
        second(lang),
        review(lang, "rev_1", NOW + DAY + 7 * HOUR, 1),
    ]
}

fn stops(lang: Lang) -> Vec<StopView> {
    let one = |id: &str, title: [&str; 2], reason: &str, state: &str, it: (&str, &str, &str), starts: i64, by: &str| {
        StopView {
            id: id.into(),
            merchant_id: "mch_1".into(),
            subject: subject(it.0, it.1, it.2),
            reason: reason.into(),
            title: say(lang, title[0], title[1]),
            state: state.into(),
            announced_at: starts - 30 * DAY,
            starts_at: starts,
            ends_at: (state == "announced").then_some(starts + 2 * HOUR),
            lifted_at: (state == "lifted").then_some(NOW - DAY),
            placed_by: by.into(),
            placed_why: say(
                lang,
                "执照有效期止于 11 月 12 日，到期任务停用。",
                "The licence ended on 12 November; stopped by the expiry job.",
            ),
            lifted_why: String::new(),
        }
    };
    vec![
        one(
            "stp_9",
            ["系统维护", "maintenance"],
            "platform.maintenance",
            "announced",
            ("platform", "-", ""),
            NOW + DAY,
            "usr_admin",
        ),
        one(
            "stp_8",
            ["机具疑似被拆", "the machine may have been opened"],
            "device.tamper",
            "in_force",
            ("device", "dev_9", "SD24100000777"),
            NOW - 3 * HOUR,
            "usr_risk",
        ),
        one(
            "stp_7",
            ["营业执照已过有效期", "the business licence has expired"],
            "merchant.licence_expired",
            "in_force",
            ("merchant", "mch_1", &say(lang, "老周面馆", "Lao Zhou Noodles")),
            NOW - 6 * DAY,
            "system:expiry",
        ),
        one(
            "stp_6",
            ["读卡器故障", "the card reader is broken"],
            "device.fault.card_reader",
            "lifted",
            ("device", "dev_3", "SD24100000131"),
            NOW - 9 * DAY,
            "usr_devices",
        ),
    ]
}

fn offered(catalog: &Catalog, lang: Lang) -> Vec<Offered> {
    catalog
        .reasons
        .values()
        .filter(|r| r.place.iter().any(|role| role == "reviewer" || role == "risk"))
        .map(|r| Offered {
            code: r.code.clone(),
            title: r.texts(lang).title.clone(),
            kind: r.subject.code().into(),
            stops: r.blocks.join(" "),
        })
        .collect()
}

fn place(catalog: &Catalog, lang: Lang, seen: bool) -> Place {
    let stop = stops(lang).swap_remove(2);
    let names = |works: bool| -> Vec<String> {
        sample::stopped(lang)
            .capabilities
            .into_iter()
            .filter(|c| c.works == works)
            .map(|c| c.name)
            .collect()
    };
    let mut title = sample::licence_cause(lang);
    let preview = StopPreview {
        stop,
        merchants: 1,
        terminals: 3,
        examples: ["10000012", "10000024", "10000031"]
            .map(|n| subject("terminal", n, n))
            .to_vec(),
        stops: names(false),
        still_works: names(true),
        merchant_text: std::mem::take(&mut title.text),
        way_out: sample::steps(lang).into_iter().map(|s| s.title).collect(),
        approvals_to_lift: 1,
    };
    Place {
        form: Form {
            kind: "merchant".into(),
            id: "826331058120163".into(),
            reason: if seen {
                "merchant.licence_expired".into()
            } else {
                String::new()
            },
            when: "now".into(),
            why: if seen {
                say(
                    lang,
                    "工单 20261118-014：商户上传的执照已过期。",
                    "Case 20261118-014: the licence handed in has expired.",
                )
            } else {
                String::new()
            },
            ..Form::default()
        },
        reasons: offered(catalog, lang),
        preview: seen.then_some(preview),
        errors: if seen {
            vec![]
        } else {
            vec![(
                "id".into(),
                say(
                    lang,
                    "没有这个商户编号，请核对 15 位数字",
                    "There is no such merchant number; compare its 15 characters",
                ),
            )]
        },
    }
}

fn request(lang: Lang) -> Request {
    let mut request = sample::request(lang);
    for step in &mut request.steps {
        step.mine = false;
        if step.state == "returned" {
            step.state = "done".into();
            step.done_at = Some(NOW - HOUR);
        }
        if step.kind == "operator" {
            step.state = "now".into();
            step.mine = true;
        }
    }
    request.waiting_on_name = say(lang, "机具管理", "device staff");
    Request {
        request,
        events: sample::events(lang),
        errors: vec![],
        typed: vec![],
    }
}

fn audit(lang: Lang) -> Audit {
    let one = |seq: Option<i64>,
               ago: i64,
               actor: &str,
               role: &str,
               command: &str,
               kind: &str,
               id: &str,
               reason: [&str; 2]| AuditView {
        id: format!("aud_{}", 900 - ago / 1000),
        seq,
        at: NOW - ago,
        actor: actor.into(),
        role: role.into(),
        command: command.into(),
        subject: subject(kind, id, id),
        reason: say(lang, reason[0], reason[1]),
        before_digest: "9f2c41d07be5c1a2e3b7745d6f01".into(),
        after_digest: "17aa20b3c9e8441fd6aa03c1e55b".into(),
        hash: if seq.is_some() {
            "be0de61ac1bc7792ff104a61c37d9e00".into()
        } else {
            String::new()
        },
    };
    Audit {
        rows: rows(vec![
            one(
                None,
                1_000,
                "usr_lin",
                "reviewer",
                "reviews.decide",
                "request",
                "req_4f2k9",
                ["材料齐全", "complete"],
            ),
            one(
                Some(48_122),
                65_000,
                "usr_risk",
                "risk",
                "stops.place",
                "device",
                "dev_9",
                ["工单 20261118-014", "case 20261118-014"],
            ),
            one(
                Some(48_121),
                3 * HOUR,
                "system:expiry",
                "system",
                "stops.place",
                "merchant",
                "mch_1",
                ["执照到期", "licence expired"],
            ),
            one(
                Some(48_120),
                DAY,
                "usr_zhou",
                "owner",
                "requests.submit",
                "request",
                "req_4f2k9",
                ["上传材料", "documents uploaded"],
            ),
        ]),
        names: vec![("usr_lin".into(), say(lang, "林静", "Lin Jing"))],
        filter: vec![],
        checked: Some(Checked {
            links: 48_122,
            unsealed: 1,
            head: "be0de61ac1bc7792ff104a61c37d9e00".into(),
            problems: vec![],
        }),
    }
}

fn members(lang: Lang) -> Vec<Member> {
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

fn merchants(lang: Lang) -> Vec<MerchantRow> {
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

/// Every page of the console: a name and its HTML.
pub fn pages(lang: Lang, theme: Theme, catalog: &Catalog) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = |path| staff_page(lang, theme, &zone, path);
    let count = |counted| Count { counted, more: false };
    let home = Home {
        reviews: count(7),
        overdue: count(1),
        due_today: count(2),
        our_turn: count(4),
        in_force: Count {
            more: true,
            ..count(200)
        },
        announced: count(5),
        queue: queue(lang),
        requests: requests(lang).into_iter().skip(1).collect(),
        stops: stops(lang).into_iter().take(3).collect(),
    };
    let open = |review: ReviewView| Review {
        review,
        errors: vec![],
        typed: vec![],
    };
    let lifting = Stop {
        stop: stops(lang).swap_remove(1),
        script: say(
            lang,
            "请对方停止使用并留好机具，安排换机。",
            "Ask them to stop using it and keep it; arrange a replacement.",
        ),
        lift: MayLift::Yes,
        errors: vec![],
        why: String::new(),
    };
    let mut all = vec![
        ("c-home", console::home(&page("/console"), &desk(""), &home)),
        (
            "c-search",
            console::search(
                &page("/console/search?q=x"),
                &desk(&say(lang, "老周", "Lao Zhou")),
                &hits(lang),
            ),
        ),
        (
            "c-search-none",
            console::search(&page("/console/search?q=x"), &desk("zzz"), &[]),
        ),
        (
            "c-merchants",
            console::merchants(&page("/console/merchants"), &desk(""), "", &rows(merchants(lang))),
        ),
        (
            "c-merchant",
            console::merchant(&page("/console/merchants/mch_1?kind=stops"), &desk(""), &merchant(lang)),
        ),
        (
            "c-terminal",
            console::terminal(&page("/console/terminals/10000012"), &desk(""), &terminal(lang, "")),
        ),
        (
            "c-terminal-then",
            console::terminal(
                &page("/console/terminals/10000012?at=1"),
                &desk(""),
                &terminal(lang, "2026-11-12T10:00"),
            ),
        ),
        (
            "c-reviews",
            console::reviews(
                &page("/console/reviews"),
                &desk(""),
                &Queue {
                    rows: rows(queue(lang)),
                    mine: false,
                },
            ),
        ),
        (
            "c-review",
            console::review(
                &page("/console/reviews/mch_1/rev_1"),
                &desk(""),
                &open(review(lang, "rev_1", NOW + DAY, 1)),
            ),
        ),
        (
            "c-review-second",
            console::review(&page("/console/reviews/mch_1/rev_2"), &desk(""), &open(second(lang))),
        ),
        (
            "c-review-barred",
            console::review(&page("/console/reviews/mch_1/rev_3"), &desk(""), &open(barred(lang))),
        ),
        (
            "c-stops",
            console::stops(
                &page("/console/stops"),
                &desk(""),
                &Stops {
                    rows: rows(stops(lang)),
                    kind: String::new(),
                    reason: String::new(),
                    all: true,
                },
            ),
        ),
        (
            "c-stop",
            console::stop(&page("/console/stops/mch_1/stp_8"), &desk(""), &lifting),
        ),
        (
            "c-place",
            console::place(&page("/console/stops/new"), &desk(""), &place(catalog, lang, false)),
        ),
        (
            "c-place-preview",
            console::place(&page("/console/stops/new"), &desk(""), &place(catalog, lang, true)),
        ),
        (
            "c-requests",
            console::requests(
                &page("/console/requests"),
                &desk(""),
                &Requests {
                    rows: rows(requests(lang)),
                    closed: false,
                    ours: false,
                },
            ),
        ),
        (
            "c-request",
            console::request(&page("/console/requests/mch_1/req_4f2k9"), &desk(""), &request(lang)),
        ),
        (
            "c-audit",
            console::audit(&page("/console/audit?check=yes"), &desk(""), &audit(lang)),
        ),
        (
            "c-catalog",
            console::catalog(&page("/console/catalog"), &desk(""), catalog, ""),
        ),
        (
            "c-people",
            console::people(&page("/console/people"), &desk(""), &members(lang)),
        ),
    ];
    all.extend(catalog.reasons.get("merchant.licence_expired").map(|it| {
        (
            "c-reason",
            console::reason(
                &page("/console/catalog/merchant.licence_expired"),
                &desk(""),
                catalog,
                it,
            ),
        )
    }));
    all
}
