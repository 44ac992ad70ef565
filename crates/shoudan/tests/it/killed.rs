//! The built server under load, killed at any moment, and started again over the same data: what terminals were told is
//! stored, once, with the same numbers, and the network holds what the slips say (INV-T11, INV-T16, INV-H1, INV-H2).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shoudan::connectors::network::Config;
use simulators::network::{Latency, Network, NetworkScript, Play};
use store::Engine;
use store::testing::TestDb;
use store::transactions::TransactionRow;
use tokio::task::JoinSet;

use super::campaign::{
    Built, Here, QUIET_WITHIN, World, at_the_network, checked, free_addresses, judge, quiet, stored,
};
use super::clerk::{Clerk, Paper};
use super::progress::Progress;
use super::scene::script;
use crate::mutate::Chance;

/// What is left of a run: what terminals printed, what is stored, what the network holds, and what is wrong.
struct Left {
    papers: BTreeMap<String, Vec<Paper>>,
    rows: Vec<(TransactionRow, String)>,
    book: Vec<simulators::network::Entry>,
    found: Vec<String>,
    told: String,
}

/// The network takes its time, so that kills find payments under way.
async fn network() -> Network {
    let play = Play {
        latency: Latency::Uniform { from_ms: 0, to_ms: 40 },
        ..Play::default()
    };
    Network::bind("127.0.0.1:0", NetworkScript { play, ..script() })
        .await
        .unwrap()
}

/// Serves anew at every step until it is told to stop.
async fn busy(mut clerk: Clerk, stop: Arc<AtomicBool>) -> Clerk {
    while !stop.load(Ordering::Acquire) {
        let before = clerk.seen.get("sell: no answer").copied();
        clerk.step().await;
        if clerk.seen.get("sell: no answer").copied() != before || !clerk.terminal.signed_in {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    clerk
}

/// A run of so many kills in a world of its own.
async fn killed(db: TestDb, terminals: usize, kills: u64, seed: u64) -> Left {
    let engine = db.engine();
    let (world, app) = World::make(db, terminals).await;
    drop(app);
    let network = network().await;
    let addresses = free_addresses();
    let mut chance = Chance::seeded(seed);
    let mut server = start(&world, addresses, &network);
    let stop = Arc::new(AtomicBool::new(false));
    let mut clerks = JoinSet::new();
    for n in 0..terminals {
        let mut terminal = world.terminal(n, addresses[1]);
        terminal.patience_ms = 4_000;
        let clerk = Clerk::at(terminal, seed.wrapping_mul(1000) + u64::try_from(n).unwrap());
        clerks.spawn(busy(clerk, Arc::clone(&stop)));
    }
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + chance.next() % 1400)).await;
        server.kill();
        // One in four dies again while it takes up where it stopped.
        if chance.below(4) == 0 {
            let starting = Built::spawn(&world, addresses, network.address()).unwrap();
            tokio::time::sleep(Duration::from_millis(chance.next() % 900)).await;
            starting.kill();
        }
        server = start(&world, addresses, &network);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Release);
    let mut clerks = clerks.join_all().await;
    let mut found = Vec::new();
    for clerk in &mut clerks {
        if !clerk.comes_clean().await {
            found.push(format!("{}: cannot pay what it owes", clerk.number()));
        }
    }
    if engine == Engine::Sqlite {
        // A server that is alone with its data takes up what it left at once; beside others it must wait.
        found.extend(agrees(&network, &clerks).await);
    }
    server.kill();
    finish(&world, network, clerks, found).await
}

fn start(world: &World, addresses: [std::net::SocketAddr; 2], network: &Network) -> Built {
    let built = Built::spawn(world, addresses, network.address()).unwrap();
    tokio::task::block_in_place(|| built.ready()).unwrap()
}

fn printed(papers: &[Paper]) -> Vec<i64> {
    papers
        .iter()
        .filter(|paper| !paper.undone)
        .map(|paper| paper.amount)
        .collect()
}

/// Waits until the network holds what the slips say.
async fn agrees(network: &Network, clerks: &[Clerk]) -> Vec<String> {
    let mut differing = Vec::new();
    for _ in 0..300 {
        let book = network.book();
        let differs = |clerk: &&Clerk| at_the_network(&book, clerk.number()) != printed(&clerk.papers);
        differing = clerks
            .iter()
            .filter(differs)
            .map(|clerk| format!("{}: not reversed", clerk.number()))
            .collect();
        if differing.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    differing
}

/// Opens what the last server left, long after, lets it be taken up, and looks.
async fn finish(world: &World, network: Network, clerks: Vec<Clerk>, mut found: Vec<String>) -> Left {
    let app = world.open().await;
    app.clock.moved(10 * 60_000);
    let here = Here::start(&app, Config::at(network.address().to_string())).await;
    found.extend(quiet(&app, QUIET_WITHIN).await);
    app.clock.moved(0);
    let papers = clerks
        .iter()
        .map(|clerk| (clerk.number().to_owned(), clerk.papers.clone()))
        .collect();
    let (rows, book) = (stored(&app).await, network.book());
    found.extend(judge(&papers, &rows, &book));
    found.extend(checked(&app).await);
    drop(here);
    let sold: usize = clerks.iter().map(|clerk| clerk.papers.len()).sum();
    let lost: usize = clerks
        .iter()
        .filter_map(|clerk| clerk.seen.get("sell: no answer"))
        .sum();
    Left {
        papers,
        rows,
        book,
        found,
        told: format!("{sold} slips, {lost} sales without an answer"),
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

#[test]
fn a_server_that_is_killed_keeps_every_answer_it_gave() {
    for db in store::testing::databases() {
        let left = run(killed(db, 6, 3, 1));
        assert_eq!(left.found, Vec::<String>::new(), "{}", left.told);
        assert!(
            left.papers.values().map(Vec::len).sum::<usize>() > 10,
            "too little was sold: {}",
            left.told
        );
        a_lying_recorder_is_found_out(&left);
    }
}

/// The same judgement over the same run, with one thing untrue.
fn a_lying_recorder_is_found_out(left: &Left) {
    let lies =
        |found: Vec<String>, which: &str| assert!(found.iter().any(|one| one.contains(which)), "{which}: {found:?}");
    let (number, slips) = left
        .papers
        .iter()
        .find(|(_, slips)| slips.iter().any(|slip| !slip.undone))
        .unwrap();
    let slip = slips.iter().find(|slip| !slip.undone).unwrap();
    let its_row = |row: &TransactionRow, of: &str| {
        of == number && (row.batch, row.stan) == (slip.batch, slip.trace) && row.kind == "sale"
    };
    // A stored row is gone.
    let rows: Vec<_> = left
        .rows
        .iter()
        .filter(|(row, of)| !its_row(row, of))
        .cloned()
        .collect();
    lies(judge(&left.papers, &rows, &left.book), "stands here 0 times");
    // One stands twice.
    let mut rows = left.rows.clone();
    rows.extend(left.rows.iter().filter(|(row, of)| its_row(row, of)).cloned());
    lies(judge(&left.papers, &rows, &left.book), "stands here 2 times");
    // One has another amount.
    let mut rows = left.rows.clone();
    rows.iter_mut()
        .filter(|(row, of)| its_row(row, of))
        .for_each(|(row, _)| row.amount += 1);
    lies(judge(&left.papers, &rows, &left.book), "INV-T11");
    // An answer is invented.
    let mut papers = left.papers.clone();
    let invented = Paper {
        trace: 999_999,
        reference: "invented".into(),
        ..slip.clone()
    };
    papers.get_mut(number).unwrap().push(invented);
    lies(judge(&papers, &left.rows, &left.book), "stands here 0 times");
    // The network undid one by itself.
    let mut book = left.book.clone();
    book.retain(|entry| !(entry.terminal == *number && entry.amount == u64::try_from(slip.amount).unwrap()));
    lies(judge(&left.papers, &left.rows, &book), "INV-T16");
}

/// `cargo xtask campaign kill`.
#[test]
#[ignore = "long: cargo xtask campaign kill"]
fn campaign() {
    const KILLS: u64 = 15;
    let Some(mut progress) = Progress::take_up() else {
        return;
    };
    while progress.goes_on() {
        let seed = progress.seed;
        for db in store::testing::databases() {
            let engine = db.engine();
            let left = run(killed(db, 12, KILLS, seed));
            progress.note(KILLS, &left.found, &format!("{engine:?}: {KILLS} kills, {}", left.told));
            a_lying_recorder_is_found_out(&left);
        }
        progress.go_to(seed + 1);
    }
    progress.result("kills");
}
