//! What the gateway is compared with, measured in the same run on the same machine: the usual benchmark of PostgreSQL, a
//! gateway as it is usually written, and one that keeps nothing.

use std::process::Command;

use super::Options;
use super::load::{self, Load, Shown, Target};
use super::part::Part;
use super::place::{PATIENCE, Place, listen};
use super::table::{Figures, TpcB};
use crate::run;

/// Clients that TPC-B is tried with.
const CLIENTS: [u64; 5] = [4, 8, 16, 32, 64];
/// Branches of TPC-B; there must be more than clients, or they queue for rows.
const SCALE: &str = "100";
/// Connections of the baseline's pool that are tried.
const POOLS: [u64; 2] = [16, 32];
const TPCB: &str = "tpcb";
const BASELINE: &str = "baseline";

/// Measures all three.
pub fn measure(place: &Place, options: &Options, figures: &mut Figures) -> Result<(), String> {
    println!("\n── TPC-B ──");
    figures.tpcb = Some(tpcb(place, options)?);
    println!("\n── baseline: one transaction per request through a pool ──");
    figures.baseline = Some(baseline(place, options)?);
    println!("\n── relay: nothing is kept ──");
    figures.relay = Some(relay(place, options)?);
    Ok(())
}

fn tpcb(place: &Place, options: &Options) -> Result<TpcB, String> {
    let pgbench = place.cluster.client("pgbench")?;
    let url = place.url(TPCB);
    if !place.has(TPCB)? {
        place.fresh(TPCB)?;
        run::quiet(Command::new(&pgbench).args(["-i", "-q", "-s", SCALE, &url]))?;
    }
    // Cleaning up behind it would fall into the measurements that follow; it is done before each run instead.
    for table in ["accounts", "branches", "tellers", "history"] {
        place.sql(
            TPCB,
            &format!("alter table pgbench_{table} set (autovacuum_enabled = off)"),
        )?;
    }
    place.sql(TPCB, "vacuum (analyze)")?;
    place.sql(TPCB, "checkpoint")?;
    let mut best = TpcB::default();
    for clients in CLIENTS {
        let mut command = Command::new(&pgbench);
        command.args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string()]);
        command.args(["-T", &options.seconds.to_string(), &url]);
        let text = run::quiet(&mut command)?;
        let rate = text
            .lines()
            .find_map(|line| {
                line.strip_prefix("tps = ")?
                    .split_whitespace()
                    .next()?
                    .parse::<f64>()
                    .ok()
            })
            .ok_or("pgbench did not tell its rate")?;
        println!("{clients} clients: {rate:.0} a second");
        if rate > best.rate {
            best = TpcB { rate, clients };
        }
    }
    Ok(best)
}

fn full(place: &Place, options: &Options, target: &Target<'_>, trace: &mut u64) -> Result<Shown, String> {
    let mut best: Option<Shown> = None;
    for connections in &options.connections {
        let shown = load::run(
            place,
            target,
            Load {
                connections: *connections,
                rate: 0,
                trace: *trace,
                seconds: options.seconds,
            },
        )?;
        println!("{connections} terminals: {}", shown.told());
        *trace = shown.trace_after;
        if best.as_ref().is_none_or(|best| best.rate < shown.rate) {
            best = Some(shown);
        }
    }
    best.ok_or_else(|| "no number of connections was given".to_owned())
}

fn baseline(place: &Place, options: &Options) -> Result<(Shown, u64), String> {
    let mut best: Option<(Shown, u64)> = None;
    for pool in POOLS {
        place.fresh(BASELINE)?;
        let arguments = [
            ("listen", listen()?),
            ("database", place.url(BASELINE)),
            ("network", place.network.1.clone()),
            ("terminals", options.terminals.to_string()),
            ("pool", pool.to_string()),
        ];
        let part = Part::start(&mut place.part("baseline", &arguments))?;
        let address = part.said("address", PATIENCE)?;
        let target = Target {
            address: &address,
            server: part.id(),
            database: place.cluster.process(),
            terminals: options.terminals,
        };
        println!("a pool of {pool}:");
        let shown = full(place, options, &target, &mut 1)?;
        drop(part);
        place.gone(BASELINE)?;
        if best.as_ref().is_none_or(|(best, _)| best.rate < shown.rate) {
            best = Some((shown, pool));
        }
    }
    best.ok_or_else(|| "no pool was tried".to_owned())
}

fn relay(place: &Place, options: &Options) -> Result<Shown, String> {
    let part = Part::start(&mut place.part("relay", &[("listen", listen()?)]))?;
    let address = part.said("address", PATIENCE)?;
    let target = Target {
        address: &address,
        server: part.id(),
        database: None,
        terminals: options.terminals,
    };
    full(place, options, &target, &mut 1)
}
