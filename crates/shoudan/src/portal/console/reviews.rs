//! The review queue, the earliest promise first.

use maud::{Markup, html};
use operations::views::{Page as Rows, ReviewView};

use super::frame::{Desk, Spot, frame, promise, subject};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Column, Empty, Row, empty, pager, table};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{console as w, desk as d};

/// What the queue shows.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Open reviews.
    pub rows: Rows<ReviewView>,
    /// Only what this person may decide.
    pub mine: bool,
}

/// `/console/reviews`
pub fn reviews(page: &Page<'_>, desk: &Desk, data: &Queue) -> Markup {
    let all = [(false, d::ANY_ROLE), (true, d::MINE_ONLY)];
    frame(
        page,
        desk,
        Spot::Reviews,
        page.say(d::QUEUE_TITLE),
        html! {
            header.page-head { h1 { (page.say(d::QUEUE_TITLE)) } p.quiet { (page.say(d::QUEUE_NOTE)) } }
            nav.tabs aria-label=(page.say(w::FILTER)) {
                @for (mine, name) in all {
                    @let href = if mine { format!("{}?mine=yes", paths::REVIEWS) } else { paths::REVIEWS.to_owned() };
                    a href=(href) aria-current=[(mine == data.mine).then_some("page")] { (page.say(name)) }
                }
            }
            (rows(page, &data.rows.data))
            (pager(page, data.rows.has_more, data.rows.next_cursor.as_deref()))
        },
    )
}

/// Reviews as rows, or what would be here.
pub fn rows(page: &Page<'_>, reviews: &[ReviewView]) -> Markup {
    if reviews.is_empty() {
        return empty(&Empty {
            icon: Icon::Check,
            what: page.say(w::QUEUE_NONE),
            how: page.say(w::QUEUE_NONE_HOW),
            action: None,
        });
    }
    let columns = [
        Column::words(page.say(d::WHAT)),
        Column::words(page.say(w::MERCHANT)),
        Column::words(page.say(d::PROMISED)),
        Column::words(page.say(d::APPROVALS)),
        Column::words(page.say(d::YOU_MAY)),
    ];
    let rows: Vec<Row> = reviews
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.request.kind_name) },
                html! { (one.request.merchant_name) @if one.request.subject.kind != "merchant" { br; (subject(page, &one.request.subject)) } },
                promise(page, one.promise_by),
                html! { span.number { (d::of(page.lang, approvals(one), one.approvals_needed)) } },
                if one.may_decide {
                    html! { (icon(Icon::Check)) " " (page.say(d::YES)) }
                } else {
                    html! { span.quiet.small { (one.why_not) } }
                },
            ],
            href: Some(paths::review(&one.request.merchant_id, &one.id)),
        })
        .collect();
    table(page.say(d::QUEUE_TITLE), &columns, &rows)
}

/// How many have approved so far.
pub fn approvals(review: &ReviewView) -> usize {
    review.decisions.iter().filter(|one| one.decision == "approve").count()
}
