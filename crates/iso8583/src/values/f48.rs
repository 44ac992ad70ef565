//! Field 48: totals of a settlement, details of a batch.

use super::{DigitsIn, DigitsOut};
use crate::card::Pan;
use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};

/// A sum and how many transactions make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sum in fen, at most twelve digits.
    pub amount: i64,
    /// Number of transactions, at most 999.
    pub count: u16,
}

/// Whether the host's totals agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BalanceFlag {
    /// Not compared: what a terminal sends.
    #[default]
    NotCompared,
    /// 对账平: the totals agree.
    Balanced,
    /// 对账不平: they do not; the terminal uploads its batch.
    Unbalanced,
    /// The host could not compare.
    Error,
}

impl BalanceFlag {
    const ALL: [Self; 4] = [Self::NotCompared, Self::Balanced, Self::Unbalanced, Self::Error];
}

/// Totals of one kind of cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sales, completions, offline sales.
    pub debit: Tally,
    /// Voids, completion voids, refunds.
    pub credit: Tally,
    /// The host's verdict.
    pub flag: BalanceFlag,
}

/// Field 48 of a settlement (0500 and its answer): 62 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettlementTotals {
    /// Cards issued in the country.
    pub domestic: Totals,
    /// Cards issued abroad.
    pub foreign: Totals,
}

impl SettlementTotals {
    /// Reads 62 digits.
    pub fn parse(digits: &str) -> Result<Self, DecodeError> {
        let mut input = DigitsIn::new(digits);
        let totals = Self {
            domestic: Totals::read(&mut input)?,
            foreign: Totals::read(&mut input)?,
        };
        nothing_left(&input)?;
        Ok(totals)
    }

    /// The digits of the field.
    pub fn digits(&self) -> Result<String, EncodeError> {
        let mut out = DigitsOut::default();
        for half in [self.domestic, self.foreign] {
            for tally in [half.debit, half.credit] {
                out.number("48", 12, tally.amount)?.number("48", 3, tally.count)?;
            }
            out.number("48", 1, half.flag as u8)?;
        }
        Ok(out.0)
    }
}

impl Totals {
    fn read(input: &mut DigitsIn<'_>) -> Result<Self, DecodeError> {
        let debit = Tally::read(input)?;
        let credit = Tally::read(input)?;
        let start = input.offset;
        let flag = BalanceFlag::ALL.get(input.number::<usize>("48", 1)?).copied();
        let unknown = DecodeError::new(Path::Part("48"), start, Problem::Meaning("a balance flag from 0 to 3"));
        Ok(Self {
            debit,
            credit,
            flag: flag.ok_or(unknown)?,
        })
    }
}

impl Tally {
    fn read(input: &mut DigitsIn<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            amount: input.number("48", 12)?,
            count: input.number("48", 3)?,
        })
    }
}

fn nothing_left(input: &DigitsIn<'_>) -> Result<(), DecodeError> {
    match input.left() {
        0 => Ok(()),
        left => Err(DecodeError::new(
            Path::Part("48"),
            input.offset,
            Problem::Trailing(left),
        )),
    }
}

/// One stripe transaction of a batch upload. No `Debug`: it holds a card number.
#[derive(Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Whether the card was issued abroad.
    pub foreign: bool,
    /// Trace number.
    pub trace: u32,
    /// Card number.
    pub pan: Pan,
    /// Amount in fen.
    pub amount: i64,
}

/// Field 48 of a batch upload (0320, code 201): up to eight transactions.
#[derive(Clone, PartialEq, Eq)]
pub struct BatchUpload(pub Vec<BatchItem>);

impl BatchUpload {
    /// The most transactions that one message carries.
    pub const MOST: usize = 8;

    /// Reads the count and as many transactions of forty digits.
    pub fn parse(digits: &str) -> Result<Self, DecodeError> {
        let mut input = DigitsIn::new(digits);
        let count: usize = input.number("48", 2)?;
        if count > Self::MOST {
            let problem = Problem::TooLong {
                length: count,
                maximum: Self::MOST,
            };
            return Err(DecodeError::new(Path::Part("48"), 0, problem));
        }
        let items = (0..count)
            .map(|_| BatchItem::read(&mut input))
            .collect::<Result<_, _>>()?;
        nothing_left(&input)?;
        Ok(Self(items))
    }

    /// The digits of the field.
    pub fn digits(&self) -> Result<String, EncodeError> {
        if self.0.len() > Self::MOST {
            return Err(EncodeError::new(
                Path::Part("48"),
                Unfit::Meaning("at most eight transactions in a message"),
            ));
        }
        let mut out = DigitsOut::default();
        out.number("48", 2, self.0.len())?;
        for item in &self.0 {
            out.number("48", 2, u8::from(item.foreign))?
                .number("48", 6, item.trace)?;
            let pan = item.pan.expose();
            out.0.extend(std::iter::repeat_n('0', 20 - pan.len()));
            out.0.push_str(pan);
            out.number("48", 12, item.amount)?;
        }
        Ok(out.0)
    }
}

impl BatchItem {
    fn read(input: &mut DigitsIn<'_>) -> Result<Self, DecodeError> {
        let start = input.offset;
        let wrong = |expected| DecodeError::new(Path::Part("48"), start, Problem::Meaning(expected));
        let foreign = match input.take("48", 2)? {
            "00" => false,
            "01" => true,
            _ => return Err(wrong("card type 00 or 01")),
        };
        let trace = input.number("48", 6)?;
        // Filled with zeros on the left; no card number begins with one.
        let pan = input.take("48", 20)?.trim_start_matches('0');
        let pan = Pan::parse(pan).map_err(|_| wrong("a card number of 12 to 19 digits"))?;
        Ok(Self {
            foreign,
            trace,
            pan,
            amount: input.number("48", 12)?,
        })
    }
}

/// Field 48 of the message that ends a batch upload (codes 202 and 207): how many transactions were sent, four digits.
pub fn batch_end(items: u16) -> Result<String, EncodeError> {
    let mut out = DigitsOut::default();
    out.number("48", 4, items)?;
    Ok(out.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BALANCED: &str = "00000001234500100000000234500110000000000000000000000000000001";

    #[test]
    fn totals_read_as_they_were_written() {
        let totals = SettlementTotals::parse(BALANCED).unwrap();
        assert_eq!(
            totals.domestic.debit,
            Tally {
                amount: 12_345,
                count: 1
            }
        );
        assert_eq!(
            totals.domestic.credit,
            Tally {
                amount: 2_345,
                count: 1
            }
        );
        assert_eq!(totals.domestic.flag, BalanceFlag::Balanced);
        assert_eq!(
            totals.foreign,
            Totals {
                flag: BalanceFlag::Balanced,
                ..Totals::default()
            }
        );
        assert_eq!(totals.digits().unwrap(), BALANCED);
    }

    #[test]
    fn totals_that_do_not_fit_are_refused() {
        let debit = |amount, count| SettlementTotals {
            domestic: Totals {
                debit: Tally { amount, count },
                ..Totals::default()
            },
            ..SettlementTotals::default()
        };
        assert!(debit(999_999_999_999, 999).digits().is_ok());
        for (amount, count) in [(1_000_000_000_000, 1), (-1, 1), (1, 1000)] {
            assert!(debit(amount, count).digits().is_err(), "{amount} {count}");
        }
        assert!(SettlementTotals::parse(&BALANCED[..61]).is_err());
        assert!(SettlementTotals::parse(&format!("{BALANCED}0")).is_err());
        assert!(SettlementTotals::parse(&format!("{}9", &BALANCED[..61])).is_err());
    }

    #[test]
    fn batch_details_read_as_they_were_written() {
        let digits = "02\
            0000000206228480000000000018000000012345\
            0100000400006214830000000009000000002345";
        let upload = BatchUpload::parse(digits).ok().unwrap();
        let seen: Vec<_> = upload
            .0
            .iter()
            .map(|item| (item.foreign, item.trace, item.pan.expose(), item.amount))
            .collect();
        assert_eq!(
            seen,
            [
                (false, 2, "6228480000000000018", 12_345),
                (true, 4, "6214830000000009", 2_345)
            ]
        );
        assert_eq!(upload.digits().unwrap(), digits);
    }

    #[test]
    fn a_ninth_transaction_does_not_fit() {
        let item = BatchItem {
            foreign: false,
            trace: 1,
            pan: Pan::parse("6228480000000000018").ok().unwrap(),
            amount: 1,
        };
        assert!(BatchUpload(vec![item.clone(); 8]).digits().is_ok());
        assert!(BatchUpload(vec![item; 9]).digits().is_err());
        assert!(BatchUpload::parse(&format!("09{}", "0".repeat(360))).is_err());
    }

    #[test]
    fn a_count_that_lies_is_refused() {
        assert!(BatchUpload::parse("01").is_err());
        assert!(BatchUpload::parse("000").is_err());
        assert_eq!(batch_end(12).unwrap(), "0012");
        assert!(batch_end(10_000).is_err());
    }
}
