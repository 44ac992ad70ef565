//! Home: can I take money now, am I being paid, what is my turn, what was taken today, what is coming.

use domain::money::Fen;
use maud::{Markup, html};
use operations::views::{Explanation, RequestRow, StepView, TerminalView};

use crate::portal::components::{
    Action, Area, Banner, Bar, Empty, Place, Weight, actions, banner, bars, empty, money, money_big, shell, warnings,
};
use crate::portal::icons::Icon;
use crate::portal::words::{merchant as w, parts, tasks};
use crate::portal::{Page, Standing, paths};

/// What was taken on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTakings {
    /// Any instant of the local day.
    pub at: i64,
    /// Fen, sales less voids and refunds.
    pub amount: i64,
    /// Number of sales.
    pub count: i64,
}

/// The one thing the merchant should do next.
#[derive(Clone, Debug)]
pub struct NextAction {
    /// The request it belongs to, in words.
    pub request_name: String,
    /// The step.
    pub step: StepView,
    /// Where it is done.
    pub href: String,
}

/// What the home page shows.
#[derive(Clone, Debug)]
pub struct Home {
    /// The merchant's explanation: its causes, capabilities and warnings.
    pub explanation: Explanation,
    /// All terminals but withdrawn ones.
    pub terminals: Vec<TerminalView>,
    /// What to do next, if anything.
    pub next: Option<NextAction>,
    /// Open requests that wait for somebody else: the answer to «has anything happened?».
    pub under_way: Vec<RequestRow>,
    /// The last seven days, oldest first; the last is today.
    pub days: Vec<DayTakings>,
}

/// `/m`
pub fn home(page: &Page<'_>, data: &Home) -> Markup {
    shell(
        page,
        page.say(w::HOME_TITLE),
        &Area::Merchant(Place::Home),
        html! {
            h1.visually-hidden { (page.say(w::HOME_TITLE)) }
            div.home data-refresh="30" {
                div.answers {
                    (taking(page, data))
                    @if !data.terminals.is_empty() { (being_paid(page, data)) }
                }
                @if let Some(next) = &data.next { (next_action(page, next)) }
                @if !data.under_way.is_empty() {
                    section.under-way {
                        h2 { (page.say(tasks::OPEN_ONES)) }
                        ul.cards { @for one in &data.under_way { li { (super::requests::card(page, one)) } } }
                    }
                }
                section.panel.takings { (takings(page, &data.days)) }
                section.panel.coming {
                    header.panel-head { h2 { (page.say(w::COMING_STOPS)) } }
                    @if data.explanation.warnings.is_empty() { p.quiet { (page.say(w::NO_COMING)) } }
                    @else { (warnings(page, &data.explanation.warnings, &data.explanation.capabilities)) }
                }
            }
        },
    )
}

/// Can I take money now? Counted over the terminals; a cause of the merchant speaks first.
fn taking(page: &Page<'_>, data: &Home) -> Markup {
    let all = data.terminals.len();
    if all == 0 {
        return empty(&Empty {
            icon: Icon::Terminal,
            what: page.say(w::TAKE_NO_TERMINAL),
            how: page.say(w::TERMINALS_NONE_HOW),
            action: None,
        });
    }
    let fine = data.terminals.iter().filter(|t| t.standing == "works").count();
    let (standing, headline) = if fine == all {
        (Standing::Works, page.say(w::TAKE_ALL).to_owned())
    } else if fine > 0 {
        (Standing::Limited, w::take_some(page.lang, fine, all))
    } else {
        let whole = Standing::from_code(&data.explanation.standing);
        let standing = if whole == Standing::Works {
            Standing::Stopped
        } else {
            whole
        };
        (standing, nothing_sells(page, data, all))
    };
    let detail = stopped_ones(page, data);
    banner(page, &Banner::one_of(standing, &headline).detail(detail))
}

fn nothing_sells(page: &Page<'_>, data: &Home, all: usize) -> String {
    if data.explanation.standing != "works" {
        data.explanation.headline.clone()
    } else if all == 1 {
        page.say(w::TAKE_ONE_NOT).to_owned()
    } else {
        w::take_none(page.lang, all)
    }
}

/// The terminals that do not sell, each with its way to why.
fn stopped_ones(page: &Page<'_>, data: &Home) -> Option<Markup> {
    let stopped: Vec<&TerminalView> = data.terminals.iter().filter(|t| t.standing != "works").collect();
    let first = stopped.first()?;
    // The merchant's own cause stops them all alike: one way to it says as much as a list.
    if data.explanation.standing != "works" && stopped.len() == data.terminals.len() && stopped.len() > 1 {
        return Some(html! {
            p { (w::all_affected(page.lang, stopped.len())) }
            p { a href=(paths::terminal(&first.id)) { (page.say(w::SEE_WHY)) } }
        });
    }
    Some(html! {
        ul.banner-list {
            @for one in stopped.iter().take(3) {
                li { a href=(paths::terminal(&one.id)) {
                    (one.shop.name) " · " span.number { (one.number) } " " (page.say(w::SEE_WHY))
                } }
            }
            @if stopped.len() > 3 { li { a href=(paths::TERMINALS) { (parts::more(page.lang, stopped.len() - 3)) } } }
        }
    })
}

/// Am I being paid? By the capability of the next-working-day payout.
fn being_paid(page: &Page<'_>, data: &Home) -> Markup {
    let paid = data
        .explanation
        .capabilities
        .iter()
        .find(|c| c.code == "payout_t1")
        .is_none_or(|c| c.works);
    let cause = data
        .explanation
        .causes
        .iter()
        .find(|c| c.blocks.iter().any(|b| b == "payout_t1"));
    let (standing, headline) = if paid {
        (Standing::Works, page.say(w::PAID))
    } else {
        (
            cause.map_or(Standing::Stopped, |c| Standing::from_code(&c.standing)),
            page.say(w::PAID_NOT),
        )
    };
    let detail = html! {
        @if let Some(cause) = cause { p { (cause.title) } p { a href=(paths::MONEY) { (page.say(w::SEE_WHY)) } } }
        @else { p { (page.say(w::PAID_T1)) } }
    };
    banner(page, &Banner::one_of(standing, headline).detail(Some(detail)))
}

fn next_action(page: &Page<'_>, next: &NextAction) -> Markup {
    html! {
        section.next {
            p.next-label { (page.say(w::NEXT_ACTION)) }
            h2 { (next.step.title) }
            p { (next.step.why) }
            p.quiet {
                (w::next_of(page.lang, &next.request_name))
                @if let Some(by) = next.step.promise_by { " · " (page.by(by)) }
            }
            (actions(&[Action::link(page.say(parts::DO_IT_NOW), next.href.clone(), Weight::Primary)]))
        }
    }
}

fn takings(page: &Page<'_>, days: &[DayTakings]) -> Markup {
    let today = days.last().filter(|d| page.is_today(d.at));
    let total: i64 = days.iter().fold(0, |sum, d| sum.saturating_add(d.amount));
    let chart: Vec<Bar> = days.iter().map(|d| bar(page, d)).collect();
    html! {
        header.panel-head { h2 { (page.say(w::TODAY)) } a href=(paths::TRANSACTIONS) { (page.say(w::ALL_TRANSACTIONS)) } }
        p.takings-sum {
            (money_big(today.map_or(0, |d| d.amount)))
            span.quiet { (sales(page, today.map_or(0, |d| d.count))) }
        }
        @if total > 0 {
            p.quiet { (page.say(w::LAST_7)) " " (money(total)) }
            (bars(&w::takings_chart(page.lang, Fen(total).yuan()), &chart))
        }
    }
}

fn sales(page: &Page<'_>, count: i64) -> String {
    if count == 1 {
        page.say(w::SALE_ONE).to_owned()
    } else {
        w::sales_count(page.lang, count)
    }
}

fn bar(page: &Page<'_>, day: &DayTakings) -> Bar {
    let date = page.zone.date(domain::time::Time::from_millis(day.at));
    Bar {
        label: format!("{}/{}", date.month(), date.day()),
        value: day.amount,
        text: Fen(day.amount).yuan(),
        strong: page.is_today(day.at),
    }
}
