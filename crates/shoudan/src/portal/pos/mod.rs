//! The virtual POS: a drawn terminal over a simulated one that speaks to the gateway. Demonstration only.

pub mod cells;
mod page;
pub mod wire;

pub use page::{Choice, LogLine, Machine, POS, Pos, Slip, TestCard, pos};

#[cfg(test)]
mod tests;
