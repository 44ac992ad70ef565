//! Requests: what is under way with whose turn it is, what is closed, what can be asked for.

use maud::{Markup, html};
use operations::views::{Page as Rows, RequestRow};

use crate::portal::components::{Area, Empty, Place, badge_with, empty, pager, shell, state_badge};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, tasks as w};
use crate::portal::{Page, Standing, paths};

/// Something the merchant may ask for now, from the plan table: never worded by a page.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it does and when.
    pub about: String,
    /// Where it is opened.
    pub href: String,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Requests {
    /// Open ones, the most urgent first.
    pub open: Vec<RequestRow>,
    /// Closed ones, newest first.
    pub closed: Rows<RequestRow>,
    /// What may be asked for.
    pub offers: Vec<Offer>,
}

/// `/m/requests`
pub fn requests(page: &Page<'_>, data: &Requests) -> Markup {
    shell(
        page,
        page.say(w::TASKS_TITLE),
        &Area::Merchant(Place::Tasks),
        html! {
            header.page-head { h1 { (page.say(w::TASKS_TITLE)) } }
            div.split {
                div.split-main {
                    section {
                        h2 { (page.say(w::OPEN_ONES)) }
                        @if data.open.is_empty() {
                            (empty(&Empty {
                                icon: Icon::Tasks,
                                what: page.say(w::OPEN_NONE),
                                how: page.say(w::OPEN_NONE_HOW),
                                action: None,
                            }))
                        } @else {
                            ul.cards { @for one in &data.open { li { (card(page, one)) } } }
                        }
                    }
                    @if !data.closed.data.is_empty() {
                        section {
                            h2 { (page.say(w::CLOSED_ONES)) }
                            ul.cards { @for one in &data.closed.data { li { (card(page, one)) } } }
                            (pager(page, data.closed.has_more, data.closed.next_cursor.as_deref()))
                        }
                    }
                }
                @if !data.offers.is_empty() {
                    aside.split-side { section.panel { h2 { (page.say(w::START)) } (offer_list(&data.offers)) } }
                }
            }
        },
    )
}

/// Whether the turn is the merchant's own.
pub(super) fn is_own_turn(actor: &str) -> bool {
    actor == "merchant"
}

const STATES: [(&str, Word); 4] = [
    ("open", w::STATE_OPEN),
    ("done", w::STATE_DONE),
    ("refused", w::STATE_REFUSED),
    ("withdrawn", w::STATE_WITHDRAWN),
];

/// A request's state in words.
pub(super) fn state_name(page: &Page<'_>, state: &str) -> &'static str {
    page.say(
        STATES
            .iter()
            .find(|(code, _)| *code == state)
            .map_or(w::STATE_OPEN, |(_, word)| *word),
    )
}

/// A request in a list.
pub(super) fn card(page: &Page<'_>, one: &RequestRow) -> Markup {
    let open = one.state == "open";
    html! {
        a.card href=(paths::request(&one.id)) {
            span.card-head {
                span.card-title { (one.kind_name) }
                @if open && is_own_turn(&one.waiting_on) { (badge_with(Standing::Soon, page.say(w::TURN_YOURS))) }
                @else { (state_badge(&one.state, state_name(page, &one.state))) }
            }
            span.card-line { (one.subject.label) }
            span.card-line.quiet {
                @if open && !is_own_turn(&one.waiting_on) { (w::turn_theirs(page.lang, &one.waiting_on_name)) " · " }
                @match one.promise_by.filter(|_| open) {
                    Some(by) => (page.by(by)),
                    None => { (page.say(w::OPENED)) " " (page.day(one.opened_at)) },
                }
            }
            (icon(Icon::Next))
        }
    }
}

/// What may be asked for, each with its sentence.
pub(super) fn offer_list(offers: &[Offer]) -> Markup {
    html! {
        ul.offers {
            @for one in offers {
                li { a href=(one.href) { b { (one.name) } span.quiet { (one.about) } (icon(Icon::Next)) } }
            }
        }
    }
}
