//! The key module: the only place where keys of terminals exist in clear, or are commanded inside a token. Everyone else
//! holds stored blocks, which are sealed, and handles, which do one thing each: compute a MAC, take a PIN from one key to
//! another, open a track.
//!
//! Two implementations. [`KeyModule::software`] keeps master keys in this process and is for development and tests; the
//! production profile refuses it. [`KeyModule::token`] works through PKCS#11; see [`token`] for what stays inside.

mod block;
mod handles;
mod known;
mod software;
pub mod token;

use std::sync::Arc;

use domain::ids::IdSource;
use domain::secret::Secret;
use iso8583::EncodeError;
use iso8583::card::CardError;
use iso8583::crypto::{DesKey, KeyError, MacAlgorithm, MacKey};
use iso8583::values::{KeyLayout, WrappedKey};
use zeroize::{Zeroize, Zeroizing};

use crate::refused::Refused;
use crate::sealing::Sealer;
use block::Cipher;
pub use block::ParentId;
pub use handles::{MacHandle, PinHandle, TrackHandle};
pub use known::KNOWN;
pub use token::TokenSettings;

/// What a key is for. It is part of every stored block, so that a key made for one thing opens for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// Master key of a terminal: encrypts the others on their way.
    Tmk,
    /// PIN key.
    Pik,
    /// MAC key.
    Mak,
    /// Track key.
    Tdk,
    /// A component of a master key that has not met the other one yet.
    Component,
    /// The PIN key shared with the card network.
    Zone,
}

impl KeyKind {
    /// The keys a sign-in replaces.
    pub const WORKING: [Self; 3] = [Self::Pik, Self::Mak, Self::Tdk];
    /// The keys of a terminal.
    pub const OF_TERMINAL: [Self; 4] = [Self::Tmk, Self::Pik, Self::Mak, Self::Tdk];

    const NAMES: [(Self, &'static str, u8); 6] = [
        (Self::Tmk, "tmk", b'K'),
        (Self::Pik, "pik", b'P'),
        (Self::Mak, "mak", b'M'),
        (Self::Tdk, "tdk", b'D'),
        (Self::Component, "component", b'C'),
        (Self::Zone, "zone", b'Z'),
    ];

    /// How it is written in rows.
    pub fn code(self) -> &'static str {
        let row = Self::NAMES.iter().find(|row| row.0 == self);
        row.map_or("-", |row| row.1)
    }

    /// The kind that rows write so.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::NAMES.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    fn letter(self) -> u8 {
        let row = Self::NAMES.iter().find(|row| row.0 == self);
        row.map_or(b'?', |row| row.2)
    }

    fn of_letter(letter: u8) -> Option<Self> {
        Self::NAMES.iter().find(|row| row.2 == letter).map(|row| row.0)
    }
}

/// Whether keys protect real money. A block of one profile does not open in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Development, demonstration, tests.
    Test,
    /// Real terminals.
    Production,
}

/// Where a key belongs; a block that was moved to another place does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Merchant id.
    pub merchant: &'a str,
    /// Terminal id.
    pub terminal: &'a str,
    /// What it is for.
    pub kind: KeyKind,
    /// Which of its kind: versions count up from 1.
    pub version: i64,
}

impl Place<'_> {
    /// The zone key, which belongs to no terminal.
    pub const ZONE: Place<'static> = Place {
        merchant: "-",
        terminal: "-",
        kind: KeyKind::Zone,
        version: 1,
    };

    fn text(&self) -> String {
        let Self {
            merchant,
            terminal,
            kind,
            version,
        } = self;
        format!("terminal_keys/{merchant}/{terminal}/{}/{version}", kind.code())
    }
}

/// Why the key module did not do what was asked. Never a yes.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The token or its library does not answer; try again, or look at the device.
    #[error("the key module cannot be reached: {0}")]
    Unavailable(String),
    /// A stored block does not authenticate.
    #[error("a stored key does not open: {0}")]
    Damaged(&'static str),
    /// A key is used for something else than it was made for.
    #[error("a stored key does not open: it is a {} and was asked for as a {}", .is.code(), .wanted.code())]
    Usage {
        /// What it was made for.
        is: KeyKind,
        /// What it was asked for.
        wanted: KeyKind,
    },
    /// The parent that a block names is not configured.
    #[error("a stored key does not open: the master key it stands under is not configured")]
    NoParent,
    /// This key module has no such cipher.
    #[error("the key module cannot do this: {0}")]
    Unsupported(&'static str),
    /// Bytes that are no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A message that cannot be written.
    #[error(transparent)]
    Message(#[from] EncodeError),
    /// A card field that is none.
    #[error(transparent)]
    Card(#[from] CardError),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Message(error) => Self::Inconsistent(format!("a message cannot be written: {error}")),
            other => Self::Keys(other.to_string()),
        }
    }
}

/// What a key makes of two fixed blocks: equal for equal keys (DES keys that differ in parity only are equal), told apart
/// otherwise, and nothing of the key. The fingerprint is a keyed digest of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature(Secret<Vec<u8>>);

impl Signature {
    fn of(cipher: &[u8], made: &[u8]) -> Self {
        Self(Secret::new([cipher, made].concat()))
    }
}

/// The two blocks of [`Signature`].
fn signed_blocks() -> ([u8; 8], [u8; 8]) {
    (*b"key sign", *b"ature of")
}

/// A key as it is kept.
pub struct Stored {
    /// The sealed block.
    pub block: Vec<u8>,
    /// Check value.
    pub check: [u8; 4],
    /// For the fingerprint.
    pub signature: Signature,
}

impl Stored {
    /// The keyed fingerprint, by which equal keys are told without being kept.
    pub fn fingerprint(&self, sealer: &Sealer) -> String {
        self.signature.fingerprint(sealer)
    }
}

impl Signature {
    /// The keyed fingerprint of the key.
    pub fn fingerprint(&self, sealer: &Sealer) -> String {
        sealer.fingerprint(self.0.expose())
    }
}

/// A working key that is wanted.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it will be kept.
    pub place: Place<'a>,
    /// 8 or 16 bytes.
    pub size: usize,
    /// Which cipher: SM4 in the SM4 layout.
    pub layout: KeyLayout,
}

impl Wanted<'_> {
    fn cipher(&self) -> Cipher {
        match (self.layout, self.size) {
            (KeyLayout::Sm4, _) => Cipher::Sm4,
            (_, 8) => Cipher::Single,
            _ => Cipher::Double,
        }
    }
}

/// Keys and what is done with them.
pub enum KeyModule {
    /// Master keys in this process.
    Software(software::Software),
    /// Master keys in a token.
    Token(Arc<token::Token>),
    /// None: for tools that work on the database without the keys. Everything that needs one is [`Fault::Unavailable`].
    Absent,
}

fn absent() -> Fault {
    Fault::Unavailable("this program was started without keys".to_owned())
}

impl KeyModule {
    /// The module for development and tests, under a master key of 32 bytes.
    pub fn software(master: [u8; 32]) -> Self {
        Self::Software(software::Software::new(master))
    }

    /// The same module, also opening what stands under an earlier master key. A token names its earlier ones in its settings.
    #[must_use]
    pub fn also_opening(mut self, earlier: [u8; 32]) -> Self {
        if let Self::Software(software) = &mut self {
            software.also_opening(earlier);
        }
        self
    }

    /// The module inside a token. [`Fault::Unavailable`] where there is no such library, token or master key.
    pub fn token(settings: TokenSettings) -> Result<Self, Fault> {
        token::Token::open(settings).map(|token| Self::Token(Arc::new(token)))
    }

    /// `software` or `pkcs11`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Software(_) => "software",
            Self::Token(_) => "pkcs11",
            Self::Absent => "absent",
        }
    }

    /// Whether its keys are for real money.
    pub fn profile(&self) -> Profile {
        match self {
            Self::Software(_) | Self::Absent => Profile::Test,
            Self::Token(token) => token.profile(),
        }
    }

    /// The parent that new blocks stand under. For the token: [`Fault::Unavailable`].
    pub fn parent(&self) -> Result<ParentId, Fault> {
        match self {
            Self::Software(software) => Ok(software.parent()),
            Self::Token(token) => token.parent(),
            Self::Absent => Err(absent()),
        }
    }

    /// Takes a clear key of 16 bytes in: a terminal's master key, or one component of it.
    pub fn import(&self, place: &Place<'_>, key: &Secret<[u8; 16]>, ids: &mut IdSource) -> Result<Stored, Fault> {
        self.import_any(place, key.expose(), ids)
    }

    /// Takes a clear DES key of 8 or 16 bytes in, for any use: for worlds that tests and measurements make up.
    pub fn import_any(&self, place: &Place<'_>, key: &[u8], ids: &mut IdSource) -> Result<Stored, Fault> {
        let cipher = Cipher::des(key.len())?;
        match self {
            Self::Software(software) => software.import(place, cipher, key, ids),
            Self::Token(token) => token.import(place, cipher, key),
            Self::Absent => Err(absent()),
        }
    }

    /// Joins two components into a master key: their sum without carry.
    pub fn combine(
        &self,
        place: &Place<'_>,
        components: [(&Place<'_>, &[u8]); 2],
        ids: &mut IdSource,
    ) -> Result<(Stored, bool), Fault> {
        let mut whole = Zeroizing::new([0_u8; 16]);
        for (place, block) in components {
            if place.kind != KeyKind::Component {
                return Err(Fault::Usage {
                    is: place.kind,
                    wanted: KeyKind::Component,
                });
            }
            let part = match self {
                Self::Software(software) => software.open(place, block)?.bytes,
                Self::Token(token) => token.component(place, block)?,
                Self::Absent => return Err(absent()),
            };
            whole.iter_mut().zip(part.iter()).for_each(|(a, b)| *a ^= b);
        }
        let known = known::is_known(&whole);
        Ok((self.import_any(place, whole.as_slice(), ids)?, known))
    }

    /// Makes a working key under a terminal's master key: as it is kept, and as the terminal gets it.
    pub fn issue(
        &self,
        (master, block): (&Place<'_>, &[u8]),
        wanted: &Wanted<'_>,
        ids: &mut IdSource,
    ) -> Result<(Stored, WrappedKey), Fault> {
        need(master, &[KeyKind::Tmk])?;
        match self {
            Self::Software(software) => software.issue(&software.open(master, block)?, wanted, ids),
            Self::Token(token) => token.issue(&token.key(master, block)?, wanted),
            Self::Absent => Err(absent()),
        }
    }

    /// A working key that is kept already, as the terminal gets it: what a sign-in brings whose answer may have been lost.
    /// None where the key is of another cipher or length than is wanted.
    pub fn cover_again(
        &self,
        (master, block): (&Place<'_>, &[u8]),
        wanted: &Wanted<'_>,
        kept: &[u8],
    ) -> Result<Option<WrappedKey>, Fault> {
        need(master, &[KeyKind::Tmk])?;
        let (header, _) = block::Header::read(kept)?;
        if header.cipher != wanted.cipher() {
            return Ok(None);
        }
        match self {
            Self::Software(software) => {
                let (master, key) = (software.open(master, block)?, software.open(&wanted.place, kept)?);
                software::covered(&master, &key).map(Some)
            }
            Self::Token(token) => token.cover_again(&token.key(master, block)?, wanted, kept).map(Some),
            Self::Absent => Err(absent()),
        }
    }

    /// Opens a MAC key. [`Fault::Key`] where it does not fit the algorithm: the terminal has to sign in again.
    pub fn mac(&self, place: &Place<'_>, block: &[u8], algorithm: MacAlgorithm) -> Result<MacHandle, Fault> {
        need(place, &[KeyKind::Mak])?;
        match self {
            Self::Software(software) => {
                let opened = software.open(place, block)?;
                let sm4 = opened.cipher == Cipher::Sm4;
                if sm4 != (algorithm == MacAlgorithm::Sm4Ecb) {
                    return Err(KeyError::Size {
                        given: opened.bytes.len(),
                        expected: "a key of the algorithm's cipher",
                    }
                    .into());
                }
                Ok(MacHandle::software(MacKey::new(algorithm, &opened.bytes)?))
            }
            Self::Token(token) => Ok(MacHandle::token(token.mac_key(place, block, algorithm)?)),
            Self::Absent => Err(absent()),
        }
    }

    /// Opens a PIN key: a terminal's, or the zone's.
    pub fn pin(&self, place: &Place<'_>, block: &[u8]) -> Result<PinHandle, Fault> {
        need(place, &[KeyKind::Pik, KeyKind::Zone])?;
        match self {
            Self::Software(software) => Ok(PinHandle::software(des(&software.open(place, block)?)?)),
            Self::Token(token) => Ok(PinHandle::token(token.key(place, block)?)),
            Self::Absent => Err(absent()),
        }
    }

    /// Opens a track key.
    pub fn track(&self, place: &Place<'_>, block: &[u8]) -> Result<TrackHandle, Fault> {
        need(place, &[KeyKind::Tdk])?;
        match self {
            Self::Software(software) => Ok(TrackHandle::software(des(&software.open(place, block)?)?)),
            Self::Token(token) => Ok(TrackHandle::token(token.key(place, block)?)),
            Self::Absent => Err(absent()),
        }
    }

    /// Takes the zone key in, as an operator handed it over; see [`Place::ZONE`].
    pub fn seal_zone(&self, key: &DesKey, ids: &mut IdSource) -> Result<Stored, Fault> {
        self.import_any(&Place::ZONE, key.expose(), ids)
    }

    /// A handle on the zone key, from its clear form: for development and tests.
    pub fn zone(&self, key: &DesKey) -> Result<PinHandle, Fault> {
        match self {
            Self::Software(_) => Ok(PinHandle::software(key.clone())),
            Self::Token(token) => {
                let sealed = token.import(&Place::ZONE, Cipher::des(key.expose().len())?, key.expose())?;
                self.pin(&Place::ZONE, &sealed.block)
            }
            Self::Absent => Err(absent()),
        }
    }

    /// The clear master key of a terminal, for whoever plays the machine in a demonstration: this process's own module
    /// only. A token never shows one.
    pub fn reveal(&self, place: &Place<'_>, block: &[u8]) -> Result<Secret<Vec<u8>>, Fault> {
        need(place, &[KeyKind::Tmk])?;
        match self {
            Self::Software(software) => Ok(Secret::new(software.open(place, block)?.bytes.to_vec())),
            Self::Token(_) => Err(Fault::Unsupported("showing a key")),
            Self::Absent => Err(absent()),
        }
    }

    /// Whether a stored block authenticates at its place, for its usage and profile, under a parent that is configured.
    pub fn authenticate(&self, place: &Place<'_>, block: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Software(software) => software.open(place, block).map(|_| ()),
            Self::Token(token) => token.authenticate(place, block),
            Self::Absent => Err(absent()),
        }
    }

    /// The block again under the current parent; none where it stands under it already.
    pub fn rewrap(&self, place: &Place<'_>, block: &[u8], ids: &mut IdSource) -> Result<Option<Vec<u8>>, Fault> {
        match self {
            Self::Software(software) => software.rewrap(place, block, ids),
            Self::Token(token) => token.rewrap(place, block),
            Self::Absent => Err(absent()),
        }
    }
}

/// The parent a stored block names; none where it is no block. Authenticates nothing.
pub fn parent_of(block: &[u8]) -> Option<ParentId> {
    block::Header::read(block).ok().map(|(header, _)| header.parent)
}

/// What a stored block says it is for, and in which profile; none where it is no block. Authenticates nothing.
pub fn claims_of(block: &[u8]) -> Option<(KeyKind, Profile)> {
    let (header, _) = block::Header::read(block).ok()?;
    Some((header.kind, header.profile))
}

/// Whether a master key is one that everyone knows.
pub fn is_known(key: &Secret<[u8; 16]>) -> bool {
    known::is_known(key.expose())
}

/// The signatures of every key that everyone knows.
pub fn known_signatures() -> Result<Vec<Signature>, Fault> {
    known::all()
        .map(|key| software::described(Cipher::Double, &key).map(|(_, signature)| signature))
        .collect()
}

fn need(place: &Place<'_>, kinds: &[KeyKind]) -> Result<(), Fault> {
    match kinds.first() {
        Some(wanted) if !kinds.contains(&place.kind) => Err(Fault::Usage {
            is: place.kind,
            wanted: *wanted,
        }),
        _ => Ok(()),
    }
}

fn des(opened: &software::Opened) -> Result<DesKey, Fault> {
    if opened.cipher == Cipher::Sm4 {
        return Err(Fault::Unsupported("PIN and track under SM4"));
    }
    Ok(DesKey::new(&opened.bytes)?)
}

impl Drop for Signature {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_exposed();
        bytes.zeroize();
    }
}
