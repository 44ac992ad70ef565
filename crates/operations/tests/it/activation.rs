//! Terminals coming back and going away: after disuse, by activation code, and withdrawn.

use domain::stages::SubjectKind;
use domain::time::Duration;
use operations::payments::authorise;
use operations::refused::Refused;
use operations::requests;
use operations::{Actor, keys};
use serde_json::json;

use super::payments;
use super::story::{M, Story, T, fields_of, of, owner, states};
use super::world::{self, someone};

#[test]
fn a_terminal_stopped_for_disuse_proves_itself_is_registered_anew_and_signs_in() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Terminal, T, "merchant.dormant_stopped", json!({}));
        assert!(!story.sells() && !story.may("sign_in"));
        let mut request = story.restore();
        assert_eq!(
            request.steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(),
            [
                "verify_identity",
                "verify_business",
                "wait_for_review",
                "re_register_terminal",
                "wait_for_network",
                "sign_in_terminal"
            ]
        );
        // Evidence comes in any order; nothing is asked twice.
        for step in ["verify_business", "verify_identity"] {
            assert_eq!(of(&request, step).state, "now");
            let missing = story.submit(owner(), &request.id, step, &[]).unwrap_err();
            assert_eq!(fields_of(missing).len(), of(&request, step).documents.len());
            story.attach_all(owner(), &request, step);
            request = story.submit(owner(), &request.id, step, &[]).unwrap();
        }
        story.approve("anna", "reviewer", &request.id);
        // The system files the registration by itself; the network answers; the terminal signs in.
        assert_eq!(story.tick().completed, 1);
        assert_eq!(
            states(&story.view(owner(), &request.id))[3..5],
            [("re_register_terminal", "done"), ("wait_for_network", "now")]
        );
        story.network_answers();
        assert!(story.may("sign_in") && !story.sells());
        story.event("terminal", T, "terminal.signed_in");
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let verified = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::terminals::get(tx, M, T)?.unwrap().verified_at)
            })
            .unwrap();
        assert!(verified.is_some(), "the verification is a clock of dormancy");
    });
}

#[test]
fn a_device_is_activated_by_its_code() {
    Story::on_each(|story| {
        world::tamper(
            story.db(),
            &[
                "update devices set stage = 'delivered'",
                "update terminals set stage = 'draft', opened_at = null",
            ],
        );
        let request = story.restore();
        assert_eq!(
            states(&request),
            [("activate_device", "now"), ("sign_in_terminal", "later")]
        );
        let none = story.submit(
            owner(),
            &request.id,
            "activate_device",
            &[("activation_code", "123456")],
        );
        assert_eq!(fields_of(none.unwrap_err()), ["activation_code"]);
        let (code, until) = story
            .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
            .unwrap();
        assert_eq!(until, story.now + Duration::days(7));
        let other = if code == "000000" { "000001" } else { "000000" };
        let wrong = story.submit(owner(), &request.id, "activate_device", &[("activation_code", other)]);
        assert_eq!(fields_of(wrong.unwrap_err()), ["activation_code"]);
        story.now = story.now + Duration::days(7);
        let late = story.submit(owner(), &request.id, "activate_device", &[("activation_code", &code)]);
        assert_eq!(fields_of(late.unwrap_err()), ["activation_code"]);

        let (code, _) = story
            .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
            .unwrap();
        let kept: i64 = story
            .db()
            .read({
                let code = code.clone();
                move |tx| {
                    tx.one(
                        "select count(*) from terminals where activation_hash like '%' || $1 || '%'",
                        store::args![code],
                    )?
                    .take(0)
                }
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(kept, 0, "only a hash is kept");
        let request = story
            .submit(owner(), &request.id, "activate_device", &[("activation_code", &code)])
            .unwrap();
        assert_eq!(of(&request, "sign_in_terminal").state, "now");
        story.event("terminal", T, "terminal.signed_in");
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
    });
}

#[test]
fn what_is_open_with_the_merchant_stands_in_the_way_of_a_withdrawal() {
    Story::on_each(|story| {
        let open = [
            (SubjectKind::Contract, "ctr_1", "contract.fees_overdue", "arrears"),
            (
                SubjectKind::SettlementAccount,
                "sac_1",
                "settlement.negative_balance",
                "arrears",
            ),
            (SubjectKind::Merchant, M, "merchant.dispute_open", "open_disputes"),
            (
                SubjectKind::SettlementAccount,
                "sac_1",
                "settlement.payout_returned",
                "unpaid_payouts",
            ),
        ];
        for (kind, id, reason, _) in open {
            story.stop(kind, id, reason, json!({ "amount": 12_345 }));
        }
        world::tamper(
            story.db(),
            &[
                "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
                 response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
                 answer, explanation_code, upstream_stan, received_at, finished_at) values ('mch_1', 'pay_1', 'trm_1', 1, 7, \
                 '0200', 'sale', 1234, 'declined', '51', 'r', 'a', '622202******0005', 'x', 'debit', '021', null, 'h', \
                 null, '', null, 1, 1)",
                "update transactions set state = 'unknown', response_code = ''",
            ],
        );
        let refused = story.open(owner(), "deactivation", ("terminal", T)).unwrap_err();
        let Refused::Invalid(told) = refused else {
            panic!("{refused}")
        };
        let fields: Vec<&str> = told.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "unknown_transactions",
                "arrears",
                "arrears",
                "open_disputes",
                "unpaid_payouts"
            ],
            "all at once"
        );
        assert!(
            told.iter()
                .skip(1)
                .all(|e| e.zh.contains("123.45") && e.en.contains("123.45")),
            "{told:?}"
        );
        world::tamper(
            story.db(),
            &["update transactions set state = 'declined', response_code = '51'"],
        );
        story
            .act(Actor::system("story"), |tx, ctx| {
                for stop in store::stops::live(tx, M)? {
                    operations::stops::end(tx, ctx, &stop, "settled")?;
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(
            story.open(owner(), "deactivation", ("terminal", T)).unwrap().state,
            "open"
        );
    });
}

#[test]
fn a_terminal_with_an_open_batch_is_not_withdrawn_until_it_is_settled() {
    Story::on_each(|story| {
        story
            .act(Actor::system("story"), |tx, ctx| {
                keys::install_master(tx, ctx, M, T, &domain::secret::Secret::new(*b"a key of a story")).map(|_| ())
            })
            .unwrap();
        world::tamper(
            story.db(),
            &[
                "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
                 values ('mch_1', 'trm_1', 1, 'open', 1, '', '')",
                "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
                 response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
                 answer, explanation_code, upstream_stan, received_at, finished_at) values ('mch_1', 'pay_1', 'trm_1', 1, 7, \
                 '0200', 'sale', 1234, 'approved', '00', 'r', 'a', '622202******0005', 'x', 'debit', '021', null, 'h', \
                 null, '', null, 1, 1)",
            ],
        );
        let refused = story.open(owner(), "deactivation", ("terminal", T)).unwrap_err();
        let Refused::Invalid(told) = refused else {
            panic!("{refused}")
        };
        assert_eq!(told[0].field, "open_batch");
        assert!(
            told[0].zh.contains("10000001") && told[0].en.contains("settle it"),
            "{told:?}"
        );

        world::tamper(
            story.db(),
            &[
                "update terminal_batches set state = 'closed', closed_at = 2",
                "update transactions set state = 'declined', response_code = '51'",
            ],
        );
        let request = story.open(owner(), "deactivation", ("terminal", T)).unwrap();
        let fields = [("request_reason", "门店搬迁"), ("effective_on", "2026-03-20")];
        story
            .submit(owner(), &request.id, "confirm_deactivation", &fields)
            .unwrap();
        story.approve("anna", "reviewer", &request.id);
        assert!(story.sells(), "nothing stops before the keys are gone");
        story
            .submit(someone("dora", "devices"), &request.id, "destroy_keys", &[])
            .unwrap();
        let request = story
            .submit(owner(), &request.id, "return_device", &[("serial_number", "SN999999")])
            .unwrap_err();
        assert_eq!(fields_of(request), ["serial_number"]);
        let open = story
            .act(owner(), |tx, _| Ok(store::requests::open_of(tx, M)?.pop().unwrap().id))
            .unwrap();
        // The merchant says it is on its way; the device team accepts it.
        let request = story.submit(owner(), &open, "return_device", &[("serial_number", "SN1")]);
        let request = request.unwrap();
        assert_eq!(request.waiting_on, "devices");
        let review = story.review(someone("dora", "devices"), &request.id);
        assert!(!review.may_decide, "who supplied a part of it does not judge it");
        story.approve("dirk", "devices", &request.id);
        assert_eq!(story.view(owner(), &request.id).state, "done");
        assert!(!story.sells() && !story.may("sign_in"));
        let left: i64 = story
            .db()
            .read(|tx| {
                tx.one(
                    "select count(*) from terminal_keys where state = 'current' or length(sealed) > 0",
                    store::args![],
                )?
                .take(0)
            })
            .wait()
            .map_err(|e: store::Error| e)
            .unwrap();
        assert_eq!(left, 0, "keys are destroyed");
        let stage = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::terminals::get(tx, M, T)?.unwrap().stage)
            })
            .unwrap();
        assert_eq!(stage, "withdrawn");
    });
}

/// Payments of the last second stand in the journal, not among the transactions, until they are folded.
#[test]
fn a_payment_of_the_last_second_stands_in_the_way_of_a_withdrawal_too() {
    for (test, mut ctx, estate) in payments::scenes() {
        let attempt = payments::attempt(&ctx, &payments::message(iso8583::Kind::Sale, 7, 1_234));
        let line = payments::line(test.db(), &ctx, &estate);
        let asked = authorise::entry(&mut ctx, &line, &attempt, 7).unwrap();
        let committed = test
            .db()
            .write(move |tx| -> Result<_, Refused> { authorise::commit(tx, std::slice::from_ref(&asked), &[]) });
        assert_eq!(committed.wait().unwrap().appended.len(), 1);

        ctx.actor = Actor {
            merchant: estate.merchant.clone(),
            ..someone("owner", "owner")
        };
        let withdraw = requests::Open {
            kind: "deactivation".into(),
            merchant: estate.merchant.clone(),
            subject_kind: "terminal".into(),
            subject_id: estate.terminal.clone(),
            choices: std::collections::BTreeMap::new(),
            capability: None,
        };
        let refused = world::write(test.db(), &mut ctx, move |tx, ctx| {
            requests::open(tx, ctx, withdraw.clone())
        });
        assert_eq!(fields_of(refused.unwrap_err()), ["open_batch", "unknown_transactions"]);
    }
}
