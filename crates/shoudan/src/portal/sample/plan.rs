//! The sample's request and its steps.

use domain::names::Lang;
use operations::views::{DocumentAsked, DocumentView, FieldAsked, RequestView, StepView, SubjectRef};

use super::{DAY, HOUR, NOW, say, subject};

fn step(lang: Lang, code: &str, kind: &str, actor: &str, title: [&str; 2], why: [&str; 2]) -> StepView {
    let names = match actor {
        "merchant" => ["商户", "The merchant"],
        "reviewer" => ["审核人员", "A reviewer"],
        "operator" => ["我们的机具组", "Our device team"],
        _ => ["清算机构", "The clearing organisation"],
    };
    StepView {
        step: code.into(),
        title: say(lang, title[0], title[1]),
        why: say(lang, why[0], why[1]),
        how: say(lang, "按页面上的提示办理即可。", "Follow what the page says."),
        after: say(lang, "完成后自动进入下一步。", "The next step follows by itself."),
        kind: kind.into(),
        actor: actor.into(),
        actor_name: say(lang, names[0], names[1]),
        subject: subject("merchant", "mch_1", &say(lang, "老周面馆", "Lao Zhou Noodles")),
        state: "later".into(),
        promise_by: None,
        promise_assumed: false,
        documents: Vec::new(),
        fields: Vec::new(),
        serves: vec!["merchant.licence_expired".into()],
        remark: String::new(),
        mine: false,
        done_at: None,
    }
}

fn licence(lang: Lang, supplied: Vec<DocumentView>) -> DocumentAsked {
    DocumentAsked {
        code: "business_licence".into(),
        name: say(lang, "营业执照", "Business licence"),
        hint: say(
            lang,
            "正本或副本整页拍摄，四角齐全，统一社会信用代码和有效期看得清。",
            "The whole page with all four corners; credit code and validity must be readable.",
        ),
        supplied,
    }
}

fn front(lang: Lang, supplied: Vec<DocumentView>) -> DocumentAsked {
    DocumentAsked {
        code: "shop_front_photo".into(),
        name: say(lang, "门头照片", "Photo of the shop front"),
        hint: say(
            lang,
            "招牌文字完整，能看到门牌和入口。",
            "The whole sign, with house number and entrance in view.",
        ),
        supplied,
    }
}

/// The steps of the plan before anything was done.
pub fn steps(lang: Lang) -> Vec<StepView> {
    let supply = StepView {
        how: say(
            lang,
            "拍原件，四角完整、字迹清楚、没有反光。只传列出的几项，已经通过的不用再传。",
            "Photograph the originals: all four corners, readable text, no glare. Upload only what is listed.",
        ),
        after: say(
            lang,
            "上传时先自动检查清晰度和有效期，问题当场提示；随后由审核人员逐项判断。",
            "Sharpness and expiry are checked while you upload; a reviewer then decides item by item.",
        ),
        state: "now".into(),
        promise_by: Some(NOW + 7 * DAY + 7 * HOUR - 24 * 60_000),
        documents: vec![licence(lang, vec![]), front(lang, vec![])],
        mine: true,
        ..step(
            lang,
            "supply_documents",
            "documents",
            "merchant",
            ["上传所缺的证件和材料", "Upload the missing documents"],
            [
                "下面列出的材料缺失、过期或看不清，没有它们就不能核实商户。",
                "The documents listed below are missing, expired or unreadable, and the business cannot be verified without them.",
            ],
        )
    };
    let review = StepView {
        promise_by: Some(NOW + 9 * DAY + 7 * HOUR - 24 * 60_000),
        ..step(
            lang,
            "wait_for_review",
            "review",
            "reviewer",
            ["等待审核", "Wait for the review"],
            [
                "由没有经手过这家商户的审核人员逐项核对。",
                "Someone who has not dealt with this merchant before compares each item.",
            ],
        )
    };
    let file = StepView {
        promise_by: Some(NOW + 13 * DAY + 7 * HOUR - 24 * 60_000),
        ..step(
            lang,
            "re_register_terminal",
            "operator",
            "operator",
            ["重新上报终端登记", "File the terminal's registration again"],
            [
                "新的资料要让清算机构知道，终端才能继续交易。",
                "The clearing organisation must learn the new details before the terminal may trade.",
            ],
        )
    };
    let sign_in = step(
        lang,
        "sign_in_terminal",
        "device",
        "merchant",
        ["在 POS 上签到一次", "Sign in once at the POS"],
        [
            "签到会取得新的密钥，之后就能收款。",
            "Signing in fetches new keys; after that it can take money.",
        ],
    );
    vec![supply, review, file, sign_in]
}

/// The request in the middle: one document accepted, one returned.
pub fn request(lang: Lang) -> RequestView {
    let document = |id: &str, name: &str, state: &str, remark: String| DocumentView {
        id: id.into(),
        file_name: name.into(),
        media_type: "image/jpeg".into(),
        size: 1_843_200,
        state: state.into(),
        remark,
        uploaded_at: NOW - DAY,
    };
    let remark = say(
        lang,
        "照片右下角反光，有效期看不清。",
        "Glare at the lower right: the validity cannot be read.",
    );
    let mut steps = steps(lang);
    if let Some(first) = steps.first_mut() {
        first.state = "returned".into();
        first.documents = vec![
            licence(lang, vec![document("doc_1", "IMG_2041.jpg", "returned", remark)]),
            front(lang, vec![document("doc_2", "IMG_2042.jpg", "accepted", String::new())]),
        ];
    }
    steps.insert(
        0,
        StepView {
            state: "done".into(),
            done_at: Some(NOW - 2 * DAY),
            ..step(
                lang,
                "verify_identity",
                "form",
                "merchant",
                ["核验负责人身份", "Verify the owner's identity"],
                [
                    "要确认申请人就是负责人本人。",
                    "We must be sure that the owner is the one who asks.",
                ],
            )
        },
    );
    RequestView {
        id: "req_4f2k9".into(),
        merchant_id: "mch_1".into(),
        merchant_name: say(lang, "老周面馆", "Lao Zhou Noodles"),
        kind: "restoration".into(),
        kind_name: say(lang, "恢复收款", "Restoring payments"),
        subject: SubjectRef {
            label: say(lang, "解放路店 10000012", "Jiefang Road 10000012"),
            ..subject("terminal", "trm_1", "")
        },
        state: "open".into(),
        version: 5,
        waiting_on: "merchant".into(),
        waiting_on_name: say(lang, "商户", "The merchant"),
        promise_by: Some(NOW + 7 * DAY + 7 * HOUR - 24 * 60_000),
        opened_at: NOW - 3 * DAY,
        closed_at: None,
        closed_why: String::new(),
        steps,
        reasons: vec!["merchant.licence_expired".into()],
        review: None,
    }
}

/// A step of another kind, with fields where it is a form.
pub fn field_step(lang: Lang, kind: &str) -> StepView {
    let asked = |code: &str, check: &str, name: [&str; 2], hint: [&str; 2], value: &str| FieldAsked {
        code: code.into(),
        name: say(lang, name[0], name[1]),
        hint: say(lang, hint[0], hint[1]),
        check: check.into(),
        value: value.into(),
        on_record: String::new(),
        remark: String::new(),
        optional: false,
    };
    let form = vec![
        asked(
            "uscc",
            "uscc",
            ["统一社会信用代码", "Unified social credit code"],
            [
                "营业执照上的十八位代码，没有字母 I、O、S、V、Z。",
                "The eighteen characters on the licence; the letters I, O, S, V and Z do not occur.",
            ],
            "92330102MA2XXXXX0K",
        ),
        asked(
            "licence_valid_until",
            "date",
            ["营业执照有效期至", "Licence valid until"],
            [
                "照执照填写；长期有效的填 2099-12-31。",
                "As printed; for a licence without an end enter 2099-12-31.",
            ],
            "",
        ),
        asked(
            "contact_phone",
            "mobile",
            ["联系手机", "Contact mobile"],
            [
                "审核和停用提醒都会发到这个号码。",
                "Review results and announcements of stops go to this number.",
            ],
            "138****0163",
        ),
    ];
    let texts: ([&str; 2], [&str; 2]) = match kind {
        "payment" => (
            ["缴清欠费", "Pay what is owed"],
            [
                "有两期通讯费没有缴，共 ¥120.00。",
                "Two periods of communication fees are open, ¥120.00 in all.",
            ],
        ),
        "signature" => (
            ["签署补充协议", "Sign the amendment"],
            [
                "费率和结算方式没有变，只更新了营业执照信息。",
                "Rates and settlement stay; only the licence details change.",
            ],
        ),
        "confirm" => (
            ["结束歇业，恢复收款", "End the pause"],
            [
                "收款是您自己按计划暂停的，随时可以恢复。",
                "You paused payments yourself, as planned, and can resume whenever you like.",
            ],
        ),
        "device" => (
            ["在 POS 上签到一次", "Sign in once at the POS"],
            [
                "签到会取得新的密钥，之后就能收款。",
                "Signing in fetches new keys; after that it can take money.",
            ],
        ),
        _ => (
            ["改正标出的资料", "Correct the marked details"],
            [
                "标出的几项与证照上的不一致。",
                "The marked details differ from the licence.",
            ],
        ),
    };
    StepView {
        state: "now".into(),
        mine: kind != "device",
        promise_by: Some(NOW + 5 * DAY + 7 * HOUR - 24 * 60_000),
        fields: if kind == "form" { form } else { Vec::new() },
        ..step(lang, kind, kind, "merchant", texts.0, texts.1)
    }
}
