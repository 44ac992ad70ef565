//! Every change and every question of Shoudan, as plain functions over one transaction. They load rows, ask `domain`
//! what follows, and write rows, audit entry and events in that one transaction. No HTTP, no socket, no clock.
//!
//! Read [`ctx`] and [`views`] first; then one file per kind of operation.

pub mod agreements;
pub mod audit;
pub mod batches;
pub mod chain;
pub mod check;
pub mod ctx;
pub mod events;
pub mod explain;
pub mod gates;
pub mod jobs;
pub mod key_module;
pub mod keys;
pub mod moves;
pub mod once;
pub mod payments;
pub mod people;
pub mod private;
pub mod refused;
pub mod requests;
pub mod reversals;
pub mod reviews;
pub mod sealing;
pub mod session;
pub mod stops;
pub mod test_clock;
pub mod trace;
pub mod views;
pub mod vouching;

pub use ctx::{Actor, Ctx, Platform};
pub use refused::Refused;
/// The transaction every operation runs in, and what undoes it; whoever calls an operation passes the one on and reads
/// nothing through it.
pub use store::{Error as StoreError, Tx};
pub mod clocks;
pub mod dormancy;
pub mod downloads;
pub mod health;
pub mod merchants;
pub mod names;
pub mod narrowed;
pub mod network;
pub mod search;
pub mod signatures;
pub mod slips;
pub mod takings;
pub mod terminals;
pub mod trigger;
