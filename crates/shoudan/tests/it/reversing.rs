//! Reversals on their way to a network that answers some and not others: none waits for another, and a row that nothing can
//! be sent for keeps nobody back (F-58).

use std::time::Duration;

use simulators::network::{Fault, Play, Rule, When};

use super::raw::Raw;
use super::scene::{GOOD, Scene, card, on_every_database};

/// The network never answers the reversals of these amounts.
fn mute(from: u64, to: u64) -> Play {
    Play {
        rules: vec![Rule {
            when: When {
                kind: Some("reversal".into()),
                amount: Some((from, to)),
                ..When::default()
            },
            fault: Some(Fault::LoseRequest),
            ..Rule::default()
        }],
        ..Play::default()
    }
}

/// States and attempts of the reversals in the order of their amounts.
async fn standing(scene: &Scene) -> Vec<(i64, String, i64)> {
    let read = scene.read(|tx, _| {
        let rows = tx.all(
            "select x.amount, r.state, r.attempts from upstream_reversals r join transactions x \
             on x.merchant_id = r.merchant_id and x.id = r.transaction_id order by x.amount",
            store::args![],
        )?;
        let read = |row: &store::Row| Ok((row.take(0)?, row.take(1)?, row.take(2)?));
        rows.iter()
            .map(read)
            .collect::<Result<Vec<_>, store::Error>>()
            .map_err(Into::into)
    });
    read.await
}

async fn sold_and_reversed(raw: &mut Raw, amount: u64) {
    let sale = raw.sale(&card(GOOD), amount);
    assert_eq!(raw.code(&sale).await, "00");
    let reversal = raw.reversal(&sale);
    assert_eq!(raw.code(&reversal).await, "00");
}

#[test]
fn a_reversal_that_is_not_answered_keeps_no_other_waiting() {
    on_every_database(|mut scene| async move {
        scene.stop().await;
        // Longer than this story takes: what is confirmed meanwhile did not wait.
        scene.upstream.timeout = Duration::from_mins(2);
        scene.start().await;
        scene.network.set_play(mute(100, 199));
        let mut raw = Raw::ready(&scene).await;
        for amount in [100, 101, 102, 200, 201] {
            sold_and_reversed(&mut raw, amount).await;
        }
        let is_done = |row: &(i64, String, i64)| row.1 == "done";
        for _ in 0..400 {
            if standing(&scene).await.iter().filter(|row| is_done(row)).count() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let told: Vec<_> = standing(&scene)
            .await
            .iter()
            .map(|row| (row.0, is_done(row), row.2))
            .collect();
        let waits = |amount| (amount, false, 0);
        assert_eq!(
            told,
            [waits(100), waits(101), waits(102), (200, true, 1), (201, true, 1)]
        );
        assert_eq!(scene.network.heard("0400"), 5, "each is under way once");
    });
}

#[test]
fn a_reversal_of_nothing_is_told_and_the_others_go_on() {
    on_every_database(|scene| async move {
        let merchant = scene.estate.merchant.clone();
        scene
            .write(move |tx, _| Ok(store::reversals::queue(tx, &merchant, "pay_of_nobody", "98", 0)?))
            .await;
        let mut raw = Raw::ready(&scene).await;
        sold_and_reversed(&mut raw, 300).await;
        let merchant = scene.estate.merchant.clone();
        for _ in 0..400 {
            if standing(&scene).await.iter().all(|row| row.1 == "done") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(standing(&scene).await, [(300, "done".to_owned(), 1)]);
        let astray = scene
            .read(move |tx, _| Ok(store::reversals::get(tx, &merchant, "pay_of_nobody")?))
            .await
            .unwrap();
        assert_eq!(
            (astray.state.as_str(), astray.last_answer.as_str()),
            ("queued", "its transaction is missing")
        );
        assert!(astray.attempts > 0 && astray.next_at > 0);
    });
}
