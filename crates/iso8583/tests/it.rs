//! Messages as real terminals and hosts sent them, vectors with public results, and bytes that nobody would send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod it {
    pub mod crypto;
    pub mod fuzz;
    pub mod properties;
    pub mod samples;
    pub mod values;
}
