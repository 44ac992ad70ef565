//! Transactions: a list with a filter, and one of them.

use maud::{Markup, html};
use operations::views::{Page as Rows, TransactionView};

use crate::portal::components::{
    Action, Area, Choice, Column, Empty, Fact, Field, Input, Place, Row, Slot, Weight, actions, back, empty, facts,
    field, money, money_big, pager, shell, state_badge, table,
};
use crate::portal::icons::Icon;
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::{merchant as w, public, slip};

/// What the list is filtered by; empty: not at all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Terminal number.
    pub terminal: String,
    /// State code.
    pub state: String,
    /// Local day, `2026-11-25`.
    pub day: String,
    /// Terminal numbers to choose from.
    pub terminals: Vec<String>,
    /// States to choose from: code and name.
    pub states: Vec<(String, String)>,
}

/// `/m/transactions`
pub fn transactions(page: &Page<'_>, filter: &Filter, rows: &Rows<TransactionView>) -> Markup {
    shell(
        page,
        page.say(w::TRANSACTIONS_TITLE),
        &Area::Merchant(Place::Money),
        html! {
            (back(paths::MONEY, page.say(w::MONEY_TITLE)))
            header.page-head { h1 { (page.say(w::TRANSACTIONS_TITLE)) } }
            (filter_form(page, filter))
            @if rows.data.is_empty() {
                (empty(&Empty {
                    icon: Icon::Money,
                    what: page.say(w::TRANSACTIONS_NONE),
                    how: page.say(w::TRANSACTIONS_NONE_HOW),
                    action: None,
                }))
            } @else {
                (transaction_table(page, &rows.data))
                (pager(page, rows.has_more, rows.next_cursor.as_deref()))
            }
        },
    )
}

fn filter_form(page: &Page<'_>, filter: &Filter) -> Markup {
    let any = |name: &str| Choice {
        value: String::new(),
        name: name.to_owned(),
        about: String::new(),
    };
    let one = |value: &str, name: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        about: String::new(),
    };
    let mut terminals = vec![any(page.say(w::ALL_TERMINALS))];
    terminals.extend(filter.terminals.iter().map(|number| one(number, number)));
    let mut states = vec![any(page.say(w::ALL_STATES))];
    states.extend(filter.states.iter().map(|(code, name)| one(code, name)));
    html! {
        form.filter method="get" action=(paths::TRANSACTIONS) aria-label=(page.say(w::FILTER)) {
            (field(page, &Field { value: &filter.terminal, optional: true, ..Field::line("terminal", page.say(w::TERMINAL)) }.of(Input::Select(terminals))))
            (field(page, &Field { value: &filter.state, optional: true, ..Field::line("state", page.say(w::STATE)) }.of(Input::Select(states))))
            (field(page, &Field { value: &filter.day, optional: true, ..Field::line("day", page.say(w::DAY_FILTER)) }.of(Input::Line("date"))))
            button.button.quiet-button type="submit" { (page.say(w::SHOW)) }
        }
    }
}

/// The table of transactions, also on a day's statement.
pub(super) fn transaction_table(page: &Page<'_>, rows: &[TransactionView]) -> Markup {
    let columns = [
        Column::words(page.say(w::TIME)).at(Slot::TopStart),
        Column::words(page.say(w::KIND)).at(Slot::LowStart),
        Column::numbers(page.say(w::AMOUNT)).at(Slot::TopEnd),
        Column::words(page.say(w::STATE)).at(Slot::LowEnd),
        Column::words(page.say(w::TERMINAL)).at(Slot::Gone),
        Column::words(page.say(w::CARD)).at(Slot::Gone),
    ];
    let rows: Vec<Row> = rows.iter().map(|one| row(page, one)).collect();
    table(page.say(w::TRANSACTIONS_TITLE), &columns, &rows)
}

fn row(page: &Page<'_>, one: &TransactionView) -> Row {
    Row {
        cells: vec![
            page.when(one.at),
            html! { (one.kind_name) },
            money(one.amount),
            html! {
                (state_badge(&one.state, &one.state_name))
                @if !one.explanation_code.is_empty() {
                    " " a.wide-only href=(paths::explanation(&one.explanation_code)) { (page.say(w::WHY_DECLINED)) }
                }
            },
            html! { span.number { (one.terminal_number) } },
            html! { span.number { (one.masked_card) } },
        ],
        href: Some(paths::transaction(&one.id)),
    }
}

/// `/m/transactions/{id}`
///
/// `signed`: when the card holder's signature arrived, if one did.
pub fn transaction(page: &Page<'_>, one: &TransactionView, signed: Option<i64>) -> Markup {
    let trace = format!("{:06}", one.stan);
    let batch = format!("{:06}", one.batch);
    let mut all = vec![
        Fact::of(page.say(w::TIME), page.when(one.at)),
        Fact::code(page.say(w::TERMINAL), &one.terminal_number),
        Fact::of(
            page.say(w::CARD),
            html! { span.number { (one.masked_card) } " " (one.card_type) },
        ),
        Fact::of(page.say(w::TRANSACTION_FEE), money(one.fee)),
        Fact::code(page.say(w::REFERENCE), &one.rrn),
        Fact::code(page.say(w::TRACE_NUMBER), &trace),
        Fact::code(page.say(w::BATCH), &batch),
        Fact::code(page.say(w::RESPONSE), &one.response_code),
    ];
    all.push(Fact::of(page.say(slip::SIGNATURE), signature(page, one, signed)));
    if !one.explanation_code.is_empty() {
        all.push(Fact::of(
            page.say(public::YOUR_CODE),
            html! {
                a.number href=(paths::explanation(&one.explanation_code)) { (one.explanation_code) }
            },
        ));
    }
    shell(
        page,
        &one.kind_name,
        &Area::Merchant(Place::Money),
        html! {
            (back(paths::TRANSACTIONS, page.say(w::TRANSACTIONS_TITLE)))
            div.narrow {
                header.page-head { h1 { (one.kind_name) } (state_badge(&one.state, &one.state_name)) }
                p { (money_big(one.amount)) }
                @if !one.explanation_code.is_empty() {
                    (actions(&[Action::link(page.say(w::WHY_DECLINED), paths::explanation(&one.explanation_code), Weight::Primary)]))
                }
                section.panel { (facts(&all)) }
                (actions(&[
                    Action::link(page.say(slip::AS_PICTURE), paths::slip(&one.id, "png"), Weight::Quiet),
                    Action::link(page.say(slip::AS_DOCUMENT), paths::slip(&one.id, "pdf"), Weight::Quiet),
                ]))
            }
        },
    )
}

/// Whether the card holder signed electronically; what was received can be saved.
fn signature(page: &Page<'_>, one: &TransactionView, signed: Option<i64>) -> Markup {
    let Some(at) = signed else {
        return html! { span.quiet { (page.say(slip::NOT_SIGNED)) } };
    };
    html! {
        (slip::signed_at(page.lang, page.when_text(at)))
        br; a href=(paths::signature(&one.id)) { (page.say(slip::SIGNATURE_AS_RECEIVED)) }
    }
}
