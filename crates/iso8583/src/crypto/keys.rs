//! Keys: types that cannot be printed and are cleared when dropped.

use crate::bcd;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2};
use sm4::Sm4;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why bytes are no key, or data is nothing to encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Wrong size of a key.
    #[error("a key of {given} bytes given, {expected} expected")]
    Size {
        /// Bytes given.
        given: usize,
        /// What the algorithm takes.
        expected: &'static str,
    },
    /// Not hexadecimal.
    #[error("a key must be written as an even number of hex digits")]
    NotHex,
    /// Data in ECB mode must be whole blocks.
    #[error("data of {0} bytes is not a whole number of blocks")]
    NotWholeBlocks(usize),
    /// The check value does not belong to the key: wrong master key, or a garbled key block.
    #[error("the key check value does not match: the key was encrypted under another master key, or damaged")]
    CheckValue,
}

/// A DES key of 8 bytes, or a double-length key of 16 for triple DES (encrypt, decrypt, encrypt). No `Debug`, no `Display`.
#[derive(Clone)]
pub struct DesKey(Bytes);

#[derive(Clone)]
enum Bytes {
    Single(Zeroizing<[u8; 8]>),
    Double(Zeroizing<[u8; 16]>),
}

/// A key made ready for many blocks.
#[derive(Clone)]
pub(crate) enum DesCipher {
    Single(Des),
    Double(TdesEde2),
}

impl DesKey {
    /// A key of 8 or 16 bytes. Parity bits are not looked at.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        if let Ok(single) = bytes.try_into() {
            return Ok(Self(Bytes::Single(Zeroizing::new(single))));
        }
        match bytes.try_into() {
            Ok(double) => Ok(Self(Bytes::Double(Zeroizing::new(double)))),
            Err(_) => Err(KeyError::Size {
                given: bytes.len(),
                expected: "8 or 16",
            }),
        }
    }

    /// A key written in hex.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bcd::from_hex(text).ok_or(KeyError::NotHex)?);
        Self::new(&bytes)
    }

    /// A double-length key made of random bytes, with odd parity as DES keys have.
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(Bytes::Double(Zeroizing::new(random.map(odd_parity))))
    }

    /// A single-length key made of random bytes, with odd parity as DES keys have.
    pub fn single_from_random(random: [u8; 8]) -> Self {
        Self(Bytes::Single(Zeroizing::new(random.map(odd_parity))))
    }

    /// The bytes of the key.
    pub fn expose(&self) -> &[u8] {
        match &self.0 {
            Bytes::Single(bytes) => bytes.as_slice(),
            Bytes::Double(bytes) => bytes.as_slice(),
        }
    }

    /// Whether this is a key of 16 bytes.
    pub fn is_double(&self) -> bool {
        matches!(self.0, Bytes::Double(_))
    }

    pub(crate) fn cipher(&self) -> DesCipher {
        match &self.0 {
            Bytes::Single(bytes) => DesCipher::Single(Des::new((&**bytes).into())),
            Bytes::Double(bytes) => DesCipher::Double(TdesEde2::new((&**bytes).into())),
        }
    }

    /// Encrypts one block.
    pub fn encrypt_block(&self, block: [u8; 8]) -> [u8; 8] {
        self.cipher().encrypt(block)
    }

    /// Decrypts one block.
    pub fn decrypt_block(&self, block: [u8; 8]) -> [u8; 8] {
        self.cipher().decrypt(block)
    }

    /// Encrypts whole blocks, each by itself (ECB).
    pub fn encrypt(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        let cipher = self.cipher();
        blocks(data, |block| cipher.encrypt(block))
    }

    /// Decrypts whole blocks, each by itself (ECB).
    pub fn decrypt(&self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let cipher = self.cipher();
        blocks(data, |block| cipher.decrypt(block)).map(Zeroizing::new)
    }

    /// Check value: the first four bytes of eight zero bytes encrypted.
    pub fn kcv(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.encrypt_block([0; 8]);
        [a, b, c, d]
    }

    /// Encrypts another key under this one.
    pub fn wrap(&self, key: &Self) -> Vec<u8> {
        let cipher = self.cipher();
        // Keys are whole blocks by construction.
        blocks(key.expose(), |block| cipher.encrypt(block)).unwrap_or_default()
    }

    /// Decrypts a key that was encrypted under this one and compares its check value.
    pub fn unwrap_key(&self, wrapped: &[u8], check: [u8; 4]) -> Result<Self, KeyError> {
        let key = Self::new(&self.decrypt(wrapped)?)?;
        if bool::from(key.kcv().ct_eq(&check)) {
            Ok(key)
        } else {
            Err(KeyError::CheckValue)
        }
    }
}

impl DesCipher {
    pub(crate) fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let mut block = block.into();
        match self {
            Self::Single(cipher) => cipher.encrypt_block(&mut block),
            Self::Double(cipher) => cipher.encrypt_block(&mut block),
        }
        block.into()
    }

    pub(crate) fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let mut block = block.into();
        match self {
            Self::Single(cipher) => cipher.decrypt_block(&mut block),
            Self::Double(cipher) => cipher.decrypt_block(&mut block),
        }
        block.into()
    }
}

/// An SM4 key, 16 bytes. No `Debug`, no `Display`.
#[derive(Clone)]
pub struct Sm4Key(Zeroizing<[u8; 16]>);

impl Sm4Key {
    /// A key of 16 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes.try_into() {
            Ok(bytes) => Ok(Self(Zeroizing::new(bytes))),
            Err(_) => Err(KeyError::Size {
                given: bytes.len(),
                expected: "16",
            }),
        }
    }

    /// A key written in hex.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bcd::from_hex(text).ok_or(KeyError::NotHex)?);
        Self::new(&bytes)
    }

    /// The bytes of the key.
    pub fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    pub(crate) fn cipher(&self) -> Sm4 {
        Sm4::new((&*self.0).into())
    }

    /// Encrypts one block.
    pub fn encrypt_block(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        self.cipher().encrypt_block(&mut block);
        block.into()
    }

    /// Decrypts one block.
    pub fn decrypt_block(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        self.cipher().decrypt_block(&mut block);
        block.into()
    }

    /// Check value: the first four bytes of sixteen zero bytes encrypted.
    pub fn kcv(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.encrypt_block([0; 16]);
        [a, b, c, d]
    }

    /// Encrypts another key under this one.
    pub fn wrap(&self, key: &Self) -> [u8; 16] {
        self.encrypt_block(*key.0)
    }

    /// Decrypts a key that was encrypted under this one and compares its check value.
    pub fn unwrap_key(&self, wrapped: [u8; 16], check: [u8; 4]) -> Result<Self, KeyError> {
        let key = Self(Zeroizing::new(self.decrypt_block(wrapped)));
        if bool::from(key.kcv().ct_eq(&check)) {
            Ok(key)
        } else {
            Err(KeyError::CheckValue)
        }
    }
}

fn blocks(data: &[u8], work: impl Fn([u8; 8]) -> [u8; 8]) -> Result<Vec<u8>, KeyError> {
    let (blocks, []) = data.as_chunks::<8>() else {
        return Err(KeyError::NotWholeBlocks(data.len()));
    };
    Ok(blocks.iter().flat_map(|block| work(*block)).collect())
}

/// Sets the lowest bit so that the byte has an odd number of ones.
fn odd_parity(byte: u8) -> u8 {
    let high = byte & 0xFE;
    high | u8::from(high.count_ones().is_multiple_of(2))
}
