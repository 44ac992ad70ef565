//! Message authentication: field 64.

use super::keys::{DesCipher, DesKey, KeyError, Sm4Key};
use crate::bcd;
use crate::error::EncodeError;
use crate::message::Message;
use cipher::BlockCipherEncrypt;
use std::convert::Infallible;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// How a centre computes field 64. A setting per terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MacAlgorithm {
    /// XOR of all blocks, written as hex, encrypted in two halves: the usual one. Key of 8 or 16 bytes; the result is text.
    #[default]
    Ecb,
    /// ANSI X9.9: single DES in CBC mode. Key of 8 bytes; the result is binary.
    X99,
    /// ANSI X9.19: single DES in CBC mode, triple DES for the last block. Key of 16 bytes; the result is binary.
    X919,
    /// As `Ecb` with SM4 and blocks of 16 bytes. Key of 16 bytes; the result is text.
    Sm4Ecb,
}

impl MacAlgorithm {
    /// Every algorithm with the name that settings use.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Ecb, "ecb"),
        (Self::X99, "x9.9"),
        (Self::X919, "x9.19"),
        (Self::Sm4Ecb, "sm4-ecb"),
    ];

    /// The name in settings: `ecb`, `x9.9`, `x9.19`, `sm4-ecb`.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .into_iter()
            .find_map(|(algorithm, name)| (algorithm == self).then_some(name))
            .unwrap_or("ecb")
    }
}

/// A name that is none of [`MacAlgorithm::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unknown MAC algorithm; use ecb, x9.9, x9.19 or sm4-ecb")]
pub struct UnknownAlgorithm;

impl FromStr for MacAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::NAMES
            .into_iter()
            .find_map(|(algorithm, name)| (name == text).then_some(algorithm))
            .ok_or(UnknownAlgorithm)
    }
}

/// Why a message's MAC does not vouch for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MacError {
    /// The message has no field 64.
    #[error("the message carries no MAC")]
    Missing,
    /// Field 64 belongs to other bytes or another key.
    #[error("the MAC does not match: bytes were changed, or the key is not the one of the last sign-in")]
    Wrong,
}

/// A MAC key (MAK) with the algorithm it is used in, made ready once for many messages. No `Debug`, no `Display`.
#[derive(Clone)]
pub struct MacKey(Form);

#[derive(Clone)]
enum Form {
    Ecb(Ready),
    X99(Ready),
    X919 { first: Box<Ready>, both: Box<Ready> },
    Sm4Ecb(Sm4Key),
}

/// A key with its round keys.
#[derive(Clone)]
struct Ready {
    key: DesKey,
    cipher: DesCipher,
}

impl Ready {
    fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = DesKey::new(bytes)?;
        let cipher = key.cipher();
        Ok(Self { key, cipher })
    }
}

impl MacKey {
    /// A key for an algorithm. Fails where the size does not fit: see [`MacAlgorithm`].
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Result<Self, KeyError> {
        let size = |expected| KeyError::Size {
            given: key.len(),
            expected,
        };
        Ok(Self(match algorithm {
            MacAlgorithm::Ecb => Form::Ecb(Ready::new(key)?),
            MacAlgorithm::X99 if key.len() == 8 => Form::X99(Ready::new(key)?),
            MacAlgorithm::X99 => return Err(size("8 for X9.9")),
            MacAlgorithm::X919 => match key.split_at_checked(8) {
                Some((first, second)) if second.len() == 8 => Form::X919 {
                    first: Box::new(Ready::new(first)?),
                    both: Box::new(Ready::new(key)?),
                },
                _ => return Err(size("16 for X9.19")),
            },
            MacAlgorithm::Sm4Ecb => Form::Sm4Ecb(Sm4Key::new(key)?),
        }))
    }

    /// The algorithm the key is for.
    pub fn algorithm(&self) -> MacAlgorithm {
        match self.0 {
            Form::Ecb(_) => MacAlgorithm::Ecb,
            Form::X99(_) => MacAlgorithm::X99,
            Form::X919 { .. } => MacAlgorithm::X919,
            Form::Sm4Ecb(_) => MacAlgorithm::Sm4Ecb,
        }
    }

    /// The bytes of the key.
    pub fn expose(&self) -> &[u8] {
        match &self.0 {
            Form::Ecb(ready) | Form::X99(ready) => ready.key.expose(),
            Form::X919 { both, .. } => both.key.expose(),
            Form::Sm4Ecb(key) => key.expose(),
        }
    }

    /// Eight bytes of MAC, as they stand in field 64. Data is filled up with zeros to whole blocks.
    pub fn mac(&self, data: &[u8]) -> [u8; 8] {
        match &self.0 {
            Form::Ecb(ready) => ecb(&ready.cipher, data),
            Form::X99(ready) => cbc(&ready.cipher, data),
            Form::X919 { first, both } => {
                // Undoing the last single encryption and doing it three-fold is decrypting with the second half and
                // encrypting with the first.
                let single = &first.cipher;
                both.cipher.encrypt(single.decrypt(cbc(single, data)))
            }
            Form::Sm4Ecb(key) => sm4_ecb(key, data),
        }
    }

    /// Whether `mac` belongs to `data`; takes the same time wherever they differ.
    pub fn verify(&self, data: &[u8], mac: [u8; 8]) -> bool {
        self.mac(data).ct_eq(&mac).into()
    }
}

fn zero_filled<const N: usize>(block: &[u8]) -> [u8; N] {
    let mut whole = [0; N];
    whole.iter_mut().zip(block).for_each(|(place, byte)| *place = *byte);
    whole
}

fn xor<const N: usize>(mut left: [u8; N], right: [u8; N]) -> [u8; N] {
    left.iter_mut().zip(right).for_each(|(a, b)| *a ^= b);
    left
}

fn folded<const N: usize>(data: &[u8]) -> [u8; N] {
    data.chunks(N).fold([0; N], |sum, block| xor(sum, zero_filled(block)))
}

/// The two-pass form: `E(E(H1) ⊕ H2)` of the hex text `H1 H2` of the folded data; the first eight hex characters of that.
fn ecb(cipher: &DesCipher, data: &[u8]) -> [u8; 8] {
    let Ok(mac) = ecb_mac_with(data, |block| Ok::<_, Infallible>(cipher.encrypt(block)));
    mac
}

/// The MAC of [`MacAlgorithm::Ecb`] where the key is held elsewhere (a hardware module): `encrypt` enciphers one block
/// and is called twice; its error is passed on.
pub fn ecb_mac_with<E>(data: &[u8], mut encrypt: impl FnMut([u8; 8]) -> Result<[u8; 8], E>) -> Result<[u8; 8], E> {
    let hex = bcd::hex_upper(&folded::<8>(data));
    let (first, second) = hex.split_at(hex.len() / 2);
    let once = encrypt(zero_filled(first))?;
    let twice = encrypt(xor(once, zero_filled(second)))?;
    Ok(zero_filled(&bcd::hex_upper(&twice)))
}

fn sm4_ecb(key: &Sm4Key, data: &[u8]) -> [u8; 8] {
    let cipher = key.cipher();
    let encrypt = |block: [u8; 16]| -> [u8; 16] {
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        block.into()
    };
    let hex = bcd::hex_upper(&folded::<16>(data));
    let (first, second) = hex.split_at(hex.len() / 2);
    let once = encrypt(zero_filled(first));
    let twice = encrypt(xor(once, zero_filled(second)));
    zero_filled(&bcd::hex_upper(&twice))
}

fn cbc(cipher: &DesCipher, data: &[u8]) -> [u8; 8] {
    data.chunks(8)
        .fold([0; 8], |state, block| cipher.encrypt(xor(state, zero_filled(block))))
}

impl Message {
    /// Computes the MAC over the message and puts it into field 64, replacing one that is there.
    pub fn seal(&mut self, key: &MacKey) -> Result<&mut Self, EncodeError> {
        let mac = key.mac(&Zeroizing::new(self.mac_block()?));
        self.set_bytes(64, &mac)
    }

    /// Checks field 64 against the rest of the message.
    pub fn verify(&self, key: &MacKey) -> Result<(), MacError> {
        let mac = self.array(64).ok_or(MacError::Missing)?;
        let block = Zeroizing::new(self.mac_block().map_err(|_| MacError::Wrong)?);
        if key.verify(&block, mac) {
            Ok(())
        } else {
            Err(MacError::Wrong)
        }
    }
}
