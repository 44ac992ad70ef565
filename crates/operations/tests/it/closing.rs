//! The end of a merchant's service by its own wish, and appeals against an end it did not wish for.

use domain::stages::SubjectKind;
use operations::explain::{self, Ask, Audience};
use operations::refused::Refused;
use operations::requests::{self, ClosingCertificate, Open};
use operations::reviews::Decision;
use operations::stops::{self, Place};
use operations::views::{Explanation, RequestView};
use operations::{Actor, keys};
use serde_json::json;

use super::story::{KEY, M, Story, T, fields_of, owner, states};
use super::world::someone;

fn certificate(story: &mut Story) -> Result<ClosingCertificate, Refused> {
    story.act(owner(), |tx, ctx| requests::closing_certificate(tx, ctx, M))
}

fn explained(story: &mut Story) -> Explanation {
    story
        .act(owner(), |tx, ctx| {
            explain::by_number(tx, ctx, "10000001", &Ask::default(), Audience::Merchant)
        })
        .unwrap()
}

const REASON: [(&str, &str); 2] = [("request_reason", "不再经营"), ("effective_on", "2026-03-20")];

#[test]
fn an_owner_closes_and_gets_a_certificate() {
    Story::on_each(|story| {
        story
            .act(Actor::system("story"), |tx, ctx| {
                keys::install_master(tx, ctx, M, T, &domain::secret::Secret::new(KEY)).map(|_| ())
            })
            .unwrap();
        story.stop(
            SubjectKind::Contract,
            "ctr_1",
            "contract.fees_overdue",
            json!({ "amount": 30_000 }),
        );
        let owing = story.open(owner(), "closure", ("merchant", M)).unwrap_err();
        let Refused::Invalid(told) = owing else {
            panic!("{owing}")
        };
        assert!(
            told[0].field == "arrears" && told[0].zh.contains("300.00") && told[0].en.contains("300.00"),
            "{told:?}"
        );
        let paying = story.restore();
        story.submit(owner(), &paying.id, "pay_arrears", &[]).unwrap();

        let request = story.open(owner(), "closure", ("merchant", M)).unwrap();
        let request = story.submit(owner(), &request.id, "confirm_closure", &REASON).unwrap();
        let review = story.review(someone("anna", "reviewer"), &request.id);
        assert_eq!(review.approvals_needed, 2);
        story.approve("anna", "reviewer", &request.id);
        assert!(matches!(certificate(story), Err(Refused::Conflict { .. })), "not yet");
        story.approve("boris", "reviewer", &request.id);
        assert!(!story.sells(), "closing stops collecting");
        story
            .submit(someone("dora", "devices"), &request.id, "destroy_keys", &[])
            .unwrap();
        let other = story.submit(owner(), &request.id, "return_device", &[("serial_number", "SN9")]);
        assert_eq!(fields_of(other.unwrap_err()), ["serial_number"]);
        story
            .submit(owner(), &request.id, "return_device", &[("serial_number", "SN1")])
            .unwrap();
        story.approve("dirk", "devices", &request.id);
        let request = story.view(owner(), &request.id);
        assert_eq!(request.state, "done", "{:?}", states(&request));

        let stages = story
            .act(Actor::system("story"), |tx, _| {
                Ok((
                    store::chain::of_merchant(tx, M)?.unwrap(),
                    store::terminals::get(tx, M, T)?.unwrap().stage,
                    store::devices::by_serial(tx, "SN1")?.unwrap().stage,
                    store::registrations::of_terminal(tx, M, T)?.unwrap().stage,
                ))
            })
            .unwrap();
        assert_eq!(stages.0.merchant_stage, "closed");
        assert_eq!(stages.0.contract_stage.as_deref(), Some("terminated"));
        assert_eq!(
            (stages.1.as_str(), stages.2.as_str(), stages.3.as_str()),
            ("withdrawn", "returned", "withdrawn")
        );

        let paper = certificate(story).unwrap();
        assert_eq!((paper.merchant_name.as_str(), paper.agreed_by), ("面馆", 2));
        assert_eq!(paper.closed_at, story.now.millis());
        let [terminal] = &paper.terminals[..] else {
            panic!("{paper:?}")
        };
        assert_eq!(
            (terminal.number.as_str(), terminal.serial.as_str()),
            ("10000001", "SN1")
        );
        assert_eq!(terminal.keys_destroyed_at, Some(story.now.millis()));
        assert_eq!(
            certificate(story).unwrap().digest,
            paper.digest,
            "the same however often it is asked for"
        );

        let told = explained(story);
        assert_eq!(
            told.causes.len(),
            1,
            "{:?}",
            told.causes.iter().map(|c| &c.reason).collect::<Vec<_>>()
        );
        assert!(told.causes[0].r#final && told.causes[0].appealable && told.plan.steps.is_empty());
        assert_eq!(told.plan.finals, ["merchant.closed"]);
        assert!(
            told.causes[0].text.contains("重新申请"),
            "how to begin anew: {}",
            told.causes[0].text
        );
        assert!(story.open(owner(), "restoration", ("terminal", T)).is_err());
    });
}

#[test]
fn until_it_is_complete_a_closure_is_taken_back() {
    Story::on_each(|story| {
        let request = story.open(owner(), "closure", ("merchant", M)).unwrap();
        story.submit(owner(), &request.id, "confirm_closure", &REASON).unwrap();
        story.approve("anna", "reviewer", &request.id);
        story.approve("boris", "reviewer", &request.id);
        assert!(!story.sells());
        let id = request.id.clone();
        story
            .act(owner(), move |tx, ctx| {
                requests::withdraw(tx, ctx, M, &id, "changed my mind")
            })
            .unwrap();
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "withdrawn");
    });
}

/// Puts the merchant on the list, which is final.
fn list(story: &mut Story) {
    let place = Place {
        merchant: M.into(),
        kind: SubjectKind::Merchant,
        id: M.into(),
        reason: "merchant.blacklisted".into(),
        starts_at: None,
        ends_at: None,
        details: json!({}),
    };
    story
        .act(someone("rita", "risk"), move |tx, ctx| {
            stops::place(tx, ctx, place.clone())
        })
        .unwrap();
}

fn appeal(story: &mut Story) -> RequestView {
    let open = Open {
        kind: "appeal".into(),
        merchant: M.into(),
        subject_kind: "merchant".into(),
        subject_id: M.into(),
        choices: [("merchant.blacklisted".to_owned(), 0)].into(),
        ..Open::default()
    };
    let request = story
        .act(owner(), move |tx, ctx| requests::open(tx, ctx, open.clone()))
        .unwrap();
    story.attach_all(owner(), &request, "state_appeal");
    let text = [("explanation_text", "同名不同人，附户籍证明")];
    story.submit(owner(), &request.id, "state_appeal", &text).unwrap()
}

#[test]
fn an_appeal_against_a_final_reason_that_succeeds_lifts_it() {
    Story::on_each(|story| {
        list(story);
        let told = explained(story);
        assert!(
            told.causes[0].r#final && told.plan.steps.is_empty(),
            "nothing is asked in vain"
        );
        let refused = story.open(owner(), "restoration", ("terminal", T)).unwrap_err();
        assert!(refused.to_string().contains("appeal"), "{refused}");

        let request = appeal(story);
        let review = story.review(someone("rita", "reviewer"), &request.id);
        assert!(!review.may_decide, "whoever decided it does not decide the appeal");
        assert_eq!(review.approvals_needed, 2);
        story.approve("anna", "reviewer", &request.id);
        assert!(!story.sells());
        story.approve("boris", "reviewer", &request.id);
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
        assert_eq!(story.events("stop.cleared"), 1);
    });
}

#[test]
fn an_appeal_that_fails_says_why_and_changes_nothing() {
    Story::on_each(|story| {
        list(story);
        let request = appeal(story);
        let review = story.review(someone("anna", "reviewer"), &request.id);
        story
            .decide(someone("anna", "reviewer"), &review, Decision::Refuse, &[])
            .unwrap();
        let request = story.view(owner(), &request.id);
        assert_eq!(
            (request.state.as_str(), request.closed_why.as_str()),
            ("refused", "请照执照改正")
        );
        assert_eq!(story.events("request.refused"), 1);
        assert!(!story.sells());
        assert_eq!(
            appeal(story).state,
            "open",
            "it may be lodged again with better evidence"
        );
    });
}
