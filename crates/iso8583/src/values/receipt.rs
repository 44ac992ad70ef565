//! Field 55 of an electronic signature: what the terminal printed above it.

use super::text;
use crate::bcd;
use crate::tlv::{self, TlvError};

/// How the value of a receipt's tag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Text (GBK).
    Text,
    /// Bytes, told in hex.
    Hex,
}

/// The tags of a receipt with a name for each. Chip data that holds card numbers (FF20 and on) is told only where it
/// stands in this list.
const TAGS: &[(u32, &str, Form)] = &[
    (0xFF00, "merchant_name", Form::Text),
    (0xFF01, "transaction_name", Form::Text),
    (0xFF02, "operator", Form::Text),
    (0xFF03, "acquirer", Form::Text),
    (0xFF04, "issuer", Form::Text),
    (0xFF06, "time", Form::Hex),
    (0xFF07, "authorisation", Form::Text),
    (0xFF08, "tip", Form::Hex),
    (0xFF09, "card_organisation", Form::Text),
    (0xFF0A, "currency", Form::Text),
    (0xFF70, "copies", Form::Hex),
];

/// Reads a receipt: names and values of the tags that are known. Others, a telephone number (FF0B) and chip data among
/// them, are left aside.
pub fn read_receipt(bytes: &[u8]) -> Result<Vec<(&'static str, String)>, TlvError> {
    let objects = tlv::parse(bytes)?;
    let told = |object: &tlv::Tlv<'_>| {
        let (_, name, form) = TAGS.iter().find(|(tag, _, _)| *tag == object.tag.number())?;
        let value = match form {
            Form::Text => text::decode(object.value),
            Form::Hex => text::decode(&bcd::hex_upper(object.value)),
        };
        Some((*name, value))
    };
    Ok(objects.iter().filter_map(told).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_receipt_is_told_by_name_and_without_the_telephone_number() {
        let mut bytes = Vec::new();
        for (tag, value) in [
            (0xFF00, &text::encode("阿明牛肉面")[..]),
            (0xFF06, &[0x20, 0x26, 0x06, 0x15]),
            (0xFF0B, b"13800138000"),
            (0xFF20, b"6217000000000000018"),
        ] {
            tlv::push(&mut bytes, tlv::Tag::new(tag).unwrap(), value).unwrap();
        }
        assert_eq!(
            read_receipt(&bytes).unwrap(),
            [
                ("merchant_name", "阿明牛肉面".to_owned()),
                ("time", "20260615".to_owned())
            ]
        );
        assert!(read_receipt(&[0xFF]).is_err());
    }
}
