//! The inside of private fields: what stands in 48, 53, 54, 59, 60, 61, 62 and 63.
//!
//! Reading is lenient where implementations differ, writing is exact.

pub mod downloads;
mod f48;
mod f53;
mod f54;
mod f59;
mod f60;
mod f61;
mod f62;
mod f63;
mod receipt;
pub mod text;

pub use f48::{BalanceFlag, BatchItem, BatchUpload, SettlementTotals, Tally, Totals, batch_end};
pub use f53::{F53, PinForm};
pub use f54::Balance;
pub use f59::{CodeData, CodeKind};
pub use f60::F60;
pub use f61::F61;
pub use f62::{KeyLayout, SignInKeys, SignInRequest, WrappedKey};
pub use f63::{ReplyTexts, operator, operator_field};
pub use receipt::read_receipt;

use crate::error::{DecodeError, EncodeError, Path, Problem, Unfit};
use crate::fields::Content;

/// Reads numbers of fixed width, one after the other, out of digits.
struct DigitsIn<'a> {
    digits: &'a str,
    offset: usize,
}

impl<'a> DigitsIn<'a> {
    fn new(digits: &'a str) -> Self {
        Self { digits, offset: 0 }
    }

    fn left(&self) -> usize {
        self.digits.len().saturating_sub(self.offset)
    }

    fn take(&mut self, part: &'static str, width: usize) -> Result<&'a str, DecodeError> {
        let digits = self.digits.get(self.offset..self.offset + width);
        let Some(digits) = digits else {
            let problem = Problem::Truncated {
                needed: width,
                available: self.left(),
            };
            return Err(DecodeError::new(Path::Part(part), self.offset, problem));
        };
        if !digits.bytes().all(|c| c.is_ascii_digit()) {
            return Err(DecodeError::new(
                Path::Part(part),
                self.offset,
                Problem::Content(Content::Digits),
            ));
        }
        self.offset += width;
        Ok(digits)
    }

    fn number<N: std::str::FromStr>(&mut self, part: &'static str, width: usize) -> Result<N, DecodeError> {
        let start = self.offset;
        let digits = self.take(part, width)?;
        digits
            .parse()
            .map_err(|_| DecodeError::new(Path::Part(part), start, Problem::Content(Content::Digits)))
    }

    /// A number, or nothing where fewer digits are left than it takes.
    fn maybe<N: std::str::FromStr>(&mut self, part: &'static str, width: usize) -> Result<Option<N>, DecodeError> {
        if self.left() < width {
            self.offset = self.digits.len();
            return Ok(None);
        }
        self.number(part, width).map(Some)
    }
}

/// Writes numbers of fixed width, one after the other.
#[derive(Default)]
struct DigitsOut(String);

impl DigitsOut {
    fn number(&mut self, part: &'static str, width: usize, value: impl TryInto<u64>) -> Result<&mut Self, EncodeError> {
        let too_big = EncodeError::new(
            Path::Part(part),
            Unfit::Meaning("a number that fits its digits, and is not negative"),
        );
        let digits = value
            .try_into()
            .map(|value| format!("{value:0width$}"))
            .map_err(|_| too_big)?;
        if digits.len() > width {
            return Err(too_big);
        }
        self.0.push_str(&digits);
        Ok(self)
    }

    /// A number where there is one. Nothing may follow a part that is missing.
    fn maybe(
        &mut self,
        part: &'static str,
        width: usize,
        value: Option<u64>,
        ended: &mut bool,
    ) -> Result<(), EncodeError> {
        match value {
            Some(_) if *ended => Err(EncodeError::new(
                Path::Part(part),
                Unfit::Meaning("the parts before this one"),
            )),
            Some(value) => self.number(part, width, value).map(|_| ()),
            None => {
                *ended = true;
                Ok(())
            }
        }
    }
}
