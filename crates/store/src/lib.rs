//! The database floor: one SQL text on two engines.
//!
//! A change is a synchronous closure over a [`Tx`]; a [`Db`] carries it to a thread that owns a connection, and hands
//! back an [`Answer`] that can be awaited or waited for. This crate has no `async` function: no transaction can stay
//! open across the network.
//!
//! ```no_run
//! use store::{Config, Db, Error, args};
//! let db = Db::open(&Config::from_url("sqlite:/var/lib/shoudan/shoudan.db")?)?;
//! let balance = db
//!     .write(|tx| -> Result<i64, Error> {
//!         tx.exactly_one("update account set fen = fen - $2 where id = $1 and fen >= $2", args!["a", 500])?;
//!         tx.one("select fen from account where id = $1", args!["a"])?.take(0)
//!     })
//!     .wait()?;
//! # let _ = balance; Ok::<(), Error>(())
//! ```
//!
//! What holds on both engines:
//! - An `Err` from the closure, of whatever type, or a panic in it, undoes everything the closure did.
//! - After a failed statement the transaction is over: every later call says [`Error::Aborted`], and so does the
//!   answer if the closure nevertheless returned `Ok`. So catch a conflict with `on conflict do nothing`, not by error.
//! - A write may be run more than once (safe conflicts, a neighbour's failed commit): it must have no other effects.
//! - A `write` that was answered `Ok` is on disk. [`Error::Unknown`] means that nobody knows; look before trying again.
//! - Dropping an [`Answer`] does not withdraw the work.
//! - Waiting inside a closure for another `write` of the same database never ends.
//!
//! The common SQL: `$1..$n`; types `bigint`, `text`, `bytea`, `boolean`; `returning`, `on conflict`, row values, CTEs,
//! window functions. Cast a `sum` of `bigint` to `bigint`. Where PostgreSQL cannot tell a parameter's type from its
//! place (`select $1 is null`), write `cast($1 as bigint)`. Name every `check`; make unique rules either unnamed or
//! `create unique index`, so that [`Error::Constraint`] carries the same name on both.

mod config;
mod db;
mod error;
mod job;
mod migrate;
mod pg;
mod queue;
mod row;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod tx;
mod value;

pub mod api_keys;
pub mod audit;
pub mod events;
pub mod idempotency;
pub mod invariants;
pub mod jobs;
pub mod leases;
pub mod private;
pub mod schema;
pub mod sessions;
pub mod settings;
pub mod users;

pub use config::Config;
pub use db::{Db, Stats};
pub use error::Error;
pub use job::Answer;
pub use migrate::{Migration, MigrationReport};
pub use queue::{BATCHES, QueueStats};
pub use row::{FromValue, Row};
pub use tx::{Engine, Tx};
pub use value::{Given, Kind, Value};
pub mod batches;
pub mod bulk;
pub mod chain;
pub mod codes;
pub mod counters;
pub mod devices;
pub mod documents;
pub mod downloads;
pub mod effects;
pub mod fees;
pub mod gates;
pub mod health;
pub mod history;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod moves;
pub mod notices;
pub mod owners;
pub mod parties;
pub mod refusals;
pub mod registrations;
pub mod related;
pub mod requests;
pub mod reversals;
pub mod reviews;
pub mod search;
pub mod signatures;
pub mod steps;
pub mod stops;
pub mod takings;
pub mod terminals;
pub mod transactions;
