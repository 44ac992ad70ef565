//! Reviews, stops, a request and the audit log for the console's previews.

use domain::catalog::Catalog;
use domain::names::Lang;
use operations::views::{
    AuditView, DecisionView, DocumentView, FieldAsked, RequestView, ReviewView, StopPreview, StopView,
};

use super::console_rows::rows;
use super::{DAY, HOUR, NOW, say, subject};
use crate::portal::console::{Audit, Checked, Form, Offered, Place, Request};
use crate::portal::sample;

pub(super) fn given(code: &str, name: &str, value: &str) -> FieldAsked {
    FieldAsked {
        code: code.into(),
        name: name.into(),
        hint: String::new(),
        check: "text".into(),
        value: value.into(),
        on_record: String::new(),
        remark: String::new(),
        optional: false,
    }
}

pub(super) fn review(lang: Lang, id: &str, by: i64, needed: i64) -> ReviewView {
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
            FieldAsked {
                on_record: say(lang, "杭州上城区周记面馆", "Zhou's Noodles, Shangcheng"),
                ..given(
                    "merchant_name",
                    &say(lang, "商户注册名称", "Registered name"),
                    &say(lang, "杭州上城区老周面馆", "Lao Zhou Noodles, Shangcheng"),
                )
            },
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

pub(super) fn second(lang: Lang) -> ReviewView {
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

pub(super) fn barred(lang: Lang) -> ReviewView {
    let mut it = review(lang, "rev_3", NOW - 2 * HOUR, 1);
    it.may_decide = false;
    it.why_not = say(
        lang,
        "您是这家商户的拓展人，要由另一位审核员处理",
        "You brought this merchant in; another reviewer decides",
    );
    it
}

pub(super) fn queue(lang: Lang) -> Vec<ReviewView> {
    vec![
        barred(lang),
        second(lang),
        review(lang, "rev_1", NOW + DAY + 7 * HOUR, 1),
    ]
}

pub(super) fn stops(lang: Lang) -> Vec<StopView> {
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

pub(super) fn offered(catalog: &Catalog, lang: Lang) -> Vec<Offered> {
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

pub(super) fn place(catalog: &Catalog, lang: Lang, seen: bool) -> Place {
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

pub(super) fn request(lang: Lang) -> Request {
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

pub(super) fn audit(lang: Lang) -> Audit {
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
        merchant_id: "-".into(),
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
