//! Today: what waits, what is late, what was stopped.

use maud::{Markup, html};
use operations::views::{RequestRow, ReviewView, StopView};

use super::frame::{Desk, Spot, frame, promise, subject};
use super::{paths, reviews, search, stops};
use crate::portal::Page;
use crate::portal::components::{Column, Empty, Row, empty, table};
use crate::portal::icons::Icon;
use crate::portal::words::{Word, console as w, desk as d};

/// How many, as far as was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many were counted.
    pub counted: usize,
    /// There are more than that.
    pub more: bool,
}

/// What waits today.
#[derive(Clone, Debug)]
pub struct Home {
    /// Reviews open.
    pub reviews: Count,
    /// Of these past their promise.
    pub overdue: Count,
    /// Of these due today.
    pub due_today: Count,
    /// Requests that wait for this person's role.
    pub our_turn: Count,
    /// Stops in force placed on something.
    pub in_force: Count,
    /// Stops announced for later.
    pub announced: Count,
    /// The first reviews of the queue.
    pub queue: Vec<ReviewView>,
    /// Requests that wait for the institution.
    pub requests: Vec<RequestRow>,
    /// The newest stops.
    pub stops: Vec<StopView>,
}

/// `/console`
pub fn home(page: &Page<'_>, desk: &Desk, data: &Home) -> Markup {
    let name = page.who.map_or("", |who| who.name);
    let counters: [(Word, Count, &str, bool); 6] = [
        (w::OVERDUE, data.overdue, paths::REVIEWS, true),
        (w::DUE_TODAY, data.due_today, paths::REVIEWS, false),
        (w::OPEN_REVIEWS, data.reviews, paths::REVIEWS, false),
        (w::OUR_TURN, data.our_turn, "/console/requests?turn=mine", false),
        (w::LIVE_STOPS, data.in_force, paths::STOPS, false),
        (w::ANNOUNCED, data.announced, paths::STOPS, false),
    ];
    frame(
        page,
        desk,
        Spot::Home,
        page.say(w::HOME),
        html! {
            h1 { (w::greeting(page.lang, name)) }
            ul.counters {
                @for (name, value, href, care) in counters {
                    li { a.counter.care[care && value.counted > 0] href=(href) { span.counter-value { (value.counted) @if value.more { "+" } } span { (page.say(name)) } } }
                }
            }
            div.console-two {
                section {
                    h2 { (page.say(w::QUEUE_FIRST)) }
                    (reviews::rows(page, &data.queue))
                    @if !data.requests.is_empty() {
                        h2 { (page.say(w::OUR_TURN)) }
                        (waiting(page, &data.requests))
                    }
                }
                section {
                    h2 { (page.say(w::NEWEST_STOPS)) }
                    @if data.stops.is_empty() {
                        (empty(&Empty { icon: Icon::Check, what: page.say(w::NO_STOPS), how: page.say(w::NO_STOPS_HOW), action: None }))
                    } @else { (stops::short(page, &data.stops)) }
                    (search::recent(page))
                }
            }
        },
    )
}

fn waiting(page: &Page<'_>, requests: &[RequestRow]) -> Markup {
    let columns = [
        Column::words(page.say(d::WHAT)),
        Column::words(page.say(d::WHOSE_TURN)),
        Column::words(page.say(d::PROMISED)),
    ];
    let rows: Vec<Row> = requests
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.kind_name) " · " (one.merchant_name) },
                html! { (one.waiting_on_name) @if one.subject.kind != "merchant" { " " (subject(page, &one.subject)) } },
                promise(page, one.promise_by),
            ],
            href: Some(paths::request(&one.merchant_id, &one.id)),
        })
        .collect();
    table(page.say(w::OUR_TURN), &columns, &rows)
}
