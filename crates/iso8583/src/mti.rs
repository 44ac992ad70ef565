//! The message type indicator, such as `0200`.

use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};
use crate::fields::Content;
use std::fmt;

/// Message type: four decimal digits, two bytes on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti([u8; 4]);

impl Mti {
    /// Reads four decimal digits.
    pub fn parse(digits: &str) -> Result<Self, EncodeError> {
        match <[u8; 4]>::try_from(digits.as_bytes()) {
            Ok(text) if text.iter().all(u8::is_ascii_digit) => Ok(Self(text)),
            _ => Err(EncodeError::new(
                Path::Mti,
                Unfit::Meaning("four decimal digits, such as 0200"),
            )),
        }
    }

    pub(crate) fn from_wire(packed: [u8; 2]) -> Result<Self, DecodeError> {
        let [high, low] = packed;
        let nibbles = [high >> 4, high & 0x0F, low >> 4, low & 0x0F];
        if nibbles.iter().any(|nibble| *nibble > 9) {
            return Err(DecodeError::new(Path::Mti, 0, Problem::Content(Content::Digits)));
        }
        Ok(Self(nibbles.map(|nibble| nibble + b'0')))
    }

    pub(crate) fn to_wire(self) -> [u8; 2] {
        let [a, b, c, d] = self.0.map(|digit| digit - b'0');
        [a << 4 | b, c << 4 | d]
    }

    /// The four digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The type that answers this one (`0200` → `0210`, `0820` → `0830`); an answer stays what it is.
    pub fn response(self) -> Self {
        let [a, b, function, d] = self.0;
        Self([a, b, function | 1, d])
    }

    /// Whether this is the type of an answer (`0210`, `0830` …).
    pub fn is_response(self) -> bool {
        self.response() == self
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Mti {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Mti {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_request_type_is_answered_by_its_own_plus_ten() {
        let answers = [
            ("0100", "0110"),
            ("0200", "0210"),
            ("0220", "0230"),
            ("0320", "0330"),
            ("0400", "0410"),
            ("0500", "0510"),
            ("0620", "0630"),
            ("0800", "0810"),
            ("0820", "0830"),
        ];
        for (request, response) in answers {
            let request = Mti::parse(request).unwrap();
            assert_eq!(request.response(), response);
            assert!(!request.is_response());
            assert!(request.response().is_response());
            assert_eq!(request.response().response(), response);
        }
    }

    #[test]
    fn only_four_decimal_digits_are_a_type() {
        for text in ["", "200", "02000", "02A0", "０２００"] {
            assert!(Mti::parse(text).is_err(), "{text}");
        }
        assert!(Mti::from_wire([0x02, 0x0A]).is_err());
        assert_eq!(Mti::from_wire([0x02, 0x10]).unwrap().to_wire(), [0x02, 0x10]);
    }
}
