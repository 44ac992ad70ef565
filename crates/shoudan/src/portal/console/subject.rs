//! What the pages of a merchant and a terminal share: the chain, the merchant's own view with the staff's fold, and the
//! time-line with its «as of».

use domain::stages::SubjectKind;
use maud::{Markup, html};
use operations::views::{CauseView, EventView, Explanation, LinkView, Page as Rows, StepView};

use super::frame::{self, ask, kind_name, pick};
use super::paths;
use crate::portal::components::{Banner, Tone, badge_with, banner, cause, notice, pager, plan, warnings, works};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{Word, console as w, merchant as m, parts, public};
use crate::portal::{Page, Standing};

/// The middle of the page: the explanation for the merchant, and the same for staff.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Exactly what the merchant reads.
    pub merchant: Explanation,
    /// The same for the desk: scripts, sources, causes the merchant is not told.
    pub staff: Explanation,
}

/// The right of the page.
#[derive(Clone, Debug)]
pub struct History {
    /// Events, newest first.
    pub events: Rows<EventView>,
    /// Which kind is shown: a code of [`HISTORY_KINDS`], or empty.
    pub kind: String,
    /// The moment looked at, as the form's field writes it (`2026-11-12T10:00`); empty: now.
    pub at: String,
}

/// Code, name and event kinds of each filter of the time-line.
pub const HISTORY_KINDS: [(&str, Word, &[&str]); 4] = [
    (
        "stops",
        w::EV_STOPS,
        &[
            "stop.announced",
            "stop.started",
            "stop.changed",
            "stop.cleared",
            "stop.cancelled",
            "stop.made_final",
        ],
    ),
    (
        "requests",
        w::EV_REQUESTS,
        &[
            "request.opened",
            "request.step_completed",
            "request.step_returned",
            "request.completed",
            "request.withdrawn",
            "request.refused",
            "review.opened",
            "review.decided",
        ],
    ),
    (
        "device",
        w::EV_DEVICE,
        &[
            "terminal.signed_in",
            "terminal.settled",
            "device.activated",
            "registration.submitted",
            "registration.accepted",
            "registration.rejected",
            "terminal.created",
        ],
    ),
    (
        "stages",
        w::EV_STAGES,
        &[
            "merchant.stage_changed",
            "terminal.stage_changed",
            "device.stage_changed",
            "registration.stage_changed",
            "contract.stage_changed",
            "settlement_account.stage_changed",
        ],
    ),
];

/// The subjects it rests on, root first, each with its stage and state.
pub fn chain(page: &Page<'_>, links: &[LinkView]) -> Markup {
    html! {
        section.panel {
            h2 { (page.say(w::CHAIN)) }
            p.quiet.small { (page.say(w::CHAIN_NOTE)) }
            ol.chain {
                @for link in links {
                    @let standing = Standing::from_code(&link.standing);
                    li.(standing.class()) {
                        span.chain-mark { (standing.icon()) }
                        div {
                            span.chain-kind { (kind_name(page, &link.subject.kind)) }
                            div.chain-name {
                                @match paths::subject(&link.subject) {
                                    Some(href) => a href=(href) { (named(link)) },
                                    None => (named(link)),
                                }
                            }
                        }
                        span.chain-state {
                            (badge_with(standing, if link.stage_name.is_empty() || standing == Standing::Stopped || standing == Standing::Limited { page.say(standing.word()) } else { &link.stage_name }))
                        }
                    }
                }
            }
        }
    }
}

fn named(link: &LinkView) -> &str {
    if link.subject.label.is_empty() {
        &link.subject.id
    } else {
        &link.subject.label
    }
}

/// Banner, causes, plan and what works, with the staff's part under a fold at each cause.
pub fn answer(page: &Page<'_>, data: &Answer) -> Markup {
    let seen = &data.merchant;
    let hidden: Vec<&CauseView> = data
        .staff
        .causes
        .iter()
        .filter(|c| !seen.causes.iter().any(|s| same(s, c)))
        .collect();
    html! {
        (banner(page, &Banner { standing: Standing::from_code(&seen.standing), headline: &seen.headline, word: "", first: true, detail: ready(page, seen) }))
        p.as-merchant { (icon(Icon::Person)) (page.say(w::AS_MERCHANT)) }
        @if seen.causes.is_empty() && hidden.is_empty() {
            p { b { (page.say(w::NO_CAUSES)) } " " span.quiet { (page.say(w::NO_CAUSES_NOTE)) } }
        }
        @if !seen.causes.is_empty() {
            section {
                h2 { (page.say(public::WHY)) }
                ol.causes {
                    @for one in &seen.causes {
                        li { (with_staff_part(page, one, data.staff.causes.iter().find(|c| same(one, c)), &data.staff)) }
                    }
                }
            }
        }
        @if !hidden.is_empty() { (told_to_staff(page, &hidden, &data.staff)) }
        @if !seen.plan.steps.is_empty() {
            section { h2 { (page.say(public::PLAN)) } (the_plan(page, seen)) }
        }
        @if !seen.warnings.is_empty() {
            section { h2 { (page.say(m::COMING_STOPS)) } (warnings(page, &seen.warnings, &seen.capabilities)) }
        }
        section { h2 { (page.say(public::WHAT_WORKS)) } (works(page, &seen.capabilities)) }
    }
}

fn same(a: &CauseView, b: &CauseView) -> bool {
    a.reason == b.reason && a.subject.kind == b.subject.kind && a.subject.id == b.subject.id
}

fn ready(page: &Page<'_>, seen: &Explanation) -> Option<Markup> {
    let at = seen.plan.ready_by.filter(|_| !seen.plan.steps.is_empty())?;
    Some(html! { p { (public::ready_by(page.lang, page.by_text(at))) } })
}

/// The merchant's plan; its own buttons are the merchant's, so staff get the way to the request instead.
fn the_plan(page: &Page<'_>, seen: &Explanation) -> Markup {
    let steps: Vec<StepView> = seen
        .plan
        .steps
        .iter()
        .cloned()
        .map(|step| StepView { mine: false, ..step })
        .collect();
    html! {
        @if let Some(request) = &seen.plan.request {
            p { a.button.quiet-button href=(paths::request(&seen.merchant.id, request)) { (icon(Icon::Tasks)) (page.say(w::SEE_REQUEST)) } }
        }
        (plan(page, &steps, &|_| None))
    }
}

fn with_staff_part(page: &Page<'_>, seen: &CauseView, staff: Option<&CauseView>, all: &Explanation) -> Markup {
    let plain = CauseView {
        staff_note: String::new(),
        ..seen.clone()
    };
    html! {
        div.with-staff {
            (cause(page, &plain, &all.capabilities))
            @if let Some(staff) = staff { (staff_part(page, staff, &all.merchant.id)) }
        }
    }
}

fn told_to_staff(page: &Page<'_>, hidden: &[&CauseView], all: &Explanation) -> Markup {
    html! {
        section {
            h2 { (page.say(w::STAFF_ONLY_CAUSES)) }
            (notice(Tone::Care, html! { p { (page.say(w::STAFF_ONLY_NOTE)) } }))
            ol.causes {
                @for one in hidden {
                    li { (with_staff_part(page, one, Some(one), all)) }
                }
            }
        }
    }
}

/// Script, reason, subject and record of one cause.
fn staff_part(page: &Page<'_>, cause: &CauseView, merchant: &str) -> Markup {
    html! {
        details.staff-part {
            summary { (page.say(w::STAFF_FOLD)) }
            dl.pairs {
                dt { (page.say(w::SCRIPT)) } dd { (cause.text) }
                dt { (page.say(w::REASON_CODE)) } dd { a.number href=(paths::reason(&cause.reason)) { (cause.reason) } }
                dt { (page.say(w::SUBJECT)) } dd { (frame::subject(page, &cause.subject)) }
                dt { (page.say(w::RECORD)) }
                dd {
                    @match &cause.stop {
                        Some(stop) => a.number href=(paths::stop(owner(cause, merchant), stop)) { (stop) },
                        None => (page.say(w::BY_STAGE)),
                    }
                }
                @if !cause.staff_note.is_empty() { dt { (page.say(w::PLACED)) } dd { (cause.staff_note) } }
                @if !cause.symptoms.is_empty() {
                    dt { (page.say(parts::ALSO_EXPLAINS)) }
                    dd { @for (i, code) in cause.symptoms.iter().enumerate() { @if i > 0 { ", " } a.number href=(paths::reason(code)) { (code) } } }
                }
            }
        }
    }
}

/// Whose record the stop is: the merchant's, or nobody's where it rests on the platform, a region, an agent …
fn owner<'a>(cause: &CauseView, merchant: &'a str) -> &'a str {
    if SubjectKind::parse(&cause.subject.kind).is_some_and(SubjectKind::of_merchant) {
        merchant
    } else {
        "-"
    }
}

/// A notice that the page speaks of another moment than now.
pub fn as_of(page: &Page<'_>, data: &Answer, at: &str) -> Markup {
    let base = page.path.split('?').next().unwrap_or(page.path);
    html! {
        @if !at.is_empty() {
            (notice(Tone::Care, html! {
                p { (w::as_of(page.lang, page.when_text(data.merchant.at))) " " a href=(base) { (page.say(w::BACK_TO_NOW)) } }
            }))
        }
    }
}

/// The time-line: which kind, as of when; each time leads to how things stood then.
pub fn history(page: &Page<'_>, data: &History) -> Markup {
    let base = page.path.split('?').next().unwrap_or(page.path);
    html! {
        section.panel.history {
            h2 { (page.say(w::HISTORY)) }
            form.history-filter method="get" action=(base) {
                (pick("kind", page.say(w::HISTORY_KIND), &data.kind, &kinds(page)))
                (ask("at", page.say(w::AS_OF), &data.at, "datetime-local"))
                button.button type="submit" { (page.say(w::SHOW)) }
            }
            @if data.events.data.is_empty() { p.quiet { (page.say(w::HISTORY_NONE)) } }
            (events(page, &data.events.data, base, &data.kind))
            (pager(page, data.events.has_more, data.events.next_cursor.as_deref()))
        }
    }
}

fn kinds<'a>(page: &Page<'_>) -> Vec<(&'a str, &'a str)> {
    std::iter::once(("", page.say(w::ALL)))
        .chain(HISTORY_KINDS.iter().map(|(code, name, _)| (*code, page.say(*name))))
        .collect()
}

fn events(page: &Page<'_>, events: &[EventView], base: &str, kind: &str) -> Markup {
    use domain::time::Time;
    let day_of = |event: &EventView| page.zone.date(Time::from_millis(event.at));
    html! {
        ol.timeline {
            @for (i, event) in events.iter().enumerate() {
                @let before = i.checked_sub(1).and_then(|j| events.get(j)).map(day_of);
                @if before != Some(day_of(event)) { li.timeline-day { (page.day(event.at)) } }
                li.timeline-event data-kind=(event.kind) {
                    a.timeline-time href=(then(base, event.at, kind)) title=(page.say(w::LOOK_THEN)) { (page.clock(event.at)) }
                    span.timeline-text {
                        (event.text)
                        @if !event.actor.is_empty() && !event.text.contains(&event.actor) { small.quiet { " " (event.actor) } }
                    }
                }
            }
        }
    }
}

/// The same page as of the instant of an event: to the millisecond, so that the event itself counts.
fn then(base: &str, at: i64, kind: &str) -> String {
    let kind = if kind.is_empty() {
        String::new()
    } else {
        format!("&kind={}", crate::portal::paths::part(kind))
    };
    format!("{base}?at={at}{kind}")
}
