//! When nobody knows: the network is silent, late, wrong or gone, or this program was. Nothing stays unknown.

use std::time::Duration;

use simulators::network::{Network, NetworkScript, Standing};

use super::raw::Raw;
use super::scene::{CUT, FALSE, GOOD, MUTE, PATIENCE, SLOW, Scene, card, on_every_database, script};

/// Our approvals that stand and the network's, as amounts.
async fn books_agree(scene: &Scene) {
    let ours: Vec<i64> = scene
        .transactions()
        .await
        .iter()
        .filter(|row| row.state == "approved" && row.kind == "sale")
        .map(|row| row.amount)
        .collect();
    let theirs: Vec<i64> = scene
        .network
        .book()
        .iter()
        .filter(|entry| entry.standing == Standing::Approved)
        .map(|entry| i64::try_from(entry.amount).unwrap())
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn silence_a_wrong_amount_and_a_cut_line_are_unknown_and_then_reversed() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        for four in [MUTE, FALSE, CUT] {
            let shown = terminal.sale(&card(four), 1234).await.unwrap();
            assert_eq!(shown.code, "98", "{four}");
        }
        scene.settles_at(&["sale reversed"; 3]).await;
        let sold = terminal.sale(&card(GOOD), 5000).await.unwrap();
        assert!(sold.approved, "the line is up again: {} {}", sold.code, sold.text);
        books_agree(&scene).await;
        let events = scene.events().await;
        for kind in [
            "transaction.unknown",
            "reversal.queued",
            "reversal.confirmed",
            "transaction.resolved",
        ] {
            assert_eq!(events.iter().filter(|event| *event == kind).count(), 3, "{kind}");
        }
        scene.is_sound().await;
    });
}

#[test]
fn an_approval_that_comes_too_late_changes_nothing() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        assert_eq!(terminal.sale(&card(SLOW), 1234).await.unwrap().code, "98");
        scene.settles_at(&["sale reversed"]).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(scene.states().await, ["sale reversed"]);
        books_agree(&scene).await;
        scene.is_sound().await;
    });
}

#[test]
fn without_a_line_nothing_has_left_and_nothing_needs_reversing() {
    on_every_database(|mut scene| async move {
        let mut terminal = scene.signed_in().await;
        let gone = std::mem::replace(
            &mut scene.network,
            Network::bind("127.0.0.1:0", script()).await.unwrap(),
        );
        drop(gone);
        let shown = loop {
            let shown = terminal.sale(&card(GOOD), 100).await.unwrap();
            // The first may still have met the line breaking.
            if shown.code != "98" {
                break shown;
            }
        };
        assert_eq!(shown.code, "92");
        assert_eq!(scene.states().await.last().unwrap(), "sale declined");
        scene.is_sound().await;
    });
}

#[test]
fn a_reversal_is_repeated_until_the_network_listens() {
    on_every_database(|scene| async move {
        let mut terminal = scene.signed_in().await;
        scene.network.set_script(NetworkScript {
            deaf_to_reversals: true,
            ..script()
        });
        assert_eq!(terminal.sale(&card(MUTE), 1234).await.unwrap().code, "98");
        while scene.network.heard("0400") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(scene.states().await, ["sale unknown"]);
        scene.network.set_script(script());
        scene.settles_at(&["sale reversed"]).await;
        assert!(scene.network.heard("0400") >= 2);
        books_agree(&scene).await;
    });
}

#[test]
fn a_void_nobody_answered_leaves_the_sale_standing() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 2000);
        let sold = raw.send(&sale).await;
        let mut moody = script();
        moody
            .cards
            .iter_mut()
            .for_each(|row| row.outcome = simulators::network::Outcome::Silent);
        scene.network.set_script(moody);
        let void = raw.void(&card(GOOD), &sale, &sold);
        assert_eq!(raw.code(&void).await, "98");
        scene.settles_at(&["sale approved", "void reversed"]).await;
        books_agree(&scene).await;
        scene.is_sound().await;
    });
}

/// As if the process had died just now between the two transactions of a sale, which a node with this digit had begun.
async fn crash(scene: &mut Scene, node: &'static str) {
    let mut terminal = scene.signed_in().await;
    assert!(terminal.sale(&card(GOOD), 1234).await.unwrap().approved);
    while scene.read(|tx, _| Ok(store::journal::oldest(tx)?)).await.is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    scene.stop().await;
    scene
        .write(move |tx, _| {
            tx.run(
                "update transactions set state = 'pending', response_code = '', answer = null, finished_at = null, \
                 entry = '', rrn = substr(rrn, 1, 3) || $1 || substr(rrn, 5)",
                store::args![node],
            )?;
            // What had not ended had not been counted or entered either.
            tx.run("delete from counters", store::args![])?;
            tx.run("delete from volumes", store::args![])?;
            Ok(())
        })
        .await;
}

#[test]
fn what_another_node_carries_is_left_to_it() {
    on_every_database(|mut scene| async move {
        crash(&mut scene, "7").await;
        scene.start().await;
        match scene.app.db.engine() {
            store::Engine::Postgres => {
                tokio::time::sleep(PATIENCE).await;
                assert_eq!(scene.states().await, ["sale pending"]);
            }
            // Nobody else has the file.
            store::Engine::Sqlite => scene.settles_at(&["sale reversed"]).await,
        }
    });
}

#[test]
fn what_a_crash_left_open_is_reversed_at_the_next_start() {
    on_every_database(|mut scene| async move {
        crash(&mut scene, "0").await;
        scene.start().await;
        scene.settles_at(&["sale reversed"]).await;
        books_agree(&scene).await;
        scene.is_sound().await;
    });
}
