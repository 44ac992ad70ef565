//! Values that must never reach a log, and the one way each kind is shown when it is shown at all.

use std::fmt;

/// A value whose content no `Debug`, `Display` or serialisation can show. Reading it takes an explicit
/// [`expose`](Secret::expose), so every place that does is found by searching for that word.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret<T>(T);

/// A secret text: a password, an API key in clear, a document number.
pub type SecretString = Secret<String>;

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The content, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the content, for handing it on to another protecting type.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for SecretString {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reason of a failure is dropped: it may quote the value.
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a secret value has the wrong type"))
    }
}

/// Keeps `head` and `tail` characters and stars out the rest. A text too short to hide at least one character behind
/// them is starred out whole.
pub fn mask_middle(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    let kept = head.saturating_add(tail);
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            if length > kept && (i < head || i >= length - tail) {
                c
            } else {
                '*'
            }
        })
        .collect()
}

/// A person's name: the first character stays (`张*`, `欧**`), the rest becomes at most two stars, so that the
/// length of a long name does not show. A name of one character is starred out.
pub fn mask_name(name: &str) -> String {
    let mut characters = name.chars();
    match (characters.next(), characters.count()) {
        (Some(first), rest @ 1..) => format!("{first}{}", "*".repeat(rest.min(2))),
        (Some(_), 0) => "*".to_owned(),
        (None, _) => String::new(),
    }
}

/// A resident ID or other document number: the first three and last four characters stay.
pub fn mask_document(number: &str) -> String {
    mask_middle(number, 3, 4)
}

/// A bank card: the BIN's six and the last four digits stay, the most a receipt may show.
pub fn mask_card(number: &str) -> String {
    mask_middle(number, 6, 4)
}

/// A mobile number: `138****0000`.
pub fn mask_phone(number: &str) -> String {
    mask_middle(number, 3, 4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_prints_stars_and_opens_only_on_request() {
        let password = SecretString::from("open sesame");
        assert_eq!(format!("{password:?}"), "***");
        assert_eq!(format!("{:?}", Some(Secret::new(vec![1_u8, 2]))), "Some(***)");
        assert_eq!(password.expose(), "open sesame");
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_not_quoted_in_the_error() {
        let error = serde_json::from_str::<Secret<u8>>("\"4711-hidden\"").unwrap_err();
        assert!(!error.to_string().contains("4711"), "{error}");
        let read: SecretString = serde_json::from_str("\"abc\"").unwrap();
        assert_eq!(read.expose(), "abc");
    }

    #[test]
    fn each_kind_is_shown_its_own_way() {
        assert_eq!(mask_name("张三"), "张*");
        assert_eq!(mask_name("欧阳娜娜"), "欧**");
        assert_eq!(mask_name("李"), "*");
        assert_eq!(mask_name(""), "");
        assert_eq!(mask_document("11010519491231002X"), "110***********002X");
        assert_eq!(mask_card("6222020000000000000"), "622202*********0000");
        assert_eq!(mask_phone("13800000000"), "138****0000");
        assert_eq!(mask_phone("1380000"), "*******");
    }

    proptest! {
        #[test]
        fn masking_keeps_the_length_and_never_more_than_asked(
            text in "\\PC{0,30}", head in 0_usize..8, tail in 0_usize..8,
        ) {
            let masked = mask_middle(&text, head, tail);
            let length = text.chars().count();
            prop_assert_eq!(masked.chars().count(), length);
            let shown = text.chars().zip(masked.chars()).filter(|(a, b)| a == b && *a != '*').count();
            let allowed = if length > head + tail { head + tail } else { 0 };
            prop_assert!(shown <= allowed);
        }
    }
}
