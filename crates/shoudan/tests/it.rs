//! The running gateway and a simulated card network, driven over sockets, on every database at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../operations/tests/it/estate.rs"]
#[allow(dead_code, missing_docs)]
mod estate;

#[path = "../../iso8583/tests/it/fuzz/mutate.rs"]
#[allow(dead_code, missing_docs)]
mod mutate;

mod it {
    pub mod campaign;
    pub mod clerk;
    pub mod hall;
    pub mod progress;
    pub mod raw;
    pub mod scene;

    pub mod doors_of_terminals;
    pub mod doors_tls;
    pub mod faults;
    pub mod former;
    pub mod gateway;
    pub mod hostile;
    pub mod killed;
    pub mod limits;
    pub mod mutated;
    pub mod protocol;
    pub mod repeats;
    pub mod reversing;
    pub mod unknown;
    pub mod upstream;
}
