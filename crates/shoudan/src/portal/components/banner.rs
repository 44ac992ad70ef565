//! The answer to the page's one question, in its first screen.

use maud::{Markup, html};

use crate::portal::{Page, Standing};

/// A status banner.
#[derive(Clone, Debug)]
pub struct Banner<'a> {
    /// The state.
    pub standing: Standing,
    /// Another word than the state's own; empty: its own.
    pub word: &'a str,
    /// One sentence.
    pub headline: &'a str,
    /// The page's own heading (`h1`) or one of several (`h2`).
    pub first: bool,
    /// What stands under the sentence.
    pub detail: Option<Markup>,
}

impl<'a> Banner<'a> {
    /// The page's own answer, as its main heading.
    pub const fn answer(standing: Standing, headline: &'a str) -> Self {
        Self {
            standing,
            word: "",
            headline,
            first: true,
            detail: None,
        }
    }

    /// One answer of several on the page.
    pub const fn one_of(standing: Standing, headline: &'a str) -> Self {
        Self {
            standing,
            word: "",
            headline,
            first: false,
            detail: None,
        }
    }

    /// With another word than the state's own.
    pub const fn word(mut self, word: &'a str) -> Self {
        self.word = word;
        self
    }

    /// With something under the sentence.
    pub fn detail(mut self, detail: Option<Markup>) -> Self {
        self.detail = detail;
        self
    }
}

/// A status banner: icon, word, sentence.
pub fn banner(page: &Page<'_>, banner: &Banner<'_>) -> Markup {
    let word = if banner.word.is_empty() {
        page.say(banner.standing.word())
    } else {
        banner.word
    };
    html! {
        section.banner.(banner.standing.class()) {
            div.banner-icon { (banner.standing.icon()) }
            div.banner-text {
                p.banner-word { (word) }
                @if banner.first { h1 { (banner.headline) } } @else { h2 { (banner.headline) } }
                @if let Some(detail) = &banner.detail { div.banner-detail { (detail) } }
            }
        }
    }
}
