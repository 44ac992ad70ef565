//! Limits at the socket: what a terminal is told, what its code explains, and that a refusal leaves the rest usable.

use iso8583::values::ReplyTexts;
use operations::explain::{self, Ask, Audience};
use operations::payments::limits;

use super::raw::Raw;
use super::scene::{GOOD, POOR, Scene, card, on_every_database};

/// Gives the estate's merchant a limit of its own, as risk staff would.
async fn limited(scene: &Scene, limit: &'static str, most: i64) {
    let merchant = scene.estate.merchant.clone();
    let change = move |tx: &mut store::Tx<'_>, ctx: &mut operations::Ctx| {
        limits::set_override(tx, ctx, (&merchant, None), limit, Some(most))
    };
    scene.write(change).await;
}

#[test]
fn many_at_once_never_take_more_than_the_merchants_day() {
    on_every_database(|scene| async move {
        limited(&scene, "merchant_day", 1_000).await;
        let mut raw = Raw::ready(&scene).await;
        let sales: Vec<_> = (0..20).map(|_| raw.sale(&card(GOOD), 100)).collect();
        let raw = std::sync::Arc::new(raw);
        let mut all = tokio::task::JoinSet::new();
        for sale in sales {
            let raw = std::sync::Arc::clone(&raw);
            all.spawn(async move { raw.code(&sale).await });
        }
        let codes = all.join_all().await;
        let of = |code: &str| codes.iter().filter(|c| *c == code).count();
        assert_eq!((of("00"), of("61")), (10, 10), "{codes:?}");
        assert_eq!(
            scene.network.heard("0200"),
            10,
            "the network is not asked for what may not be"
        );
        for _ in 0..200 {
            if scene.transactions().await.len() == 20 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        let rows = scene.transactions().await;
        let taken: i64 = rows
            .iter()
            .filter(|row| row.state == "approved")
            .map(|row| row.amount)
            .sum();
        assert_eq!(taken, 1_000);
        assert!(rows.iter().all(|row| row.card_type == "debit"));
        scene.is_sound().await;
    });
}

#[test]
fn a_limit_that_changes_holds_from_the_next_payment_on_whatever_the_gateway_remembers() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 3_001);
        assert_eq!(raw.code(&sale).await, "00", "the line and its counters are remembered");
        for (most, code) in [(3_000, "61"), (4_000, "00"), (2_000, "61"), (9_000, "00")] {
            limited(&scene, "card_single", most).await;
            let sale = raw.sale(&card(GOOD), 3_001);
            assert_eq!(raw.code(&sale).await, code, "at most {most}");
        }
        // The same where what was taken is added up.
        for (most, code) in [(9_100, "61"), (20_000, "00"), (12_100, "61"), (30_000, "00")] {
            limited(&scene, "merchant_day", most).await;
            let sale = raw.sale(&card(GOOD), 3_001);
            assert_eq!(raw.code(&sale).await, code, "at most {most} a day");
        }
        scene.is_sound().await;
    });
}

#[test]
fn a_refusal_is_explained_and_what_was_declined_or_undone_gives_its_part_back() {
    on_every_database(|mut scene| async move {
        limited(&scene, "merchant_day", 1_000).await;
        let mut raw = Raw::ready(&scene).await;
        let poor = raw.sale(&card(POOR), 900);
        assert_eq!(raw.code(&poor).await, "51");
        let first = raw.sale(&card(GOOD), 900);
        let sold = raw.send(&first).await;
        assert_eq!(sold.text(39), Some("00"), "the issuer's refusal used nothing up");
        let over = raw.sale(&card(GOOD), 200);
        let over = raw.send(&over).await;
        assert_eq!(over.text(39), Some("61"));
        let told = ReplyTexts::parse(over.bytes(63).unwrap()).acquirer;
        assert!(told.starts_with("商户日限额满"), "{told}");
        let rows = scene.transactions().await;
        let row = rows.into_iter().find(|row| row.response_code == "61").unwrap();
        assert!(
            told.trim_end().ends_with(&row.explanation_code) && !row.explanation_code.is_empty(),
            "{told}"
        );
        let shown = scene
            .read(move |tx, ctx| {
                ctx.actor = operations::Actor::public();
                explain::by_code(tx, ctx, &row.explanation_code, &Ask::default(), Audience::Public)
            })
            .await;
        assert_eq!(shown.causes[0].reason, "limit.merchant");
        assert!(shown.capabilities.iter().all(|capability| capability.works));

        // A gateway that starts anew knows what was taken before it.
        scene.stop().await;
        scene.start().await;
        raw.address = scene.address;
        let more = raw.sale(&card(GOOD), 200);
        assert_eq!(raw.code(&more).await, "61");
        let little = raw.sale(&card(GOOD), 100);
        assert_eq!(raw.code(&little).await, "00");
        let void = raw.void(&card(GOOD), &first, &sold);
        assert_eq!(raw.code(&void).await, "00");
        let again = raw.sale(&card(GOOD), 900);
        assert_eq!(raw.code(&again).await, "00", "what was voided may be taken again");
        let fees: Vec<i64> = settled(&scene, 7).await;
        assert_eq!(fees, [0, 5, 0, 0, 1, -5, 5], "half a per cent, for what took effect");
        scene.is_sound().await;
    });
}

/// The fees of so many transactions, once they are all there.
async fn settled(scene: &Scene, count: usize) -> Vec<i64> {
    for _ in 0..200 {
        if scene.transactions().await.len() == count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    scene.transactions().await.iter().map(|row| row.fee).collect()
}
