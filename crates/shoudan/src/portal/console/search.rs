//! Search: one box, typed results.

use maud::{Markup, html};
use operations::views::Hit;

use super::frame::{Desk, Spot, frame};
use crate::portal::Page;
use crate::portal::components::{Empty, empty};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, console as w};

/// The kinds of hit in the order they are shown.
const GROUPS: [(&str, Word, Icon); 6] = [
    ("code", w::HIT_CODE, Icon::Tasks),
    ("terminal", w::HIT_TERMINAL, Icon::Terminal),
    ("device", w::HIT_DEVICE, Icon::Terminal),
    ("merchant", w::HIT_MERCHANT, Icon::Home),
    ("request", w::HIT_REQUEST, Icon::File),
    ("person", w::HIT_PERSON, Icon::Person),
];

/// `/console/search?q=`
pub fn search(page: &Page<'_>, desk: &Desk, hits: &[Hit]) -> Markup {
    let asked = desk.asked.trim();
    frame(
        page,
        desk,
        Spot::Elsewhere,
        page.say(w::SEARCH_TITLE),
        html! {
            header.page-head {
                h1 { (page.say(w::SEARCH_TITLE)) @if !asked.is_empty() { " " span.asked-for { (asked) } } }
                @if !asked.is_empty() { p.quiet role="status" { (w::results(page.lang, hits.len())) } }
            }
            @if asked.is_empty() {
                (empty(&Empty { icon: Icon::Search, what: page.say(w::SEARCH_START), how: page.say(w::SEARCH_HOW), action: None }))
            } @else if hits.is_empty() {
                (empty(&Empty { icon: Icon::Search, what: &w::nothing_for(page.lang, asked), how: page.say(w::SEARCH_HOW), action: None }))
            } @else {
                div.hits data-list { @for group in GROUPS { (of_kind(page, hits, group)) } }
            }
            (recent(page))
        },
    )
}

fn of_kind(page: &Page<'_>, hits: &[Hit], (kind, name, mark): (&str, Word, Icon)) -> Markup {
    let some: Vec<&Hit> = hits.iter().filter(|hit| hit.kind == kind).collect();
    html! {
        @if !some.is_empty() {
            section.hit-group {
                h2 { (page.say(name)) " " span.count { (some.len()) } }
                ul {
                    @for hit in some {
                        li { a.hit href=(hit.href) { (icon(mark)) span { b { (hit.title) } span.quiet { (hit.detail) } } } }
                    }
                }
            }
        }
    }
}

/// What this person looked at lately; filled by the script from this window's memory, absent without it.
pub fn recent(page: &Page<'_>) -> Markup {
    html! {
        section.recent data-recent hidden { h2 { (page.say(w::RECENT)) } ul data-list {} }
    }
}
