//! The numbers people read aloud and terminals send.

use super::{CROCKFORD, IdError, IdSource, crockford};
use std::fmt;

/// The first character that `allowed` refuses.
fn only(what: &'static str, text: &str, allowed: fn(char) -> bool) -> Result<(), IdError> {
    let bad = text.chars().enumerate().find(|(_, c)| !allowed(*c));
    match bad {
        None => Ok(()),
        Some((index, found)) => Err(IdError::Character {
            what,
            position: index + 1,
            found,
        }),
    }
}

fn length(
    what: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<usize>,
    expected: &'static str,
) -> Result<(), IdError> {
    let found = text.chars().count();
    if range.contains(&found) {
        Ok(())
    } else {
        Err(IdError::Length { what, expected, found })
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        text_forms!($name, IdError);
    };
}

number! {
    /// A merchant number 商户编号: 15 letters or digits (ISO 8583 field 42). What its parts mean,
    /// [`crate::identifiers::read_merchant_number`] explains; other institutions' numbers follow other plans, so nothing
    /// beyond the characters is checked here.
    MerchantNumber
}

impl MerchantNumber {
    /// Reads a merchant number. Spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        length("merchant number", text, 15..=15, "15")?;
        only("merchant number", text, |c| c.is_ascii_alphanumeric())?;
        Ok(Self(text.to_owned()))
    }
}

number! {
    /// A terminal number 终端号: 8 letters or digits (ISO 8583 field 41). Case counts, as it does on the wire.
    TerminalNumber
}

impl TerminalNumber {
    /// Reads a terminal number. Spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        length("terminal number", text, 8..=8, "8")?;
        only("terminal number", text, |c| c.is_ascii_alphanumeric())?;
        Ok(Self(text.to_owned()))
    }
}

number! {
    /// A device's serial number 序列号: 1 to 50 visible ASCII characters, letters in upper case, so that one device has
    /// one spelling. [`crate::identifiers::read_serial_number`] explains those that follow the terminal-unique-number plan.
    SerialNumber
}

impl SerialNumber {
    /// Reads a serial number; letters become upper case, spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        length("serial number", text, 1..=50, "1 to 50")?;
        only("serial number", text, |c| c.is_ascii_graphic())?;
        Ok(Self(text.to_ascii_uppercase()))
    }
}

number! {
    /// An agent's number 代理商编号: 1 to 20 letters, digits or hyphens, letters in upper case.
    AgentNumber
}

impl AgentNumber {
    /// Reads an agent number; letters become upper case, spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        length("agent number", text, 1..=20, "1 to 20")?;
        only("agent number", text, |c| c.is_ascii_alphanumeric() || c == '-')?;
        Ok(Self(text.to_ascii_uppercase()))
    }
}

/// The explanation code 原因码 printed with a decline: six characters of Crockford's base 32, shown as `7K3-M9Q`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExplanationCode(String);

/// Why a text is not an explanation code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplanationCodeError {
    /// Not six characters.
    #[error("the code on the slip has six letters and digits, like 7K3-M9Q; this has {found}")]
    Length {
        /// How many there are, hyphens and spaces not counted.
        found: usize,
    },
    /// A character no code contains: U, or a sign.
    #[error("the code on the slip never contains `{found}`; look at it again (there is no U: it may be a V)")]
    Character {
        /// The character.
        found: char,
    },
}

impl ExplanationCode {
    /// A new random code. A billion are possible, so whoever issues one checks that it is not in use.
    pub fn random(source: &mut IdSource) -> Self {
        let bits = u128::from(u32::from_be_bytes(source.bytes()));
        Self((0..6).map(|place| crockford(bits >> (place * 5))).collect())
    }

    /// Reads a code however it was typed: any case, hyphens and spaces anywhere or nowhere, full-width characters of a
    /// Chinese keyboard, O for 0, I or L for 1.
    pub fn parse(text: &str) -> Result<Self, ExplanationCodeError> {
        let mut code = String::with_capacity(6);
        let mut found = 0;
        for typed in text.chars() {
            if is_separator(typed) {
                continue;
            }
            let character = match half_width(typed).to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(character).is_ok_and(|b| CROCKFORD.contains(&b));
            if !known {
                return Err(ExplanationCodeError::Character { found: typed });
            }
            found += 1;
            if found <= 6 {
                code.push(character);
            }
        }
        if found == 6 {
            Ok(Self(code))
        } else {
            Err(ExplanationCodeError::Length { found })
        }
    }

    /// The six characters without the hyphen, as stored and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Spaces, and the hyphens and dashes keyboards and word processors put in place of one.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

/// A full-width character of a Chinese keyboard as the plain one.
pub(crate) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

impl fmt::Display for ExplanationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at_checked(3).unwrap_or((&self.0, ""));
        write!(f, "{first}-{second}")
    }
}

text_forms!(ExplanationCode, ExplanationCodeError);
