//! Money's destination: a first settlement account, a change of it, and what cannot be shaken off by one.

use std::collections::BTreeMap;

use domain::stages::SubjectKind;
use domain::time::Duration;
use operations::Actor;
use operations::refused::Refused;
use operations::requests;
use operations::reviews::Decision;
use operations::views::RequestView;
use serde_json::json;

use super::story::{M, Story, T, of, owner, states};
use super::world::{self, someone};

/// Opens a change, proves the new account by the small amount, and brings it to its review.
fn change_account(story: &mut Story) -> RequestView {
    let request = story
        .open(owner(), "settlement_account_change", ("settlement_account", "sac_1"))
        .unwrap();
    assert!(!story.may("settlement_account_change"), "one change at a time");
    story.attach_all(owner(), &request, "verify_identity");
    story.submit(owner(), &request.id, "verify_identity", &[]).unwrap();
    let account = [
        ("account_holder", "王五"),
        ("account_number", "6222020000000000018"),
        ("account_bank", "某某银行上海分行"),
    ];
    story.attach_all(owner(), &request, "prove_account_ownership");
    let request = story
        .submit(owner(), &request.id, "prove_account_ownership", &account)
        .unwrap();
    let step = of(&request, "prove_account_ownership");
    assert!(step.state == "now" && step.remark.contains("不足一元"), "{step:?}");
    let id = request.id.clone();
    let sent = story
        .act(Actor::system("bank"), move |tx, ctx| {
            requests::micro_deposit(tx, ctx, M, &id)
        })
        .unwrap()
        .unwrap();
    let wrong = domain::money::Fen(sent.0 % 99 + 1).to_string();
    let request = story
        .submit(
            owner(),
            &request.id,
            "prove_account_ownership",
            &[("verification_amount", wrong.as_str())],
        )
        .unwrap();
    assert!(
        of(&request, "prove_account_ownership")
            .remark
            .contains("还可以填写 4 次")
    );
    let request = story
        .submit(
            owner(),
            &request.id,
            "prove_account_ownership",
            &[("verification_amount", sent.to_string().as_str())],
        )
        .unwrap();
    assert_eq!(of(&request, "prove_account_ownership").state, "submitted");
    // Holder, number and bank stand in the step before: they are not asked again.
    assert!(of(&request, "change_settlement_account").fields.is_empty());
    story.attach_all(owner(), &request, "change_settlement_account");
    story
        .submit(owner(), &request.id, "change_settlement_account", &[])
        .unwrap()
}

fn current(story: &mut Story) -> String {
    story
        .act(Actor::system("story"), |tx, _| {
            Ok(store::parties::current_account(tx, M)?.unwrap().id)
        })
        .unwrap()
}

#[test]
fn a_new_settlement_account_cools_off_and_takes_over_at_a_boundary() {
    Story::on_each(|story| {
        let request = change_account(story);
        let review = story.review(someone("anna", "reviewer"), &request.id);
        assert_eq!(review.approvals_needed, 2);
        let money = review
            .consequences
            .iter()
            .find(|c| c.contains("款项转入 某某银行上海分行 622202*********0018"));
        assert!(money.is_some(), "{:?}", review.consequences);
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        assert_eq!(current(story), "sac_1", "it cools off first");
        assert!(!story.may("payout_d0") && story.may("payout_t1") && story.sells());
        assert_eq!(story.tick().completed, 0);
        let early = story.submit(someone("finn", "finance"), &request.id, "make_account_effective", &[]);
        assert!(matches!(early, Err(Refused::Conflict { .. })));

        // 10:00 on Monday plus 24 hours, then the next midnight.
        story.now = world::at("2026-03-04T00:00:00+08:00");
        story.tick();
        let new = current(story);
        assert_ne!(new, "sac_1");
        assert!(story.may("payout_d0") && story.may("settlement_account_change"));
        let request = story.view(owner(), &request.id);
        assert_eq!(of(&request, "report_change").state, "now");
        story.network_answers();
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let told = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::registrations::of_terminal(tx, M, T)?.unwrap())
            })
            .unwrap();
        assert_eq!((told.settlement_account_id, told.stage.as_str()), (new, "accepted"));
    });
}

#[test]
fn a_change_that_cools_off_can_be_undone() {
    Story::on_each(|story| {
        let request = change_account(story);
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        assert!(!story.may("payout_d0"));
        let id = request.id.clone();
        let closed = story
            .act(owner(), move |tx, ctx| {
                requests::withdraw(tx, ctx, M, &id, "不是我提的")
            })
            .unwrap();
        assert_eq!(closed.state, "withdrawn");
        assert!(story.may("payout_d0") && story.may("settlement_account_change"));
        story.now = story.now + Duration::days(10);
        story.tick();
        assert_eq!(current(story), "sac_1");
        assert_eq!(story.events("settlement_account.undone"), 1);
    });
}

#[test]
fn a_reserve_is_not_shaken_off_by_changing_the_account() {
    Story::on_each(|story| {
        let request = change_account(story);
        story.stop(
            SubjectKind::SettlementAccount,
            "sac_1",
            "settlement.reserve_held",
            json!({ "amount": 500_000 }),
        );
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        story.now = story.now + Duration::days(3);
        story.tick();
        assert_ne!(current(story), "sac_1");
        assert!(!story.may("payout_t1"), "the reserve rests on the new account now");
    });
}

#[test]
fn a_merchant_applies_is_sent_back_once_and_becomes_active() {
    Story::on_each(|story| {
        world::tamper(
            story.db(),
            &[
                "update merchants set stage = 'applying', activated_at = null",
                "update contracts set stage = 'draft'",
                "update settlement_accounts set is_current = false",
            ],
        );
        let mut request = story.open(owner(), "onboarding", ("merchant", M)).unwrap();
        assert_eq!(
            of(&request, "submit_application").state,
            "later",
            "it waits for the rest"
        );
        for step in ["supply_documents", "verify_identity", "verify_business"] {
            story.attach_all(owner(), &request, step);
            request = story.submit(owner(), &request.id, step, &[]).unwrap();
        }
        let values = BTreeMap::from([
            ("uscc", "91310000MA1FL0000N"),
            ("representative_name", "王五"),
            ("representative_id", "11010519491231002X"),
            ("contact_phone", "13800000000"),
        ]);
        let asked: Vec<(&str, &str)> = of(&request, "correct_data")
            .fields
            .iter()
            .map(|f| {
                (
                    f.code.as_str(),
                    *values.get(f.code.as_str()).unwrap_or(&"上海好味面馆有限公司"),
                )
            })
            .collect();
        assert!(asked.len() >= 7, "{asked:?}");
        let id = request.id.clone();
        story.submit(owner(), &id, "correct_data", &asked).unwrap();
        let account = [
            ("account_holder", "王五"),
            ("account_number", "6222020000000000018"),
            ("account_bank", "某某银行上海分行"),
        ];
        story.attach_all(owner(), &request, "prove_account_ownership");
        story.submit(owner(), &id, "prove_account_ownership", &account).unwrap();
        let of_request = id.clone();
        let sent = story
            .act(Actor::system("bank"), move |tx, ctx| {
                requests::micro_deposit(tx, ctx, M, &of_request)
            })
            .unwrap()
            .unwrap()
            .to_string();
        story
            .submit(
                owner(),
                &id,
                "prove_account_ownership",
                &[("verification_amount", sent.as_str())],
            )
            .unwrap();
        story.submit(owner(), &id, "submit_application", &[]).unwrap();
        assert_eq!(stage(story), "in_review");
        let review = story.review(someone("anna", "reviewer"), &id);
        story
            .decide(
                someone("anna", "reviewer"),
                &review,
                Decision::Return,
                &[("business_licence", "看不清")],
            )
            .unwrap();
        assert_eq!(stage(story), "applying");
        let back = story.view(owner(), &id);
        let open: Vec<_> = states(&back)
            .into_iter()
            .filter(|s| !matches!(s.1, "submitted" | "later"))
            .collect();
        assert_eq!(open, [("supply_documents", "returned")]);
        story.attach(owner(), &id, "supply_documents", "business_licence");
        story.submit(owner(), &id, "supply_documents", &[]).unwrap();
        story.submit(owner(), &id, "submit_application", &[]).unwrap();
        let review = story.review(someone("anna", "reviewer"), &id);
        let mut who = ["anna", "boris", "carl"].into_iter();
        for _ in 0..review.approvals_needed {
            story.approve(who.next().unwrap(), "reviewer", &id);
        }
        assert_eq!(stage(story), "active");
        story.submit(owner(), &id, "sign_contract", &[]).unwrap();
        story.tick();
        assert_eq!(story.view(owner(), &id).state, "done");
        assert_ne!(current(story), "sac_1");
        assert!(story.may("payout_t1"));
    });
}

fn stage(story: &mut Story) -> String {
    story
        .act(Actor::system("story"), |tx, _| {
            Ok(store::parties::merchant(tx, M)?.unwrap().stage)
        })
        .unwrap()
}
