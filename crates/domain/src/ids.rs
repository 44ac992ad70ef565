//! Names of things: generated ids with a prefix per kind, and the numbers people and terminals use.

use crate::time::Time;
use sha2::{Digest, Sha256};
use std::fmt;

/// Why a text is not the id or number it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It belongs to another kind of thing, or to none.
    #[error("a {what} id starts with `{prefix}`")]
    Prefix {
        /// What was expected, in words.
        what: &'static str,
        /// The prefix that was expected.
        prefix: &'static str,
    },
    /// The part after the prefix is not 26 characters of a 128-bit number.
    #[error(
        "a {what} id has 26 characters of 0-9 A-Z without I, L, O, U after `{prefix}`; copy it whole, in upper case"
    )]
    Body {
        /// What was expected, in words.
        what: &'static str,
        /// The prefix that was expected.
        prefix: &'static str,
    },
    /// A number with the wrong length.
    #[error("a {what} has {expected} characters; this has {found}")]
    Length {
        /// What was expected, in words.
        what: &'static str,
        /// The length it must have, in words: `15`, `1 to 50`.
        expected: &'static str,
        /// The length it has.
        found: usize,
    },
    /// A number with a character that cannot stand in it.
    #[error("a {what} cannot contain `{found}` (character {position})")]
    Character {
        /// What was expected, in words.
        what: &'static str,
        /// Where the character stands, from 1.
        position: usize,
        /// The character.
        found: char,
    },
}

/// The 32 characters of Crockford's base 32: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The character of the lowest five bits of `bits`.
fn crockford(bits: u128) -> char {
    let index = usize::try_from(bits & 31).unwrap_or(0);
    char::from(CROCKFORD[index])
}

/// 128 bits as 26 characters, highest first, so that ids sort as their numbers do.
fn encode(number: u128) -> String {
    (0..26).rev().map(|place| crockford(number >> (place * 5))).collect()
}

/// Whether a text is what [`encode`] writes: 26 characters, the first small enough for 128 bits.
fn is_encoded(body: &str) -> bool {
    let bytes = body.as_bytes();
    bytes.len() == 26 && bytes.iter().all(|b| CROCKFORD.contains(b)) && bytes.first().is_some_and(|b| *b <= b'7')
}

/// A generated id: prefix, then 48 bits of milliseconds and 80 random bits. It sorts by the time of its making. It is
/// a name, never a secret: whoever knows one can guess others of the same millisecond.
pub trait Id: Sized + Clone + Ord + fmt::Display {
    /// The prefix with its underscore: `mch_`.
    const PREFIX: &'static str;
    /// What it names, in words, for error messages.
    const WHAT: &'static str;

    /// The id made at a time from random bytes. The same two give the same id.
    fn new(at: Time, random: [u8; 10]) -> Self;

    /// Its text.
    fn as_str(&self) -> &str;
}

/// The text of an id of one kind.
fn id_text(prefix: &str, at: Time, random: [u8; 10]) -> String {
    let millis = u128::try_from(at.millis()).unwrap_or(0) & ((1 << 48) - 1);
    let low = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    format!("{prefix}{}", encode((millis << 80) | low))
}

fn check_id(text: &str, prefix: &'static str, what: &'static str) -> Result<(), IdError> {
    match text.strip_prefix(prefix) {
        None => Err(IdError::Prefix { what, prefix }),
        Some(body) if is_encoded(body) => Ok(()),
        Some(_) => Err(IdError::Body { what, prefix }),
    }
}

/// `Display`, `Debug`, `FromStr`, serde and `AsRef<str>` for a newtype over its written text.
macro_rules! text_forms {
    ($name:ident, $error:ty) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! ids {
    ($($name:ident $prefix:literal $what:literal;)*) => {$(
        #[doc = concat!("The id of a ", $what, ": `", $prefix, "` and 26 characters.")]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The prefix with its underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id made at a time from random bytes. The same two give the same id.
            pub fn new(at: Time, random: [u8; 10]) -> Self {
                Self(id_text($prefix, at, random))
            }

            /// Reads an id, checking its prefix and its form.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check_id(text, $prefix, $what)?;
                Ok(Self(text.to_owned()))
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            const WHAT: &'static str = $what;
            fn new(at: Time, random: [u8; 10]) -> Self {
                Self::new(at, random)
            }
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        text_forms!($name, IdError);
    )*

        /// Every kind of id: prefix and what it names, for documentation and for search boxes.
        pub const KINDS: &[(&str, &str)] = &[$(($prefix, $what)),*];
    };
}

ids! {
    MerchantId "mch_" "merchant";
    ShopId "shp_" "shop";
    TerminalId "trm_" "terminal";
    DeviceId "dev_" "device";
    ModelId "mdl_" "model";
    RegistrationId "reg_" "registration";
    ContractId "ctr_" "contract";
    SettlementAccountId "sac_" "settlement account";
    AgentId "agt_" "agent";
    RegionId "rgn_" "region";
    StopId "stp_" "stop";
    RequestId "req_" "request";
    StepId "step_" "step";
    ReviewId "rvw_" "review";
    DocumentId "doc_" "document";
    TransactionId "pay_" "transaction";
    EventId "evt_" "event";
    AuditId "aud_" "audit entry";
    UserId "usr_" "user";
    PersonId "per_" "person";
    SessionId "ses_" "session";
    ApiKeyId "key_" "API key";
    JobId "job_" "job";
    NoticeId "ntc_" "notice";
}

mod numbers;
pub(crate) use numbers::half_width;
pub use numbers::{AgentNumber, ExplanationCode, ExplanationCodeError, MerchantNumber, SerialNumber, TerminalNumber};
pub(crate) use text_forms;

/// Random bytes and ids from one starting point: the same start gives the same sequence, so a simulated year repeats
/// byte for byte. SHA-256 of the start and a counter; nothing of the start can be learnt from what comes out.
#[derive(Clone)]
pub struct IdSource {
    start: [u8; 32],
    counter: u64,
    /// The time and the 80 low bits of the last id.
    last: (i64, u128),
    /// What ids begin with after their time, if not by chance.
    turn: Option<u32>,
}

impl IdSource {
    /// For tests, the demo and the simulation.
    pub fn seeded(seed: u64) -> Self {
        Self::from_entropy(Sha256::digest(seed.to_be_bytes()).into())
    }

    /// From 32 bytes of the operating system's randomness.
    pub const fn from_entropy(start: [u8; 32]) -> Self {
        Self {
            start,
            counter: 0,
            last: (i64::MIN, 0),
            turn: None,
        }
    }

    /// The same for the `turn`-th of several sources that make ids at one and the same millisecond, as all do while a
    /// clock stands still: ids of a later turn sort after those of an earlier one. Turns count up to 2³¹ - 1.
    pub const fn in_turn(self, turn: u32) -> Self {
        Self {
            turn: Some(turn),
            ..self
        }
    }

    fn block(&mut self) -> [u8; 32] {
        let digest = Sha256::new()
            .chain_update(self.start)
            .chain_update(self.counter.to_be_bytes())
            .finalize();
        self.counter = self.counter.wrapping_add(1);
        digest.into()
    }

    /// The next `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(32) {
            let block = self.block();
            for (to, from) in chunk.iter_mut().zip(block) {
                *to = from;
            }
        }
        out
    }

    /// A number from 0 to `limit - 1`; 0 when the limit is 0. Even to within one part in 2⁶⁴ of the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(u64::from_be_bytes(self.bytes())) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A new id made at `at`. Ids asked for at one and the same millisecond ascend.
    pub fn id<T: Id>(&mut self, at: Time) -> T {
        let random: [u8; 10] = self.bytes();
        let fresh = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let low = if at.millis() == self.last.0 {
            // A random step of up to 2³² keeps the next id from being this one plus one.
            self.last.1 + 1 + (fresh & 0xffff_ffff)
        } else {
            // One bit left free above: room for 2⁴⁷ ids within the millisecond. With a turn before the random part: 2¹⁵.
            self.turn.map_or(fresh >> 1, |turn| {
                (u128::from(turn) << 47 & (u128::MAX >> 49)) | (fresh & ((1 << 47) - 1))
            })
        };
        self.last = (at.millis(), low);
        let mut tail = [0; 10];
        for (to, from) in tail.iter_mut().zip(low.to_be_bytes().into_iter().skip(6)) {
            *to = from;
        }
        T::new(at, tail)
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdSource({} blocks drawn)", self.counter)
    }
}

#[cfg(test)]
mod tests;
