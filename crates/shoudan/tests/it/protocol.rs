//! What terminals do beside selling: downloads, reports of state, notices, signatures, and what they are asked to do.

use domain::stages::SubjectKind;
use operations::stops::{self, Place};
use operations::{downloads, health, payments, signatures};
use simulators::terminal::Listed;
use store::args;

use super::scene::{GOOD, POOR, Scene, card, on_every_database};

/// The rows of a question: merchant and terminal of the estate are $1 and $2.
async fn texts(scene: &Scene, sql: &'static str) -> Vec<String> {
    let (merchant, terminal) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
    scene
        .read(move |tx, _| {
            let rows = tx.all(sql, args![&merchant, &terminal])?;
            Ok(rows.iter().map(|row| row.take::<String>(0)).collect::<Result<_, _>>()?)
        })
        .await
}

const EVENTS: &str = "select kind from events where merchant_id = $1 and terminal_id = $2 order by id";

async fn told(scene: &Scene, kind: &str) -> usize {
    texts(scene, EVENTS).await.iter().filter(|told| *told == kind).count()
}

#[test]
fn a_terminal_is_asked_for_one_thing_after_another_until_it_has_everything() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        assert_eq!(terminal.asked_for, 1, "parameters come first");
        assert_eq!(terminal.run_errands().await.unwrap(), 7);
        assert_eq!(terminal.asked_for, 0);
        let sold = terminal.sale(&card(GOOD), 100).await.unwrap();
        assert!(sold.approved);
        assert_eq!(terminal.asked_for, 0, "a sale asks for nothing more");
        let (merchant, id) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
        let standing = scene
            .read(move |tx, ctx| {
                let rows = downloads::standing(tx, ctx, &merchant, &id)?;
                Ok(rows
                    .into_iter()
                    .map(|(download, current, row)| (download.code, row.is_some_and(|row| row.version == current)))
                    .collect::<Vec<_>>())
            })
            .await;
        assert_eq!(standing.len(), 6);
        assert!(standing.iter().all(|(_, has)| *has), "{standing:?}");
        assert_eq!(told(&scene, "terminal.downloaded").await, 5);
        assert_eq!(told(&scene, "terminal.parameters_downloaded").await, 1);
        scene.is_sound().await;
    });
}

#[test]
fn what_a_terminal_has_of_an_older_version_is_asked_for_again() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        terminal.run_errands().await.unwrap();
        let merchant = scene.estate.merchant.clone();
        scene
            .write(move |tx, _| {
                tx.run(
                    "update terminal_downloads set version = 'older' where merchant_id = $1 and kind = 'ca_keys'",
                    args![&merchant],
                )?;
                Ok(())
            })
            .await;
        terminal.sign_in().await.unwrap();
        assert_eq!(terminal.asked_for, 4, "CA public keys");
        let (shown, keys) = terminal.download_listed(Listed::PublicKeys).await.unwrap();
        assert!(shown.approved && keys.len() >= 2);
        terminal.echo().await.unwrap();
        assert_eq!(terminal.asked_for, 0);
    });
}

#[test]
fn an_answer_that_wants_a_sign_in_says_so_in_the_header() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        terminal.sign_off().await.unwrap();
        let refused = terminal.sale(&card(GOOD), 100).await.unwrap();
        assert_eq!((refused.code.as_str(), terminal.asked_for), ("77", 3));
    });
}

#[test]
fn a_terminal_of_the_sm4_kind_signs_in_with_006_and_sells() {
    on_every_database(|scene| async move {
        let id = scene.estate.terminal.clone();
        scene
            .write(move |tx, _| {
                tx.run(
                    "update terminals set mac_algorithm = 'sm4-ecb' where id = $1",
                    args![&id],
                )?;
                Ok(())
            })
            .await;
        let mut terminal = scene.terminal();
        (terminal.sign_in_code, terminal.mac) = (6, "sm4-ecb".to_owned());
        let shown = terminal.sign_in().await.unwrap();
        assert!(shown.approved, "{} {}", shown.code, shown.text);
        let nothing_entered = simulators::terminal::Card {
            pin: None,
            ..card(GOOD)
        };
        let sold = terminal.sale(&nothing_entered, 1234).await.unwrap();
        assert!(sold.approved, "{} {}", sold.code, sold.text);
        scene.is_sound().await;
    });
}

#[test]
fn single_length_keys_and_a_track_key_are_handed_out_on_demand() {
    on_every_database(|scene| async move {
        for code in [1, 3, 4] {
            let mut terminal = scene.terminal();
            terminal.sign_in_code = code;
            assert!(terminal.sign_in().await.unwrap().approved, "{code}");
            terminal.trace = u32::from(code) * 100;
            let sold = terminal.sale(&card(GOOD), 100).await.unwrap();
            assert!(sold.approved, "{code}: {} {}", sold.code, sold.text);
        }
        let mut terminal = scene.terminal();
        terminal.sign_in_code = 6;
        assert_eq!(
            terminal.sign_in().await.unwrap().code,
            "96",
            "no SM4 without the setting"
        );
    });
}

#[test]
fn a_part_that_stops_working_is_told_once_and_reports_alike_are_one_row() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        for flags in ["11111", "11111", "11101", "11101", "11111"] {
            assert!(terminal.report_status(flags).await.unwrap().approved);
        }
        let (merchant, id) = (scene.estate.merchant.clone(), scene.estate.terminal.clone());
        let reports = scene
            .read(move |tx, _| health::of_terminal(tx, &merchant, &id, 9))
            .await;
        let told_of: Vec<_> = reports.iter().map(|row| (row.faults.as_str(), row.times)).collect();
        assert_eq!(told_of.len(), 3, "{told_of:?}");
        assert_eq!(told_of.iter().map(|row| row.1).sum::<i64>(), 5);
        assert_eq!(told_of.iter().filter(|row| row.0 == r#"["04"]"#).count(), 1);
        assert!(reports.iter().all(|row| row.device_id == scene.estate.device));
        assert_eq!(told(&scene, "device.fault_reported").await, 1);
    });
}

#[test]
fn notices_are_applied_once_and_the_network_hears_of_them() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let good = card(GOOD);
        let held = terminal.preauth(&good, 10_000).await.unwrap();
        let done = terminal.complete(&good, held.trace, 11_500, true).await.unwrap();
        assert!(done.approved, "{} {}", done.code, done.text);
        assert_eq!(done.authorisation, held.authorisation);
        let again = terminal.complete(&good, held.trace, 100, true).await.unwrap();
        assert_eq!(again.code, "25");
        let offline = terminal.offline_sale(&good, 2_000).await.unwrap();
        assert!(offline.approved);
        assert!(terminal.chip_sale(&good, 300).await.unwrap().approved);
        assert!(terminal.adjust(&good, offline.trace, 100).await.unwrap().approved);
        scene
            .settles_at(&[
                "preauth approved",
                "completion_notice approved",
                "completion_notice declined",
                "offline_sale approved",
                "chip_offline approved",
                "offline_adjust approved",
            ])
            .await;
        for _ in 0..200 {
            if texts(&scene, NOTICES).await == ["accepted", "accepted", "accepted", "accepted"] {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert_eq!(
            texts(&scene, NOTICES).await,
            ["accepted", "accepted", "accepted", "accepted"]
        );
        assert_eq!(scene.network.heard("0220"), 3, "the chip's own sale is a 0200");
        let settled = terminal.settle().await.unwrap();
        assert!(settled.totals.unwrap().balanced);
        scene.is_sound().await;
    });
}

/// States of notices; the second parameter is there for both engines.
const NOTICES: &str = "select n.state from upstream_notices n join transactions x on x.merchant_id = n.merchant_id \
                       and x.id = n.transaction_id where n.merchant_id = $1 and x.terminal_id = $2 \
                       and (n.sealed is null) = (n.state <> 'queued') order by n.transaction_id";

#[test]
fn a_notice_that_the_network_refuses_stays_with_its_answer_and_is_told() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        assert!(terminal.offline_sale(&card(POOR), 700).await.unwrap().approved);
        for _ in 0..200 {
            if told(&scene, "notice.refused").await == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert_eq!(told(&scene, "notice.refused").await, 1);
        assert_eq!(texts(&scene, NOTICES).await, ["refused"]);
        assert_eq!(scene.states().await, ["offline_sale approved"]);
        scene.is_sound().await;
    });
}

#[test]
fn a_signature_and_a_script_result_stand_under_their_payment() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let sold = terminal.sale(&card(GOOD), 1234).await.unwrap();
        let picture: Vec<u8> = (0..=255).cycle().take(900).collect();
        let shown = terminal.sign_slip(sold.trace, &picture).await.unwrap();
        assert!(shown.approved, "{} {}", shown.code, shown.text);
        let shown = terminal.tell_script(sold.trace, &[0x20, 0, 0, 0, 0]).await.unwrap();
        assert!(shown.approved, "{} {}", shown.code, shown.text);
        let merchant = scene.estate.merchant.clone();
        let transaction = scene.transactions().await[0].id.clone();
        let (kept, script) = scene
            .read(move |tx, ctx| {
                Ok((
                    signatures::picture(tx, ctx, &merchant, &transaction)?,
                    signatures::script(tx, &merchant, &transaction)?,
                ))
            })
            .await;
        assert_eq!(kept.unwrap().0.expose(), &picture);
        assert_eq!(script.unwrap(), ("2000000000".to_owned(), "0000000000".to_owned()));
        let stored = texts(
            &scene,
            "select sha256 from signatures where merchant_id = $1 and $2 <> '' and sealed is not null",
        )
        .await;
        assert_eq!(stored, [operations::sealing::sha256(&picture)]);
    });
}

#[test]
fn the_pre_authorisation_family_loads_and_scanned_codes() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        let good = card(GOOD);
        let held = terminal.preauth(&good, 1_000).await.unwrap();
        assert!(terminal.preauth_void(&good, held.trace).await.unwrap().approved);
        let held = terminal.preauth(&good, 1_000).await.unwrap();
        let done = terminal.complete(&good, held.trace, 900, false).await.unwrap();
        assert!(done.approved);
        assert!(terminal.completion_void(&good, done.trace).await.unwrap().approved);
        for kind in [45, 47] {
            assert!(terminal.load(&good, 500, kind).await.unwrap().approved);
        }
        let loaded = terminal.load(&good, 500, 46).await.unwrap();
        assert!(terminal.load_void(&good, loaded.trace).await.unwrap().approved);
        assert!(
            terminal
                .scanned_sale("6220000000000000000", 100)
                .await
                .unwrap()
                .approved
        );
        assert!(terminal.settle().await.unwrap().totals.unwrap().balanced);
        scene.is_sound().await;
    });
}

#[test]
fn a_terminal_without_keys_cannot_fill_the_log_nor_use_up_codes() {
    on_every_database(|scene| async move {
        let place = Place {
            merchant: scene.estate.merchant.clone(),
            kind: SubjectKind::Device,
            id: scene.estate.device.clone(),
            reason: "device.tampered".into(),
            starts_at: None,
            ends_at: None,
            details: serde_json::json!({}),
        };
        scene.write(move |tx, ctx| stops::place(tx, ctx, place.clone())).await;
        let mut terminal = scene.terminal();
        let mut codes = std::collections::BTreeSet::new();
        for _ in 0..5 {
            codes.insert(terminal.sale(&card(GOOD), 100).await.unwrap().explanation_code.unwrap());
        }
        assert_eq!(codes.len(), 1);
        assert_eq!(told(&scene, "terminal.declined").await, 1);
        let folded = texts(
            &scene,
            "select cast(since_told as text) from refusals where merchant_id = $1 and terminal_id = $2",
        )
        .await;
        assert_eq!(folded, ["4"]);
        assert!(scene.transactions().await.is_empty());
        scene.is_sound().await;
    });
}

#[test]
fn every_notice_has_a_rule_and_a_name_in_both_languages() {
    for kind in [
        "completion_notice",
        "offline_sale",
        "chip_offline",
        "offline_adjust",
        "tip_adjust",
    ] {
        let rule = payments::by_code(kind).unwrap();
        assert!(rule.is_notice(), "{kind}");
        assert!(!rule.names.0.is_ascii() && rule.names.1.is_ascii(), "{kind}");
    }
}
