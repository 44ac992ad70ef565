//! A message about what just happened or must be known before going on.

use maud::{Markup, html};

use crate::portal::icons::{Icon, icon};

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// To be known.
    Info,
    /// Done.
    Good,
    /// Take care.
    Care,
    /// Was not done.
    Bad,
}

/// The message; what was not done is read out at once.
pub fn notice(tone: Tone, body: Markup) -> Markup {
    let (class, mark, role) = match tone {
        Tone::Info => ("tone-info", Icon::Info, "note"),
        Tone::Good => ("tone-good", Icon::Check, "status"),
        Tone::Care => ("tone-care", Icon::Bell, "note"),
        Tone::Bad => ("tone-bad", Icon::Bar, "alert"),
    };
    html! { div.notice.(class) role=(role) { (icon(mark)) div { (body) } } }
}
