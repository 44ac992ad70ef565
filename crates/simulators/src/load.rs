//! What a load of sales is made of: terminals whose numbers and keys follow from their place in a crowd, a sale as bytes
//! that are patched instead of encoded anew, and a reader of answers that looks at places instead of decoding.
//!
//! A world for measuring gives every terminal the keys named here, so a generator needs no sign-in and no list.

mod places;
mod sale;

pub use places::{Places, answer_to};
pub use sale::{Answer, Sale};

use iso8583::crypto::{DesKey, KeyError, MacAlgorithm, MacKey};

/// Terminals of one merchant.
pub const PER_MERCHANT: u64 = 10;
/// The batch that every terminal is in; what it sold before stands in earlier ones.
pub const BATCH: u32 = 100;
/// The acquirer's number, field 32.
pub const ACQUIRER: &str = "48221000";

/// Terminals numbered from 0, the same from the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Where keys start from.
    pub seed: u64,
}

/// Which key of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Master key, 16 bytes.
    Master,
    /// PIN key, 16 bytes.
    Pin,
    /// MAC key, 8 bytes.
    Mac,
}

impl Crowd {
    /// Field 41 of the `n`th terminal. Eight digits: there is room for ninety million.
    pub fn terminal_number(n: u64) -> String {
        format!("{:08}", 10_000_000 + n % 90_000_000)
    }

    /// Field 42 of the merchant of the `n`th terminal: acquirer, a made-up city, a category, a sequence.
    pub fn merchant_number(n: u64) -> String {
        let merchant = n / PER_MERCHANT;
        format!("822{:04}5411{:04}", 1000 + merchant / 10_000, merchant % 10_000)
    }

    /// The bytes of a key of the `n`th terminal, with odd parity.
    pub fn key(self, n: u64, key: Key) -> Vec<u8> {
        let (first, second) = match key {
            Key::Master => (0, 1),
            Key::Pin => (2, 3),
            Key::Mac => return DesKey::single_from_random(self.random(n, 4)).expose().to_vec(),
        };
        let mut bytes = [0; 16];
        let halves = [self.random(n, first), self.random(n, second)].concat();
        bytes.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
        DesKey::from_random(bytes).expose().to_vec()
    }

    /// The MAC key of the `n`th terminal.
    pub fn mac_key(self, n: u64) -> Result<MacKey, KeyError> {
        MacKey::new(MacAlgorithm::Ecb, &self.key(n, Key::Mac))
    }

    fn random(self, n: u64, place: u64) -> [u8; 8] {
        scattered(self.seed ^ scattered(n.wrapping_mul(8).wrapping_add(place))).to_be_bytes()
    }
}

/// A number that looks unlike the one it is made from (the finisher of `SplitMix64`). No secret, no chance.
pub fn scattered(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests;
