//! What a call costs. Not a test of anything: `cargo test --release -p shoudan --lib -- --ignored --nocapture
//! cost_of_a_call` prints calls a second and the processor time of the callers' thread per call (building the request,
//! writing, waiting, reading, checking), against the simulated network on a thread of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use simulators::network::{Network, NetworkScript};

use super::tests::sale;
use super::{Config, Connector, Outcome};

/// Processor time, in nanoseconds, of this process's threads whose name begins so.
fn spent(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let of = |path: std::path::PathBuf| {
        let named = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        let times = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let spent = times.split(' ').next().and_then(|n| n.parse::<u64>().ok());
        spent.filter(|_| named.starts_with(name)).unwrap_or(0)
    };
    tasks.map(|task| of(task.path())).sum()
}

fn runtime(name: &str) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
#[ignore = "it measures; run it optimised and by name"]
fn cost_of_a_call() {
    let (there, here) = (runtime("network"), runtime("callers"));
    let network = there
        .block_on(Network::bind("127.0.0.1:0", NetworkScript::default()))
        .unwrap();
    let config = Config::at(network.address().to_string());
    for callers in [1, 32, 256, 1024] {
        let connector = here.block_on(async { Connector::start(config.clone()) });
        let (done, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(1)));
        let mut tasks = Vec::new();
        for _ in 0..callers {
            let (connector, done, next) = (connector.clone(), Arc::clone(&done), Arc::clone(&next));
            tasks.push(here.spawn(async move {
                loop {
                    match connector
                        .call(&sale(next.fetch_add(1, Ordering::Relaxed) % 1_000_000))
                        .await
                    {
                        Outcome::Done(_) => done.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other:?}"),
                    };
                }
            }));
        }
        std::thread::sleep(Duration::from_millis(300));
        let before = (done.load(Ordering::Relaxed), spent("callers"), Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let calls = done.load(Ordering::Relaxed) - before.0;
        let nanos = (spent("callers") - before.1) / calls.max(1);
        let rate = u128::from(calls) * 1000 / before.2.elapsed().as_millis().max(1);
        println!("{callers:5} callers: {rate:7} calls a second, {nanos:6} ns of the callers' processor time each");
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
