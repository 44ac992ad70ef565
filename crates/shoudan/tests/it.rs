//! The running gateway and a simulated card network, driven over sockets, on every database at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../operations/tests/it/estate.rs"]
#[allow(dead_code, missing_docs)]
mod estate;

mod it {
    pub mod raw;
    pub mod scene;

    pub mod gateway;
    pub mod hostile;
    pub mod repeats;
    pub mod unknown;
}
