//! PIN blocks of ISO 9564 format 0: with the card number mixed in (field 53 begins with 2) or without (1).

use super::keys::DesKey;
use crate::bcd;
use crate::card::Pan;
use crate::fields::Justify;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A PIN of 4 to 12 digits. No `Debug`, no `Display`; cleared when dropped.
#[derive(Clone)]
pub struct Pin {
    digits: [u8; 12],
    length: u8,
}

/// Why something is no PIN. Says nothing about what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// Not 4 to 12 digits.
    #[error("a PIN has 4 to 12 decimal digits")]
    NotAPin,
    /// The decrypted block is not of format 0: wrong key, wrong card number, or garbled (response code 99). A wrong card
    /// number whose digits happen to leave the block well-formed goes unnoticed; a wrong key practically never does.
    #[error("the PIN block does not open: wrong PIN key, wrong card number, or damaged")]
    Block,
}

impl Pin {
    /// Reads 4 to 12 digits.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let fits = (4..=12).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        if !fits {
            return Err(PinError::NotAPin);
        }
        let mut digits = [0; 12];
        digits
            .iter_mut()
            .zip(text.bytes())
            .for_each(|(place, digit)| *place = digit);
        Ok(Self {
            digits,
            length: u8::try_from(text.len()).map_err(|_| PinError::NotAPin)?,
        })
    }

    /// The digits themselves.
    pub fn expose(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.digits.zeroize();
        self.length.zeroize();
    }
}

impl ZeroizeOnDrop for Pin {}

/// The card number's half of a block: four zeros and the twelve digits before the check digit; zeros without a card number.
fn card_half(pan: Option<&Pan>) -> Zeroizing<[u8; 8]> {
    let digits = Zeroizing::new(format!("{:0>16}", pan.map_or("", Pan::for_pin_block)));
    packed(&digits)
}

fn packed(sixteen: &str) -> Zeroizing<[u8; 8]> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(8));
    let _ = bcd::pack(sixteen.as_bytes(), 0, Justify::Exact, &mut bytes);
    let mut block = Zeroizing::new([0; 8]);
    block
        .iter_mut()
        .zip(bytes.iter())
        .for_each(|(place, byte)| *place = *byte);
    block
}

fn mixed(mut block: Zeroizing<[u8; 8]>, pan: Option<&Pan>) -> Zeroizing<[u8; 8]> {
    block.iter_mut().zip(card_half(pan).iter()).for_each(|(a, b)| *a ^= b);
    block
}

/// The block before encryption: `0`, length, PIN, fill `F`, mixed with the card number where there is one.
pub fn clear_pin_block(pin: &Pin, pan: Option<&Pan>) -> Zeroizing<[u8; 8]> {
    let digits = Zeroizing::new(format!("0{:X}{:F<14}", pin.length, pin.expose()));
    mixed(packed(&digits), pan)
}

/// Reads a block that is in the clear.
pub fn pin_from_clear_block(block: [u8; 8], pan: Option<&Pan>) -> Result<Pin, PinError> {
    let block = mixed(Zeroizing::new(block), pan);
    let digits = Zeroizing::new(bcd::unpack(block.as_slice(), 16, Justify::Exact).0);
    let (head, rest) = digits.split_at_checked(2).ok_or(PinError::Block)?;
    let [b'0', length] = head else {
        return Err(PinError::Block);
    };
    let length = bcd::nibble(*length).ok_or(PinError::Block)?;
    let (pin, fill) = rest.split_at_checked(usize::from(length)).ok_or(PinError::Block)?;
    if fill.iter().any(|character| *character != b'F') {
        return Err(PinError::Block);
    }
    let pin = std::str::from_utf8(pin).map_err(|_| PinError::Block)?;
    Pin::parse(pin).map_err(|_| PinError::Block)
}

/// Field 52: a PIN encrypted under a PIN key (PIK), with the card number mixed in where it is given.
pub fn encrypt_pin(key: &DesKey, pin: &Pin, pan: Option<&Pan>) -> [u8; 8] {
    key.encrypt_block(*clear_pin_block(pin, pan))
}

/// Opens field 52.
pub fn decrypt_pin(key: &DesKey, block: [u8; 8], pan: Option<&Pan>) -> Result<Pin, PinError> {
    pin_from_clear_block(key.decrypt_block(block), pan)
}

/// Takes field 52 from under one key to another; the block is read on the way, so that a garbled one is refused here.
///
/// `from_pan` and `to_pan` are the card number where the respective side mixes it in.
pub fn translate_pin(
    block: [u8; 8],
    (from, from_pan): (&DesKey, Option<&Pan>),
    (to, to_pan): (&DesKey, Option<&Pan>),
) -> Result<[u8; 8], PinError> {
    let pin = decrypt_pin(from, block, from_pan)?;
    Ok(encrypt_pin(to, &pin, to_pan))
}
