//! What is asked of whom: proofs follow the kind of merchant, a signature keeps what was signed.

use domain::stages::SubjectKind;
use operations::requests;
use operations::views::{RequestView, StepView};
use serde_json::json;

use super::story::{M, Story, fields_of, of, owner};
use super::world;

fn documents(step: &StepView) -> Vec<&str> {
    step.documents.iter().map(|d| d.code.as_str()).collect()
}

/// The request that brings an applying merchant of a kind into the network, and gives it a settlement account.
fn application(story: &mut Story, kind: &'static [&'static str]) -> RequestView {
    world::tamper(story.db(), kind);
    world::tamper(
        story.db(),
        &[
            "update merchants set stage = 'applying'",
            "update settlement_accounts set stage = 'missing'",
        ],
    );
    story.restore()
}

#[test]
fn a_micro_merchant_is_asked_for_what_it_has() {
    Story::on_each(|story| {
        let request = application(story, &["update merchants set kind = 'micro'"]);
        let papers = documents(of(&request, "supply_documents"));
        assert_eq!(
            papers,
            [
                "operation_proof",
                "id_card_front",
                "id_card_back",
                "shop_front_photo",
                "shop_inside_photo"
            ]
        );
        let fields: Vec<&str> = of(&request, "correct_data")
            .fields
            .iter()
            .map(|f| f.code.as_str())
            .collect();
        assert!(
            !fields.contains(&"uscc") && fields.contains(&"representative_id"),
            "{fields:?}"
        );
        assert_eq!(documents(of(&request, "prove_account_ownership")), ["bank_card_photo"]);
    });
}

#[test]
fn a_company_proves_its_corporate_account_and_a_sole_trader_either() {
    Story::on_each(|story| {
        let request = application(story, &["update merchants set kind = 'enterprise'"]);
        let papers = documents(of(&request, "supply_documents"));
        assert!(
            papers.contains(&"business_licence") && papers.contains(&"premises_proof"),
            "{papers:?}"
        );
        assert!(!papers.contains(&"operation_proof"));
        assert_eq!(
            documents(of(&request, "prove_account_ownership")),
            ["account_certificate"]
        );
        story.attach_all(owner(), &request, "prove_account_ownership");
        let account = |number| {
            [
                ("account_holder", "上海好味面馆有限公司"),
                ("account_number", number),
                ("account_bank", "某某银行上海分行"),
            ]
        };
        let card = story.submit(
            owner(),
            &request.id,
            "prove_account_ownership",
            &account("6222020000000000018"),
        );
        assert_eq!(fields_of(card.unwrap_err()), ["account_number"]);
        let sent = story
            .submit(
                owner(),
                &request.id,
                "prove_account_ownership",
                &account("3105016036000000123"),
            )
            .unwrap();
        assert!(of(&sent, "prove_account_ownership").remark.contains("不足一元"));
    });
    Story::on_each(|story| {
        let request = application(story, &["update merchants set kind = 'sole_trader'"]);
        assert_eq!(documents(of(&request, "prove_account_ownership")), ["account_proof"]);
    });
}

#[test]
fn a_signature_keeps_the_name_and_the_digest_of_the_text() {
    Story::on_each(|story| {
        world::tamper(story.db(), &["update contracts set stage = 'draft', signed_at = null"]);
        let request = story.restore();
        let submit = requests::Submit {
            merchant: M.into(),
            request: request.id.clone(),
            step: "sign_contract".into(),
            confirm: true,
            ..requests::Submit::default()
        };
        let nameless = story.act(owner(), move |tx, ctx| requests::submit(tx, ctx, submit.clone()));
        assert_eq!(fields_of(nameless.unwrap_err()), ["signature"]);

        let shown = story.act(owner(), |tx, _| requests::agreement(tx, M)).unwrap();
        assert!(
            shown.text.zh.contains("C1") && shown.text.en.contains("面馆"),
            "{:?}",
            shown.text
        );
        story.submit(owner(), &request.id, "sign_contract", &[]).unwrap();
        assert!(story.sells());
        let evidence: String = story
            .db()
            .read(|tx| {
                tx.one(
                    "select evidence from steps where step = 'sign_contract'",
                    store::args![],
                )?
                .take(0)
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        let kept: serde_json::Value = serde_json::from_str(&evidence).unwrap();
        assert_eq!(kept["signed"]["sha256"], json!(shown.digest()));
        assert_eq!(kept["signed"]["contract"], json!("ctr_1"));
        assert!(!evidence.contains("李四"), "the name is sealed: {evidence}");
        assert_ne!(kept["fields"]["signature"]["sealed"], json!(""));
        assert_eq!(story.events("contract.signed"), 1);
    });
}

#[test]
fn what_is_asked_can_be_handed_in() {
    let catalog = world::platform().catalog;
    assert!(
        !catalog.documents.keys().any(|code| code.contains("video")),
        "a video is not taken"
    );
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.recheck_due", json!({}));
        let request = story.open(owner(), "restoration", ("merchant", M)).unwrap();
        let identity = of(&request, "verify_identity");
        assert_eq!(
            documents(identity),
            ["id_card_front", "id_card_back", "id_in_hand_photo"]
        );
        story.attach_all(owner(), &request, "verify_identity");
        story.submit(owner(), &request.id, "verify_identity", &[]).unwrap();
    });
}
