//! The virtual POS: a drawn terminal over a simulated one that speaks to the gateway. Demonstration only.

pub mod cells;
mod held;
mod page;
mod serve;
mod tap;
pub mod wire;

pub use page::{Choice, LogLine, Machine, POS, Pos, Slip, TestCard, pos};
pub use serve::routes;

#[cfg(test)]
mod tests;
