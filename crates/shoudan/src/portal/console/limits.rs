//! Limits of a merchant or a terminal: in short beside its facts, and on a page of their own where they are set.

use domain::money::Fen;
use maud::{Markup, html};
use operations::payments::limits::LimitView;

use super::frame::{Desk, Spot, frame};
use super::paths;
use super::transactions::Of;
use crate::portal::Page;
use crate::portal::components::{Choice, Column, Field, Input, Row, Slot, back, errors_first, field, table};
use crate::portal::words::{Word, limits as w};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct LimitsPage {
    /// The merchant.
    pub of: Of,
    /// The terminal's number, where it is about one.
    pub terminal: Option<String>,
    /// The limits, each with the name of who set it.
    pub limits: Vec<LimitView>,
    /// What was typed: limit, most, why.
    pub typed: [String; 3],
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

impl LimitsPage {
    fn path(&self) -> String {
        match &self.terminal {
            Some(number) => paths::terminal_limits(number),
            None => paths::merchant_limits(&self.of.id),
        }
    }
}

const OVER: [(&str, Word); 3] = [
    ("transaction", w::PER_TRANSACTION),
    ("day", w::PER_DAY),
    ("month", w::PER_MONTH),
];

fn over(page: &Page<'_>, limit: &LimitView) -> &'static str {
    let row = OVER.iter().find(|row| row.0 == limit.per);
    row.map_or("", |row| page.say(row.1))
}

/// An amount of what is measured.
fn much(page: &Page<'_>, limit: &LimitView, number: i64) -> String {
    if limit.measure == "count" {
        w::count(page.lang, number)
    } else {
        Fen(number).yuan()
    }
}

fn most(page: &Page<'_>, limit: &LimitView, number: Option<i64>) -> String {
    number.map_or_else(|| page.say(w::UNLIMITED).to_owned(), |most| much(page, limit, most))
}

/// Beside the facts: limits that are used up over time, and those set for this one; the rest a click away.
pub fn limits_panel(page: &Page<'_>, limits: &[LimitView], href: &str) -> Markup {
    let shown = limits
        .iter()
        .filter(|limit| limit.used.is_some() || limit.own.is_some());
    html! {
        section.panel {
            h2 { (page.say(w::TITLE)) }
            ul.limits-short {
                @for limit in shown {
                    li {
                        span.quiet { (limit.name) }
                        @if let Some(used) = limit.used { b { (much(page, limit, used)) } " / " }
                        (most(page, limit, limit.most))
                        @if limit.own.is_some() { " · " (page.say(w::OWN)) }
                    }
                }
            }
            p { a href=(href) { (page.say(w::ALL)) } }
        }
    }
}

/// `/console/merchants/{id}/limits`, `/console/terminals/{number}/limits`
pub fn limits(page: &Page<'_>, desk: &Desk, data: &LimitsPage) -> Markup {
    let (up, name) = match &data.terminal {
        Some(number) => (paths::terminal(number), number),
        None => (paths::merchant(&data.of.id), &data.of.name),
    };
    let note = if data.terminal.is_some() {
        w::OF_TERMINAL
    } else {
        w::OF_MERCHANT
    };
    frame(
        page,
        desk,
        Spot::Merchants,
        page.say(w::TITLE),
        html! {
            (back(&up, name))
            header.subject-head {
                div {
                    p.over { (data.of.name) @if let Some(number) = &data.terminal { " · " span.number { (number) } } }
                    h1.subject-title { (page.say(w::TITLE)) }
                }
            }
            p.quiet { (page.say(note)) }
            (errors_first(page, &data.errors))
            (rows(page, &data.limits))
            @if desk.may("review_risk") { (form(page, data)) }
        },
    )
}

fn rows(page: &Page<'_>, limits: &[LimitView]) -> Markup {
    let columns = [
        Column::words(page.say(w::NAME)).at(Slot::TopStart),
        Column::words(page.say(w::OVER)).at(Slot::LowStart),
        Column::numbers(page.say(w::USED)).at(Slot::NamedLowEnd),
        Column::numbers(page.say(w::MOST)).at(Slot::TopEnd),
        Column::words(page.say(w::OWN)),
    ];
    let row = |limit: &LimitView| Row {
        cells: vec![
            html! { (limit.name) },
            html! { (over(page, limit)) },
            html! { @if let Some(used) = limit.used { span.number { (much(page, limit, used)) } } },
            html! { b.number { (most(page, limit, limit.most)) } },
            own(page, limit),
        ],
        href: None,
    };
    let rows: Vec<Row> = limits.iter().map(row).collect();
    table(page.say(w::TITLE), &columns, &rows)
}

/// Who set it, when, for whom and why.
fn own(page: &Page<'_>, limit: &LimitView) -> Markup {
    let Some(own) = &limit.own else {
        return html! { @if !limit.adjustable { span.quiet { (page.say(w::FIXED)) } } };
    };
    let scope = if own.of_terminal {
        w::OF_THIS_TERMINAL
    } else {
        w::WHOLE_MERCHANT
    };
    html! {
        div {
            (page.say(scope)) " · " (w::standard(page.lang, most(page, limit, limit.standard)))
            @if let Some(at) = own.set_at { br; span.quiet { (w::set_by(page.lang, &own.set_by, page.when_text(at))) } }
            @if !own.why.is_empty() { br; span.quiet { (own.why) } }
        }
    }
}

fn form(page: &Page<'_>, data: &LimitsPage) -> Markup {
    let [limit, most, why] = &data.typed;
    let mut choices = vec![Choice {
        value: String::new(),
        name: page.say(w::CHOOSE).to_owned(),
        about: String::new(),
    }];
    choices.extend(data.limits.iter().filter(|limit| limit.adjustable).map(|limit| Choice {
        value: limit.code.clone(),
        name: limit.name.clone(),
        about: String::new(),
    }));
    html! {
        form.panel method="post" action=(data.path()) {
            h2 { (page.say(w::CHANGE)) }
            p.quiet { (page.say(w::CHANGE_NOTE)) }
            (field(page, &Field { value: limit, ..Field::line("limit", page.say(w::WHICH)) }.of(Input::Select(choices)).error_from(&data.errors)))
            (field(page, &Field { value: most, hint: page.say(w::NEW_MOST_HINT), optional: true, keys: Some("decimal"), most: Some(20), ..Field::line("most", page.say(w::NEW_MOST)) }.error_from(&data.errors)))
            (field(page, &Field { value: why, hint: page.say(w::WHY_HINT), most: Some(500), ..Field::line("why", page.say(w::WHY)) }.of(Input::Lines).error_from(&data.errors)))
            button.button.primary type="submit" { (page.say(w::SET)) }
        }
    }
}
