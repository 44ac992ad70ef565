//! An invented noodle shop in both languages, for the style guide, the previews and the golden pages. In the running
//! program these texts come from the catalogue and the database.

#[cfg(test)]
mod console_rows;
#[cfg(test)]
pub mod console_sample;
#[cfg(test)]
mod console_work;
#[cfg(test)]
pub mod gallery;
mod lists;
mod plan;
#[cfg(test)]
pub mod pos_sample;

use domain::names::Lang;
use domain::time::{Time, Zone};
use operations::views::{CapabilityView, CauseView, Explanation, LinkView, PlanView, StepRef, SubjectRef};

pub use lists::{
    accounts, days, events, merchant, offers, people, requests_open, settlement_account, terminals, transactions,
};
pub use plan::{field_step, request, steps};

use super::page::{Institution, Page, Theme, Who};
use super::public::{Service, Services};
use super::standing::Standing;
use super::words::Word;

/// Wednesday 18 November 2026, 10:24 in Shanghai.
pub const NOW: i64 = 1_794_968_640_000;
/// One day.
pub const DAY: i64 = 86_400_000;
/// One hour.
pub const HOUR: i64 = 3_600_000;

/// The house of the samples.
pub const HOUSE: Institution = Institution {
    name: Word {
        zh: "收单",
        en: "Shoudan",
    },
    hotline: "400-000-0163",
    hours: Word {
        zh: "每天 8:00–22:00",
        en: "daily 8:00–22:00",
    },
    site: "pos.example.cn",
    sms: "1069 0000 163",
    licence: "Z2000133000019",
};

/// `zh` or `en`.
pub(super) fn say(lang: Lang, zh: &str, en: &str) -> String {
    match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    }
}

/// A page at [`NOW`] for anyone.
pub fn page<'a>(lang: Lang, theme: Theme, zone: &'a Zone, path: &'a str) -> Page<'a> {
    Page {
        lang,
        theme,
        now: Time::from_millis(NOW),
        zone,
        path,
        origin: "https://pos.example.cn",
        who: None,
        institution: &HOUSE,
        demo: true,
    }
}

/// The same for the shop's owner.
pub fn own_page<'a>(lang: Lang, theme: Theme, zone: &'a Zone, path: &'a str) -> Page<'a> {
    let who = match lang {
        Lang::Zh => Who {
            name: "周秀兰",
            role: "店主",
            house: "老周面馆",
        },
        Lang::En => Who {
            name: "Zhou Xiulan",
            role: "Owner",
            house: "Lao Zhou Noodles",
        },
    };
    Page {
        who: Some(who),
        ..page(lang, theme, zone, path)
    }
}

/// A subject.
pub(super) fn subject(kind: &str, id: &str, label: &str) -> SubjectRef {
    SubjectRef {
        kind: kind.into(),
        id: id.into(),
        label: label.into(),
    }
}

/// Code, Chinese, English of the capabilities a merchant meets.
const CAPABILITIES: [(&str, &str, &str); 16] = [
    ("sale", "刷卡消费", "Card sales"),
    ("void", "消费撤销", "Voids"),
    ("refund", "退货", "Refunds"),
    ("preauth", "预授权", "Pre-authorisations"),
    ("preauth_complete", "预授权完成", "Pre-authorisation completions"),
    ("qr_shown", "出示二维码收款", "QR payments the customer scans"),
    ("qr_scanned", "扫顾客付款码收款", "QR payments the terminal scans"),
    ("balance", "余额查询", "Balance enquiries"),
    ("sign_in", "终端签到", "Terminal sign-in"),
    ("payout_t1", "次工作日结算", "Next-working-day settlement"),
    ("payout_d0", "当日结算", "Same-day settlement"),
    (
        "settlement_account_change",
        "变更结算账户",
        "Changing the settlement account",
    ),
    ("new_shop", "新增门店", "Adding shops"),
    ("portal_login", "登录商户平台", "Signing in to the portal"),
    ("statements", "查看对账单", "Reading statements"),
    ("disputes", "答复争议", "Answering disputes"),
];

/// What the sample's causes block.
const COLLECT: [&str; 5] = ["sale", "preauth", "qr_shown", "qr_scanned", "balance"];

/// The capabilities with those in `blocked` not working.
pub fn capabilities(lang: Lang, blocked: &[&str]) -> Vec<CapabilityView> {
    CAPABILITIES
        .iter()
        .map(|(code, zh, en)| CapabilityView {
            code: (*code).into(),
            name: say(lang, zh, en),
            works: !blocked.contains(code),
        })
        .collect()
}

fn strings(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

fn way(lang: Lang, steps: &[(&str, &str, &str, &str)]) -> Vec<StepRef> {
    steps
        .iter()
        .map(|(step, actor, zh, en)| StepRef {
            step: (*step).into(),
            title: say(lang, zh, en),
            actor: (*actor).into(),
        })
        .collect()
}

fn plain_cause(reason: &str, subject: SubjectRef) -> CauseView {
    CauseView {
        reason: reason.into(),
        stop: Some("stp_sample".into()),
        subject,
        title: String::new(),
        text: String::new(),
        standing: "stopped".into(),
        since: Some(NOW - 6 * DAY),
        ends_at: None,
        blocks: strings(&COLLECT),
        still_works: strings(&["void", "refund", "payout_t1", "portal_login", "statements", "disputes"]),
        waiting_on: "merchant".into(),
        promise_by: None,
        r#final: false,
        appealable: false,
        ground: String::new(),
        ways_out: Vec::new(),
        symptoms: Vec::new(),
        disclosure: "full".into(),
        staff_note: String::new(),
    }
}

/// The root: the business licence has expired.
pub fn licence_cause(lang: Lang) -> CauseView {
    CauseView {
        title: say(lang, "营业执照已过有效期", "the business licence has expired"),
        text: say(
            lang,
            "登记的营业执照已经过期，换领之前不能继续收款。已收的款照常结算，退货不受影响。",
            "The licence on file has expired, and payments cannot be taken until the renewed one is supplied. Money already taken is paid out as usual and refunds go on.",
        ),
        promise_by: Some(NOW + 7 * DAY + 7 * HOUR - 24 * 60_000),
        ground: say(
            lang,
            "《银行卡收单业务管理办法》第十条",
            "Rules on bank card acquiring, article 10",
        ),
        ways_out: vec![
            way(
                lang,
                &[
                    (
                        "supply_documents",
                        "merchant",
                        "上传所缺的证件和材料",
                        "Upload the missing documents",
                    ),
                    ("wait_for_review", "reviewer", "等待审核", "Wait for the review"),
                ],
            ),
            way(
                lang,
                &[
                    (
                        "verify_business_on_site",
                        "operator",
                        "预约上门核验",
                        "Book a visit to the shop",
                    ),
                    ("wait_for_review", "reviewer", "等待审核", "Wait for the review"),
                ],
            ),
        ],
        ..plain_cause("merchant.licence_expired", subject("merchant", "mch_1", ""))
    }
}

fn registration_cause(lang: Lang) -> CauseView {
    CauseView {
        title: say(
            lang,
            "终端的入网登记没有更新",
            "the terminal's registration is out of date",
        ),
        text: say(
            lang,
            "换照之后，清算机构那里的终端登记还是旧资料。执照审核通过后，我们会重新上报。",
            "The clearing organisation still has the old details. Once the licence is accepted we file the terminal again.",
        ),
        standing: "limited".into(),
        since: Some(NOW - 2 * DAY),
        blocks: strings(&["sale", "preauth"]),
        waiting_on: "operator".into(),
        symptoms: strings(&["device.sign_in_required"]),
        ground: say(lang, "银发〔2021〕259号 第七条", "PBoC 2021/259, item 7"),
        ..plain_cause("registration.element_changed", subject("registration", "reg_1", ""))
    }
}

/// A cause of which only the category may be told.
pub fn category_cause(lang: Lang) -> CauseView {
    CauseView {
        title: say(lang, "正在核实几笔交易", "some transactions are being looked into"),
        text: say(
            lang,
            "需要商户说明几笔交易的背景。登录后在“办理”里答复即可。",
            "The merchant is asked to explain a few transactions; this is answered under “Requests” after signing in.",
        ),
        standing: "limited".into(),
        disclosure: "category".into(),
        ..plain_cause("merchant.risk_inquiry", subject("merchant", "mch_1", ""))
    }
}

/// A final cause.
pub fn final_cause(lang: Lang) -> CauseView {
    CauseView {
        title: say(lang, "商户协议已经终止", "the merchant agreement has ended"),
        text: say(
            lang,
            "协议按约定终止，收款功能不再恢复。余下的款项在争议期满后结清。",
            "The agreement has ended as it provides, and taking payments will not come back. What is left is paid out after the dispute period.",
        ),
        standing: "ended".into(),
        r#final: true,
        appealable: true,
        waiting_on: String::new(),
        ..plain_cause("merchant.closed", subject("merchant", "mch_1", ""))
    }
}

/// Announced: dormancy, and a maintenance window.
pub fn warnings(lang: Lang) -> Vec<CauseView> {
    vec![
        CauseView {
            title: say(lang, "系统维护", "maintenance"),
            text: say(
                lang,
                "维护期间不能刷卡和扫码，结束后自动恢复，不用做什么。",
                "Cards and QR codes cannot be taken during the window; it ends by itself and nothing is asked of you.",
            ),
            standing: "waiting".into(),
            since: Some(NOW + DAY + 15 * HOUR + 36 * 60_000),
            ends_at: Some(NOW + DAY + 17 * HOUR + 36 * 60_000),
            blocks: strings(&["sale", "qr_shown", "qr_scanned"]),
            ..plain_cause("platform.maintenance", subject("platform", "-", ""))
        },
        CauseView {
            title: say(lang, "备用机久未使用", "the second terminal has not been used for long"),
            text: say(
                lang,
                "到期前没有收款，需要重新核验经营情况。",
                "Unless a sale is made before then, the business has to be verified again.",
            ),
            since: Some(NOW + 12 * DAY),
            ways_out: vec![way(
                lang,
                &[(
                    "verify_identity",
                    "merchant",
                    "核验负责人身份",
                    "Verify the owner's identity",
                )],
            )],
            ..plain_cause("merchant.dormant_recheck", subject("terminal", "trm_3", "10000031"))
        },
    ]
}

/// A stopped terminal, explained: two causes, root first, with a plan and what is coming.
pub fn stopped(lang: Lang) -> Explanation {
    Explanation {
        subject: subject("terminal", "trm_1", "10000012"),
        merchant: subject("merchant", "mch_1", ""),
        headline: say(
            lang,
            "这台 POS 现在不能消费，因为营业执照已过有效期",
            "This POS cannot take sales now, because the business licence has expired",
        ),
        standing: "stopped".into(),
        capability: "sale".into(),
        capabilities: capabilities(lang, &COLLECT),
        causes: vec![licence_cause(lang), registration_cause(lang)],
        plan: PlanView {
            steps: steps(lang),
            finals: Vec::new(),
            request: Some("req_4f2k9".into()),
            ready_by: Some(NOW + 13 * DAY + 7 * HOUR - 24 * 60_000),
        },
        warnings: warnings(lang).into_iter().take(1).collect(),
        chain: Vec::new(),
        explanation_code: Some("7K3-M9Q".into()),
        at: NOW,
    }
}

/// The same for anyone: nothing is the reader's to do, and nobody is named.
pub fn stopped_public(lang: Lang) -> Explanation {
    let mut told = stopped(lang);
    told.subject.label.clear();
    told.plan.request = None;
    for step in &mut told.plan.steps {
        step.mine = false;
        step.subject.label.clear();
    }
    told
}

/// A terminal that works.
pub fn working(lang: Lang) -> Explanation {
    Explanation {
        headline: say(lang, "这台 POS 可以正常收款", "This POS can take payments"),
        standing: "works".into(),
        capabilities: capabilities(lang, &[]),
        causes: Vec::new(),
        plan: PlanView::default(),
        warnings: Vec::new(),
        ..stopped(lang)
    }
}

/// A terminal whose merchant has ended.
pub fn ended(lang: Lang) -> Explanation {
    Explanation {
        headline: say(
            lang,
            "这台 POS 不能再使用，因为商户协议已经终止",
            "This POS can no longer be used, because the merchant agreement has ended",
        ),
        standing: "ended".into(),
        causes: vec![final_cause(lang)],
        plan: PlanView {
            finals: vec!["merchant.closed".into()],
            ..PlanView::default()
        },
        warnings: Vec::new(),
        ..stopped(lang)
    }
}

/// The merchant as a whole: sells at one of three terminals.
pub fn merchant_explanation(lang: Lang) -> Explanation {
    Explanation {
        headline: say(lang, "可以收款", "Payments can be taken"),
        standing: "works".into(),
        capabilities: capabilities(lang, &[]),
        causes: Vec::new(),
        plan: PlanView::default(),
        warnings: warnings(lang),
        chain: vec![LinkView {
            subject: subject("merchant", "mch_1", ""),
            stage: "active".into(),
            stage_name: say(lang, "已入网", "Active"),
            standing: "works".into(),
        }],
        ..stopped(lang)
    }
}

/// The platform: one service limited, one window planned.
pub fn services(lang: Lang) -> Services {
    let row = |zh, en, standing, note: String| Service {
        name: say(lang, zh, en),
        standing,
        note,
    };
    Services {
        services: vec![
            row("刷卡交易", "Card payments", Standing::Works, String::new()),
            row("二维码交易", "QR payments", Standing::Works, String::new()),
            row(
                "结算出款",
                "Payouts",
                Standing::Waiting,
                say(lang, "个别银行到账较慢", "Some banks credit later than usual"),
            ),
            row(
                "终端下载与签到",
                "Terminal sign-in and downloads",
                Standing::Works,
                String::new(),
            ),
            row("商户平台", "Merchant portal", Standing::Works, String::new()),
        ],
        live: Vec::new(),
        planned: warnings(lang).into_iter().take(1).collect(),
        capabilities: capabilities(lang, &[]),
        checked_at: NOW - 40_000,
    }
}
