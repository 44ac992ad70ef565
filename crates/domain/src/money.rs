//! Money in whole fen and rates in parts per million. Nothing here is a floating-point number and nothing wraps:
//! every step that could leave the range says so.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An amount of renminbi in fen (1/100 yuan). May be negative: a correction, a debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// A rate in parts per million of an amount: 0.6% is `Ppm(6_000)`, 0.0325% is `Ppm(325)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ppm(pub i64);

/// How a fraction of a fen becomes a whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest fen, a half away from zero, so that a correction cancels exactly what it corrects.
    #[default]
    HalfUp,
    /// Towards zero.
    Down,
}

/// Why an amount could not be read or computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits of fen: more than 92 thousand million million yuan.
    #[error("the amount is too large to compute; check the input for a stray digit")]
    TooLarge,
    /// Division by nothing: a share of an amount that is zero.
    #[error("cannot take a share of an amount of zero")]
    NoWhole,
    /// The text is not an amount.
    #[error("an amount is written like 12.34: digits, a point, two digits")]
    Malformed,
}

/// `dividend / divisor` in whole units, rounded.
fn divide(dividend: i128, divisor: i128, rounding: Rounding) -> Result<i128, MoneyError> {
    if divisor == 0 {
        return Err(MoneyError::NoWhole);
    }
    let quotient = dividend / divisor;
    let rest = dividend % divisor;
    let half_or_more = rest.unsigned_abs() * 2 >= divisor.unsigned_abs();
    let away = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
    Ok(match rounding {
        Rounding::HalfUp if half_or_more => quotient + away,
        Rounding::HalfUp | Rounding::Down => quotient,
    })
}

fn narrow(value: i128) -> Result<Fen, MoneyError> {
    i64::try_from(value).map(Fen).map_err(|_| MoneyError::TooLarge)
}

impl Ppm {
    /// The whole: 100%.
    pub const ONE: Self = Self(1_000_000);

    /// This rate of `amount`, to the nearest fen.
    pub fn of(self, amount: Fen) -> Result<Fen, MoneyError> {
        self.of_scaled(amount, Self::ONE, Rounding::HalfUp)
    }

    /// This rate, itself scaled by `factor`, of `amount`, rounded once at the end. Scaling the rate first would lose
    /// half a part per million: 325 ppm × 0.78 is 253.5.
    pub fn of_scaled(self, amount: Fen, factor: Self, rounding: Rounding) -> Result<Fen, MoneyError> {
        let product = i128::from(amount.0)
            .checked_mul(i128::from(self.0))
            .and_then(|p| p.checked_mul(i128::from(factor.0)))
            .ok_or(MoneyError::TooLarge)?;
        narrow(divide(product, 1_000_000_000_000, rounding)?)
    }
}

impl fmt::Display for Ppm {
    /// As a percentage without trailing zeros: `0.6%`, `0.0325%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let absolute = self.0.unsigned_abs();
        let fraction = format!("{:04}", absolute % 10_000);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{fraction}%", absolute / 10_000)
    }
}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::TooLarge)
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::TooLarge)
    }

    /// This amount `times` over.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        self.0.checked_mul(times).map(Self).ok_or(MoneyError::TooLarge)
    }

    /// The same amount in the other direction.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::TooLarge)
    }

    /// The sum of many amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// This amount × `part` / `whole`, rounded: the share of a fee that belongs to a part of a sale.
    pub fn share(self, part: Self, whole: Self, rounding: Rounding) -> Result<Self, MoneyError> {
        let product = i128::from(self.0) * i128::from(part.0);
        narrow(divide(product, i128::from(whole.0), rounding)?)
    }

    /// Reads an amount in yuan as programs write it: `12.34`, `-0.05`. Exactly two decimals, no leading zeros, no
    /// sign but a minus, no separators, no spaces.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (yuan, fen) = digits.split_once('.').ok_or(MoneyError::Malformed)?;
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let padded = yuan.len() > 1 && yuan.starts_with('0');
        if !numeric(yuan) || !numeric(fen) || fen.len() != 2 || padded {
            return Err(MoneyError::Malformed);
        }
        // Parsed with its sign, so that the smallest amount there is comes back too.
        let sign = if negative { "-" } else { "" };
        format!("{sign}{yuan}{fen}")
            .parse()
            .map(Self)
            .map_err(|_| MoneyError::TooLarge)
    }

    /// Reads an amount as a person types it into a form: `12`, `12.3`, `¥1,234.50`, with spaces around. Never
    /// negative; a comma only where it separates thousands.
    pub fn parse_typed(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let text = text.strip_prefix(['¥', '\u{ffe5}']).unwrap_or(text).trim_start();
        let (yuan, fen) = text.split_once('.').unwrap_or((text, "00"));
        if yuan.starts_with('-') || fen.is_empty() || fen.len() > 2 {
            return Err(MoneyError::Malformed);
        }
        let groups: Vec<&str> = yuan.split(',').collect();
        let well_grouped = groups.len() == 1
            || groups
                .iter()
                .enumerate()
                .all(|(i, group)| group.len() == 3 || (i == 0 && (1..=3).contains(&group.len())));
        if !well_grouped {
            return Err(MoneyError::Malformed);
        }
        Self::parse(&format!("{}.{fen:0<2}", groups.concat()))
    }

    /// For people: `¥1,234.50`, `-¥0.05`.
    pub fn yuan(self) -> String {
        let plain = Self(self.0.saturating_abs()).to_string();
        let (whole, fen) = plain.split_once('.').unwrap_or((&plain, "00"));
        let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}¥{grouped}.{fen}")
    }
}

impl fmt::Display for Fen {
    /// For programs: `1234.50`, the form [`Fen::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let absolute = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", absolute / 100, absolute % 100)
    }
}

impl FromStr for Fen {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_exact_written_form_is_an_amount() {
        assert_eq!(Fen::parse("12.34"), Ok(Fen(1234)));
        assert_eq!(Fen::parse("0.05"), Ok(Fen(5)));
        assert_eq!(Fen::parse("-3.00"), Ok(Fen(-300)));
        for wrong in [
            "", ".", "12", "12.", "12.3", "12.345", ".34", "+1.00", "1e2.00", " 1.00", "1,234.00", "01.00", "00.10",
            "--1.00", "1.-1", "¥1.00", "1.0٠",
        ] {
            assert_eq!(Fen::parse(wrong), Err(MoneyError::Malformed), "{wrong:?}");
        }
        assert_eq!(Fen::parse("92233720368547758.08"), Err(MoneyError::TooLarge));
        assert_eq!(Fen::parse("-92233720368547758.08"), Ok(Fen(i64::MIN)));
    }

    #[test]
    fn a_person_may_type_it_more_freely() {
        for (typed, want) in [("12", 1200), ("12.3", 1230), (" ¥1,234.50 ", 123_450), ("¥ 0.01", 1)] {
            assert_eq!(Fen::parse_typed(typed), Ok(Fen(want)), "{typed:?}");
        }
        for wrong in ["-1", "1,23.00", "12,34", ",123", "1.", "1.234", "", "abc", "1234,567"] {
            assert!(Fen::parse_typed(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn people_see_thousands_separated() {
        for (fen, shown) in [
            (123_450, "¥1,234.50"),
            (99_999, "¥999.99"),
            (100_000_000, "¥1,000,000.00"),
            (-5, "-¥0.05"),
            (0, "¥0.00"),
        ] {
            assert_eq!(Fen(fen).yuan(), shown);
        }
    }

    #[test]
    fn rates_round_half_up_and_show_as_percent() {
        assert_eq!(Ppm(6_000).of(Fen(8_888)), Ok(Fen(53)));
        assert_eq!(Ppm(325).of(Fen(100_000)), Ok(Fen(33)), "32.5 fen");
        assert_eq!(Ppm(325).of(Fen(-100_000)), Ok(Fen(-33)), "a correction cancels it");
        assert_eq!(Ppm(6_000).of(Fen(50)), Ok(Fen(0)));
        assert_eq!(Ppm(5_000).of(Fen(100)), Ok(Fen(1)), "half a fen");
        assert_eq!(
            Ppm(325).of_scaled(Fen(500_000), Ppm(780_000), Rounding::HalfUp),
            Ok(Fen(127))
        );
        assert_eq!(
            Ppm(325).of_scaled(Fen(500_000), Ppm(780_000), Rounding::Down),
            Ok(Fen(126))
        );
        assert_eq!(Ppm(i64::MAX).of(Fen(i64::MAX)), Err(MoneyError::TooLarge));
        assert_eq!(Ppm(6_000).to_string(), "0.6%");
        assert_eq!(Ppm(325).to_string(), "0.0325%");
        assert_eq!(Ppm(1_000_000).to_string(), "100%");
    }

    #[test]
    fn nothing_wraps() {
        assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), Err(MoneyError::TooLarge));
        assert_eq!(Fen(i64::MIN).checked_sub(Fen(1)), Err(MoneyError::TooLarge));
        assert_eq!(Fen(i64::MAX).checked_mul(2), Err(MoneyError::TooLarge));
        assert_eq!(Fen(i64::MIN).checked_neg(), Err(MoneyError::TooLarge));
        assert_eq!(Fen::sum([Fen(1), Fen(2), Fen(3)]), Ok(Fen(6)));
        assert_eq!(
            Fen(10).share(Fen(1), Fen(0), Rounding::HalfUp),
            Err(MoneyError::NoWhole)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(fen: i64) {
            prop_assert_eq!(Fen::parse(&Fen(fen).to_string()), Ok(Fen(fen)));
        }

        #[test]
        fn what_people_see_they_can_type(fen in 0..i64::MAX) {
            prop_assert_eq!(Fen::parse_typed(&Fen(fen).yuan()), Ok(Fen(fen)));
        }

        #[test]
        fn rounding_is_off_by_at_most_half_a_fen(fen in -1_000_000_000_000_i64..1_000_000_000_000, ppm in 0_i64..1_000_000) {
            let fee = i128::from(Ppm(ppm).of(Fen(fen)).unwrap().0);
            let exact = i128::from(fen) * i128::from(ppm);
            prop_assert!((fee * 1_000_000 - exact).abs() * 2 <= 1_000_000);
        }
    }
}
