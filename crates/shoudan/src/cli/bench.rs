//! What `cargo xtask bench` needs inside: a world of many terminals written in bulk, and the time of one commit. Nobody
//! else calls this, and a database that holds anything is refused.

use std::process::ExitCode;
use std::time::Instant;

use crate::keys_config::KeyProfile;
use anyhow::bail;
use clap::Args;
use domain::time::{Duration, Time};
use operations::refused::Done;
use operations::sealing::Sealer;
use simulators::load::{Crowd, PER_MERCHANT};
use store::{Config, Db, Tx, bulk, settings};

use crate::clock::{Clock, Kind};
use crate::config::KeyFiles;

mod rows;

/// Options of `bench-world`.
#[derive(Args)]
pub(super) struct BenchWorld {
    /// Which database: `sqlite:PATH` or `postgres://…`. Its keys come from the environment, as those of `serve`.
    #[arg(long)]
    database: String,
    /// How many terminals, ten to a merchant.
    #[arg(long)]
    terminals: u64,
    /// How many past transactions.
    #[arg(long)]
    past: u64,
    /// Where the terminals' keys start from.
    #[arg(long)]
    seed: u64,
}

/// Options of `bench-commit`.
#[derive(Args)]
pub(super) struct BenchCommit {
    /// Which database.
    #[arg(long)]
    database: String,
    /// How many commits, one after the other.
    #[arg(long, default_value_t = 300)]
    commits: usize,
}

/// Says that a world is whole, and which.
const MARK: &str = "bench.world";
/// Merchants to a transaction.
const AT_ONCE: u64 = 200;

fn open(address: &str) -> anyhow::Result<Db> {
    let db = Db::open(&Config::from_url(address)?)?;
    db.migrate(store::schema::MIGRATIONS)?;
    Ok(db)
}

/// Writes the world, unless it is there.
pub(super) fn world(asked: &BenchWorld) -> anyhow::Result<ExitCode> {
    let keys = KeyFiles::default().read()?;
    let sealer = Sealer::new(*keys.data.expose(), *keys.index.expose());
    let module = KeyFiles::default().module(KeyProfile::Test)?;
    let db = open(&asked.database)?;
    let mark = format!(
        "{} terminals, {} past, seed {}",
        asked.terminals, asked.past, asked.seed
    );
    match db
        .read(|tx| -> Done<Option<String>> { Ok(settings::get(tx, MARK)?) })
        .wait()?
    {
        Some(there) if there == mark => {
            println!("world-kept");
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => bail!("the database holds another world ({other}), or one that was cut off"),
        None => {}
    }
    db.write(|tx| -> Done<()> { Ok(settings::put(tx, MARK, "begun")?) })
        .wait()?;
    let plan = std::sync::Arc::new(rows::Plan {
        crowd: Crowd { seed: asked.seed },
        sealer,
        module,
        terminals: asked.terminals,
        past: asked.past,
        now: Clock::new(Kind::Machine, 0, 0, 0).now(),
    });
    db.write(|tx| -> Done<()> {
        bulk::fill(tx, &bulk::MODELS, vec![rows::model()])?;
        Ok(())
    })
    .wait()?;
    let merchants = asked.terminals.div_ceil(PER_MERCHANT);
    let start = Instant::now();
    for first in (0..merchants).step_by(usize::try_from(AT_ONCE)?) {
        let last = merchants.min(first + AT_ONCE);
        let plan = std::sync::Arc::clone(&plan);
        db.write(move |tx| write(tx, &plan, first..last)).wait()?;
        if last.is_multiple_of(10_000) {
            eprintln!("{last} of {merchants} merchants after {} s", start.elapsed().as_secs());
        }
    }
    db.write(move |tx| -> Done<()> {
        // The rows have their entries, so that the server's first start does not walk all of them. Their volumes are left
        // out: nobody asks for balances of this world.
        settings::put(tx, operations::payments::ledger::POSTED, "begun")?;
        Ok(settings::put(tx, MARK, &mark)?)
    })
    .wait()?;
    println!("world-made");
    Ok(ExitCode::SUCCESS)
}

fn write(tx: &mut Tx<'_>, plan: &rows::Plan, merchants: std::ops::Range<u64>) -> Done<()> {
    for (table, rows) in rows::of(plan, merchants) {
        bulk::fill(tx, table, rows)?;
    }
    Ok(())
}

/// Prints the median time of a small commit, nanoseconds.
pub(super) fn commit(asked: &BenchCommit) -> anyhow::Result<ExitCode> {
    let db = open(&asked.database)?;
    let mut took = Vec::with_capacity(asked.commits);
    for _ in 0..asked.commits {
        let start = Instant::now();
        db.probe().wait()?;
        took.push(start.elapsed().as_nanos());
    }
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    println!("commit-ns {median}");
    Ok(ExitCode::SUCCESS)
}

/// How long the world has existed before it is measured.
const AGE: Duration = Duration::days(400);
/// Sales lie within so many days before now, at most.
const PAST: i64 = 29;

/// The moment at which the `n`th of `all` things came into being, over the first half of the world's age.
fn born(now: Time, n: u64, all: u64) -> Time {
    let half = AGE.as_millis() / 2;
    let share = i128::from(half) * i128::from(n) / i128::from(all.max(1));
    now - AGE + Duration::millis(i64::try_from(share).unwrap_or(half))
}
