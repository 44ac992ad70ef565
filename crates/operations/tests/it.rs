//! Operations told as stories, each on every database at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod it {
    pub mod world;

    pub mod accounts;
    pub mod activation;
    pub mod api_keys;
    pub mod asked;
    pub mod audit;
    pub mod check;
    pub mod closing;
    pub mod disclosure;
    pub mod dormancy;
    pub mod estate;
    pub mod events;
    pub mod four_eyes;
    pub mod gate;
    pub mod handing_over;
    pub mod jobs;
    pub mod keys;
    pub mod keys_module;
    pub mod ledger;
    pub mod limits;
    pub mod limits_hold;
    pub mod many;
    pub mod narrowed;
    pub mod network;
    pub mod offers;
    pub mod once;
    pub mod parties;
    pub mod payments;
    pub mod people;
    pub mod private;
    pub mod races;
    pub mod replacing;
    pub mod requests;
    pub mod shown;
    pub mod story;
    pub mod takings;
    pub mod test_clock;
    pub mod trace;
    pub mod trigger;
    pub mod ways_out;
}
