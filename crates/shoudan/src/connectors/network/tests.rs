//! The line and a network, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use iso8583::Message;
use iso8583::crypto::{MacAlgorithm, MacKey};
use simulators::network::{Fault, Network, NetworkScript, Outage, Play, Rule, Standing as Booked, When};
use simulators::proxy::{Deed, Direction, Plan, Proxy};
use tokio::task::JoinSet;

use super::{BreakerSettings, Config, Connector, Event, Outcome, Position};

const PATIENCE: Duration = Duration::from_millis(300);
const MAC_KEY: &str = "1122334455667788";

pub(super) fn sale(stan: u64) -> Message {
    let mut message = Message::new("0200").unwrap();
    message.set(2, "6217000000000000018").unwrap().set(3, "000000").unwrap();
    message.set_number(4, 1234).unwrap().set_number(11, stan).unwrap();
    message.set(22, "021").unwrap().set(25, "00").unwrap();
    message.set(41, "10000001").unwrap().set(42, "822290059990001").unwrap();
    message.set(49, "156").unwrap().set(60, "2200000100060").unwrap();
    message
}

fn reversal(stan: u64) -> Message {
    let mut message = sale(stan).with_mti(Message::new("0400").unwrap().mti());
    message.remove(2).set(39, "98").unwrap();
    message
}

fn config(address: std::net::SocketAddr) -> Config {
    Config {
        timeout: PATIENCE,
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(40),
        breaker: BreakerSettings {
            failures: u32::MAX,
            ..BreakerSettings::default()
        },
        ..Config::at(address.to_string())
    }
}

async fn network() -> Network {
    Network::bind("127.0.0.1:0", NetworkScript::default()).await.unwrap()
}

fn each(fault: Fault) -> Play {
    Play {
        rules: vec![Rule {
            when: When {
                mti: Some("0200".into()),
                ..When::default()
            },
            fault: Some(fault),
            ..Rule::default()
        }],
        ..Play::default()
    }
}

/// Waits until it holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// Calls until an answer comes, each time with another trace number.
async fn answered(connector: &Connector, stan: &mut u64) -> Box<Message> {
    for _ in 0..200 {
        *stan += 1;
        if let Outcome::Done(answer) = connector.call(&sale(*stan)).await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the line did not come back");
}

#[tokio::test]
async fn a_thousand_calls_share_three_lines_and_each_gets_its_own_answer() {
    let network = network().await;
    let connector = Connector::start(Config {
        lines: 3,
        timeout: Duration::from_secs(20),
        ..config(network.address())
    });
    let mut calls = JoinSet::new();
    for stan in 1..=1000 {
        let connector = connector.clone();
        calls.spawn(async move {
            let mut asked = sale(stan);
            asked.set_number(4, stan * 3).unwrap();
            match connector.call(&asked).await {
                Outcome::Done(answer) => answer.number(11) == Some(stan) && answer.number(4) == Some(stan * 3),
                other => panic!("{other:?}"),
            }
        });
    }
    assert!(calls.join_all().await.into_iter().all(|own| own));
    assert_eq!(connector.standing().under_way, 0);
    assert_eq!(connector.count(Event::Answered), 1000);
    until("three lines", || connector.standing().connected == 3).await;
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_unknown_and_never_an_approval() {
    let network = network().await;
    let connector = Connector::start(config(network.address()));
    let whole = match connector.call(&sale(1)).await {
        Outcome::Done(answer) => 13 + answer.encode().unwrap().len(),
        other => panic!("{other:?}"),
    };
    let mut stan = 1;
    for at in 0..whole {
        network.set_play(each(Fault::Cut { at }));
        stan += 1;
        let outcome = connector.call(&sale(stan)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "cut at {at}: {outcome:?}");
    }
    network.set_play(Play::default());
    answered(&connector, &mut stan).await;
    assert_eq!(
        network.book().iter().filter(|e| e.standing == Booked::Approved).count(),
        usize::try_from(stan).unwrap(),
        "every one of them was carried out there: each needs its reversal"
    );
}

#[tokio::test]
async fn no_turned_bit_of_an_answer_makes_another_amount_or_terminal_believed() {
    for sealed in [false, true] {
        let network = network().await;
        let mac = MacKey::new(MacAlgorithm::Ecb, &[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]).unwrap();
        if sealed {
            network.set_script(NetworkScript {
                mac_key: MAC_KEY.into(),
                ..NetworkScript::default()
            });
        }
        let proxy = Proxy::before(network.address(), Plan::default()).await.unwrap();
        let connector = Connector::start(Config {
            mac: sealed.then_some(mac),
            timeout: PATIENCE * 10,
            ..config(proxy.address())
        });
        let Outcome::Done(honest) = connector.call(&sale(999_999)).await else {
            panic!("no answer");
        };
        // Eleven bytes of address and header, then the message.
        let bits = u64::try_from((11 + honest.encode().unwrap().len()) * 8).unwrap();
        proxy.set_plan(Plan {
            rows: (1..=bits)
                .map(|n| (Direction::Back, n, Deed::Flip(usize::try_from(n - 1).unwrap())))
                .collect(),
            chance: Vec::new(),
        });
        let mut calls = JoinSet::new();
        for stan in 1..=bits {
            let connector = connector.clone();
            calls.spawn(async move { (stan, connector.call(&sale(stan)).await) });
        }
        let mut believed = 0;
        for (stan, outcome) in calls.join_all().await {
            if let Outcome::Done(answer) = outcome {
                believed += 1_u64;
                for number in [2, 3, 4, 41, 42, 49] {
                    assert_eq!(answer.bytes(number), sale(stan).bytes(number));
                }
                assert_eq!(answer.number(11), Some(stan));
            }
        }
        assert!(believed > 0, "bits of the address say nothing of the money");
        assert!(!sealed || believed <= 11 * 8, "{believed} believed in spite of the MAC");
        let rejected = [
            Event::Mismatched,
            Event::Malformed,
            Event::Stranger,
            Event::Duplicate,
            Event::Unauthenticated,
        ];
        let counted: u64 = rejected.map(|event| connector.count(event)).iter().sum();
        assert!(counted + believed >= bits, "{:?}", connector.counts());
    }
}

#[tokio::test]
async fn garbage_and_endless_frames_cost_one_connection_and_no_memory() {
    let network = network().await;
    let connector = Connector::start(config(network.address()));
    let mut stan = 0;
    for fault in [
        Fault::Huge,
        Fault::Garbage { bytes: 5000 },
        Fault::Malformed,
        Fault::BadText,
    ] {
        network.set_play(each(fault.clone()));
        stan += 1;
        let outcome = connector.call(&sale(stan)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{fault:?}: {outcome:?}");
        network.set_play(Play::default());
        answered(&connector, &mut stan).await;
    }
    assert!(connector.count(Event::Unframed) >= 1);
    assert_eq!(connector.count(Event::Malformed), 1);
    assert_eq!(connector.count(Event::Mismatched), 1);
}

#[tokio::test]
async fn a_trickle_ends_with_the_time_of_the_call_and_the_connection_with_the_time_of_a_frame() {
    let network = network().await;
    let connector = Connector::start(config(network.address()));
    network.set_play(each(Fault::Drip { ms: 40 }));
    assert!(matches!(connector.call(&sale(1)).await, Outcome::Unknown(_)));
    network.set_play(Play::default());
    until("the connection is given up", || connector.count(Event::Unframed) == 1).await;
    answered(&connector, &mut 1).await;
}

#[tokio::test]
async fn the_breaker_opens_probes_and_closes() {
    let network = network().await;
    let connector = Connector::start(Config {
        breaker: BreakerSettings {
            failures: 3,
            rest: Duration::from_millis(30),
            longest_rest: Duration::from_millis(60),
            trials: 2,
        },
        ..config(network.address())
    });
    let mut stan = 0;
    answered(&connector, &mut stan).await;
    network.set_outage(Some(Outage::Freeze));
    let mut calls = JoinSet::new();
    for stan in 100..103 {
        let connector = connector.clone();
        calls.spawn(async move { connector.call(&sale(stan)).await });
    }
    calls.join_all().await;
    assert_eq!(connector.standing().breaker, Position::Open);
    assert!(!connector.is_connected());
    assert!(matches!(connector.call(&sale(104)).await, Outcome::Refused(_)));
    assert!(matches!(connector.call(&reversal(100)).await, Outcome::Refused(_)));
    until("an echo test", || connector.count(Event::Echo) > 1).await;
    network.set_outage(None);
    until("half open", || connector.standing().breaker != Position::Open).await;
    answered(&connector, &mut stan).await;
    assert_eq!(connector.standing().breaker, Position::Closed);
    assert!(connector.is_connected());
}

#[tokio::test]
async fn a_silent_line_is_tested_with_an_echo_and_replaced() {
    let network = network().await;
    let connector = Connector::start(Config {
        echo_after: Duration::from_millis(40),
        ..config(network.address())
    });
    until("echoes", || network.heard("0820") >= 3).await;
    assert_eq!(connector.count(Event::Disconnected), 0);
    network.set_outage(Some(Outage::Freeze));
    until("the dead line is noticed", || connector.count(Event::Disconnected) >= 1).await;
    network.set_outage(None);
    answered(&connector, &mut 0).await;
}

#[tokio::test]
async fn a_line_signs_on_under_a_mac_and_hears_of_the_new_day() {
    let network = network().await;
    network.set_script(NetworkScript {
        mac_key: MAC_KEY.into(),
        ..NetworkScript::default()
    });
    network.cut_over("2026-03-01");
    let key = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    let connector = Connector::start(Config {
        sign_on: true,
        mac: Some(MacKey::new(MacAlgorithm::Ecb, &key).unwrap()),
        ..config(network.address())
    });
    answered(&connector, &mut 0).await;
    assert_eq!((network.heard("0820"), connector.business_date()), (1, Some(301)));
    network.cut_over("2026-03-02");
    until("the announcement is answered", || network.heard("0830") == 1).await;
    assert_eq!(
        (connector.business_date(), connector.count(Event::CutOver)),
        (Some(302), 1)
    );
    let stranger = Connector::start(Config {
        sign_on: true,
        ..config(network.address())
    });
    until("a line without the key is never let in", || {
        stranger.count(Event::Disconnected) > 0
    })
    .await;
    assert!(!stranger.is_connected());
}

#[tokio::test]
async fn late_double_and_foreign_answers_are_counted_and_change_nothing() {
    let network = network().await;
    let connector = Connector::start(config(network.address()));
    let mut late = connector.late_answers();
    network.set_play(each(Fault::Duplicate { copies: 2, ms: 1 }));
    assert!(matches!(connector.call(&sale(1)).await, Outcome::Done(_)));
    until("copies", || connector.count(Event::Duplicate) == 2).await;
    network.set_play(each(Fault::Late { ms: 350 }));
    assert!(matches!(connector.call(&sale(2)).await, Outcome::Unknown(_)));
    // Its reversal has the same trace number, and is not answered by it.
    assert!(matches!(connector.call(&reversal(2)).await, Outcome::Done(_)));
    until("late", || connector.count(Event::Late) == 1).await;
    let told = late.recv().await.unwrap();
    assert_eq!(
        (told.terminal_number.as_str(), told.stan, told.code.as_str()),
        ("10000001", 2, "00")
    );
    for fault in [Fault::OtherTrace, Fault::OtherTerminal, Fault::OtherType] {
        network.set_play(each(fault));
        assert!(matches!(connector.call(&sale(10)).await, Outcome::Unknown(_)));
    }
    assert_eq!(connector.count(Event::Stranger), 3);
    assert_eq!(connector.standing().under_way, 0);
}

#[tokio::test]
async fn a_full_line_turns_calls_away_and_lets_reversals_through() {
    let network = network().await;
    let connector = Connector::start(Config {
        most_under_way: 2,
        ..config(network.address())
    });
    answered(&connector, &mut 0).await;
    network.set_play(each(Fault::LoseAnswer));
    let mut slow = JoinSet::new();
    for stan in [100, 101] {
        let connector = connector.clone();
        slow.spawn(async move { connector.call(&sale(stan)).await });
    }
    until("two under way", || connector.standing().under_way == 2).await;
    assert!(matches!(connector.call(&sale(102)).await, Outcome::Refused(_)));
    assert!(matches!(connector.call(&reversal(1)).await, Outcome::Done(_)));
    let given_up = slow.join_all().await;
    assert!(given_up.iter().all(|outcome| matches!(outcome, Outcome::Unknown(_))));
    assert_eq!(connector.standing().under_way, 0);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_nothing_behind() {
    let network = network().await;
    let connector = Connector::start(config(network.address()));
    network.set_play(each(Fault::Late { ms: 60 }));
    let asked = sale(1);
    let gone = tokio::time::timeout(Duration::from_millis(20), connector.call(&asked)).await;
    assert!(gone.is_err());
    assert_eq!(connector.standing().under_way, 0);
    until("its answer is late", || connector.count(Event::Late) == 1).await;
}

#[tokio::test]
async fn a_network_that_comes_back_is_asked_at_once() {
    let network = network().await;
    let connector = Connector::start(Config {
        breaker: BreakerSettings {
            failures: 2,
            rest: Duration::from_hours(1),
            longest_rest: Duration::from_hours(1),
            trials: 1,
        },
        ..config(network.address())
    });
    answered(&connector, &mut 0).await;
    network.set_outage(Some(Outage::Refuse));
    until("the breaker opens", || connector.standing().breaker == Position::Open).await;
    network.set_outage(None);
    answered(&connector, &mut 10).await;
    assert_eq!(connector.standing().breaker, Position::Closed);
}
