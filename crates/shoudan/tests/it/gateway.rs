//! Signing in, selling, voiding, reversing, settling: the conversations of an honest terminal.

use domain::stages::SubjectKind;
use iso8583::crypto::{DesKey, MacAlgorithm, encrypt_track};
use operations::explain::{self, Ask, Audience};
use operations::stops::{self, Place};

use super::raw::Raw;
use super::scene::{FALSE, GOOD, POOR, card, on_every_database};

#[test]
fn a_terminal_signs_in_and_sells() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let sold = terminal.sale(&card(GOOD), 1234).await.unwrap();
        assert!(sold.approved, "{} {}", sold.code, sold.text);
        assert_eq!(
            (sold.amount, sold.reference.len(), sold.authorisation.len()),
            (1234, 12, 6)
        );
        assert_eq!(scene.states().await, ["sale approved"]);
        let rows = scene.transactions().await;
        assert_eq!(
            (rows[0].masked_card.as_str(), rows[0].rrn.as_str()),
            ("621700*********0018", sold.reference.as_str())
        );
        assert_eq!(scene.events().await, ["terminal.signed_in", "terminal.sold"]);
        let (merchant, terminal) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
        let last = scene
            .read(move |tx, _| Ok(store::terminals::get(tx, &merchant, &terminal)?.unwrap().last_sale_at))
            .await;
        assert_eq!(last, rows[0].finished_at);
        scene.is_sound().await;
    });
}

#[test]
fn a_decline_of_the_issuer_is_passed_on_and_kept() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let refused = terminal.sale(&card(POOR), 1234).await.unwrap();
        assert_eq!((refused.code.as_str(), refused.explanation_code), ("51", None));
        assert_eq!(scene.states().await, ["sale declined"]);
        assert_eq!(scene.events().await, ["terminal.signed_in", "terminal.declined"]);
        scene.is_sound().await;
    });
}

#[test]
fn a_stop_is_told_with_a_code_that_explains_it_and_its_end_lets_the_terminal_sell_again() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let place = Place {
            merchant: scene.estate.merchant.clone(),
            kind: SubjectKind::Device,
            id: scene.estate.device.clone(),
            reason: "device.tampered".into(),
            starts_at: None,
            ends_at: None,
            details: serde_json::json!({}),
        };
        let stop = scene.write(move |tx, ctx| stops::place(tx, ctx, place.clone())).await;
        let refused = terminal.sale(&card(GOOD), 1234).await.unwrap();
        let code = refused.explanation_code.clone().expect("a code at the end of F63");
        assert!(
            refused.text.ends_with(&code) && refused.text.len() > code.len() + 1,
            "{}",
            refused.text
        );
        let rows = scene.transactions().await;
        assert_eq!(
            (rows[0].state.as_str(), rows[0].explanation_code.as_str()),
            ("declined", code.as_str())
        );
        assert_eq!(scene.network.heard("0200"), 0, "the network was not asked");
        let asked = code.clone();
        let told = scene
            .read(move |tx, ctx| explain::by_code(tx, ctx, &asked, &Ask::default(), Audience::Public))
            .await;
        assert_eq!(told.causes[0].reason, "device.tampered");
        let (merchant, id) = (scene.estate.merchant.clone(), stop.id);
        scene
            .write(move |tx, ctx| {
                let row = store::stops::get(tx, &merchant, &id)?.unwrap();
                stops::end(tx, ctx, &row, "replaced")
            })
            .await;
        assert!(terminal.sale(&card(GOOD), 1234).await.unwrap().approved);
        scene.is_sound().await;
    });
}

#[test]
fn a_stopped_sign_in_is_told_with_a_code_too() {
    on_every_database(|scene| async move {
        let merchant = scene.estate.merchant.clone();
        let id = merchant.clone();
        scene
            .write(move |tx, ctx| {
                operations::moves::apply(tx, ctx, &merchant, SubjectKind::Merchant, &id, "start_closing")?;
                operations::moves::apply(tx, ctx, &merchant, SubjectKind::Merchant, &id, "close")
            })
            .await;
        let mut terminal = scene.terminal();
        let refused = terminal.sign_in().await.unwrap();
        assert!(!refused.approved);
        let declined = if refused.explanation_code.is_some() {
            refused
        } else {
            terminal.sale(&card(GOOD), 100).await.unwrap()
        };
        assert!(
            declined.explanation_code.is_some(),
            "{} {}",
            declined.code,
            declined.text
        );
        assert!(scene.states().await.is_empty());
    });
}

#[test]
fn a_terminal_that_has_not_signed_in_is_sent_to_do_so() {
    on_every_database(|scene| async move {
        let mut terminal = scene.terminal();
        assert_eq!(terminal.sale(&card(GOOD), 100).await.unwrap().code, "77");
        assert!(terminal.sign_in().await.unwrap().approved);
        assert!(terminal.sale(&card(GOOD), 100).await.unwrap().approved);
        terminal.batch += 7;
        assert_eq!(terminal.sale(&card(GOOD), 100).await.unwrap().code, "77");
        terminal.batch -= 7;
        assert!(terminal.sign_off().await.unwrap().approved);
        assert_eq!(terminal.sale(&card(GOOD), 100).await.unwrap().code, "77");
        assert!(terminal.sign_in().await.unwrap().approved);
        assert_eq!(terminal.batch, 2, "a sign-off raises the batch");
        assert!(terminal.sale(&card(GOOD), 100).await.unwrap().approved);
        assert_eq!(scene.states().await, ["sale approved"; 2]);
        scene.is_sound().await;
    });
}

#[test]
fn numbers_that_are_no_pair_are_refused() {
    on_every_database(|scene| async move {
        let mut stranger = scene.terminal();
        stranger.terminal_number = "ZZ999999".into();
        assert_eq!(stranger.sign_in().await.unwrap().code, "97");
        let mut lost = scene.terminal();
        lost.merchant_number = "822999999999999".into();
        assert_eq!(lost.sign_in().await.unwrap().code, "03");
        let mut honest = scene.terminal();
        assert!(honest.echo().await.unwrap().approved);
    });
}

#[test]
fn a_wrong_pin_is_the_issuers_matter_and_a_garbled_one_ours() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let mut forgetful = card(GOOD);
        forgetful.pin = Some("654321".into());
        let sale = raw.sale(&forgetful, 100);
        assert_eq!(raw.code(&sale).await, "55");
        let mut garbled = raw.card("0200", "000000", 22, &card(GOOD), 100);
        garbled.set_bytes(52, b"garbled!").unwrap();
        let garbled = raw.sealed(garbled);
        assert_eq!(raw.code(&garbled).await, "99");
        assert_eq!(scene.network.heard("0200"), 1, "a garbled PIN does not leave the house");
        assert_eq!(scene.states().await, ["sale declined", "sale declined"]);
    });
}

#[test]
fn a_sale_is_voided_once() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 2000);
        let sold = raw.send(&sale).await;
        let other_card = raw.void(&card(FALSE), &sale, &sold);
        assert_eq!(raw.code(&other_card).await, "14");
        let mut other_amount = raw.void(&card(GOOD), &sale, &sold);
        other_amount.set_number(4, 1999).unwrap();
        let other_amount = raw.sealed(other_amount);
        assert_eq!(raw.code(&other_amount).await, "64");
        let void = raw.void(&card(GOOD), &sale, &sold);
        assert_eq!(raw.code(&void).await, "00");
        let again = raw.void(&card(GOOD), &sale, &sold);
        assert_eq!(raw.code(&again).await, "25");
        assert_eq!(
            raw.code(&void).await,
            "00",
            "the repeat of the void gets its answer again"
        );
        let never = raw.sale(&card(GOOD), 700);
        let nothing = raw.void(&card(GOOD), &never, &sold);
        assert_eq!(raw.code(&nothing).await, "25");
        assert_eq!(
            scene.states().await,
            [
                "sale voided",
                "void declined",
                "void declined",
                "void approved",
                "void declined",
                "void declined"
            ]
        );
        scene.is_sound().await;
    });
}

#[test]
fn a_batch_that_balances_is_closed_and_the_next_one_begins() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        terminal.sale(&card(GOOD), 1000).await.unwrap();
        let sold = terminal.sale(&card(GOOD), 250).await.unwrap();
        assert!(terminal.void(&card(GOOD), sold.trace).await.unwrap().approved);
        terminal.sale(&card(POOR), 777).await.unwrap();
        let settled = terminal.settle().await.unwrap();
        let totals = settled.totals.unwrap();
        assert_eq!(
            (totals.debit, totals.credit, totals.balanced),
            ((1250, 2), (250, 1), true)
        );
        // It raised its own number, as the host did: no sign-in is needed in between.
        assert!(terminal.sale(&card(GOOD), 100).await.unwrap().approved);
        assert_eq!(terminal.batch, 2);
        scene.is_sound().await;
    });
}

#[test]
fn a_batch_that_does_not_balance_is_uploaded_and_compared() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        for amount in [1000, 500] {
            terminal.sale(&card(GOOD), amount).await.unwrap();
        }
        terminal.log[0].amount = 900;
        let settled = terminal.settle().await.unwrap();
        let totals = settled.totals.unwrap();
        assert_eq!((totals.debit, totals.balanced), ((1500, 2), false));
        let (merchant, id) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
        let (items, batch) = scene
            .read(move |tx, _| {
                Ok((
                    store::batches::uploads(tx, &merchant, &id, 1)?,
                    store::batches::get(tx, &merchant, &id, 1)?.unwrap(),
                ))
            })
            .await;
        let outcomes: Vec<_> = items.iter().map(|item| (item.amount, item.outcome.as_str())).collect();
        assert_eq!(outcomes, [(900, "amount_differs"), (500, "match")]);
        assert!(items.iter().all(|item| item.masked_card == "621700*********0018"));
        assert_eq!((batch.state.as_str(), batch.balanced), ("closed", Some(false)));
        assert!(scene.events().await.contains(&"terminal.settled".to_owned()));
        scene.is_sound().await;
    });
}

#[test]
fn a_settlement_that_is_asked_for_twice_is_answered_twice() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1000);
        raw.send(&sale).await;
        let mut settle = raw.management("0500", 201);
        let totals = format!("{:012}{:03}{:012}{:03}0{:031}", 1000, 1, 0, 0, 0);
        settle
            .set(48, &totals)
            .unwrap()
            .set(49, "156")
            .unwrap()
            .set_bytes(63, b"01 ")
            .unwrap();
        let first = raw.send(&settle).await;
        let second = raw.send(&settle).await;
        assert_eq!(first.text(48), second.text(48));
        assert_eq!(&first.text(48).unwrap()[30..31], "1");
        let late = raw.sale(&card(GOOD), 100);
        assert_eq!(raw.code(&late).await, "77", "the settled batch takes nothing more");
    });
}

#[test]
fn every_sign_in_brings_new_keys_in_the_layout_that_was_asked_for() {
    on_every_database(|scene| async move {
        let mut raw = Raw::of(&scene);
        for (code, bytes) in [(1, 24), (3, 40), (4, 60)] {
            let before = raw.pik.take();
            let answer = raw.sign_in(code).await;
            assert_eq!((answer.text(39), answer.bytes(62).unwrap().len()), (Some("00"), bytes));
            assert!(before.is_none_or(|before| before.expose() != raw.pik.as_ref().unwrap().expose()));
            assert_eq!((answer.text(12).unwrap().len(), answer.text(13).unwrap().len()), (6, 4));
            // Keys that nobody used would be issued again.
            let sale = raw.sale(&card(GOOD), 100);
            assert_eq!(raw.code(&sale).await, "00");
        }
        let mut stale = Raw::ready(&scene).await;
        stale.trace = 100;
        let sale = stale.sale(&card(GOOD), 100);
        assert_eq!(stale.code(&sale).await, "00");
        let mut later = Raw::ready(&scene).await;
        later.trace = 200;
        let sale = later.sale(&card(GOOD), 100);
        assert_eq!(later.code(&sale).await, "00");
        let sale = stale.sale(&card(GOOD), 100);
        assert_eq!(
            stale.code(&sale).await,
            "A0",
            "the keys of an earlier sign-in have gone once the new ones are used"
        );
        scene.is_sound().await;
    });
}

#[test]
fn an_encrypted_track_without_card_number_is_opened_with_the_track_key() {
    on_every_database(|scene| async move {
        let mut raw = Raw::of(&scene);
        raw.sign_in(4).await;
        let mut sale = raw.card("0200", "000000", 22, &card(GOOD), 100);
        let track = encrypt_track(raw.tdk.as_ref().unwrap(), &card(GOOD).track2)
            .ok()
            .unwrap();
        sale.remove(2)
            .set(35, &track)
            .unwrap()
            .set(53, "2610000000000000")
            .unwrap();
        let sale = raw.sealed(sale);
        assert_eq!(raw.code(&sale).await, "00");
        assert_eq!(scene.transactions().await[0].masked_card, "621700*********0018");
        let mut wrong = raw.card("0200", "000000", 22, &card(GOOD), 100);
        let track = encrypt_track(&DesKey::new(b"another key here").unwrap(), &card(GOOD).track2)
            .ok()
            .unwrap();
        wrong.set(35, &track).unwrap().set(53, "2610000000000000").unwrap();
        let wrong = raw.sealed(wrong);
        assert_eq!(raw.code(&wrong).await, "99");
    });
}

#[test]
fn each_mac_algorithm_is_a_setting_of_the_terminal() {
    on_every_database(|scene| async move {
        for (name, algorithm) in [("x9.9", MacAlgorithm::X99), ("x9.19", MacAlgorithm::X919)] {
            let terminal = scene.estate.terminal.clone();
            scene
                .write(move |tx, _| {
                    Ok(tx.run(
                        "update terminals set mac_algorithm = $1 where id = $2",
                        store::args![name, &terminal],
                    )?)
                })
                .await;
            let mut raw = Raw::of(&scene);
            raw.algorithm = algorithm;
            raw.trace = scene.states().await.len() as u64;
            raw.sign_in(3).await;
            let sale = raw.sale(&card(GOOD), 100);
            let sold = raw.send(&sale).await;
            assert_eq!(sold.text(39), Some("00"), "{name}");
            sold.verify(raw.mak.as_ref().unwrap()).unwrap();
        }
    });
}

#[test]
fn a_card_tells_its_balance_and_a_sale_is_given_back_in_parts() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let balance = terminal.balance(&card(GOOD)).await.unwrap();
        assert_eq!((balance.code.as_str(), balance.balance), ("00", Some(123_456)));
        assert_eq!(terminal.balance(&card(POOR)).await.unwrap().code, "51");
        let sold = terminal.sale(&card(GOOD), 1000).await.unwrap();
        let refund = |amount| (amount, sold.reference.clone(), sold.date.clone());
        let cases = [
            (refund(400), "00"),
            (refund(601), "61"),
            (refund(600), "00"),
            (refund(1), "25"),
        ];
        for ((amount, reference, date), code) in cases {
            let shown = terminal.refund(&card(GOOD), amount, &reference, &date).await.unwrap();
            assert_eq!(shown.code, code, "{amount}");
        }
        assert_eq!(
            terminal
                .refund(&card(FALSE), 1, &sold.reference, &sold.date)
                .await
                .unwrap()
                .code,
            "25"
        );
        assert_eq!(scene.states().await[0], "sale refunded");
        assert!(terminal.settle().await.unwrap().totals.unwrap().balanced);
        scene.is_sound().await;
    });
}

#[test]
fn a_pre_authorisation_is_completed_within_its_margin_or_voided() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let hold = raw.card("0100", "030000", 10, &card(GOOD), 1000);
        let hold = raw.sealed(hold);
        let held = raw.send(&hold).await;
        assert_eq!(held.text(39), Some("00"));
        let mut follow = |mti: &str, processing: &str, kind: u8, amount: u64| {
            let mut message = raw.card(mti, processing, kind, &card(GOOD), amount);
            message.set(38, held.text(38).unwrap()).unwrap();
            message
                .set(61, &format!("{:012}{}", 0, held.text(13).unwrap()))
                .unwrap();
            raw.sealed(message)
        };
        let messages = [
            (follow("0200", "000000", 20, 1151), "64"),
            (follow("0200", "000000", 20, 1150), "00"),
            (follow("0200", "000000", 20, 100), "25"),
            (follow("0100", "200000", 11, 1000), "25"),
        ];
        for (message, code) in messages {
            assert_eq!(raw.code(&message).await, code);
        }
        assert_eq!(
            scene.states().await[..3],
            ["preauth approved", "completion declined", "completion approved"]
        );
        scene.is_sound().await;
    });
}

#[test]
fn parameters_are_downloaded_and_the_end_is_noted() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        assert!(terminal.download_parameters().await.unwrap().approved);
        let terminal_id = scene.estate.terminal.clone();
        let filter = store::events::Filter {
            terminal_id,
            ..Default::default()
        };
        let events = scene
            .read(move |tx, _| Ok(store::events::list(tx, &filter, "", 200)?))
            .await;
        assert!(
            events
                .iter()
                .any(|event| event.kind == "terminal.parameters_downloaded")
        );
    });
}

#[test]
fn two_sign_ins_at_once_leave_one_set_of_keys() {
    on_every_database(|scene| async move {
        let (mut first, mut second) = (scene.terminal(), scene.terminal());
        let (one, two) = tokio::join!(first.sign_in(), second.sign_in());
        assert!(one.unwrap().approved && two.unwrap().approved);
        let mut codes = Vec::new();
        for trace in [10, 20] {
            for (more, terminal) in [(0, &mut first), (5, &mut second)] {
                terminal.trace = trace + more;
                codes.push(terminal.sale(&card(GOOD), 100).await.unwrap().code);
            }
        }
        codes.drain(..2);
        codes.sort();
        assert_eq!(codes, ["00", "A0"], "the keys that came last count, once they are used");
        scene.is_sound().await;
    });
}

#[test]
fn a_settlement_sent_twice_at_once_is_one_settlement() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let mut settle = raw.management("0500", 201);
        settle
            .set(48, &"0".repeat(62))
            .unwrap()
            .set(49, "156")
            .unwrap()
            .set_bytes(63, b"01 ")
            .unwrap();
        let (first, second) = tokio::join!(raw.send(&settle), raw.send(&settle));
        assert_eq!((first.text(39), second.text(39)), (Some("00"), Some("00")));
        assert_eq!(first.text(48), second.text(48));
        raw.sign_in(3).await;
        assert_eq!(raw.batch, 2);
        scene.is_sound().await;
    });
}
