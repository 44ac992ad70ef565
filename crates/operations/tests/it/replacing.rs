//! A device that cannot serve any more: another one from stock takes its place, with keys of its own, and the old one
//! comes back.

use domain::stages::SubjectKind;
use iso8583::crypto::DesKey;
use operations::refused::{FieldError, Refused};
use operations::requests::{self, Choose};
use operations::views::RequestView;
use operations::{Actor, keys, moves};
use serde_json::json;

use super::story::{KEY, M, Story, T, fields_of, of, owner, states};
use super::world::{self, someone};

fn dora() -> Actor {
    someone("dora", "devices")
}

fn load_first_key(story: &mut Story) {
    story
        .act(Actor::system("story"), |tx, ctx| {
            keys::install_master(tx, ctx, M, T, &domain::secret::Secret::new(KEY)).map(|_| ())
        })
        .unwrap();
}

/// Opens the restoration and takes the other way out: a replacement.
fn choose_replacement(story: &mut Story, reason: &'static str) -> RequestView {
    let request = story.restore().id;
    story
        .act(owner(), move |tx, ctx| {
            let choose = Choose {
                merchant: M.into(),
                request: request.clone(),
                reason: reason.into(),
                alternative: 1,
            };
            requests::choose(tx, ctx, choose)
        })
        .unwrap()
}

/// From the registration to the sign-in.
fn bring_into_service(story: &mut Story, request: &RequestView) {
    story.network_answers();
    let (code, _) = story
        .act(owner(), |tx, ctx| requests::new_activation_code(tx, ctx, M, T))
        .unwrap();
    story
        .submit(owner(), &request.id, "activate_device", &[("activation_code", &code)])
        .unwrap();
    assert!(!story.sells(), "it has no keys yet");
    story.submit(dora(), &request.id, "inject_keys", &[]).unwrap();
    story.event("terminal", T, "terminal.signed_in");
}

fn told(refused: Refused) -> Vec<FieldError> {
    match refused {
        Refused::Invalid(errors) => errors,
        other => panic!("{other}"),
    }
}

#[test]
fn a_broken_device_gives_way_to_one_from_stock_and_is_sent_back() {
    Story::on_each(|story| {
        load_first_key(story);
        story.stop(SubjectKind::Device, "dev_1", "device.fault.card_reader", json!({}));
        assert!(!story.sells());
        let request = choose_replacement(story, "device.fault.card_reader");
        let steps: Vec<&str> = request.steps.iter().map(|s| s.step.as_str()).collect();
        assert_eq!(
            steps,
            [
                "request_replacement",
                "wait_for_network",
                "activate_device",
                "inject_keys",
                "sign_in_terminal",
                "return_device"
            ]
        );
        for (serial, code) in [("", "required"), ("SN404", "unknown"), ("SN1", "not_in_stock")] {
            let given = [("new_serial_number", serial)];
            let refused = story
                .submit(dora(), &request.id, "request_replacement", &given)
                .unwrap_err();
            assert_eq!(told(refused)[0].code, code, "{serial}");
        }

        let serial = story.in_stock();
        story
            .submit(
                dora(),
                &request.id,
                "request_replacement",
                &[("new_serial_number", &serial)],
            )
            .unwrap();
        let new = story.device();
        assert_eq!((new.serial.as_str(), new.stage.as_str()), (serial.as_str(), "issued"));
        let old = story.device_with("SN1");
        assert_eq!(
            (old.merchant_id.as_str(), old.terminal_id.as_str()),
            (M, "-"),
            "in the merchant's hands, for no terminal"
        );
        assert_eq!((story.events("device.replaced"), story.events("stop.cleared")), (1, 1));
        let keys = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::keys::current(tx, M, T, "tmk")?.is_some())
            })
            .unwrap();
        assert!(!keys, "the old device's keys are destroyed");

        bring_into_service(story, &request);
        assert!(story.sells(), "the new one sells before the old one is back");
        let registered = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::registrations::of_terminal(tx, M, T)?.unwrap())
            })
            .unwrap();
        assert_eq!(
            (registered.serial.as_str(), registered.stage.as_str()),
            (serial.as_str(), "accepted")
        );

        assert!(!story.may("device_order"), "no further one is ordered meanwhile");
        let wrong = story.submit(owner(), &request.id, "return_device", &[("serial_number", &serial)]);
        assert_eq!(fields_of(wrong.unwrap_err()), ["serial_number"]);
        story
            .submit(owner(), &request.id, "return_device", &[("serial_number", "sn1")])
            .unwrap();
        story.approve("dirk", "devices", &request.id);
        let request = story.view(owner(), &request.id);
        assert_eq!(request.state, "done", "{:?}", states(&request));
        assert!(story.may("device_order"));
        let old = story.device_with("SN1");
        assert_eq!((old.merchant_id.as_str(), old.stage.as_str()), ("-", "returned"));
    });
}

#[test]
fn a_tampered_device_is_scrapped_and_never_repaired() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Device, "dev_1", "device.tampered", json!({}));
        let request = story.restore();
        let serial = story.in_stock();
        story
            .submit(
                dora(),
                &request.id,
                "request_replacement",
                &[("new_serial_number", &serial)],
            )
            .unwrap();
        assert_eq!(story.device_with("SN1").stage, "retired");
        bring_into_service(story, &request);
        story
            .submit(dora(), &request.id, "return_device", &[("serial_number", "SN1")])
            .unwrap();
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let old = story.device_with("SN1");
        assert_eq!((old.merchant_id.as_str(), old.stage.as_str()), ("-", "retired"));
    });
}

#[test]
fn for_a_lost_device_nothing_is_asked_back() {
    Story::on_each(|story| {
        story
            .act(Actor::system("story"), |tx, ctx| {
                moves::apply(tx, ctx, M, SubjectKind::Device, "dev_1", "lose").map(|_| ())
            })
            .unwrap();
        let request = choose_replacement(story, "device.reported_lost");
        assert!(
            !request.steps.iter().any(|s| s.step == "return_device"),
            "{:?}",
            states(&request)
        );
        let serial = story.in_stock();
        story
            .submit(
                dora(),
                &request.id,
                "issue_replacement",
                &[("new_serial_number", &serial)],
            )
            .unwrap();
        bring_into_service(story, &request);
        assert!(story.sells());
        assert_eq!(story.view(owner(), &request.id).state, "done");
        let old = story.device_with("SN1");
        assert_eq!((old.merchant_id.as_str(), old.stage.as_str()), ("-", "retired"));
    });
}

#[test]
fn what_rests_on_a_model_stays_in_force_for_everyone_else() {
    Story::on_each(|story| {
        let place = operations::stops::Place {
            merchant: "-".into(),
            kind: SubjectKind::Model,
            id: "mdl_1".into(),
            reason: "device.model_noncompliant".into(),
            starts_at: None,
            ends_at: None,
            details: json!({}),
        };
        story
            .act(Actor::system("rule"), move |tx, ctx| {
                operations::stops::place(tx, ctx, place.clone())
            })
            .unwrap();
        let request = story.restore();
        world::tamper(
            story.db(),
            &[
                "insert into devices (id, serial, model_id, stage, merchant_id, terminal_id, software, warranty_until, created_at) \
               values ('dev_old', 'SN2', 'mdl_1', 'in_stock', '-', '-', '1.0', null, 1)",
            ],
        );
        let same = story.submit(
            dora(),
            &request.id,
            "request_replacement",
            &[("new_serial_number", "SN2")],
        );
        assert_eq!(
            told(same.unwrap_err())[0].code,
            "model",
            "another of the same model is no help"
        );
        let serial = story.in_stock();
        story
            .submit(
                dora(),
                &request.id,
                "request_replacement",
                &[("new_serial_number", &serial)],
            )
            .unwrap();
        bring_into_service(story, &request);
        assert!(story.sells());
        let live = story
            .act(Actor::system("story"), |tx, _| Ok(store::stops::live(tx, "-")?))
            .unwrap();
        assert!(live.iter().any(|s| s.reason == "device.model_noncompliant"));
    });
}

#[test]
fn while_an_outcome_is_unknown_no_other_device_takes_over_and_then_it_begins_a_new_batch() {
    Story::on_each(|story| {
        world::tamper(
            story.db(),
            &[
                "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, terminal_totals, host_totals) \
                 values ('mch_1', 'trm_1', 1, 'open', 1, '', '')",
                "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
                 response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
                 answer, explanation_code, upstream_stan, received_at, finished_at) values ('mch_1', 'pay_1', 'trm_1', 1, 7, \
                 '0200', 'sale', 1234, 'pending', '', 'r', '', '622202******0005', 'x', 'debit', '021', null, 'h', \
                 null, '', null, 1, null)",
            ],
        );
        let request = story.open(dora(), "replacement", ("terminal", T)).unwrap();
        let serial = story.in_stock();
        let given = [("new_serial_number", serial.as_str())];
        let early = story
            .submit(dora(), &request.id, "request_replacement", &given)
            .unwrap_err();
        assert_eq!(fields_of(early), ["unknown_transactions"]);
        world::tamper(
            story.db(),
            &["update transactions set state = 'declined', response_code = '51', finished_at = 2"],
        );
        story
            .submit(dora(), &request.id, "request_replacement", &given)
            .unwrap();
        let batch = story
            .act(Actor::system("story"), |tx, _| {
                Ok(store::terminals::get(tx, M, T)?.unwrap().batch)
            })
            .unwrap();
        assert_eq!(batch, 2, "traces of the new device never meet those of the old one");
    });
}

#[test]
fn loading_keys_makes_a_new_one_and_tells_its_check_value() {
    Story::on_each(|story| {
        load_first_key(story);
        story.stop(SubjectKind::Device, "dev_1", "device.keys_invalid", json!({}));
        let request = story.restore();
        let after = story.submit(dora(), &request.id, "inject_keys", &[]).unwrap();
        let number = "10000001";
        let machine = story
            .act(Actor::system("story"), move |tx, ctx| {
                requests::machine_of(tx, ctx, number)
            })
            .unwrap();
        assert_eq!(machine.serial, "SN1");
        let key = machine.master_key.unwrap();
        assert_ne!(key.expose()[..], KEY);
        let check = format!("{:08X}", u32::from_be_bytes(DesKey::new(key.expose()).unwrap().kcv()));
        let said = &of(&after, "inject_keys").remark;
        assert!(said.contains(&check), "{said}");
        let hex = operations::sealing::hex(&key.expose()[..]);
        assert!(!said.to_lowercase().contains(&hex), "the key itself is told to nobody");
        let again = story.view(owner(), &request.id);
        assert_eq!(of(&again, "inject_keys").remark, "", "told once");
        assert!(!story.sells(), "it signs in under the new key first");
        story.event("terminal", T, "terminal.signed_in");
        assert!(story.sells());
    });
}
