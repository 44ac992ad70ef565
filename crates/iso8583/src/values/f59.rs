//! Field 59 of payments by code: the code that was scanned, or the order that the host made of it.

use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};

/// What the characters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// `A3`: the code on the customer's phone, in a request.
    Scanned,
    /// `A4`: the order number, in an answer.
    Order,
}

/// Two characters of kind, three digits of length, the characters. No `Debug`: a scanned code pays.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeData {
    /// What the characters are.
    pub kind: CodeKind,
    /// The characters.
    pub value: String,
}

impl CodeData {
    /// Reads the beginning of field 59; what follows the characters is left aside.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong = |offset, problem| DecodeError::new(Path::Field(59), offset, problem);
        let short = wrong(
            0,
            Problem::Truncated {
                needed: 5,
                available: bytes.len(),
            },
        );
        let (head, rest) = bytes.split_at_checked(5).ok_or(short)?;
        let (kind, length) = match head {
            [b'A', b'3', length @ ..] => (CodeKind::Scanned, length),
            [b'A', b'4', length @ ..] => (CodeKind::Order, length),
            _ => return Err(wrong(0, Problem::Meaning("A3 or A4"))),
        };
        if !length.iter().all(u8::is_ascii_digit) {
            return Err(wrong(2, Problem::LengthNotDecimal));
        }
        let length = length.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        let cut_off = wrong(
            5,
            Problem::Truncated {
                needed: length,
                available: rest.len(),
            },
        );
        let value = rest.get(..length).ok_or(cut_off)?;
        let value = std::str::from_utf8(value).ok().filter(|value| value.is_ascii());
        let value = value.ok_or(wrong(5, Problem::Meaning("ASCII characters")))?.to_owned();
        Ok(Self { kind, value })
    }

    /// The characters of the field.
    pub fn text(&self) -> Result<String, EncodeError> {
        let kind = match self.kind {
            CodeKind::Scanned => "A3",
            CodeKind::Order => "A4",
        };
        if !self.value.is_ascii() || self.value.len() > 595 {
            return Err(EncodeError::field(59, Unfit::Meaning("at most 595 ASCII characters")));
        }
        Ok(format!("{kind}{:03}{}", self.value.len(), self.value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_and_orders_read_as_in_the_dumps() {
        let dumps = [
            ("A30196220000000000000000", CodeKind::Scanned, "6220000000000000000"),
            ("A402058210526789789570802", CodeKind::Order, "58210526789789570802"),
        ];
        for (text, kind, value) in dumps {
            let data = CodeData::parse(text.as_bytes()).ok().unwrap();
            assert!(
                data == CodeData {
                    kind,
                    value: value.into()
                },
                "{text}"
            );
            assert_eq!(data.text().unwrap(), text);
        }
    }

    #[test]
    fn other_contents_of_field_59_are_not_taken_for_a_code() {
        for text in ["", "A3", "1220000000", "A30x9622", "A3020622", "A5003abc"] {
            assert!(CodeData::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(
            CodeData {
                kind: CodeKind::Scanned,
                value: "9".repeat(596)
            }
            .text()
            .is_err()
        );
    }
}
