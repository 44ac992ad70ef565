//! One load against one server: what came of it, and what everything used meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use super::part::Part;
use super::place::{PATIENCE, Place};
use super::usage::{self, Usage};

/// What is put under load.
pub struct Target<'a> {
    /// Where terminals connect.
    pub address: &'a str,
    /// Its process.
    pub server: u32,
    /// The cluster's first process, where the server uses one.
    pub database: Option<u32>,
    /// Terminals of its world.
    pub terminals: u64,
}

/// How it is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Terminals active at once.
    pub connections: u64,
    /// Sales a second; 0: as many as it takes.
    pub rate: u64,
    /// First trace number.
    pub trace: u64,
    /// Seconds of measurement.
    pub seconds: u64,
}

/// What one load showed.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Terminals active at once.
    pub connections: u64,
    /// Answers a second.
    pub rate: f64,
    /// Half of them took at most this, microseconds.
    pub p50_us: f64,
    /// 99 of 100.
    pub p99_us: f64,
    /// 999 of 1000.
    pub p999_us: f64,
    /// CPU of the server per sale, microseconds.
    pub server_us: f64,
    /// CPU of the database's own processes per sale.
    pub database_us: f64,
    /// CPU of the load generator per sale.
    pub load_us: f64,
    /// CPU of the simulated network per sale.
    pub network_us: f64,
    /// Bytes written to disk per sale, by server and database.
    pub written: f64,
    /// CPU of the machine that others used, of a hundred.
    pub others: f64,
    /// Answers by code.
    pub codes: BTreeMap<String, u64>,
    /// The next trace number that no terminal has used.
    pub trace_after: u64,
}

/// Sales at one terminal before a connection goes on to the next.
const VISIT: u64 = 8;
/// How long a server is warmed up before anything counts.
const WARM_MS: u64 = 1500;

/// A whole number as one that divides.
#[expect(clippy::cast_precision_loss, reason = "figures are shown with four digits")]
pub fn float(n: u64) -> f64 {
    n as f64
}

#[derive(Clone, Copy, Default)]
struct Seen {
    server: Usage,
    database: Usage,
    load: Usage,
    network: Usage,
    machine: u64,
}

impl Seen {
    fn now(place: &Place, target: &Target<'_>, load: &Part) -> Self {
        Self {
            server: usage::of(target.server),
            database: target.database.map(usage::of_tree).unwrap_or_default(),
            load: usage::of(load.id()),
            network: usage::of(place.network.0.id()),
            machine: usage::machine_us(),
        }
    }
}

/// Loads a server and reads what came of it.
pub fn run(place: &Place, target: &Target<'_>, load: Load) -> Result<Shown, String> {
    let options = [
        ("address", target.address.to_owned()),
        ("terminals", target.terminals.to_string()),
        ("connections", load.connections.to_string()),
        ("visit", VISIT.to_string()),
        ("trace", load.trace.to_string()),
        ("rate", load.rate.to_string()),
        ("warmup-ms", WARM_MS.to_string()),
        ("measure-ms", (load.seconds * 1000).to_string()),
    ];
    let part = Part::start(&mut place.part("load", &options))?;
    part.said("window-begins", PATIENCE)?;
    let before = Seen::now(place, target, &part);
    part.said("window-ends", PATIENCE + Duration::from_secs(load.seconds))?;
    let after = Seen::now(place, target, &part);
    let mut told = BTreeMap::new();
    while let Some(line) = part.line(PATIENCE)? {
        if let Some((name, value)) = line.split_once(' ') {
            told.insert(name.to_owned(), value.parse::<u64>().unwrap_or(0));
        }
    }
    part.end()?;
    let mut shown = shown(&told, &before, &after)?;
    shown.connections = load.connections;
    Ok(shown)
}

fn shown(told: &BTreeMap<String, u64>, before: &Seen, after: &Seen) -> Result<Shown, String> {
    let of = |name: &str| {
        told.get(name)
            .copied()
            .ok_or_else(|| format!("the load did not tell {name}"))
    };
    let (answered, window) = (of("answered")?, of("window-ns")?);
    if answered == 0 {
        return Err("nothing was answered".to_owned());
    }
    let each = |now: u64, then: u64| float(now.saturating_sub(then)) / float(answered);
    let codes = told
        .iter()
        .filter_map(|(name, count)| Some((name.strip_prefix("code-")?.to_owned(), *count)));
    let cpu = |seen: &Seen| seen.server.cpu_us + seen.database.cpu_us + seen.load.cpu_us + seen.network.cpu_us;
    let ours = cpu(after).saturating_sub(cpu(before));
    let (all, cores) = (
        after.machine.saturating_sub(before.machine),
        std::thread::available_parallelism(),
    );
    let capacity = float(window) / 1000.0 * float(cores.map_or(1, |n| u64::try_from(n.get()).unwrap_or(1)));
    Ok(Shown {
        rate: float(answered) * 1e9 / float(window),
        p50_us: float(of("p50-ns")?) / 1000.0,
        p99_us: float(of("p99-ns")?) / 1000.0,
        p999_us: float(of("p999-ns")?) / 1000.0,
        server_us: each(after.server.cpu_us, before.server.cpu_us),
        database_us: each(after.database.cpu_us, before.database.cpu_us),
        load_us: each(after.load.cpu_us, before.load.cpu_us),
        network_us: each(after.network.cpu_us, before.network.cpu_us),
        written: each(
            after.server.written + after.database.written,
            before.server.written + before.database.written,
        ),
        others: float(all.saturating_sub(ours)) / capacity * 100.0,
        codes: codes.collect(),
        trace_after: of("trace-after")?,
        connections: 0,
    })
}

impl Shown {
    /// Answers that were no approvals.
    pub fn refusals(&self) -> u64 {
        self.codes
            .iter()
            .filter(|(code, _)| *code != "00")
            .map(|(_, count)| count)
            .sum()
    }

    /// A line about it.
    pub fn told(&self) -> String {
        format!(
            "{:.0} sales/s, p50 {:.2} ms, p99 {:.2} ms, server {:.1} µs CPU a sale, others used {:.0} % of the machine; answers {:?}",
            self.rate,
            self.p50_us / 1000.0,
            self.p99_us / 1000.0,
            self.server_us,
            self.others,
            self.codes
        )
    }
}

/// The first trace number that a world may use next, kept beside it.
pub struct Traces(std::path::PathBuf);

impl Traces {
    /// Of a world.
    pub fn of(place: &Place, world: &str) -> Self {
        Self(place.directory.join(format!("{world}.trace")))
    }

    /// The next.
    pub fn next(&self) -> u64 {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.trim().parse().unwrap_or(1)
    }

    /// Everything below has been used.
    pub fn used(&self, next: u64) -> Result<(), String> {
        std::fs::write(&self.0, next.to_string()).map_err(|error| format!("{}: {error}", self.0.display()))
    }

    /// Begins again.
    pub fn forget(&self) {
        // There is none where the world is new.
        let _ = std::fs::remove_file(&self.0);
    }
}
