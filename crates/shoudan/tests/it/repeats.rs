//! Repeats, duplicates and reversals: what comes twice, too late, or for nothing.

use std::collections::BTreeSet;

use super::raw::Raw;
use super::scene::{GOOD, POOR, SLOW, card, on_every_database};

const PRINTED: [u8; 8] = [2, 4, 11, 12, 13, 37, 38, 39];

#[test]
fn a_repeat_gets_the_first_answer_and_the_network_hears_of_one_sale() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        let first = raw.send(&sale).await;
        let again = raw.send(&sale).await;
        for number in PRINTED {
            assert_eq!(first.bytes(number), again.bytes(number), "field {number}");
        }
        raw.trace -= 1;
        let other = raw.sale(&card(GOOD), 5678);
        assert_eq!(raw.code(&other).await, "94");
        assert_eq!(scene.network.heard("0200"), 1);
        assert_eq!(scene.states().await, ["sale approved"]);
        scene.is_sound().await;
    });
}

#[test]
fn a_repeat_after_a_new_sign_in_is_still_the_same_sale() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        let first = raw.send(&sale).await;
        let trace = raw.trace;
        raw.sign_in(3).await;
        raw.trace = trace - 1;
        let sale = raw.sale(&card(GOOD), 1234);
        let again = raw.send(&sale).await;
        assert_eq!(first.text(37), again.text(37));
        assert_eq!(scene.network.heard("0200"), 1);
    });
}

#[test]
fn twenty_copies_at_once_are_one_sale_with_one_answer() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        let raw = std::sync::Arc::new(raw);
        let mut copies = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (raw, sale) = (std::sync::Arc::clone(&raw), sale.clone());
            copies.spawn(async move {
                let answer = raw.send(&sale).await;
                (answer.text(39).unwrap().to_owned(), answer.text(37).unwrap().to_owned())
            });
        }
        let answers: BTreeSet<_> = copies.join_all().await.into_iter().collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(scene.network.heard("0200"), 1);
        assert_eq!(scene.states().await, ["sale approved"]);
    });
}

#[test]
fn a_repeat_that_overtakes_the_answer_waits_for_it() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(SLOW), 1234);
        let (first, second) = tokio::join!(raw.code(&sale), raw.code(&sale));
        assert_eq!((first.as_str(), second.as_str()), ("98", "98"));
        assert_eq!(scene.network.heard("0200"), 1);
        scene.settles_at(&["sale reversed"]).await;
    });
}

#[test]
fn a_reversal_undoes_a_sale_and_its_repeat_is_answered_alike() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 3100);
        assert_eq!(raw.code(&sale).await, "00");
        let mut other = raw.reversal(&sale);
        other.set_number(4, 3000).unwrap();
        let other = raw.sealed(other);
        assert_eq!(raw.code(&other).await, "64");
        let reversal = raw.reversal(&sale);
        assert_eq!(raw.code(&reversal).await, "00");
        assert_eq!(raw.code(&reversal).await, "00");
        assert_eq!(raw.code(&sale).await, "94", "what was reversed is not approved again");
        scene.settles_at(&["sale reversed", "reversal approved"]).await;
        assert_eq!(standings(&scene, 1).await, ["Reversed"]);
        scene.is_sound().await;
    });
}

#[test]
fn what_never_arrived_is_reversed_without_a_trace_and_what_was_declined_is_not() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let lost = raw.sale(&card(GOOD), 900);
        let reversal = raw.reversal(&lost);
        assert_eq!(raw.code(&reversal).await, "00");
        assert!(scene.states().await.is_empty());
        assert_eq!(raw.code(&lost).await, "94", "should it come after all, it is too late");
        assert_eq!(scene.network.heard("0200"), 0);
        let declined = raw.sale(&card(POOR), 900);
        assert_eq!(raw.code(&declined).await, "51");
        let reversal = raw.reversal(&declined);
        assert_eq!(raw.code(&reversal).await, "01");
        assert_eq!(scene.states().await, ["sale declined", "sale declined"]);
    });
}

#[test]
fn a_reversed_void_leaves_the_sale_standing_here_and_at_the_network() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 2000);
        let sold = raw.send(&sale).await;
        let void = raw.void(&card(GOOD), &sale, &sold);
        assert_eq!(raw.code(&void).await, "00");
        let too_late = raw.reversal(&sale);
        assert_eq!(raw.code(&too_late).await, "25", "a voided sale is not reversed");
        let reversal = raw.reversal(&void);
        assert_eq!(raw.code(&reversal).await, "00");
        scene
            .settles_at(&["sale approved", "void reversed", "reversal approved"])
            .await;
        assert_eq!(standings(&scene, 2).await, ["Approved", "Reversed"]);
        scene.is_sound().await;
    });
}

#[test]
fn a_sale_that_is_reversed_while_the_network_thinks_is_undone_there_too() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(SLOW), 1234);
        let reversal = raw.reversal(&sale);
        let (sold, reversed) = tokio::join!(raw.code(&sale), async {
            while scene.network.heard("0200") == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            raw.code(&reversal).await
        });
        assert_eq!((sold.as_str(), reversed.as_str()), ("98", "00"));
        scene.settles_at(&["sale reversed", "reversal approved"]).await;
        assert_eq!(standings(&scene, 1).await, ["Reversed"]);
        scene.is_sound().await;
    });
}

/// What the network's book says of its transactions once it has heard everything that is queued.
async fn standings(scene: &super::scene::Scene, count: usize) -> Vec<String> {
    for _ in 0..200 {
        let open = scene
            .read(|tx, ctx| Ok(store::reversals::due(tx, ctx.now.millis() + 1_000_000, 10)?))
            .await;
        if open.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let book = scene.network.book();
    assert_eq!(book.len(), count);
    book.iter().map(|entry| format!("{:?}", entry.standing)).collect()
}
