//! Requests from the first step to the last: what a merchant supplies, what reviewers decide, and what the gate says
//! afterwards.

use domain::stages::SubjectKind;
use domain::time::Duration;
use operations::refused::{Done, Refused};
use operations::requests::{self, Attach, Choose};
use operations::reviews::{self, Decision};
use operations::stops::{self, Place};
use operations::views::ReviewView;
use operations::{Actor, Ctx, private};
use serde_json::json;

use super::story::{DATA, M, Story, T, decision_on, fields_of, of, owner, states};
use super::world::{self, someone};

#[test]
fn wrong_data_are_returned_item_by_item_corrected_approved_and_the_sale_comes_back() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        assert!(!story.sells());
        let request = story.restore();
        assert_eq!(
            states(&request),
            [("correct_data", "now"), ("wait_for_review", "later")]
        );
        assert!(of(&request, "correct_data").mine && request.waiting_on == "merchant");

        let wrong = story.submit(
            owner(),
            &request.id,
            "correct_data",
            &[("contact_phone", "12345"), ("pin", "1")],
        );
        let mut told = fields_of(wrong.unwrap_err());
        told.sort();
        assert_eq!(
            told,
            ["contact_name", "contact_phone", "merchant_name", "pin", "shop_address"]
        );

        let request = story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        assert_eq!(
            states(&request),
            [("correct_data", "submitted"), ("wait_for_review", "now")]
        );
        assert_eq!(request.waiting_on, "reviewer");
        assert_eq!(of(&request, "correct_data").fields[3].value, "138****0000");

        let review = story.review(someone("anna", "reviewer"), &request.id);
        assert!(review.may_decide && review.approvals_needed == 1, "{}", review.why_not);
        assert!(
            review.consequences[0].starts_with("恢复：刷卡消费"),
            "{:?}",
            review.consequences
        );
        assert!(
            review
                .consequences
                .iter()
                .any(|c| c.starts_with("商户注册名称：") && c.ends_with(" → 上海好味面馆有限公司"))
        );
        let items = [("contact_phone", "无法接通，请换一个号码")];
        story
            .decide(someone("anna", "reviewer"), &review, Decision::Return, &items)
            .unwrap();

        let request = story.view(owner(), &request.id);
        assert_eq!(
            states(&request),
            [("correct_data", "returned"), ("wait_for_review", "later")]
        );
        assert_eq!(of(&request, "correct_data").fields[3].remark, "无法接通，请换一个号码");
        assert!(!story.sells());
        // The returned field must be given anew; the others stand.
        let again = story.submit(owner(), &request.id, "correct_data", &[]).unwrap_err();
        assert_eq!(fields_of(again), ["contact_phone"]);
        let corrected = [("contact_phone", "13900000001")];
        let request = story.submit(owner(), &request.id, "correct_data", &corrected).unwrap();
        story.approve("anna", "reviewer", &request.id);

        let request = story.view(owner(), &request.id);
        assert_eq!((request.state.as_str(), request.waiting_on.as_str()), ("done", ""));
        assert!(story.sells());
        let (name, phone) = story
            .act(Actor::system("story"), |tx, ctx| {
                let row = store::parties::merchant(tx, M)?.unwrap();
                Ok((
                    row.name,
                    private::open_for_use(tx, ctx, M, "merchant", M, "contact_phone")?,
                ))
            })
            .unwrap();
        assert_eq!(
            (name.as_str(), phone.unwrap().expose().as_str()),
            ("上海好味面馆有限公司", "13900000001")
        );
        for (kind, times) in [
            ("request.opened", 1),
            ("request.step_returned", 1),
            ("review.decided", 2),
            ("request.completed", 1),
        ] {
            assert_eq!(story.events(kind), times, "{kind}");
        }
    });
}

#[test]
fn a_risk_stop_takes_two_people_and_racing_reviewers_give_one_decision() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.risk_review", json!({}));
        let request = story.restore();
        let text = [("explanation_text", "当天有团体用餐，附订单")];
        let request = story.submit(owner(), &request.id, "answer_inquiry", &text).unwrap();
        assert_eq!(request.waiting_on, "risk");
        let review = story.review(someone("rita", "risk"), &request.id);
        assert_eq!((review.role.as_str(), review.approvals_needed), ("risk", 2));
        let other_role = story.decide(someone("anna", "reviewer"), &review, Decision::Approve, &[]);
        assert!(matches!(other_role, Err(Refused::NotPermitted { .. })));

        story
            .decide(someone("rita", "risk"), &review, Decision::Approve, &[])
            .unwrap();
        assert!(!story.sells(), "one of two does not lift it");
        let again = story.decide(someone("rita", "risk"), &review, Decision::Approve, &[]);
        assert!(matches!(again, Err(Refused::SamePerson(_))));
        // The same person under another login is the same person.
        let second_login = Actor {
            id: "usr_rita2".into(),
            ..someone("rita", "risk")
        };
        assert!(matches!(
            story.decide(second_login, &review, Decision::Approve, &[]),
            Err(Refused::SamePerson(_))
        ));

        // Two people decide at the same moment: exactly one decision stands.
        let (db, now) = (story.db().clone(), story.now);
        let racers = [("rolf", Decision::Approve), ("rosa", Decision::Refuse)].map(|(name, decision)| {
            let command = decision_on(&review, decision, &[]);
            let seed = u64::try_from(name.len()).unwrap() + u64::from(name.as_bytes()[1]) * 1000;
            let ctx = Ctx {
                now,
                ids: domain::ids::IdSource::seeded(seed),
                ..world::ctx(someone(name, "risk"))
            };
            db.write(move |tx| reviews::decide(tx, &mut ctx.clone(), command.clone()))
        });
        let results: Vec<Done<ReviewView>> = racers.into_iter().map(store::Answer::wait).collect();
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
        let request = story.view(owner(), &request.id);
        let approved = results[0].is_ok();
        assert_eq!(request.state, if approved { "done" } else { "refused" });
        assert_eq!(story.sells(), approved);
        assert_eq!(world::count(story.db(), "reviews"), 1);
    });
}

#[test]
fn whoever_asked_or_supplied_anything_does_not_decide() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story
            .open(someone("dana", "desk"), "restoration", ("terminal", T))
            .unwrap();
        story
            .submit(someone("dana", "desk"), &request.id, "correct_data", &DATA)
            .unwrap();
        // The person of the desk also has a reviewer's login.
        let review = story.review(someone("dana", "reviewer"), &request.id);
        assert!(!review.may_decide && !review.why_not.is_empty());
        let own = story.decide(someone("dana", "reviewer"), &review, Decision::Approve, &[]);
        assert!(matches!(own, Err(Refused::SamePerson(_))));
        assert!(!story.sells());
        story.approve("anna", "reviewer", &request.id);
        assert!(story.sells());
    });
}

#[test]
fn a_decision_on_what_was_not_seen_is_refused() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let seen = story.review(someone("anna", "reviewer"), &request.id);
        story
            .decide(
                someone("anna", "reviewer"),
                &seen,
                Decision::Return,
                &[("contact_phone", "空号")],
            )
            .unwrap();
        story
            .submit(
                owner(),
                &request.id,
                "correct_data",
                &[("contact_phone", "13900000001")],
            )
            .unwrap();
        let late = story.decide(someone("boris", "reviewer"), &seen, Decision::Approve, &[]);
        assert!(
            matches!(late, Err(Refused::Conflict { what: "review", .. })),
            "{late:?}"
        );
        // A new review, but an old version in the hand.
        let mut review = story.review(someone("boris", "reviewer"), &request.id);
        review.request.version -= 1;
        let late = story.decide(someone("boris", "reviewer"), &review, Decision::Approve, &[]);
        assert!(
            matches!(late, Err(Refused::Conflict { what: "review", .. })),
            "{late:?}"
        );
        // Evidence changed behind the engine's back.
        review.request.version += 1;
        world::tamper(
            story.db(),
            &["update steps set evidence = '{}' where step = 'correct_data'"],
        );
        let tampered = story.decide(someone("boris", "reviewer"), &review, Decision::Approve, &[]);
        assert!(
            matches!(tampered, Err(Refused::Conflict { what: "review", .. })),
            "{tampered:?}"
        );
        assert!(!story.sells());
    });
}

#[test]
fn a_stop_that_comes_during_a_review_is_not_lifted_by_it() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let seen = story.review(someone("anna", "reviewer"), &request.id);
        assert_eq!(seen.approvals_needed, 1);
        let place = Place {
            merchant: M.into(),
            kind: SubjectKind::Merchant,
            id: M.into(),
            reason: "merchant.risk_review".into(),
            starts_at: None,
            ends_at: None,
            details: json!({}),
        };
        story
            .act(someone("rita", "risk"), move |tx, ctx| {
                stops::place(tx, ctx, place.clone())
            })
            .unwrap();
        let request = story.view(owner(), &request.id);
        assert_eq!(
            states(&request),
            [
                ("correct_data", "submitted"),
                ("answer_inquiry", "now"),
                ("wait_for_review", "later")
            ]
        );
        assert!(request.review.is_none(), "the review waits for all evidence");
        assert!(
            story
                .decide(someone("anna", "reviewer"), &seen, Decision::Approve, &[])
                .is_err()
        );
        story
            .submit(owner(), &request.id, "answer_inquiry", &[("explanation_text", "说明")])
            .unwrap();
        let review = story.review(someone("rolf", "risk"), &request.id);
        assert_eq!((review.role.as_str(), review.approvals_needed), ("risk", 2));
        story.approve("rolf", "risk", &request.id);
        story.approve("rosa", "risk", &request.id);
        assert!(story.sells());
    });
}

#[test]
fn one_request_of_a_kind_is_open_for_a_subject() {
    Story::on_each(|story| {
        assert!(
            story.open(owner(), "restoration", ("terminal", T)).is_err(),
            "nothing is blocked"
        );
        story.stop(
            SubjectKind::Contract,
            "ctr_1",
            "contract.fees_overdue",
            json!({ "amount": 30_000 }),
        );
        let request = story.restore();
        let Err(Refused::Conflict { key, why, .. }) = story.open(owner(), "restoration", ("terminal", T)) else {
            panic!("a second one was opened")
        };
        assert_eq!(key, request.id);
        assert!(why.zh.contains("商户") && why.en.contains("merchant"), "{why:?}");
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..someone("stranger", "owner")
        };
        assert!(matches!(
            story.open(stranger, "restoration", ("terminal", T)),
            Err(Refused::NotFound { .. })
        ));
        let request = story.submit(owner(), &request.id, "pay_arrears", &[]).unwrap();
        assert_eq!(request.state, "done");
        assert!(story.sells());
        assert_eq!(story.events("payment.received"), 1);
    });
}

#[test]
fn another_way_out_changes_the_steps_and_time_completes_one() {
    Story::on_each(|story| {
        let place = Place {
            merchant: M.into(),
            kind: SubjectKind::Merchant,
            id: M.into(),
            reason: "merchant.limit_reached".into(),
            starts_at: None,
            ends_at: Some(story.now + Duration::hours(14)),
            details: json!({}),
        };
        story
            .act(Actor::system("rule"), move |tx, ctx| {
                stops::place(tx, ctx, place.clone())
            })
            .unwrap();
        let request = story.restore();
        assert_eq!(states(&request), [("wait_until", "now")]);
        assert_eq!(
            of(&request, "wait_until").promise_by,
            Some((story.now + Duration::hours(14)).millis())
        );
        let (id, reason) = (request.id.clone(), "merchant.limit_reached");
        let chosen = story
            .act(owner(), move |tx, ctx| {
                let choose = |alternative| Choose {
                    merchant: M.into(),
                    request: id.clone(),
                    reason: reason.into(),
                    alternative,
                };
                let other = requests::choose(tx, ctx, choose(1))?;
                requests::choose(tx, ctx, choose(0))?;
                Ok(other)
            })
            .unwrap();
        assert_eq!(
            states(&chosen),
            [("request_limit", "now"), ("wait_for_review", "later")]
        );
        story.now = story.now + Duration::hours(13);
        assert_eq!(story.tick(), requests::Ticked::default());
        story.now = story.now + Duration::hours(1);
        story.tick();
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
    });
}

#[test]
fn a_promise_that_passes_is_told_once() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        story.restore();
        assert_eq!(story.tick().stalled, 0);
        story.now = story.now + Duration::days(8);
        assert_eq!(story.tick().stalled, 1);
        assert_eq!(story.tick().stalled, 0);
        assert_eq!(story.events("request.stalled"), 1);
    });
}

#[test]
fn a_refused_request_ends_and_the_stop_stays() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.data_mismatch", json!({}));
        let request = story.restore();
        story.submit(owner(), &request.id, "correct_data", &DATA).unwrap();
        let review = story.review(someone("anna", "reviewer"), &request.id);
        story
            .decide(someone("anna", "reviewer"), &review, Decision::Refuse, &[])
            .unwrap();
        let request = story.view(owner(), &request.id);
        assert_eq!(
            (request.state.as_str(), request.closed_why.as_str()),
            ("refused", "请照执照改正")
        );
        assert!(!story.sells());
        // The way back stays open: another request can be made.
        assert_eq!(story.restore().state, "open");
    });
}

#[test]
fn only_pictures_and_pdf_are_taken_and_only_those_who_may_read_them() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Merchant, M, "merchant.licence_expired", json!({}));
        let request = story.restore();
        let attach = |bytes: &[u8]| Attach {
            merchant: M.into(),
            request: request.id.clone(),
            step: "supply_documents".into(),
            kind: "business_licence".into(),
            file_name: "../执照.svg".into(),
            bytes: bytes.to_vec(),
        };
        for wrong in [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            b"%PDF-1.7 <script>alert(1)</script>".to_vec(),
            b"\x89PNG\r\n\x1a\nlicence".to_vec(),
            Vec::new(),
            vec![b'%'; requests::MOST_BYTES + 1],
        ] {
            let command = attach(&wrong);
            let refused = story
                .act(owner(), move |tx, ctx| requests::attach(tx, ctx, command.clone()))
                .unwrap_err();
            assert_eq!(fields_of(refused), ["file"]);
        }
        let command = attach(b"%PDF-1.7 licence\nstartxref\n0\n%%EOF");
        let kept = story
            .act(owner(), move |tx, ctx| requests::attach(tx, ctx, command.clone()))
            .unwrap();
        assert_eq!(
            (kept.file_name.as_str(), kept.media_type.as_str()),
            ("执照.svg", "application/pdf")
        );
        let clear: i64 = story
            .db()
            .read(|tx| {
                let all = tx
                    .one("select sealed from documents", store::args![])?
                    .take::<Vec<u8>>(0)?;
                Ok::<_, store::Error>(i64::from(all.windows(7).any(|w| w == b"licence")))
            })
            .wait()
            .unwrap();
        assert_eq!(clear, 0, "the content is sealed");
        let id = kept.id.clone();
        let (_, bytes) = story
            .act(someone("anna", "reviewer"), move |tx, ctx| {
                requests::document(tx, ctx, M, &id)
            })
            .unwrap();
        assert!(bytes.starts_with(b"%PDF-1.7 licence"));
        let id = kept.id;
        let stranger = Actor {
            merchant: "mch_2".into(),
            ..someone("stranger", "owner")
        };
        let hidden = story.act(stranger, move |tx, ctx| requests::document(tx, ctx, M, &id));
        assert!(matches!(hidden, Err(Refused::NotFound { .. })));
    });
}
