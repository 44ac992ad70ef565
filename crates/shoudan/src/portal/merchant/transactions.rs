//! Transactions: a list with a filter, and one of them.

use domain::time::Time;
use maud::{Markup, html};
use operations::payments::{Moment, Related, Story};
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
            (filter_form(page, paths::TRANSACTIONS, filter))
            @if rows.data.is_empty() {
                (empty(&Empty {
                    icon: Icon::Money,
                    what: page.say(w::TRANSACTIONS_NONE),
                    how: page.say(w::TRANSACTIONS_NONE_HOW),
                    action: None,
                }))
            } @else {
                (transaction_table(page, &rows.data, &|one| paths::transaction(&one.id)))
                (pager(page, rows.has_more, rows.next_cursor.as_deref()))
            }
        },
    )
}

/// What a list of transactions is narrowed by; it asks at `action`.
pub fn filter_form(page: &Page<'_>, action: &str, filter: &Filter) -> Markup {
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
        form.filter method="get" action=(action) aria-label=(page.say(w::FILTER)) {
            (field(page, &Field { value: &filter.terminal, optional: true, ..Field::line("terminal", page.say(w::TERMINAL)) }.of(Input::Select(terminals))))
            (field(page, &Field { value: &filter.state, optional: true, ..Field::line("state", page.say(w::STATE)) }.of(Input::Select(states))))
            (field(page, &Field { value: &filter.day, optional: true, ..Field::line("day", page.say(w::DAY_FILTER)) }.of(Input::Line("date"))))
            button.button.quiet-button type="submit" { (page.say(w::SHOW)) }
        }
    }
}

/// The table of transactions, also on a day's statement and in the console; `href`: where each is shown.
pub fn transaction_table(
    page: &Page<'_>,
    rows: &[TransactionView],
    href: &dyn Fn(&TransactionView) -> String,
) -> Markup {
    let columns = [
        Column::words(page.say(w::TIME)).at(Slot::TopStart),
        Column::words(page.say(w::KIND)).at(Slot::LowStart),
        Column::numbers(page.say(w::AMOUNT)).at(Slot::TopEnd),
        Column::words(page.say(w::STATE)).at(Slot::LowEnd),
        Column::words(page.say(w::TERMINAL)).at(Slot::Gone),
        Column::words(page.say(w::CARD)).at(Slot::Gone),
    ];
    let rows: Vec<Row> = rows.iter().map(|one| row(page, one, href(one))).collect();
    table(page.say(w::TRANSACTIONS_TITLE), &columns, &rows)
}

fn row(page: &Page<'_>, one: &TransactionView, href: String) -> Row {
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
        href: Some(href),
    }
}

/// `/m/transactions/{id}`
///
/// `picture`: the signature can be shown as a picture.
pub fn transaction(page: &Page<'_>, told: &Story, picture: bool) -> Markup {
    let one = &told.transaction;
    let signed = Signed {
        at: told.signed_at,
        picture: picture.then(|| paths::signature_picture(&one.id)),
        received: paths::signature(&one.id),
    };
    shell(
        page,
        &one.kind_name,
        &Area::Merchant(Place::Money),
        html! {
            (back(paths::TRANSACTIONS, page.say(w::TRANSACTIONS_TITLE)))
            div.narrow {
                header.page-head { h1 { (one.kind_name) } (state_badge(&one.state, &one.state_name)) }
                p { (money_big(one.amount)) }
                @if !told.why.is_empty() { p { (told.why) } }
                @if !one.explanation_code.is_empty() {
                    (actions(&[Action::link(page.say(w::WHY_DECLINED), paths::explanation(&one.explanation_code), Weight::Primary)]))
                }
                section.panel { (facts(&about(page, told, html! { span.number { (one.terminal_number) } }, &signed))) }
                (actions(&[
                    Action::link(page.say(slip::AS_PICTURE), paths::slip(&one.id, "png"), Weight::Quiet),
                    Action::link(page.say(slip::AS_DOCUMENT), paths::slip(&one.id, "pdf"), Weight::Quiet),
                ]))
                (related(page, &told.related, &|one| paths::transaction(&one.id)))
                (moments(page, &told.moments))
            }
        },
    )
}

/// Whether a card holder signed electronically, and where the signature is.
pub struct Signed {
    /// When it arrived.
    pub at: Option<i64>,
    /// Its picture, where it can be shown.
    pub picture: Option<String>,
    /// Its bytes as they came.
    pub received: String,
}

/// The facts of a transaction.
pub fn about<'p>(page: &Page<'p>, told: &Story, terminal: Markup, signed: &Signed) -> Vec<Fact<'p>> {
    let one = &told.transaction;
    let mut all = vec![
        Fact::of(page.say(w::TIME), page.when(one.at)),
        Fact::of(page.say(w::TERMINAL), terminal),
        Fact::of(
            page.say(w::CARD),
            html! { span.number { (one.masked_card) } " " (one.card_type) },
        ),
        Fact::of(page.say(w::TRANSACTION_FEE), money(one.fee)),
        Fact::code(page.say(w::REFERENCE), &one.rrn),
    ];
    if !told.authorisation.is_empty() {
        all.push(Fact::code(page.say(slip::AUTHORISATION), &told.authorisation));
    }
    all.push(Fact::code(page.say(w::TRACE_NUMBER), &format!("{:06}", one.stan)));
    all.push(Fact::code(page.say(w::BATCH), &format!("{:06}", one.batch)));
    all.push(Fact::of(
        page.say(w::RESPONSE),
        html! { span.number { (one.response_code) } " " (told.meaning) },
    ));
    if let Some(owed) = &told.owed {
        let state = if owed.confirmed {
            page.say(slip::REVERSAL_CONFIRMED).to_owned()
        } else {
            slip::reversal_waits(page.lang, owed.attempts)
        };
        all.push(Fact::text(page.say(slip::REVERSAL), &state));
    }
    all.push(Fact::of(page.say(slip::SIGNATURE), signature(page, signed)));
    if !one.explanation_code.is_empty() {
        all.push(Fact::of(
            page.say(public::YOUR_CODE),
            html! {
                a.number href=(paths::explanation(&one.explanation_code)) { (one.explanation_code) }
            },
        ));
    }
    all
}

/// Whether the card holder signed electronically: the picture, and what was received, to be saved.
fn signature(page: &Page<'_>, signed: &Signed) -> Markup {
    let Some(at) = signed.at else {
        return html! { span.quiet { (page.say(slip::NOT_SIGNED)) } };
    };
    html! {
        (slip::signed_at(page.lang, page.when_text(at)))
        @if let Some(picture) = &signed.picture {
            img.signature src=(picture) alt=(page.say(slip::SIGNATURE));
        } @else { br; }
        a href=(signed.received) { (page.say(slip::SIGNATURE_AS_RECEIVED)) }
    }
}

/// What it refers to and what refers to it; nothing where it stands alone.
pub fn related(page: &Page<'_>, all: &[Related], href: &dyn Fn(&TransactionView) -> String) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { (page.say(slip::RELATED)) }
            ul.related {
                @for one in all {
                    @let it = &one.transaction;
                    li {
                        a href=(href(it)) { @if one.is_original { (page.say(slip::ORIGINAL)) " · " } (it.kind_name) }
                        span { (money(it.amount)) }
                        span { (state_badge(&it.state, &it.state_name)) }
                        span.quiet { (page.when(it.at)) }
                    }
                }
            }
        }
    }
}

/// What happened to it, newest first.
pub fn moments(page: &Page<'_>, all: &[Moment]) -> Markup {
    let day_of = |moment: &Moment| page.zone.date(Time::from_millis(moment.at));
    html! {
        section {
            h2 { (page.say(slip::WHAT_HAPPENED)) }
            ol.timeline.to-the-second {
                @for (i, moment) in all.iter().enumerate() {
                    @let before = i.checked_sub(1).and_then(|j| all.get(j)).map(day_of);
                    @if before != Some(day_of(moment)) { li.timeline-day { (page.day(moment.at)) } }
                    li.timeline-event { span.timeline-time { (page.clock_exact(moment.at)) } span.timeline-text { (moment.text) } }
                }
            }
        }
    }
}
