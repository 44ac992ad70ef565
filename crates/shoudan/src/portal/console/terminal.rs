//! One terminal: left facts and chain, middle the merchant's view, right the time-line.

use maud::{Markup, html};
use operations::payments::limits::LimitView;
use operations::views::TerminalView;

use super::frame::{Desk, Spot, frame};
use super::limits::limits_panel;
use super::paths;
use super::subject::{Answer, History, answer, as_of, chain, history};
use crate::portal::components::{Action, Fact, Weight, actions, badge_with, facts};
use crate::portal::icons::Icon;
use crate::portal::paths as portal;
use crate::portal::words::{console as w, keys as k, merchant as m, slip as s};
use crate::portal::{Page, Standing};

/// What a terminal's page shows.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// The terminal.
    pub terminal: TerminalView,
    /// Why and what to do, for the merchant and for staff.
    pub answer: Answer,
    /// What happened.
    pub history: History,
    /// Its limits.
    pub limits: Vec<LimitView>,
    /// What the device said of itself, newest first.
    pub health: Vec<Health>,
}

/// A span of reports of state that said the same.
#[derive(Clone, Debug)]
pub struct Health {
    /// First and last report, milliseconds UTC.
    pub first_at: i64,
    /// See `first_at`.
    pub last_at: i64,
    /// How many there were.
    pub times: i64,
    /// Name of each part, and whether it works.
    pub parts: Vec<(String, bool)>,
}

/// `/console/terminals/{number}`
pub fn terminal(page: &Page<'_>, desk: &Desk, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let title = format!("{} {}", it.number, it.shop.name);
    let remember = format!("{} · {}", it.merchant_name, it.shop.name);
    frame(
        page,
        desk,
        Spot::Merchants,
        &title,
        html! {
            header.subject-head data-remember=(it.number) data-detail=(remember) {
                div {
                    p.over { a href=(paths::merchant(&it.merchant_id)) { (it.merchant_name) } " · " (it.shop.name) }
                    p.subject-title { span.number { (it.number) } }
                }
                (buttons(page, desk, it))
            }
            (as_of(page, &data.answer, &data.history.at))
            div.console-three {
                aside.console-left aria-label=(page.say(w::FACTS)) {
                    section.panel { h2 { (page.say(w::FACTS)) } (about(page, data)) }
                    (health(page, &data.health))
                    (limits_panel(page, &data.limits, &paths::terminal_limits(&it.number)))
                    (chain(page, &data.answer.staff.chain))
                }
                div.console-middle { (answer(page, &data.answer)) }
                aside.console-right aria-label=(page.say(w::HISTORY)) { (history(page, &data.history)) }
            }
        },
    )
}

fn buttons(page: &Page<'_>, desk: &Desk, it: &TerminalView) -> Markup {
    let mut all = vec![Action::link(
        page.say(m::TRANSACTIONS_TITLE),
        paths::transactions_at(&it.merchant_id, &it.number),
        Weight::Quiet,
    )];
    if desk.may("place_stop") {
        all.push(
            Action::link(
                page.say(w::PLACE_A_STOP),
                paths::stop_subject("terminal", &it.number),
                Weight::Danger,
            )
            .icon(Icon::Bar),
        );
    }
    if desk.may("manage_keys") {
        all.push(Action::link(
            page.say(k::TITLE),
            paths::terminal_keys(&it.number),
            Weight::Quiet,
        ));
    }
    actions(&all)
}

fn about(page: &Page<'_>, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let never = || html! { span.quiet { (page.say(w::NEVER)) } };
    let signed = match it.signed_in_at {
        Some(at) if it.signed_in => page.when(at),
        _ => html! { span.quiet { (page.say(w::NOT_SIGNED_IN)) } },
    };
    let mut all = vec![
        Fact::of(
            page.say(w::MERCHANT_NUMBER),
            html! { a.number href=(paths::merchant(&it.merchant_id)) { (it.merchant_number) } },
        ),
        Fact::of(
            page.say(w::SHOP),
            html! { (it.shop.name) br; span.quiet { (it.shop.address) } },
        ),
        Fact::text(page.say(w::STAGE), &it.stage_name),
        Fact::code(page.say(w::SERIAL), &it.serial),
        Fact::text(page.say(w::MODEL), &it.model),
        Fact::code(page.say(w::SOFTWARE), &it.software),
        Fact::code(page.say(w::BATCH), &it.batch.to_string()),
        Fact::of(page.say(w::SIGNED_IN), signed),
        Fact::of(
            page.say(w::LAST_SALE),
            it.last_sale_at.map_or_else(never, |at| page.when(at)),
        ),
        Fact::of(page.say(w::OPENED), it.opened_at.map_or_else(never, |at| page.day(at))),
    ];
    let code = data
        .answer
        .merchant
        .explanation_code
        .as_ref()
        .or(data.answer.staff.explanation_code.as_ref());
    if let Some(code) = code {
        all.push(Fact::of(
            page.say(w::CODE_TO_SAY),
            html! { a.number href=(portal::explanation(code)) { (code) } },
        ));
    }
    html! { (facts(&all)) @if it.spare { p.quiet { (page.say(w::SPARE)) } } }
}

/// The latest report of state, part by part, and the spans before it.
fn health(page: &Page<'_>, reports: &[Health]) -> Markup {
    html! {
        section.panel {
            h2 { (page.say(s::HEALTH)) }
            @match reports.split_first() {
                None => p.quiet { (page.say(s::NO_HEALTH)) },
                Some((latest, before)) => {
                    p.quiet { (page.when(latest.last_at)) " · " (s::reported(page.lang, latest.times)) }
                    dl.facts {
                        @for (name, works) in &latest.parts { div { dt { (name) } dd { (part(page, *works)) } } }
                    }
                    @if !before.is_empty() { (earlier(page, before)) }
                }
            }
        }
    }
}

fn part(page: &Page<'_>, works: bool) -> Markup {
    if works {
        badge_with(Standing::Works, page.say(s::WORKS))
    } else {
        badge_with(Standing::Stopped, page.say(s::BROKEN))
    }
}

fn earlier(page: &Page<'_>, reports: &[Health]) -> Markup {
    html! {
        details {
            summary { (page.say(s::HEALTH_BEFORE)) }
            ul.limits-short {
                @for report in reports {
                    @let broken: Vec<&str> = report.parts.iter().filter(|part| !part.1).map(|part| part.0.as_str()).collect();
                    li {
                        span.quiet { (span(page, report)) }
                        @if broken.is_empty() { (page.say(s::ALL_WORKS)) } @else { (s::broken(page.lang, broken.join(page.say(s::AND)))) }
                    }
                }
            }
        }
    }
}

/// From the first report of a span to its last; one moment where they are as good as one.
fn span(page: &Page<'_>, report: &Health) -> String {
    let (first, last) = (page.when_text(report.first_at), page.when_text(report.last_at));
    if first == last {
        first
    } else {
        format!("{first} – {last}")
    }
}
