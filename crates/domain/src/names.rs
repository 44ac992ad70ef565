//! The two languages everything is said in, and a text that exists in both.

use serde::{Deserialize, Serialize};

/// A language Shoudan speaks. Written `zh-CN` or `en` wherever it leaves the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lang {
    /// Simplified Chinese, the default.
    #[default]
    #[serde(rename = "zh-CN", alias = "zh")]
    Zh,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// Both languages, the default first.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The language tag for HTML `lang`, HTTP `Content-Language` and JSON.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Reads a language tag by its first part, in any case: `zh-Hant-TW` is [`Lang::Zh`], `en-GB` is [`Lang::En`].
    /// `None` for a language that is not spoken here.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// Picks the language a browser asks for from the text of its `Accept-Language` header.
    ///
    /// The highest weight wins, the earlier of equal weights; weight 0 means "not this one"; an entry that cannot be
    /// read is passed over. With nothing usable the default is chosen.
    pub fn negotiate(header: &str) -> Self {
        let mut best: Option<(Self, u16)> = None;
        for entry in header.split(',') {
            let mut parts = entry.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let lang = if tag == "*" {
                Some(Self::default())
            } else {
                Self::from_tag(tag)
            };
            let (Some(lang), Some(weight)) = (lang, weight(parts.next())) else {
                continue;
            };
            if weight > best.map_or(0, |(_, w)| w) {
                best = Some((lang, weight));
            }
        }
        best.map_or_else(Self::default, |(lang, _)| lang)
    }
}

/// Reads `q=0.8` as thousandths; an absent weight is 1.000, a malformed one is `None`.
fn weight(parameter: Option<&str>) -> Option<u16> {
    let Some(parameter) = parameter else {
        return Some(1000);
    };
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return Some(1000);
    }
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// A text in both languages. In the catalogue it is a table with the keys `zh` and `en`; either one missing, or any
/// other key, is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The Chinese wording.
    pub zh: String,
    /// The English wording.
    pub en: String,
}

impl Text {
    /// A text from its Chinese and English wording, in this order.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The wording in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// The first language in which nothing is said, if there is one.
    pub fn missing(&self) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| self.get(*lang).trim().is_empty())
    }
}

/// `text!("中文", "English")`: a [`Text`](crate::names::Text) from its Chinese and English wording.
#[macro_export]
macro_rules! text {
    ($zh:expr, $en:expr $(,)?) => {
        $crate::names::Text::new($zh, $en)
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_browser_gets_the_language_it_weights_highest() {
        for (header, want) in [
            ("", Lang::Zh),
            ("fr, de;q=0.9", Lang::Zh),
            ("en-GB,en;q=0.9,zh;q=0.8", Lang::En),
            ("zh-TW", Lang::Zh),
            ("en;q=0.3, zh-CN;q=0.7", Lang::Zh),
            ("fr, en;q=0.1", Lang::En),
            ("EN_us", Lang::En),
            ("zh;q=0, en;q=0.001", Lang::En),
            ("en;q=0", Lang::Zh),
            ("en;q=2, zh;q=0.1", Lang::Zh),
            ("en;q=1.001, *;q=0.1", Lang::Zh),
            ("en;q=0.5, zh;q=0.5", Lang::En),
            (";;;=,,q=;en", Lang::Zh),
        ] {
            assert_eq!(Lang::negotiate(header), want, "{header}");
        }
    }

    #[test]
    fn languages_are_written_as_tags() {
        assert_eq!(serde_json::to_string(&Lang::Zh).unwrap(), r#""zh-CN""#);
        assert_eq!(serde_json::from_str::<Lang>(r#""en""#).unwrap(), Lang::En);
        for lang in Lang::ALL {
            assert_eq!(Lang::from_tag(lang.tag()), Some(lang));
        }
    }

    #[test]
    fn a_text_needs_both_languages_and_nothing_else() {
        let said: Text = toml::from_str("zh = \"停用\"\nen = \"stopped\"").unwrap();
        assert_eq!(said, text!("停用", "stopped"));
        assert_eq!(said.get(Lang::En), "stopped");
        assert!(toml::from_str::<Text>("zh = \"停用\"").is_err());
        assert!(toml::from_str::<Text>("zh = \"a\"\nen = \"b\"\nfr = \"c\"").is_err());
        assert_eq!(text!("停用", " ").missing(), Some(Lang::En));
        assert_eq!(said.missing(), None);
    }
}
