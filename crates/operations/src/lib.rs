//! Every change and every question of Shoudan, as plain functions over one transaction. They load rows, ask `domain`
//! what follows, and write rows, audit entry and events in that one transaction. No HTTP, no socket, no clock.
//!
//! Read [`ctx`] and [`views`] first; then one file per kind of operation.

pub mod chain;
pub mod gates;
pub mod moves;
pub mod stops;
pub mod explain;
pub mod requests;
pub mod reviews;
pub mod payments;
pub mod session;
pub mod batches;
pub mod keys;
pub mod reversals;
pub mod ctx;
pub mod refused;
pub mod views;
pub mod trace;
pub mod check;
pub mod test_clock;
pub mod people;
pub mod once;
pub mod jobs;
pub mod audit;
pub mod sealing;
pub mod private;
pub mod events;

pub use ctx::{Actor, Ctx, Platform};
pub use refused::Refused;
pub mod merchants;
pub mod terminals;
pub mod network;
pub mod dormancy;
pub mod search;
pub mod trigger;
pub mod takings;
