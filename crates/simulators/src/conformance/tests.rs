//! The kit against the simulated terminal, and against one with a fault.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use tokio::net::TcpListener;

use super::host::{Run, serve};
use super::{Identity, Report, Story, TerminalVectors};
use crate::terminal::{Action, Card, Terminal};

fn card() -> Card {
    Card {
        pan: "6217000000000000018".to_owned(),
        track2: "6217000000000000018D30122010000000000".to_owned(),
        pin: Some("123456".to_owned()),
    }
}

fn terminal(address: &str) -> Terminal {
    let of = Identity::of_the_kit();
    let mut terminal = Terminal::new(address, &of.terminal_number, &of.merchant_number, &of.master_key);
    terminal.patience_ms = 400;
    terminal
}

/// Leads the simulated terminal through a story, as an operator would. What it reports as trouble is part of the story.
async fn act(terminal: &mut Terminal, story: &str) {
    let card = card();
    match story {
        "T20" => drop(terminal.sign_in().await),
        "T21" => drop(terminal.sale(&card, 1234).await),
        "T22" => {
            let _ = terminal.sale(&card, 5100).await;
            let _ = terminal.echo().await;
        }
        "T23" | "T24" => {
            let _ = terminal.sale(&card, if story == "T23" { 2300 } else { 2400 }).await;
            let _ = terminal.sale(&card, 100).await;
        }
        "T25" | "T26" => {
            let amount = if story == "T25" { 2500 } else { 2600 };
            let sold = terminal.sale(&card, amount).await.unwrap();
            let _ = terminal.void(&card, sold.trace).await;
            if story == "T26" {
                let _ = terminal.sale(&card, 100).await;
            }
        }
        "T27" => {
            let _ = terminal.sale(&card, 2700).await;
            // The reversal gets no answer, so that this sale does not go out; the next attempt sends it again.
            let _ = terminal.sale(&card, 100).await;
            let _ = terminal.sale(&card, 100).await;
        }
        "T28" => {
            let first = terminal
                .log
                .iter()
                .find(|one| one.action == Action::Sale)
                .cloned()
                .unwrap();
            let _ = terminal.refund(&card, 300, &first.reference, &first.date).await;
            let _ = terminal.echo().await;
        }
        "T29" | "T30" => {
            let _ = terminal.sale(&card, if story == "T29" { 2900 } else { 3000 }).await;
            let _ = terminal.run_errands().await;
            if story == "T30" {
                let _ = terminal.sale(&card, 100).await;
            }
        }
        "T31" => drop(terminal.settle().await),
        "T32" => {
            let _ = terminal.sale(&card, 3200).await;
            let _ = terminal.settle().await;
        }
        "T33" => drop(terminal.echo().await),
        "T34" => drop(terminal.sign_off().await),
        "T40" | "T41" | "T42" => {
            let amount = 100 * story.trim_start_matches('T').parse::<u64>().unwrap();
            let held = terminal.preauth(&card, amount).await.unwrap();
            if story == "T41" {
                let _ = terminal.preauth_void(&card, held.trace).await;
                return;
            }
            let done = terminal.complete(&card, held.trace, amount, false).await.unwrap();
            if story == "T42" {
                let _ = terminal.completion_void(&card, done.trace).await;
            }
        }
        other => panic!("nobody knows how to play {other}"),
    }
}

/// Plays a profile; `spoil` may do something to the terminal after each story.
async fn play(profile: &str, spoil: impl Fn(&str, &mut Terminal)) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let run = Run {
        identity: Identity::of_the_kit(),
        profile: profile.to_owned(),
        begun: "2026-11-25T10:00:00+08:00".to_owned(),
        clock: ("100000".to_owned(), "1125".to_owned()),
        patience: Duration::from_secs(3),
    };
    let stories: Vec<Story> = TerminalVectors::v1().unwrap().stories(profile).unwrap();
    let host = tokio::spawn(serve(run, listener, |_| {}));
    let mut terminal = terminal(&address);
    for story in stories {
        act(&mut terminal, &story.id).await;
        spoil(&story.id, &mut terminal);
    }
    host.await.unwrap().unwrap()
}

#[tokio::test]
async fn the_simulated_terminal_passes_every_profile() {
    for profile in ["basic", "preauth"] {
        let report = play(profile, |_, _| {}).await;
        assert!(report.passed, "{profile}: {}", report.text(false));
    }
}

#[tokio::test]
async fn a_trace_number_that_falls_back_fails_the_rule_of_the_trace_and_nothing_else() {
    let report = play("basic", |story, terminal| {
        if story == "T32" {
            terminal.trace -= 3;
        }
    })
    .await;
    assert_eq!(report.not_passed(), ["T06"], "{}", report.text(false));
}

#[tokio::test]
async fn another_batch_than_the_hosts_fails_the_rule_of_the_batch() {
    let report = play("basic", |story, terminal| {
        if story == "T20" {
            terminal.batch += 7;
        }
    })
    .await;
    assert!(report.not_passed().contains(&"T07"), "{}", report.text(false));
}

#[tokio::test]
async fn what_is_not_played_is_not_passed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let run = Run {
        identity: Identity::of_the_kit(),
        profile: "basic".to_owned(),
        begun: String::new(),
        clock: ("100000".to_owned(), "1125".to_owned()),
        patience: Duration::from_millis(200),
    };
    let host = tokio::spawn(serve(run, listener, |_| {}));
    terminal(&address).sign_in().await.unwrap();
    let report = host.await.unwrap().unwrap();
    let verdict = |id: &str| report.vectors.iter().find(|row| row.id == id).map(|row| row.verdict);
    assert_eq!(verdict("T20"), Some(super::Verdict::Passed));
    assert_eq!(verdict("T21"), Some(super::Verdict::NotTested));
    assert!(!report.passed);
}
