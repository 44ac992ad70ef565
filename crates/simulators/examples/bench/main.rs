//! The parts that `cargo xtask bench gateway` measures the gateway with, each in a process of its own so that the CPU
//! each takes can be told apart: the load of terminals, a card network that approves at once, and the two servers that
//! the gateway is compared with. The options are for xtask; nobody else calls this.
//!
//! What each prints stands one to a line, `name value`; lines without a value tell xtask that something begins or ends.

mod baseline;
mod host;
mod load;
mod network;
mod relay;
mod spread;

use std::collections::BTreeMap;
use std::process::ExitCode;

/// Anything that ends a part.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The options of a part: `--name value`.
struct Options(BTreeMap<String, String>);

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = BTreeMap::new();
        while let Some(word) = words.next() {
            let name = word
                .strip_prefix("--")
                .ok_or_else(|| format!("`{word}` is no option"))?;
            let value = words.next().ok_or_else(|| format!("`{word}` lacks a value"))?;
            options.insert(name.to_owned(), value);
        }
        Ok(Self(options))
    }

    fn text(&self, name: &str) -> Result<&str, Failure> {
        Ok(self.0.get(name).ok_or_else(|| format!("--{name} is needed"))?)
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        Ok(self
            .text(name)?
            .parse()
            .map_err(|_| format!("--{name} takes a number"))?)
    }
}

fn run() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let part = words.next().unwrap_or_default();
    let options = Options::read(words)?;
    match part.as_str() {
        "load" => load::run(&options),
        "idle" => load::idle(&options),
        "network" => network::run(&options),
        "relay" => relay::run(&options),
        "baseline" => baseline::run(&options),
        other => Err(format!("there is no part `{other}`").into()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
