//! Field 60: what kind of transaction this is, in which batch, and what the terminal can read.

use super::{DigitsIn, DigitsOut};
use crate::error::{DecodeError, EncodeError, Unfit};
use crate::message::Message;

/// Field 60. Messages end it after different parts; a part is there only where all before it are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct F60 {
    /// 60.1 transaction type, two digits: 22 sale, 23 void, 00 management …
    pub transaction_type: u8,
    /// 60.2 batch number, six digits.
    pub batch: u32,
    /// 60.3 network management code, three digits; 0 in transactions.
    pub network_code: Option<u16>,
    /// 60.4 what the terminal reads: 0 unknown, 2 stripe, 5 chip, 6 contact and contactless chip.
    pub read_capability: Option<u8>,
    /// 60.5 chip condition: 0 normal, 2 fall-back to the stripe.
    pub ic_condition: Option<u8>,
    /// 60.6 whether the terminal takes a partial approval.
    pub partial_approval: Option<u8>,
    /// 60.7 account type: 048 issuer points, 065 alliance points.
    pub account_type: Option<u16>,
}

impl F60 {
    /// The eleven digits of a management message: type 00, batch, code such as 003 (sign-in).
    pub fn management(batch: u32, network_code: u16) -> Self {
        Self {
            batch,
            network_code: Some(network_code),
            ..Self::default()
        }
    }

    /// The thirteen digits of a transaction by a terminal that reads stripe and chip, contact and contactless.
    pub fn transaction(transaction_type: u8, batch: u32) -> Self {
        Self {
            transaction_type,
            batch,
            network_code: Some(0),
            read_capability: Some(6),
            ic_condition: Some(0),
            ..Self::default()
        }
    }

    /// Reads eight digits or more; an incomplete part at the end and anything after 60.7 are left aside.
    pub fn parse(digits: &str) -> Result<Self, DecodeError> {
        let mut input = DigitsIn::new(digits);
        Ok(Self {
            transaction_type: input.number("60.1", 2)?,
            batch: input.number("60.2", 6)?,
            network_code: input.maybe("60.3", 3)?,
            read_capability: input.maybe("60.4", 1)?,
            ic_condition: input.maybe("60.5", 1)?,
            partial_approval: input.maybe("60.6", 1)?,
            account_type: input.maybe("60.7", 3)?,
        })
    }

    /// Field 60 of a message, if it is there and readable.
    pub fn of(message: &Message) -> Option<Self> {
        Self::parse(message.text(60)?).ok()
    }

    /// The digits of the field.
    pub fn digits(&self) -> Result<String, EncodeError> {
        let mut out = DigitsOut::default();
        let mut ended = false;
        out.number("60.1", 2, self.transaction_type)?
            .number("60.2", 6, self.batch)?;
        out.maybe("60.3", 3, self.network_code.map(u64::from), &mut ended)?;
        out.maybe("60.4", 1, self.read_capability.map(u64::from), &mut ended)?;
        out.maybe("60.5", 1, self.ic_condition.map(u64::from), &mut ended)?;
        out.maybe("60.6", 1, self.partial_approval.map(u64::from), &mut ended)?;
        out.maybe("60.7", 3, self.account_type.map(u64::from), &mut ended)?;
        Ok(out.0)
    }
}

impl Message {
    /// Puts another batch number into field 60 and leaves its other digits as they came: how a host hands out the batch in
    /// the answer to a sign-in.
    pub fn set_batch(&mut self, batch: u32) -> Result<&mut Self, EncodeError> {
        let missing = EncodeError::field(60, Unfit::Meaning("field 60 with a batch number in the message"));
        let digits = self.text(60).ok_or(missing)?;
        let (Some(before), Some(after)) = (digits.get(..2), digits.get(8..)) else {
            return Err(missing);
        };
        let mut middle = DigitsOut::default();
        middle.number("60.2", 6, batch)?;
        let digits = format!("{before}{}{after}", middle.0);
        self.set(60, &digits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_length_seen_in_the_field_reads() {
        let cases = [
            ("22000001", None, None),
            ("2200000100", None, None),
            ("00000001003", Some(3), None),
            ("220000010006", Some(0), Some(6)),
            ("2200000100060", Some(0), Some(6)),
            ("22000001000600", Some(0), Some(6)),
            ("22000001000600048", Some(0), Some(6)),
            ("2600000100060000000", Some(0), Some(6)),
        ];
        for (digits, network_code, read_capability) in cases {
            let read = F60::parse(digits).unwrap();
            assert_eq!(
                (read.batch, read.network_code, read.read_capability),
                (1, network_code, read_capability),
                "{digits}"
            );
        }
    }

    #[test]
    fn seven_digits_name_the_part_that_is_missing() {
        let error = F60::parse("2200000").unwrap_err();
        assert_eq!(
            error.to_string(),
            "field 60.2, at byte 2: 6 more bytes expected, 5 left"
        );
    }

    #[test]
    fn what_is_built_has_the_usual_lengths() {
        assert_eq!(F60::management(1, 3).digits().unwrap(), "00000001003");
        assert_eq!(F60::transaction(22, 1).digits().unwrap(), "2200000100060");
        let full = F60 {
            partial_approval: Some(1),
            account_type: Some(48),
            ..F60::transaction(22, 999_999)
        };
        assert_eq!(full.digits().unwrap(), "22999999000601048");
        assert_eq!(F60::parse("22999999000601048").unwrap(), full);
    }

    #[test]
    fn a_gap_or_a_number_too_big_is_refused() {
        let gap = F60 {
            ic_condition: Some(0),
            ..F60::management(1, 3)
        };
        assert!(gap.digits().is_err());
        assert!(F60::management(1_000_000, 3).digits().is_err());
        assert!(F60::transaction(100, 1).digits().is_err());
    }

    #[test]
    fn a_host_changes_the_batch_and_nothing_else() {
        let mut message = Message::new("0810").unwrap();
        assert!(message.set_batch(2).is_err());
        message.set(60, "0000000100312").unwrap().set_batch(512).unwrap();
        assert_eq!(message.text(60), Some("0000051200312"));
    }
}
