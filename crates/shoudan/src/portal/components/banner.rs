//! The answer to the page's one question, in its first screen.

use maud::{Markup, html};

use crate::portal::{Page, Standing};

/// A status banner.
#[derive(Clone, Debug)]
pub struct Banner<'a> {
    /// The state.
    pub standing: Standing,
    /// One sentence.
    pub headline: &'a str,
    /// The page's own heading (`h1`) or one of several (`h2`).
    pub first: bool,
    /// What stands under the sentence.
    pub detail: Option<Markup>,
}

/// A status banner: icon, word, sentence.
pub fn banner(page: &Page<'_>, banner: &Banner<'_>) -> Markup {
    html! {
        section.banner.(banner.standing.class()) {
            div.banner-icon { (banner.standing.icon()) }
            div.banner-text {
                p.banner-word { (page.say(banner.standing.word())) }
                @if banner.first { h1 { (banner.headline) } } @else { h2 { (banner.headline) } }
                @if let Some(detail) = &banner.detail { div.banner-detail { (detail) } }
            }
        }
    }
}
