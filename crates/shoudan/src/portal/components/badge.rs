//! A state in a line: icon and word.

use maud::{Markup, html};

use crate::portal::{Page, Standing};

/// A state with its own word.
pub fn badge(page: &Page<'_>, standing: Standing) -> Markup {
    badge_with(standing, page.say(standing.word()))
}

/// A state with another word than its own, e.g. a stage's name.
pub fn badge_with(standing: Standing, word: &str) -> Markup {
    html! {
        span.badge.(standing.class()) { (standing.icon()) span { (word) } }
    }
}

/// The state of a request, step, document or transaction, by its code; `word` is its name.
pub fn state_badge(code: &str, word: &str) -> Markup {
    badge_with(standing_of(code), word)
}

/// How each state code of the views looks.
const LOOKS: [(Standing, &[&str]); 6] = [
    (Standing::Works, &["done", "approved", "accepted", "works", "verified"]),
    (
        Standing::Waiting,
        &["open", "submitted", "supplied", "pending", "later", "waiting", "sealed"],
    ),
    (Standing::Soon, &["now", "returned", "todo", "unknown", "announced"]),
    (Standing::Limited, &["limited"]),
    (Standing::Stopped, &["declined", "refused", "in_force", "stopped"]),
    (
        Standing::Ended,
        &["withdrawn", "voided", "reversed", "refunded", "lifted", "ended"],
    ),
];

fn standing_of(code: &str) -> Standing {
    LOOKS
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map_or(Standing::Waiting, |(standing, _)| *standing)
}
