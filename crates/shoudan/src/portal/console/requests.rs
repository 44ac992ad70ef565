//! Requests: the list, and one with the steps that are the institution's.

use maud::{Markup, html};
use operations::requests::ClosingCertificate;
use operations::views::{DocumentAsked, EventView, Page as Rows, RequestRow, RequestView, StepView};

use super::frame::{Desk, Spot, frame, promise, subject};
use super::paths;
use crate::portal::components::{
    Banner, Column, Empty, Fact, Field, FileField, Input, Row, back, banner, empty, errors_first, facts, field,
    file_field, pager, plan, state_badge, table, timeline,
};
use crate::portal::icons::{Icon, icon};
use crate::portal::merchant::{closing_paper, has_certificate};
use crate::portal::words::{Word, closing, console as w, desk as d, tasks};
use crate::portal::{Page, Standing};

/// What the list shows.
#[derive(Clone, Debug)]
pub struct Requests {
    /// The rows.
    pub rows: Rows<RequestRow>,
    /// Closed ones instead of open ones.
    pub closed: bool,
    /// Only those that wait for this person's role.
    pub ours: bool,
}

/// `/console/requests`
pub fn requests(page: &Page<'_>, desk: &Desk, data: &Requests) -> Markup {
    let tabs = [
        (d::OPEN_ONES, "", !data.closed && !data.ours),
        (d::OUR_TURN, "?turn=mine", data.ours),
        (d::CLOSED_ONES, "?state=closed", data.closed),
    ];
    frame(
        page,
        desk,
        Spot::Requests,
        page.say(d::REQUESTS_TITLE),
        html! {
            header.page-head { h1 { (page.say(d::REQUESTS_TITLE)) } }
            nav.tabs aria-label=(page.say(w::FILTER)) {
                @for (name, query, here) in tabs { a href={ (paths::REQUESTS) (query) } aria-current=[here.then_some("page")] { (page.say(name)) } }
            }
            @if data.rows.data.is_empty() {
                (empty(&Empty { icon: Icon::Tasks, what: page.say(d::REQUESTS_NONE), how: page.say(d::REQUESTS_NONE_HOW), action: None }))
            } @else { (rows(page, &data.rows.data)) }
            (pager(page, data.rows.has_more, data.rows.next_cursor.as_deref()))
        },
    )
}

const STATES: [(&str, Word); 4] = [
    ("open", tasks::STATE_OPEN),
    ("done", tasks::STATE_DONE),
    ("refused", tasks::STATE_REFUSED),
    ("withdrawn", tasks::STATE_WITHDRAWN),
];

fn state(page: &Page<'_>, code: &str) -> Markup {
    let word = STATES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(tasks::STATE_OPEN, |(_, word)| *word);
    state_badge(code, page.say(word))
}

fn rows(page: &Page<'_>, requests: &[RequestRow]) -> Markup {
    let columns = [
        Column::words(page.say(d::WHAT)),
        Column::words(page.say(w::MERCHANT)),
        Column::words(page.say(w::STATE)),
        Column::words(page.say(d::WHOSE_TURN)),
        Column::words(page.say(d::PROMISED)),
        Column::words(page.say(d::OPENED)),
    ];
    let rows: Vec<Row> = requests
        .iter()
        .map(|one| Row {
            cells: vec![
                html! { (one.kind_name) },
                html! { (one.merchant_name) @if one.subject.kind != "merchant" { br; (subject(page, &one.subject)) } },
                state(page, &one.state),
                html! { @if one.state == "open" { (one.waiting_on_name) } },
                html! { @if one.state == "open" { (promise(page, one.promise_by)) } },
                page.when(one.opened_at),
            ],
            href: Some(paths::request(&one.merchant_id, &one.id)),
        })
        .collect();
    table(page.say(d::REQUESTS_TITLE), &columns, &rows)
}

/// What a request's page shows.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request.
    pub request: RequestView,
    /// What happened, newest first.
    pub events: Vec<EventView>,
    /// What was wrong with the last try at a step.
    pub errors: Vec<(String, String)>,
    /// What was typed: `(field, value)`.
    pub typed: Vec<(String, String)>,
}

/// `/console/requests/{merchant}/{id}`
pub fn request(page: &Page<'_>, desk: &Desk, data: &Request) -> Markup {
    let it = &data.request;
    let title = format!("{} · {}", it.kind_name, it.merchant_name);
    // A plan's own button would lead to the merchant's page; the staff's steps have a form here.
    let steps: Vec<StepView> = it
        .steps
        .iter()
        .cloned()
        .map(|step| StepView { mine: false, ..step })
        .collect();
    frame(
        page,
        desk,
        Spot::Requests,
        &title,
        html! {
            (back(paths::REQUESTS, page.say(d::REQUESTS_TITLE)))
            div.split {
                div.split-main data-remember=(it.kind_name) data-detail=(it.merchant_name) {
                    p.over { a href=(paths::merchant(&it.merchant_id)) { (it.merchant_name) } @if it.subject.kind != "merchant" { " · " (subject(page, &it.subject)) } }
                    (where_it_stands(page, it))
                    div #f-form { (errors_first(page, &data.errors)) }
                    @for step in it.steps.iter().filter(|s| s.mine && matches!(s.state.as_str(), "now" | "returned")) { (own_step(page, data, step)) }
                    section { h2 { (page.say(d::STEPS)) } (plan(page, &steps, &|_| None)) }
                }
                aside.split-side {
                    section.panel { h2 { (page.say(w::FACTS)) } (about(page, it)) }
                    @if !data.events.is_empty() { section.panel { h2 { (page.say(w::HISTORY)) } (timeline(page, &data.events, true)) } }
                }
            }
        },
    )
}

fn where_it_stands(page: &Page<'_>, it: &RequestView) -> Markup {
    let (standing, headline) = match it.state.as_str() {
        "done" => (Standing::Works, page.say(tasks::STATE_DONE).to_owned()),
        "refused" => (Standing::Stopped, page.say(tasks::STATE_REFUSED).to_owned()),
        "withdrawn" => (Standing::Ended, page.say(tasks::STATE_WITHDRAWN).to_owned()),
        _ => (Standing::Waiting, tasks::turn_theirs(page.lang, &it.waiting_on_name)),
    };
    let detail = html! {
        p { (it.kind_name) @if let (true, Some(by)) = (it.state == "open", it.promise_by) { " · " (page.by(by)) } }
        @if !it.closed_why.is_empty() { p { (it.closed_why) } }
        @if let Some(review) = &it.review { p { a.button.primary href=(paths::review(&it.merchant_id, review)) { (icon(Icon::Tasks)) (page.say(d::SEE_REVIEW)) } } }
        @if has_certificate(it) { p { a.button.primary href=(paths::closing_certificate(&it.merchant_id)) { (icon(Icon::Print)) (page.say(closing::SEE)) } } }
    };
    banner(
        page,
        &Banner {
            standing,
            headline: &headline,
            word: "",
            first: true,
            detail: Some(detail),
        },
    )
}

/// `/console/merchants/{id}/closing-certificate`
pub fn closing_certificate(page: &Page<'_>, desk: &Desk, merchant: &str, stated: &ClosingCertificate) -> Markup {
    frame(
        page,
        desk,
        Spot::Merchants,
        page.say(closing::TITLE),
        html! {
            (back(&paths::merchant(merchant), &stated.merchant_name))
            (closing_paper(page, stated))
        },
    )
}

/// A step this person may carry out: its fields, and what was done in words.
fn own_step(page: &Page<'_>, data: &Request, step: &StepView) -> Markup {
    let typed = |name: &str| {
        data.typed
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let it = &data.request;
    html! {
        section.next id={ "step-" (step.step) } {
            p.next-label { (page.say(d::YOUR_STEP)) }
            h2 { (step.title) }
            p { (step.why) }
            p.quiet { (step.how) @if let Some(by) = step.promise_by { " · " (page.by(by)) } }
            @if step.kind == "review" {
                @if let Some(review) = &it.review { p { a.button.primary href=(paths::review(&it.merchant_id, review)) { (page.say(d::SEE_REVIEW)) } } }
            } @else {
                @for asked in &step.documents { (document(page, data, step, asked)) }
                form id={ "f-form-" (step.step) } method="post" action=(paths::step(&it.merchant_id, &it.id, &step.step)) {
                    input type="hidden" name="version" value=(it.version);
                    @for asked in &step.fields {
                        (field(page, &Field { hint: &asked.hint, value: or(typed(&asked.code), &asked.value), optional: asked.optional, ..Field::line(&asked.code, &asked.name) }.error_from(&data.errors)))
                    }
                    (field(page, &Field { hint: page.say(d::STEP_EVIDENCE_HINT), value: typed("evidence"), most: Some(500), ..Field::line("evidence", page.say(d::STEP_EVIDENCE)) }.of(Input::Lines).error_from(&data.errors)))
                    button.button.primary type="submit" { (icon(Icon::Check)) span { (page.say(d::STEP_DONE)) } }
                }
            }
        }
    }
}

/// A document the step asks of staff: what was supplied, and the way to supply it.
fn document(page: &Page<'_>, data: &Request, step: &StepView, asked: &DocumentAsked) -> Markup {
    let it = &data.request;
    let bare = DocumentAsked {
        supplied: Vec::new(),
        ..asked.clone()
    };
    let action = paths::upload(&it.merchant_id, &it.id, &step.step);
    let error = data
        .errors
        .iter()
        .find(|(name, _)| *name == asked.code)
        .map_or("", |(_, text)| text.as_str());
    html! {
        (file_field(page, &FileField { asked: &bare, action: &action, error, open: true }))
        ul.supplied {
            @for one in &asked.supplied {
                li { a href=(paths::document(&it.merchant_id, &one.id)) { (icon(Icon::File)) span { (one.file_name) } } span.quiet { (page.when(one.uploaded_at)) } }
            }
        }
    }
}

fn or<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

fn about(page: &Page<'_>, it: &RequestView) -> Markup {
    let mut all = vec![
        Fact::code(page.say(d::NUMBER), &it.id),
        Fact::of(page.say(w::STATE), state(page, &it.state)),
        Fact::of(page.say(d::OPENED), page.when(it.opened_at)),
        Fact::of(page.say(d::PROMISED), promise(page, it.promise_by)),
    ];
    if let Some(at) = it.closed_at {
        all.push(Fact::of(page.say(tasks::CLOSED), page.when(at)));
    }
    html! {
        (facts(&all))
        @if !it.reasons.is_empty() {
            p.quiet { (page.say(w::REASON_CODE)) " " @for (i, code) in it.reasons.iter().enumerate() { @if i > 0 { ", " } a.number href=(paths::reason(code)) { (code) } } }
        }
    }
}
