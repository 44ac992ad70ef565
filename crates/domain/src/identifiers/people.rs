//! Identifiers of people and their accounts. None of them prints, serialises or stands in an error.

use super::{
    IdentifierError, Letters, check_characters, check_digits, check_length, digits, normal, part, province, ungrouped,
};
use crate::names::Text;
use crate::secret::{SecretString, mask_card, mask_document, mask_name, mask_phone};
use crate::time::Date;
use std::fmt;

/// `expose`, `masked` and a `Debug` that shows nothing.
macro_rules! sensitive {
    ($name:ident, $mask:path) => {
        impl $name {
            /// The content, for the one place that needs it.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }

            /// How it may be shown.
            pub fn masked(&self) -> String {
                $mask(self.expose())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

/// A resident identity number 居民身份证号码 (GB 11643-1999): 18 characters, the last may be X.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentId(SecretString);

sensitive!(ResidentId, mask_document);

impl ResidentId {
    /// Reads a number: length, digits, province, an existing birth date not after `today`, check character. A small x,
    /// full-width characters and spaces around it are made right.
    pub fn parse(text: &str, today: Date) -> Result<Self, IdentifierError> {
        let number = normal(text);
        if number.len() == 15 && number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdentifierError::FirstGeneration);
        }
        check_length(&number, 18, 18)?;
        let first_17: String = number.chars().take(17).collect();
        check_digits(&first_17)?;
        check_characters(&number, Letters::DigitsThenX, |c| c.is_ascii_digit() || c == 'X')?;
        if province(&number).is_none() {
            return Err(IdentifierError::Province);
        }
        let birth = birth_date(&number).ok_or(IdentifierError::Date)?;
        if birth > today {
            return Err(IdentifierError::FutureDate);
        }
        if number.ends_with(resident_check(&number)) {
            Ok(Self(number.into()))
        } else {
            Err(IdentifierError::CheckDigit { expected: None })
        }
    }

    /// The date of birth.
    pub fn birth(&self) -> Date {
        birth_date(self.expose()).unwrap_or(Date::MIN)
    }

    /// Full years of age on a day; 0 before birth. Someone born on 29 February turns a year older on 1 March of other
    /// years.
    pub fn age_on(&self, day: Date) -> u16 {
        let birth = self.birth();
        let before_birthday = (day.month(), day.day()) < (birth.month(), birth.day());
        let years = i32::from(day.year()) - i32::from(birth.year()) - i32::from(before_birthday);
        u16::try_from(years).unwrap_or(0)
    }

    /// The province of first registration.
    pub fn province(&self) -> Option<Text> {
        province(self.expose())
    }
}

fn birth_date(number: &str) -> Option<Date> {
    let year = part(number, 6..10).parse().ok()?;
    let month = part(number, 10..12).parse().ok()?;
    let day = part(number, 12..14).parse().ok()?;
    Date::new(year, month, day).ok()
}

/// ISO 7064 MOD 11-2 over the first 17 digits.
fn resident_check(number: &str) -> char {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits(number).zip(weights).map(|(digit, weight)| digit * weight).sum();
    let index = usize::try_from(sum % 11).unwrap_or(0);
    "10X98765432".chars().nth(index).unwrap_or('0')
}

/// A bank card number: 13 to 19 digits with a Luhn check digit. Which bank and type, [`crate::cards::BinTable`] says.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BankCard(SecretString);

sensitive!(BankCard, mask_card);

impl BankCard {
    /// Reads a card number, grouped by spaces or hyphens or not. All zeros satisfy the check and are refused.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = ungrouped(text);
        check_digits(&number)?;
        check_length(&number, 13, 19)?;
        if number.chars().all(|c| c == '0') {
            return Err(IdentifierError::Placeholder);
        }
        if luhn_sum(&number).is_multiple_of(10) {
            Ok(Self(number.into()))
        } else {
            Err(IdentifierError::CheckDigit { expected: None })
        }
    }

    /// The last four digits, as a slip and a statement show them.
    pub fn last_four(&self) -> &str {
        let number = self.expose();
        part(number, number.len().saturating_sub(4)..number.len())
    }
}

/// From the right, every second digit doubled, its digits added.
fn luhn_sum(number: &str) -> u32 {
    digits(number)
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum()
}

/// A mobile number in mainland China: eleven digits starting with 13 to 19.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mobile(SecretString);

sensitive!(Mobile, mask_phone);

impl Mobile {
    /// Reads a number, with or without +86 or 0086, spaces and hyphens.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let typed = ungrouped(text);
        let number = typed
            .strip_prefix("+86")
            .or_else(|| typed.strip_prefix("0086"))
            .unwrap_or(&typed);
        check_digits(number)?;
        check_length(number, 11, 11)?;
        if ("13".."20").contains(&part(number, 0..2)) {
            Ok(Self(number.into()))
        } else {
            Err(IdentifierError::MobilePrefix)
        }
    }
}

/// A person's name as the identity document shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(SecretString);

sensitive!(PersonName, mask_name);

impl PersonName {
    /// Reads a name of 2 to 50 letters of any script. The different dots typed between the parts of a name become the
    /// one in the middle (·), several spaces become one, so that equal names compare equal.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let name: String = words.join(" ").chars().map(middle_dot).collect();
        check_length(&name, 2, 50)?;
        check_characters(&name, Letters::Name, |c| {
            c.is_alphabetic() || matches!(c, '·' | ' ' | '-' | '\'')
        })?;
        Ok(Self(name.into()))
    }
}

fn middle_dot(c: char) -> char {
    match c {
        '\u{2022}' | '\u{30fb}' | '\u{ff65}' | '\u{2027}' | '\u{22c5}' | '\u{ff0e}' | '.' => '·',
        other => other,
    }
}
