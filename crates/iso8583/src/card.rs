//! Card number and track 2 as types that cannot be printed and are cleared when dropped.

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A primary account number: 12 to 19 digits. No `Debug`, no `Display`: show [`Pan::masked`].
#[derive(Clone)]
pub struct Pan {
    digits: [u8; 19],
    length: usize,
}

/// Why characters are no card number or track. Says nothing about what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CardError {
    /// Not 12 to 19 digits.
    #[error("a card number has 12 to 19 decimal digits")]
    NotAPan,
    /// Not account number, separator, expiry and service code; an encrypted track reads like this too.
    #[error(
        "track 2 is a card number, a separator, four digits of expiry and three of service code (is it still encrypted?)"
    )]
    NotATrack,
    /// Fewer digits than the encrypted part takes.
    #[error("a track of fewer than 18 digits has no part to encrypt")]
    TooShort,
}

impl Pan {
    /// Reads 12 to 19 digits. The check digit is not looked at: see [`Pan::luhn_ok`].
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let fits = (12..=19).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        if !fits {
            return Err(CardError::NotAPan);
        }
        let mut digits = [0; 19];
        digits
            .iter_mut()
            .zip(text.bytes())
            .for_each(|(place, digit)| *place = digit);
        Ok(Self {
            digits,
            length: text.len(),
        })
    }

    /// The digits themselves.
    pub fn expose(&self) -> &str {
        self.digits
            .get(..self.length)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .unwrap_or_default()
    }

    /// First six and last four digits with stars between, as on a receipt.
    pub fn masked(&self) -> String {
        mask(self.expose().as_bytes())
    }

    /// The first `count` digits (at most eight are a matter of the issuer, not of the card holder).
    pub fn prefix(&self, count: usize) -> &str {
        self.expose().get(..count.min(8)).unwrap_or_default()
    }

    /// The last four digits.
    pub fn last_four(&self) -> &str {
        self.expose().get(self.length.saturating_sub(4)..).unwrap_or_default()
    }

    /// Whether the last digit is the check digit of the others.
    pub fn luhn_ok(&self) -> bool {
        luhn_ok(self.expose())
    }

    /// The right-most twelve digits before the check digit, which go into a PIN block.
    pub(crate) fn for_pin_block(&self) -> &str {
        let end = self.length.saturating_sub(1);
        // A number of twelve digits has only eleven before its check digit.
        self.expose().get(end.saturating_sub(12)..end).unwrap_or_default()
    }
}

impl PartialEq for Pan {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Pan {}

impl Drop for Pan {
    fn drop(&mut self) {
        self.digits.zeroize();
        self.length.zeroize();
    }
}

impl ZeroizeOnDrop for Pan {}

/// Whether `digits` ends in the check digit of the Luhn formula (GB/T 17552, ISO/IEC 7812-1). False for anything but digits.
pub fn luhn_ok(digits: &str) -> bool {
    let mut sum = 0;
    for (place, character) in digits.chars().rev().enumerate() {
        let Some(digit) = character.to_digit(10) else {
            return false;
        };
        sum += match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        };
    }
    !digits.is_empty() && sum % 10 == 0
}

/// Stars for all but the first six and last four characters; all stars for less than twelve.
pub(crate) fn mask(digits: &[u8]) -> String {
    let length = digits.len();
    let open = |place: usize| length >= 12 && (place < 6 || place + 4 >= length);
    digits
        .iter()
        .enumerate()
        .map(|(place, digit)| if open(place) { char::from(*digit) } else { '*' })
        .collect()
}

/// Track 2 in the clear: card number, expiry, service code. No `Debug`, no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Track2 {
    pan: Pan,
    expiry: [u8; 4],
    service_code: [u8; 3],
}

impl Track2 {
    /// Reads the characters of field 35, with `D` or `=` between card number and the rest.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let (pan, rest) = text.split_once(['D', 'd', '=']).ok_or(CardError::NotATrack)?;
        let pan = Pan::parse(pan).map_err(|_| CardError::NotATrack)?;
        let (expiry, rest) = digits(rest.as_bytes())?;
        let (service_code, _) = digits(rest)?;
        Ok(Self {
            pan,
            expiry,
            service_code,
        })
    }

    /// The card number.
    pub fn pan(&self) -> &Pan {
        &self.pan
    }

    /// Expiry, year then month: `YYMM`.
    pub fn expiry(&self) -> &str {
        std::str::from_utf8(&self.expiry).unwrap_or_default()
    }

    /// Service code, three digits.
    pub fn service_code(&self) -> &str {
        std::str::from_utf8(&self.service_code).unwrap_or_default()
    }

    /// Whether the card has a chip (service code beginning with 2 or 6), so that reading its stripe is a fall-back.
    pub fn has_chip(&self) -> bool {
        matches!(self.service_code, [b'2' | b'6', ..])
    }
}

/// The first `N` of the bytes, if they are decimal digits, and the rest.
fn digits<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), CardError> {
    let (digits, rest) = bytes.split_first_chunk().ok_or(CardError::NotATrack)?;
    if digits.iter().all(u8::is_ascii_digit) {
        Ok((*digits, rest))
    } else {
        Err(CardError::NotATrack)
    }
}

impl Drop for Track2 {
    fn drop(&mut self) {
        self.expiry.zeroize();
        self.service_code.zeroize();
    }
}

impl ZeroizeOnDrop for Track2 {}

impl crate::Message {
    /// The card number: field 2, or else the one in a clear track 2.
    pub fn pan(&self) -> Option<Pan> {
        match self.text(2) {
            Some(digits) => Pan::parse(digits).ok(),
            None => self.track2().map(|track| track.pan.clone()),
        }
    }

    /// Track 2, if it is present and in the clear.
    pub fn track2(&self) -> Option<Track2> {
        self.text(35).and_then(|text| Track2::parse(text).ok())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pan(text: &str) -> Pan {
        Pan::parse(text).ok().unwrap()
    }

    #[test]
    fn a_card_number_shows_only_its_ends() {
        let card = pan("6228480000000000018");
        assert_eq!(card.masked(), "622848*********0018");
        assert_eq!(card.prefix(6), "622848");
        assert_eq!(card.last_four(), "0018");
        assert_eq!(pan("123456789012").masked(), "123456**9012");
        assert_eq!(mask(b"12345678901"), "***********");
    }

    #[test]
    fn twelve_to_nineteen_digits_and_nothing_else() {
        for text in [
            "",
            "12345678901",
            "12345678901234567890",
            "62284800000000O0018",
            "６２２８４８０００",
        ] {
            assert_eq!(Pan::parse(text).err(), Some(CardError::NotAPan), "{text}");
        }
    }

    #[test]
    fn the_check_digit_notices_one_wrong_digit_and_a_swap() {
        let card = "6228480000000000018";
        assert!(luhn_ok(card));
        for place in 0..card.len() {
            let mut digits = card.as_bytes().to_vec();
            digits[place] = if digits[place] == b'9' { b'0' } else { digits[place] + 1 };
            assert!(!luhn_ok(std::str::from_utf8(&digits).unwrap()), "place {place}");
        }
        assert!(!luhn_ok("6282480000000000018"));
        assert!(!luhn_ok(""));
        assert!(!luhn_ok("62284x"));
    }

    #[test]
    fn track_two_gives_card_expiry_and_service_code() {
        for separator in ['D', '='] {
            let text = format!("6228480000000000018{separator}30122010000000000");
            let track = Track2::parse(&text).ok().unwrap();
            assert_eq!(track.pan().expose(), "6228480000000000018");
            assert_eq!(track.expiry(), "3012");
            assert_eq!(track.service_code(), "201");
            assert!(track.has_chip());
        }
    }

    #[test]
    fn an_encrypted_track_is_not_mistaken_for_a_clear_one() {
        assert_eq!(
            Track2::parse("6226090000000006D491C8C34DB509A8C85E9").err(),
            Some(CardError::NotATrack)
        );
        assert!(Track2::parse("6228480000000000018").is_err());
        assert!(Track2::parse("6228480000000000018D30").is_err());
    }
}
