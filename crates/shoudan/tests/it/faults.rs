//! Terminals sell, void and settle over a line that loses, doubles, delays, reorders, cuts, replays and alters frames, to a
//! gateway whose line to the network does the same. When all is quiet again, what terminals printed, what stands here and
//! what stands at the network is one and the same (F-28 to F-34, F-40, F-41).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use shoudan::connectors::network::Config;
use simulators::network::{Fault, Network, NetworkScript, Play, Rule, When};
use simulators::proxy::{Deed, Direction, Odds, Plan, Proxy};
use store::testing::TestDb;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::campaign::{Here, QUIET_WITHIN, World, at_the_network, checked, judge, quiet, stored};
use super::clerk::Clerk;
use super::progress::Progress;
use super::scene::script;
use crate::mutate::Chance;

/// The MAC key of the line to the network: without one, a turned bit there would be believed.
const LINE_KEY: &str = "1122334455667788";
/// The type of a sign-in, where it stands in a frame.
const SIGN_IN: [u8; 2] = [0x08, 0x00];
/// What a clerk does in one schedule.
const STEPS: usize = 6;

/// What is wrong in a world on purpose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// Terminals forget the reversals that they owe.
    Forgetful,
    /// The network never answers a reversal.
    NoReversals,
    /// One stands here that nobody was told of.
    Invented,
}

/// What the line between terminal and gateway does. The terminal waits 700 milliseconds. Known terminals believe a refusal
/// without a MAC, so that turned bits of an answer can hide an approval from them: those meet none. Bits of what they send
/// are turned, and a third of the terminals is careful and meets everything.
fn terminal_line(chance: &mut Chance, careful: bool) -> Plan {
    let wait = Duration::from_millis;
    let deeds = vec![
        Deed::Lose,
        Deed::Duplicate(1 + u32::try_from(chance.below(3)).unwrap()),
        Deed::Delay(wait(40)),
        Deed::Delay(wait(650 + chance.next() % 100)),
        Deed::Reorder,
        Deed::Slice(wait(0)),
        Deed::Join(wait(15)),
        Deed::Cut(1 + chance.below(150)),
        Deed::Reset,
    ];
    let flips: Vec<Deed> = (0..3).map(|_| Deed::Flip(chance.below(1600))).collect();
    let turned = [deeds.clone(), flips].concat();
    if careful {
        return odds(chance, 160_000, vec![(BOTH, turned)]);
    }
    odds(
        chance,
        160_000,
        vec![(&[Direction::Forth], turned), (&[Direction::Back], deeds)],
    )
}

/// What the line between gateway and network does. The gateway waits 400 milliseconds.
fn network_line(chance: &mut Chance) -> Plan {
    let wait = Duration::from_millis;
    let mut deeds = vec![
        Deed::Lose,
        Deed::Duplicate(1),
        Deed::Delay(wait(30)),
        Deed::Delay(wait(350 + chance.next() % 100)),
        Deed::Reorder,
        Deed::Slice(wait(0)),
        Deed::Join(wait(10)),
        Deed::Replay(1 + chance.below(4)),
        Deed::Cut(1 + chance.below(150)),
        Deed::Reset,
    ];
    deeds.extend((0..2).map(|_| Deed::Flip(chance.below(1600))));
    odds(chance, 40_000, vec![(BOTH, deeds)])
}

const BOTH: &[Direction] = &[Direction::Forth, Direction::Back];

fn odds(chance: &mut Chance, ppm: u32, deeds: Vec<(&[Direction], Vec<Deed>)>) -> Plan {
    let seed = chance.next();
    let each = |(directions, deeds): (&[Direction], Vec<Deed>)| Odds {
        seed,
        ppm,
        directions: directions.to_vec(),
        deeds,
    };
    Plan {
        rows: Vec::new(),
        chance: deeds.into_iter().map(each).collect(),
    }
}

/// Everything that stands while schedules run.
struct Stage {
    world: World,
    here: Here,
    network: Network,
    upstream: Proxy,
    lines: Vec<Proxy>,
    clerks: Vec<Clerk>,
    planted: Planted,
}

impl Stage {
    async fn set(db: TestDb, terminals: usize, seed: u64, planted: Planted) -> Self {
        let (world, app) = World::make(db, terminals).await;
        let script = NetworkScript {
            mac_key: LINE_KEY.into(),
            play: play(planted),
            ..script()
        };
        let network = Network::bind("127.0.0.1:0", script).await.unwrap();
        let upstream = Proxy::before(network.address(), Plan::default()).await.unwrap();
        let key = DesKey::from_hex(LINE_KEY).unwrap();
        let config = Config {
            mac: Some(MacKey::new(MacAlgorithm::Ecb, key.expose()).unwrap()),
            ..Config::at(upstream.address().to_string())
        };
        let here = Here::start(&app, config).await;
        let (mut lines, mut clerks) = (Vec::new(), Vec::new());
        for n in 0..terminals {
            let line = Proxy::before(here.address, Plan::default()).await.unwrap();
            line.record();
            clerks.push(Clerk::at(
                world.terminal(n, line.address()),
                seed + u64::try_from(n).unwrap(),
            ));
            lines.push(line);
        }
        Self {
            world,
            here,
            network,
            upstream,
            lines,
            clerks,
            planted,
        }
    }

    /// One schedule for each terminal, all at once; then quiet, and what is not as printed.
    async fn round(&mut self, seed: u64) -> Vec<String> {
        let mut chance = Chance::seeded(seed);
        self.upstream.set_plan(network_line(&mut chance));
        let mut busy = JoinSet::new();
        for (n, mut clerk) in std::mem::take(&mut self.clerks).into_iter().enumerate() {
            clerk.terminal.careful = n % 3 == 0;
            self.lines[n].set_plan(terminal_line(&mut chance, clerk.terminal.careful));
            // A stranger on the line says again what was said before, or signs in as the terminal did.
            let signs_in = chance.below(2) == 0;
            let passed = self.lines[n].passed();
            let forth: Vec<_> = passed
                .into_iter()
                .filter(|frame| frame.direction == Direction::Forth)
                .filter(|frame| !signs_in || frame.bytes.get(13..15) == Some(&SIGN_IN))
                .collect();
            let old = forth
                .get(chance.below(forth.len().max(1)))
                .map(|frame| frame.bytes.clone());
            let (address, forgetful) = (self.here.address, self.planted == Planted::Forgetful);
            busy.spawn(async move {
                for step in 0..STEPS {
                    clerk.step().await;
                    if forgetful {
                        forget(&mut clerk);
                    }
                    if let (Some(old), 2) = (&old, step) {
                        say_again(address, old).await;
                    }
                }
                (n, clerk)
            });
        }
        let mut clerks = busy.join_all().await;
        clerks.sort_by_key(|(n, _)| *n);
        self.upstream.set_plan(Plan::default());
        self.lines.iter().for_each(|line| line.set_plan(Plan::default()));
        let mut cleaning = JoinSet::new();
        for (n, mut clerk) in clerks {
            cleaning.spawn(async move {
                let clean = clerk.comes_clean().await;
                (n, clerk, clean)
            });
        }
        let mut clean = cleaning.join_all().await;
        clean.sort_by_key(|(n, _, _)| *n);
        let mut found: Vec<String> = clean
            .iter()
            .filter(|(_, _, clean)| !clean)
            .map(|(_, clerk, _)| format!("{}: cannot pay what it owes", clerk.number()))
            .collect();
        self.clerks = clean.into_iter().map(|(_, clerk, _)| clerk).collect();
        let within = match self.planted {
            Planted::NoReversals => Duration::from_secs(3),
            _ => QUIET_WITHIN,
        };
        found.extend(quiet(&self.here.app, within).await);
        let book = self.network.book();
        for clerk in &self.clerks {
            let printed: Vec<i64> = clerk
                .papers
                .iter()
                .filter(|paper| !paper.undone)
                .map(|paper| paper.amount)
                .collect();
            let network = at_the_network(&book, clerk.number());
            if printed != network {
                found.push(format!(
                    "seed {seed}: {}: printed {printed:?}, at the network {network:?}: {}",
                    clerk.number(),
                    last_of(clerk)
                ));
            }
        }
        found
    }

    /// Everything there is to say about the whole time.
    async fn judged(&mut self) -> Vec<String> {
        if self.planted == Planted::Invented {
            self.clerks[0].papers.pop();
        }
        let papers: BTreeMap<_, _> = self
            .clerks
            .iter()
            .map(|clerk| (clerk.number().to_owned(), clerk.papers.clone()))
            .collect();
        let rows = stored(&self.here.app).await;
        let mut found = judge(&papers, &rows, &self.network.book());
        for violation in checked(&self.here.app).await {
            // What the row it names says of itself.
            let named = rows.iter().find(|(row, _)| violation.contains(&row.id));
            let row = named.map(|(row, of)| {
                let (kind, state, code) = (&row.kind, &row.state, &row.response_code);
                let (class, amount, fee) = (&row.message_class, row.amount, row.fee);
                format!(
                    " ({of} {:06} {kind} {class}: {state} {code}, {amount} fen, fee {fee})",
                    row.stan
                )
            });
            found.push(violation + &row.unwrap_or_default());
        }
        found
    }

    /// How often what was answered.
    fn told(&self) -> String {
        let mut all = BTreeMap::new();
        for (what, count) in self.clerks.iter().flat_map(|clerk| &clerk.seen) {
            *all.entry(what.as_str()).or_insert(0) += count;
        }
        let parts: Vec<String> = all.iter().map(|(what, count)| format!("{what} {count}")).collect();
        parts.join(", ")
    }
}

fn play(planted: Planted) -> Play {
    let rule = Rule {
        when: When {
            kind: Some("reversal".into()),
            ..When::default()
        },
        fault: Some(Fault::LoseRequest),
        ..Rule::default()
    };
    Play {
        rules: if planted == Planted::NoReversals {
            vec![rule]
        } else {
            Vec::new()
        },
        ..Play::default()
    }
}

/// The last that a clerk did.
fn last_of(clerk: &Clerk) -> String {
    let from = clerk.history.len().saturating_sub(STEPS * 3);
    clerk.history[from..].join(" / ")
}

/// As a terminal without a durable memory would.
fn forget(clerk: &mut Clerk) {
    let mut stored = serde_json::to_value(&clerk.terminal).unwrap();
    stored["unanswered"] = serde_json::Value::Null;
    clerk.terminal = serde_json::from_value(stored).unwrap();
}

/// Sends recorded bytes on a connection of their own and does not care what comes.
async fn say_again(address: SocketAddr, bytes: &[u8]) {
    if let Ok(mut connection) = TcpStream::connect(address).await {
        let _ = connection.write_all(bytes).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn run<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(story)
}

/// Some rounds in a world of their own, and all that was found.
fn some(db: TestDb, terminals: usize, rounds: u64, seed: u64, planted: Planted) -> (Vec<String>, String) {
    run(async {
        let mut stage = Stage::set(db, terminals, seed, planted).await;
        let mut found = Vec::new();
        for round in 0..rounds {
            found.extend(stage.round(seed + round).await);
            if !found.is_empty() {
                break;
            }
        }
        found.extend(stage.judged().await);
        let told = stage.told();
        drop(stage.world.estates);
        (found, told)
    })
}

#[test]
fn whatever_the_lines_do_the_money_is_where_the_slips_say() {
    for db in store::testing::databases() {
        let (found, told) = some(db, 8, 3, 1, Planted::Nothing);
        assert_eq!(found, Vec::<String>::new(), "{told}");
        assert!(told.contains("no answer"), "the lines were too good: {told}");
    }
}

#[test]
fn a_terminal_that_forgets_what_it_owes_is_found_out() {
    let (found, told) = some(store::testing::sqlite(), 8, 6, 1, Planted::Forgetful);
    assert!(
        found.iter().any(|finding| finding.contains("at the network")),
        "{found:?} {told}"
    );
}

#[test]
fn reversals_that_never_arrive_are_found_out() {
    let (found, told) = some(store::testing::sqlite(), 8, 6, 1, Planted::NoReversals);
    assert!(
        found.iter().any(|finding| finding.contains("INV-H8")),
        "{found:?} {told}"
    );
}

#[test]
fn a_sale_that_nobody_was_told_of_is_found_out() {
    let (found, _) = some(store::testing::sqlite(), 2, 2, 1, Planted::Invented);
    assert!(found.iter().any(|finding| finding.contains("INV-T01")), "{found:?}");
}

/// `cargo xtask campaign faults`.
#[test]
#[ignore = "long: cargo xtask campaign faults"]
fn campaign() {
    const TERMINALS: u64 = 24;
    const ROUNDS: u64 = 12;
    let Some(mut progress) = Progress::take_up() else {
        return;
    };
    while progress.goes_on() {
        let seed = progress.seed;
        for db in store::testing::databases() {
            let engine = db.engine();
            let (found, told) = some(db, 24, ROUNDS, seed, Planted::Nothing);
            progress.note(TERMINALS * ROUNDS, &found, &format!("{engine:?}: {told}"));
        }
        progress.go_to(seed + ROUNDS);
    }
    progress.result("schedules");
}
