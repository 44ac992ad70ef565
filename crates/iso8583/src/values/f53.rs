//! Field 53: how PIN and tracks of a message are protected.

use crate::error::{DecodeError, Path, Problem};
use crate::message::Message;

/// What is mixed into the PIN block (first digit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinForm {
    /// 0: there is no PIN.
    None,
    /// 1: a block without the card number.
    WithoutPan,
    /// 2: a block with the card number mixed in.
    WithPan,
}

/// The three digits of field 53 that mean something; the other thirteen are zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct F53 {
    /// What is mixed into the PIN block.
    pub pin: PinForm,
    /// Algorithm: 0 single DES, 6 triple DES of double length; regional hosts have others.
    pub algorithm: u8,
    /// Whether the tracks are encrypted.
    pub track_encrypted: bool,
}

impl F53 {
    /// Triple DES of double length, as all new terminals have it.
    pub fn triple_des(pin: PinForm, track_encrypted: bool) -> Self {
        Self {
            pin,
            algorithm: 6,
            track_encrypted,
        }
    }

    /// Reads the first three digits.
    pub fn parse(digits: &str) -> Result<Self, DecodeError> {
        let wrong = |offset, expected| DecodeError::new(Path::Field(53), offset, Problem::Meaning(expected));
        let [pin, algorithm, track, ..] = digits.as_bytes() else {
            return Err(wrong(0, "three digits or more"));
        };
        let pin = match pin {
            b'0' => PinForm::None,
            b'1' => PinForm::WithoutPan,
            b'2' => PinForm::WithPan,
            _ => return Err(wrong(0, "a PIN form from 0 to 2")),
        };
        let algorithm = algorithm
            .is_ascii_digit()
            .then(|| algorithm - b'0')
            .ok_or(wrong(1, "a digit of algorithm"))?;
        let track_encrypted = match track {
            b'0' => false,
            b'1' => true,
            _ => return Err(wrong(2, "track encryption 0 or 1")),
        };
        Ok(Self {
            pin,
            algorithm,
            track_encrypted,
        })
    }

    /// Field 53 of a message, if it is there and readable.
    pub fn of(message: &Message) -> Option<Self> {
        Self::parse(message.text(53)?).ok()
    }

    /// The sixteen digits of the field. An algorithm above nine is written by its last digit.
    pub fn digits(&self) -> String {
        let algorithm = self.algorithm % 10;
        format!(
            "{}{algorithm}{}0000000000000",
            self.pin as u8,
            u8::from(self.track_encrypted)
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_usual_forms_read_and_are_written() {
        let usual = [
            ("2600000000000000", PinForm::WithPan, false),
            ("2610000000000000", PinForm::WithPan, true),
            ("0600000000000000", PinForm::None, false),
        ];
        for (digits, pin, track_encrypted) in usual {
            let read = F53::parse(digits).unwrap();
            assert_eq!(read, F53::triple_des(pin, track_encrypted), "{digits}");
            assert_eq!(read.digits(), digits);
        }
    }

    #[test]
    fn unknown_forms_are_refused_with_their_place() {
        assert_eq!(F53::parse("3600000000000000").unwrap_err().offset, 0);
        assert_eq!(F53::parse("2690000000000000").unwrap_err().offset, 2);
        assert!(F53::parse("26").is_err());
    }
}
