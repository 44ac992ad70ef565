//! `cargo xtask campaign NAME`: the long forms of tests that look for what nobody thought of. Each goes on where its last
//! run stopped; what it has reached and found lies in `target/campaign/NAME`.

mod fuzz;
mod options;
mod rust;

pub use options::{HELP, Options, parse};

use std::process::ExitCode;

/// Which campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Lines that lose, double, delay, reorder, cut, replay and alter frames.
    Faults,
    /// The server killed under load.
    Kill,
    /// Damaged messages, read by two decoders.
    Fuzz,
}

/// Runs it for the time asked for; fails where this run or an earlier one found anything.
pub fn run(options: &Options) -> ExitCode {
    let ended = match options.name {
        Name::Faults => rust::run(options, "faults", "it::faults::campaign"),
        Name::Kill => rust::run(options, "kill", "it::killed::campaign"),
        Name::Fuzz => fuzz::run(options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("xtask campaign: {message}");
            ExitCode::FAILURE
        }
    }
}
