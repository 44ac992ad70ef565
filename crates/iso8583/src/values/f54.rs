//! Field 54: the balance of an account.

use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};

/// Twenty characters: account type, amount type, currency, sign, amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Account type, two characters; `10` in answers to a balance query.
    pub account_type: String,
    /// Amount type, two characters; `02` is the balance that can be spent.
    pub amount_type: String,
    /// Currency, three digits; `156` is the yuan.
    pub currency: String,
    /// Amount in fen; negative where the sign is `D`.
    pub amount: i64,
}

impl Balance {
    /// A balance in yuan that can be spent, in fen.
    pub fn available(amount: i64) -> Self {
        Self {
            account_type: "10".into(),
            amount_type: "02".into(),
            currency: "156".into(),
            amount,
        }
    }

    /// Reads the first twenty bytes of field 54.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong = |offset, problem| DecodeError::new(Path::Field(54), offset, problem);
        let short = wrong(
            0,
            Problem::Truncated {
                needed: 20,
                available: bytes.len(),
            },
        );
        let text = bytes.get(..20).ok_or(short)?;
        let ascii = text.is_ascii().then(|| std::str::from_utf8(text).ok()).flatten();
        let text = ascii.ok_or(wrong(0, Problem::Meaning("ASCII characters")))?;
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
        let amount = part(8..20);
        let digits = amount
            .bytes()
            .all(|c| c.is_ascii_digit())
            .then(|| amount.parse::<i64>().ok())
            .flatten();
        let amount = digits.ok_or(wrong(8, Problem::Meaning("an amount of twelve digits")))?;
        let amount = match part(7..8).as_str() {
            "C" => amount,
            "D" => -amount,
            _ => return Err(wrong(7, Problem::Meaning("the sign C or D"))),
        };
        Ok(Self {
            account_type: part(0..2),
            amount_type: part(2..4),
            currency: part(4..7),
            amount,
        })
    }

    /// The characters of the field.
    pub fn text(&self) -> Result<String, EncodeError> {
        let sign = if self.amount < 0 { 'D' } else { 'C' };
        let Self {
            account_type,
            amount_type,
            currency,
            amount,
        } = self;
        let text = format!(
            "{account_type:<2}{amount_type:<2}{currency:<3}{sign}{:012}",
            amount.unsigned_abs()
        );
        let fits = text.len() == 20 && text.is_ascii();
        fits.then_some(text).ok_or(EncodeError::field(
            54,
            Unfit::Meaning("2, 2 and 3 characters and an amount of 12 digits"),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_balance_reads_as_hosts_send_it() {
        let balance = Balance::parse(b"1002156C000000100000").unwrap();
        assert_eq!(balance, Balance::available(100_000));
        assert_eq!(balance.text().unwrap(), "1002156C000000100000");
    }

    #[test]
    fn what_is_owed_is_negative() {
        let owed = Balance::available(-5);
        assert_eq!(owed.text().unwrap(), "1002156D000000000005");
        assert_eq!(Balance::parse(b"1002156D000000000005").unwrap(), owed);
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        assert_eq!(Balance::parse(b"1002156X000000100000").unwrap_err().offset, 7);
        assert_eq!(Balance::parse(b"1002156C+00000100000").unwrap_err().offset, 8);
        assert!(Balance::parse(b"1002156C").is_err());
        assert!(Balance::parse(&[0xFF; 20]).is_err());
        assert!(Balance::available(1_000_000_000_000).text().is_err());
    }
}
