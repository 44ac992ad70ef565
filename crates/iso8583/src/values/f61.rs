//! Field 61: which earlier message this one is about.

use super::{DigitsIn, DigitsOut};
use crate::error::{DecodeError, EncodeError};
use crate::message::Message;

/// Field 61. Usual lengths are 12 (batch and trace) and 16 (with the date).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct F61 {
    /// 61.1 batch of the original.
    pub batch: u32,
    /// 61.2 trace number of the original.
    pub trace: u32,
    /// 61.3 date of the original as the number MMDD; 0 where the terminal does not know it.
    pub date: Option<u16>,
    /// 61.4 how the original was authorised.
    pub auth_mode: Option<u8>,
    /// 61.5 who authorised it, eleven digits.
    pub auth_organisation: Option<u64>,
}

impl F61 {
    /// Batch, trace and date (MMDD) of the original.
    pub fn new(batch: u32, trace: u32, date: u16) -> Self {
        Self {
            batch,
            trace,
            date: Some(date),
            ..Self::default()
        }
    }

    /// Reads twelve digits or more; an incomplete part at the end is left aside.
    pub fn parse(digits: &str) -> Result<Self, DecodeError> {
        let mut input = DigitsIn::new(digits);
        Ok(Self {
            batch: input.number("61.1", 6)?,
            trace: input.number("61.2", 6)?,
            date: input.maybe("61.3", 4)?,
            auth_mode: input.maybe("61.4", 2)?,
            auth_organisation: input.maybe("61.5", 11)?,
        })
    }

    /// Field 61 of a message, if it is there and readable.
    pub fn of(message: &Message) -> Option<Self> {
        Self::parse(message.text(61)?).ok()
    }

    /// The digits of the field.
    pub fn digits(&self) -> Result<String, EncodeError> {
        let mut out = DigitsOut::default();
        let mut ended = false;
        out.number("61.1", 6, self.batch)?.number("61.2", 6, self.trace)?;
        out.maybe("61.3", 4, self.date.map(u64::from), &mut ended)?;
        out.maybe("61.4", 2, self.auth_mode.map(u64::from), &mut ended)?;
        out.maybe("61.5", 11, self.auth_organisation, &mut ended)?;
        Ok(out.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_void_of_a_sale_names_batch_trace_and_date() {
        let original = F61::new(1, 2, 615);
        assert_eq!(original.digits().unwrap(), "0000010000020615");
        assert_eq!(F61::parse("0000010000020615").unwrap(), original);
    }

    #[test]
    fn the_date_may_be_missing_but_not_the_trace() {
        assert_eq!(F61::parse("000001000002").unwrap().date, None);
        assert!(F61::parse("00000100000").is_err());
    }

    #[test]
    fn all_twenty_nine_digits_come_back() {
        let digits = "00000100000206150000012345678";
        assert_eq!(F61::parse(digits).unwrap().digits().unwrap(), digits);
    }
}
