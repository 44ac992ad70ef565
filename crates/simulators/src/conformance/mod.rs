//! A conformance kit for the makers of terminals and of hosts: it plays the other side by versioned vectors, checks every
//! message, and writes a report. It knows the protocol and nothing of the acquirer that it ships with.
//!
//! [`host`] plays a host against a terminal; [`probe`] plays a terminal against a host.

mod answers;
pub mod host;
mod judge;
pub mod probe;
mod replies;
mod report;
mod requests;
mod session;
mod vectors;

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use serde::{Deserialize, Serialize};

pub use report::{Report, Row, Verdict};
pub use vectors::{HostVectors, Story, TerminalVectors, VectorError, Words, name};

/// The numbers and keys of a terminal under test, or that the kit plays. No `Debug`: it holds a key and a test card.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// F41.
    pub terminal_number: String,
    /// F42.
    pub merchant_number: String,
    /// Serial number of the device.
    #[serde(default)]
    pub serial_number: String,
    /// Master key, 32 hex digits.
    pub master_key: String,
    /// MAC algorithm: `ecb`, `x9.9`, `x9.19`.
    #[serde(default = "ecb")]
    pub mac: String,
    /// Transport address, ten digits.
    #[serde(default = "tpdu")]
    pub tpdu: String,
    /// Last trace number used.
    #[serde(default)]
    pub trace: u32,
    /// The card that is used against a host.
    #[serde(default)]
    pub card: Option<crate::terminal::Card>,
}

fn ecb() -> String {
    "ecb".to_owned()
}

fn tpdu() -> String {
    "6000030000".to_owned()
}

impl Identity {
    /// The kit's own: what a terminal under test is loaded with unless its maker has other numbers.
    pub fn of_the_kit() -> Self {
        Self {
            terminal_number: "10000001".to_owned(),
            merchant_number: "898110054110001".to_owned(),
            serial_number: "SD0000000001".to_owned(),
            master_key: "0123456789ABCDEFFEDCBA9876543210".to_owned(),
            mac: ecb(),
            tpdu: tpdu(),
            trace: 0,
            card: None,
        }
    }

    /// The usual one where the name is none. SM4 keys have a sign-in of their own, which version 1 does not cover.
    fn algorithm(&self) -> MacAlgorithm {
        self.mac.parse().unwrap_or_default()
    }
}

/// Working keys in clear.
struct WorkingKeys {
    pin: DesKey,
    mac: MacKey,
}

#[cfg(test)]
mod tests;
