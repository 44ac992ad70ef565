//! The network behind the gateway at its worst: late, lost, doubled, foreign, hostile, trickling, down, deaf. The terminal
//! is told the truth or that nothing is known, and in the end both books say the same.

use std::time::Duration;

use iso8583::crypto::{MacAlgorithm, MacKey};
use iso8583::{Kind, Message};
use shoudan::connectors::network::{BreakerSettings, Config, Event, Position};
use simulators::network::{Fault, NetworkScript, Outage, Outcome, Play, Rule, Standing, When, Window};
use simulators::proxy::{Deed, Direction, Plan, Proxy};

use super::raw::Raw;
use super::scene::{GOOD, PATIENCE, Scene, card, on_every_database, script};

/// A fault for every payment; reversals are spared.
fn each(fault: Fault) -> Play {
    let rule = |mti: &str| Rule {
        when: When {
            mti: Some(mti.to_owned()),
            ..When::default()
        },
        fault: Some(fault.clone()),
        ..Rule::default()
    };
    Play {
        rules: vec![rule("0200"), rule("0100"), rule("0220")],
        ..Play::default()
    }
}

fn deaf() -> NetworkScript {
    NetworkScript {
        deaf_to_reversals: true,
        ..script()
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never: {what}");
}

fn count(scene: &Scene, event: Event) -> u64 {
    scene.connector.as_ref().unwrap().count(event)
}

async fn waiting(scene: &Scene) -> i64 {
    scene
        .read(|tx, ctx| Ok(operations::reversals::backlog(tx, ctx.now)?.waiting))
        .await
}

/// Once every reversal has been heard: the sales that stand here are those that stand there.
async fn books_agree(scene: &Scene) {
    until("no reversal waits", async || waiting(scene).await == 0).await;
    let mut ours: Vec<i64> = scene
        .transactions()
        .await
        .iter()
        .filter(|row| row.state == "approved" && row.kind == "sale")
        .map(|row| row.amount)
        .collect();
    let mut theirs: Vec<i64> = scene
        .network
        .book()
        .iter()
        .filter(|entry| entry.standing == Standing::Approved && entry.kind == Some(Kind::Sale))
        .map(|entry| i64::try_from(entry.amount).unwrap())
        .collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    scene.is_sound().await;
}

/// Sells until it works again.
async fn sells_again(scene: &Scene, raw: &mut Raw) {
    until("it sells again", async || {
        let sale = raw.sale(&card(GOOD), 777);
        raw.code(&sale).await == "00"
    })
    .await;
    books_agree(scene).await;
}

// F-50
#[test]
fn with_the_answer_that_nothing_is_known_the_reversal_is_already_queued() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        scene.network.set_script(NetworkScript {
            play: each(Fault::LoseAnswer),
            ..deaf()
        });
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "98");
        assert_eq!(waiting(&scene).await, 1);
        assert_eq!(scene.states().await, ["sale unknown"]);
        scene.is_sound().await;
        scene.network.set_script(script());
        sells_again(&scene, &mut raw).await;
    });
}

// F-51
#[test]
fn a_late_approval_is_noted_and_reversed_even_by_the_program_that_comes_after() {
    on_every_database(|mut scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let after = u64::try_from(PATIENCE.as_millis()).unwrap() + 60;
        scene.network.set_script(NetworkScript {
            play: each(Fault::Late { ms: after }),
            ..deaf()
        });
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "98");
        until("it comes late", async || count(&scene, Event::Late) == 1).await;
        noted(&scene).await;
        scene.stop().await;
        scene.start().await;
        // Hours later the network says it once more, on a connection that never asked.
        let entry = scene.network.book().remove(0);
        let mut again = Message::new("0210").unwrap();
        again
            .set(3, "000000")
            .unwrap()
            .set_number(4, 1234)
            .unwrap()
            .set_number(11, entry.stan)
            .unwrap()
            .set(38, "A1B2C3")
            .unwrap()
            .set(39, "00")
            .unwrap()
            .set(41, &entry.terminal)
            .unwrap()
            .set(42, &entry.merchant)
            .unwrap();
        until("it is heard", async || {
            scene.network.announce(again.clone());
            count(&scene, Event::Stranger) > 0
        })
        .await;
        noted(&scene).await;
        assert_eq!(scene.states().await, ["sale unknown"], "it is never shown as approved");
        scene.network.set_script(script());
        hours_pass(&scene, 1).await;
        scene.settles_at(&["sale reversed"]).await;
        books_agree(&scene).await;
    });
}

async fn noted(scene: &Scene) {
    until("the late answer is noted", async || {
        let rows = scene
            .read(|tx, ctx| Ok(store::reversals::due(tx, ctx.now.millis() + 1_000_000, 10)?))
            .await;
        rows.iter().any(|row| row.last_answer == "late answer 00") || rows.iter().any(|row| row.attempts > 1)
    })
    .await;
}

/// Moves the clock on.
async fn hours_pass(scene: &Scene, hours: i64) {
    let moved = scene
        .write(move |tx, ctx| {
            let to = ctx.now + domain::time::Duration::hours(hours);
            operations::test_clock::set(tx, ctx, to)
        })
        .await;
    scene.app.clock.moved(moved.offset);
}

// F-52
#[test]
fn an_answer_that_is_cut_or_reset_is_unknown_and_undone() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        for fault in [
            Fault::Cut { at: 0 },
            Fault::Cut { at: 1 },
            Fault::Cut { at: 2 },
            Fault::Cut { at: 60 },
            Fault::Reset,
            Fault::Close,
        ] {
            scene.network.set_play(each(fault.clone()));
            let sale = raw.sale(&card(GOOD), 1234);
            assert_eq!(raw.code(&sale).await, "98", "{fault:?}");
            scene.network.set_play(Play::default());
            sells_again(&scene, &mut raw).await;
        }
    });
}

// F-53
#[test]
fn doubled_foreign_and_swapped_answers_move_no_money() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        scene.network.set_play(each(Fault::Duplicate { copies: 3, ms: 1 }));
        let sale = raw.sale(&card(GOOD), 1000);
        assert_eq!(raw.code(&sale).await, "00");
        until("the copies come", async || count(&scene, Event::Duplicate) == 3).await;
        for (amount, fault) in (2000..).zip([Fault::OtherTrace, Fault::OtherTerminal, Fault::OtherType]) {
            scene.network.set_play(each(fault.clone()));
            let sale = raw.sale(&card(GOOD), amount);
            assert_eq!(raw.code(&sale).await, "98", "{fault:?}");
        }
        assert_eq!(count(&scene, Event::Stranger), 3);
        scene.network.set_play(each(Fault::Swap));
        let (one, two) = (raw.sale(&card(GOOD), 3000), raw.sale(&card(GOOD), 4000));
        let codes = tokio::join!(raw.code(&one), raw.code(&two));
        assert_eq!((codes.0.as_str(), codes.1.as_str()), ("98", "98"));
        assert_eq!(count(&scene, Event::Mismatched), 2, "each got the other's amount");
        scene.network.set_play(Play::default());
        sells_again(&scene, &mut raw).await;
        let sold = scene.states().await.iter().filter(|s| *s == "sale approved").count();
        assert_eq!(sold, 2);
    });
}

// F-54
#[test]
fn a_network_that_is_down_is_not_waited_for_and_one_that_flaps_leaves_no_difference() {
    on_every_database(|mut scene| async move {
        scene.stop().await;
        scene.upstream = Config {
            breaker: BreakerSettings {
                failures: 2,
                rest: Duration::from_millis(50),
                longest_rest: Duration::from_millis(200),
                trials: 1,
            },
            ..scene.upstream.clone()
        };
        scene.start().await;
        let mut raw = Raw::ready(&scene).await;
        sells_again(&scene, &mut raw).await;
        scene.network.set_outage(Some(Outage::Freeze));
        until("the breaker opens", async || {
            let sale = raw.sale(&card(GOOD), 100);
            raw.code(&sale).await == "92"
        })
        .await;
        let breaker = scene.connector.as_ref().unwrap().standing().breaker;
        assert_ne!(breaker, Position::Closed);
        assert!(count(&scene, Event::BreakerOpened) >= 1);
        scene.network.set_outage(None);
        sells_again(&scene, &mut raw).await;
        let outages = [Outage::Refuse, Outage::Freeze, Outage::Reset, Outage::Refuse];
        scene.network.set_play(Play {
            outages: (0..)
                .zip(outages)
                .map(|(n, outage)| Window {
                    from_ms: n * 400 + 200,
                    to_ms: n * 400 + 400,
                    outage,
                })
                .collect(),
            ..Play::default()
        });
        for amount in 0..60 {
            let sale = raw.sale(&card(GOOD), 10_000 + amount);
            let code = raw.code(&sale).await;
            assert!(["00", "92", "98"].contains(&code.as_str()), "{code}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        scene.network.set_play(Play::default());
        sells_again(&scene, &mut raw).await;
    });
}

// F-55
#[test]
fn a_hostile_network_gets_nothing_approved_that_was_not_asked() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let faults = [
            Fault::Garbage { bytes: 3000 },
            Fault::Huge,
            Fault::Malformed,
            Fault::BadText,
            Fault::OtherAmount,
            Fault::OtherReference,
            Fault::OtherCurrency,
            Fault::UnknownCode,
            Fault::PartOfAmount,
        ];
        for (amount, fault) in (5000..).zip(faults) {
            scene.network.set_play(each(fault.clone()));
            let sale = raw.sale(&card(GOOD), amount);
            assert_eq!(raw.code(&sale).await, "98", "{fault:?}");
            scene.network.set_play(Play::default());
            sells_again(&scene, &mut raw).await;
        }
        let approved = scene.transactions().await;
        let approved = approved.iter().filter(|row| row.state == "approved");
        assert!(approved.clone().count() >= 9);
        assert!(approved.map(|row| row.amount).all(|amount| amount == 777));
    });
}

#[test]
fn the_network_knows_every_payment_by_our_reference_number() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        let sold = raw.send(&sale).await;
        let void = raw.void(&card(GOOD), &sale, &sold);
        assert_eq!(raw.code(&void).await, "00");
        let held = raw.card("0100", "030000", 10, &card(GOOD), 900);
        let held = raw.sealed(held);
        assert_eq!(raw.code(&held).await, "00");
        let reversal = raw.reversal(&held);
        assert_eq!(raw.code(&reversal).await, "00");
        until("no reversal waits", async || waiting(&scene).await == 0).await;
        let ours = scene.transactions().await;
        let book = scene.network.book();
        assert_eq!(book[0].rrn, ours[0].rrn);
        // A void names what it voids: the network found it by that.
        assert_eq!((book[1].rrn.as_str(), book[0].standing), ("", Standing::Voided));
        assert_eq!((&book[2].rrn, book[2].standing), (&ours[2].rrn, Standing::Reversed));
    });
}

// F-56
#[test]
fn an_answer_that_trickles_in_is_not_waited_for_beyond_the_time_of_the_call() {
    on_every_database(|scene| async move {
        let mut raw = Raw::ready(&scene).await;
        scene.network.set_play(each(Fault::Drip { ms: 60 }));
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "98");
        scene.network.set_play(Play::default());
        until("the connection is given up", async || {
            count(&scene, Event::Unframed) == 1
        })
        .await;
        sells_again(&scene, &mut raw).await;
    });
}

// F-58
#[test]
fn a_reversal_is_kept_for_hours_over_restarts_and_confirmed_exactly_once() {
    on_every_database(|mut scene| async move {
        let mut raw = Raw::ready(&scene).await;
        scene.network.set_script(NetworkScript {
            play: each(Fault::LoseAnswer),
            ..deaf()
        });
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "98");
        for hour in 1..=3 {
            let before = scene.network.heard("0400");
            hours_pass(&scene, 1).await;
            scene.stop().await;
            scene.start().await;
            until("it is sent again", async || scene.network.heard("0400") > before).await;
            let backlog = scene.read(|tx, ctx| operations::reversals::backlog(tx, ctx.now)).await;
            assert_eq!(backlog.waiting, 1);
            assert!(backlog.is_long() && backlog.oldest >= Some(domain::time::Duration::hours(hour)));
            assert_eq!(scene.states().await, ["sale unknown"]);
            scene.is_sound().await;
        }
        scene.network.set_script(script());
        // An attempt that is under way when the hour passes is noted after it.
        until("it is confirmed", async || {
            hours_pass(&scene, 1).await;
            scene.states().await == ["sale reversed"]
        })
        .await;
        books_agree(&scene).await;
        let heard = scene.network.heard("0400");
        hours_pass(&scene, 24).await;
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(
            scene.network.heard("0400"),
            heard,
            "what is confirmed is not sent again"
        );
        let events = scene.events().await;
        let confirmed = events.iter().filter(|kind| *kind == "reversal.confirmed");
        assert_eq!(confirmed.count(), 1);
    });
}

#[test]
fn a_line_with_sign_on_mac_and_three_connections_sells_and_notes_the_new_day() {
    on_every_database(|mut scene| async move {
        let key = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
        scene.stop().await;
        scene.network.set_script(NetworkScript {
            mac_key: "1122334455667788".into(),
            ..script()
        });
        scene.network.cut_over("2026-03-01");
        scene.upstream = Config {
            lines: 3,
            sign_on: true,
            mac: Some(MacKey::new(MacAlgorithm::Ecb, &key).unwrap()),
            ..scene.upstream.clone()
        };
        scene.start().await;
        let mut raw = Raw::ready(&scene).await;
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "00");
        scene.network.cut_over("2026-03-02");
        until("the day is noted", async || {
            scene.connector.as_ref().unwrap().business_date() == Some(302)
        })
        .await;
        let void = {
            let sold = raw.send(&sale).await;
            raw.void(&card(GOOD), &sale, &sold)
        };
        assert_eq!(raw.code(&void).await, "00", "yesterday's sale is found today");
        scene.network.set_play(each(Fault::WrongMac));
        let sale = raw.sale(&card(GOOD), 99);
        assert_eq!(raw.code(&sale).await, "98");
        assert_eq!(count(&scene, Event::Unauthenticated), 1);
        scene.network.set_play(Play::default());
        sells_again(&scene, &mut raw).await;
    });
}

#[test]
fn whatever_a_wire_does_to_the_frames_the_books_agree() {
    on_every_database(|mut scene| async move {
        scene.stop().await;
        let proxy = Proxy::before(scene.network.address(), Plan::default()).await.unwrap();
        scene.through = Some(proxy.address());
        scene.start().await;
        let mut raw = Raw::ready(&scene).await;
        let pause = Duration::from_millis(1);
        let deeds = [
            Deed::Lose,
            Deed::Duplicate(2),
            Deed::Delay(PATIENCE + pause * 100),
            Deed::Slice(pause),
            Deed::Join(pause * 10),
            Deed::Replay(1),
            Deed::Cut(30),
            Deed::Reset,
        ];
        for direction in [Direction::Forth, Direction::Back] {
            for deed in &deeds {
                proxy.set_plan(Plan {
                    rows: vec![(direction, 1, deed.clone())],
                    chance: Vec::new(),
                });
                let sale = raw.sale(&card(GOOD), 1234);
                let code = raw.code(&sale).await;
                assert!(["00", "98"].contains(&code.as_str()), "{direction:?} {deed:?}: {code}");
                sells_again(&scene, &mut raw).await;
            }
        }
        // The network's own refusals stay refusals.
        scene.network.set_script(NetworkScript {
            default: Outcome::Decline { code: "51".into() },
            ..NetworkScript::default()
        });
        let sale = raw.sale(&card(GOOD), 1234);
        assert_eq!(raw.code(&sale).await, "51");
    });
}
