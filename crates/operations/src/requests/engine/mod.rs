//! What makes a request go on: carrying out, planning again, turns, and the review whose turn it is.

pub(super) mod carry;
pub(super) mod due;
pub(super) mod replan;
pub(super) mod turn;
