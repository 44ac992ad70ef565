//! What the rest of the program holds instead of keys. A handle is cheap to clone, does one thing, and shows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use iso8583::crypto::{
    DesKey, MacKey, clear_pin_block, decrypt_track, decrypt_track_with, pin_from_clear_block, translate_pin,
};
use iso8583::{Message, Pan};
use zeroize::Zeroizing;

use super::Fault;
use super::token::{TokenKey, TokenMac};

/// A MAC key: vouches for messages and checks them.
#[derive(Clone)]
pub struct MacHandle {
    key: Mac,
    /// Messages sealed or checked, by all clones together.
    uses: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Mac {
    Software(Arc<MacKey>),
    Token(Arc<TokenMac>),
}

impl MacHandle {
    pub(super) fn software(key: MacKey) -> Self {
        Self::new(Mac::Software(Arc::new(key)))
    }

    pub(super) fn token(key: TokenMac) -> Self {
        Self::new(Mac::Token(Arc::new(key)))
    }

    fn new(key: Mac) -> Self {
        Self {
            key,
            uses: Arc::default(),
        }
    }

    fn mac(&self, data: &[u8]) -> Result<[u8; 8], Fault> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        match &self.key {
            Mac::Software(key) => Ok(key.mac(data)),
            Mac::Token(key) => key.mac(data),
        }
    }

    /// Whether field 64 belongs to the rest of the message; false where there is none. [`Fault::Unavailable`] where the
    /// key cannot be asked: then nothing is known and the message must not be believed.
    pub fn verify(&self, message: &Message) -> Result<bool, Fault> {
        let Some(given) = message.array::<8>(64) else {
            return Ok(false);
        };
        let Ok(block) = message.mac_block().map(Zeroizing::new) else {
            return Ok(false);
        };
        Ok(same(self.mac(&block)?, given))
    }

    /// Puts the MAC of the message into field 64, replacing one that is there.
    pub fn seal(&self, message: &mut Message) -> Result<(), Fault> {
        let mac = self.mac(&Zeroizing::new(message.mac_block()?))?;
        message.set_bytes(64, &mac)?;
        Ok(())
    }

    /// How many messages this key has dealt with since it was opened.
    pub fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    /// Whether asking this key may take long (it is in a device): then not on a thread that others wait for.
    pub fn blocks(&self) -> bool {
        matches!(self.key, Mac::Token(_))
    }
}

/// Whether two MACs are equal; takes the same time wherever they differ.
fn same(one: [u8; 8], other: [u8; 8]) -> bool {
    std::hint::black_box(u64::from_ne_bytes(one) ^ u64::from_ne_bytes(other)) == 0
}

/// A PIN key: a terminal's, or the one shared with the card network.
#[derive(Clone)]
pub struct PinHandle(Block);

/// A track key.
#[derive(Clone)]
pub struct TrackHandle(Block);

#[derive(Clone)]
enum Block {
    Software(Arc<DesKey>),
    Token(Arc<TokenKey>),
}

impl PinHandle {
    /// Whether asking this key may take long: see [`MacHandle::blocks`].
    pub fn blocks(&self) -> bool {
        matches!(self.0, Block::Token(_))
    }

    pub(super) fn software(key: DesKey) -> Self {
        Self(Block::Software(Arc::new(key)))
    }

    pub(super) fn token(key: TokenKey) -> Self {
        Self(Block::Token(Arc::new(key)))
    }

    /// Takes a PIN block from under this key to another, with or without the card number mixed in on either side. None
    /// where it does not open: wrong key, wrong card number, or garbled (answer code 99).
    pub fn translate(
        &self,
        block: [u8; 8],
        from_pan: Option<&Pan>,
        (to, to_pan): (&Self, Option<&Pan>),
    ) -> Result<Option<[u8; 8]>, Fault> {
        match (&self.0, &to.0) {
            (Block::Software(from), Block::Software(to)) => {
                Ok(translate_pin(block, (from, from_pan), (to, to_pan)).ok())
            }
            (Block::Token(from), Block::Token(to)) => {
                let clear = Zeroizing::new(from.decrypt(block)?);
                let Ok(pin) = pin_from_clear_block(*clear, from_pan) else {
                    return Ok(None);
                };
                to.encrypt(*clear_pin_block(&pin, to_pan)).map(Some)
            }
            _ => Err(Fault::Unsupported("a PIN from one key module to another")),
        }
    }
}

impl TrackHandle {
    /// Whether asking this key may take long: see [`MacHandle::blocks`].
    pub fn blocks(&self) -> bool {
        matches!(self.0, Block::Token(_))
    }

    pub(super) fn software(key: DesKey) -> Self {
        Self(Block::Software(Arc::new(key)))
    }

    pub(super) fn token(key: TokenKey) -> Self {
        Self(Block::Token(Arc::new(key)))
    }

    /// Puts an encrypted track back into the clear; none where it is no track.
    pub fn decrypt(&self, track: &str) -> Result<Option<Zeroizing<String>>, Fault> {
        match &self.0 {
            Block::Software(key) => Ok(decrypt_track(key, track).ok()),
            Block::Token(key) => match decrypt_track_with(track, |block| key.decrypt(block)) {
                Ok(track) => Ok(Some(track)),
                Err(Fault::Card(_)) => Ok(None),
                Err(other) => Err(other),
            },
        }
    }
}
