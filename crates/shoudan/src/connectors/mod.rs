//! The ways out: the parties that this program asks. Each answer is `Done`, `Refused` or unknown, and is read as a
//! stranger's.

pub mod network;
