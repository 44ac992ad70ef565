//! What pages say of themselves, in both languages. A row without one of them does not compile; a phrase names its
//! gaps, and a gap that is not an argument does not compile either.
//!
//! Causes, steps, capabilities and events are not worded here: they come from the catalogue.

use domain::names::Lang;

/// One word or sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl Word {
    /// The wording in `lang`.
    pub const fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

/// `words! { SAVE: "保存", "Save"; since(when): "自 {when} 起", "since {when}"; }` gives a constant [`Word`] for a name
/// in capitals, and a function of the language and its gaps for a phrase.
macro_rules! words {
    ($($name:ident $(($($gap:ident),+))? : $zh:literal, $en:literal ;)*) => {
        $($crate::portal::words::word! { $name ($($($gap),+)?) $zh $en })*
    };
}

/// One row of [`words!`]: without gaps a constant, with gaps a function.
macro_rules! word {
    ($name:ident () $zh:literal $en:literal) => {
        #[doc = concat!("«", $en, "»")]
        pub const $name: $crate::portal::words::Word =
            $crate::portal::words::Word { zh: $zh, en: $en };
    };
    ($name:ident ($($gap:ident),+) $zh:literal $en:literal) => {
        #[doc = concat!("«", $en, "»")]
        pub fn $name(
            lang: ::domain::names::Lang,
            $($gap: impl ::std::fmt::Display),+
        ) -> String {
            match lang {
                ::domain::names::Lang::Zh => format!($zh),
                ::domain::names::Lang::En => format!($en),
            }
        }
    };
}
pub(crate) use word;

pub mod closing;
pub mod console;
pub mod desk;
pub mod keys;
pub mod limits;
pub mod merchant;
pub mod parts;
pub mod pos;
pub mod public;
pub mod slip;
pub mod tasks;
