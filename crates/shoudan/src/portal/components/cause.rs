//! A cause: what it is, since when, what it blocks, whose turn it is. And an announced one: from when, what prevents it.

use maud::{Markup, html};
use operations::views::{CapabilityView, CauseView};

use super::{badge, capability_names};
use crate::portal::words::parts as w;
use crate::portal::{Page, Standing};

/// All live causes, root first. `names` are the capabilities of the same explanation.
pub fn causes(page: &Page<'_>, causes: &[CauseView], names: &[CapabilityView]) -> Markup {
    html! {
        ol.causes {
            @for one in causes { li { (cause(page, one, names)) } }
        }
    }
}

/// One live cause.
pub fn cause(page: &Page<'_>, cause: &CauseView, names: &[CapabilityView]) -> Markup {
    let standing = Standing::from_code(&cause.standing);
    html! {
        article.cause.(standing.class()) {
            header.cause-head { h3 { (cause.title) } (badge(page, standing)) }
            p { (cause.text) }
            dl.pairs {
                @if let Some(since) = cause.since { dt { (page.say(w::SINCE)) } dd { (page.day(since)) } }
                @if let Some(end) = cause.ends_at { dt { (page.say(w::ENDS_BY_ITSELF)) } dd { (page.when(end)) } }
                @if !cause.blocks.is_empty() {
                    dt { (page.say(w::BLOCKS)) } dd { (capability_names(page, &cause.blocks, names)) }
                }
                @if let (false, Some(by)) = (cause.r#final, cause.promise_by) {
                    dt { (page.say(w::NEXT_STEP_BY)) } dd { (page.by(by)) }
                }
                @if !cause.ground.is_empty() { dt { (page.say(w::GROUND)) } dd { (cause.ground) } }
                @if !cause.symptoms.is_empty() {
                    dt { (page.say(w::ALSO_EXPLAINS)) } dd { (symptoms(page, cause.symptoms.len())) }
                }
            }
            @if let Some(told) = disclosed(&cause.disclosure) { p.quiet { (page.say(told)) } }
            @if cause.r#final { p.cause-final { (page.say(ending(cause.appealable))) } }
            (other_ways(page, cause))
            @if !cause.staff_note.is_empty() {
                details.staff { summary { (page.say(w::STAFF)) } p { (cause.staff_note) } }
            }
        }
    }
}

fn symptoms(page: &Page<'_>, count: usize) -> String {
    if count == 1 {
        page.say(w::SYMPTOM_ONE).to_owned()
    } else {
        w::symptoms(page.lang, count)
    }
}

const fn ending(appealable: bool) -> crate::portal::words::Word {
    if appealable { w::FINAL_APPEAL } else { w::FINAL }
}

fn disclosed(code: &str) -> Option<crate::portal::words::Word> {
    match code {
        "category" => Some(w::TOLD_CATEGORY),
        "sealed" => Some(w::TOLD_SEALED),
        _ => None,
    }
}

/// The first way out is the plan; the others stand here.
fn other_ways(page: &Page<'_>, cause: &CauseView) -> Markup {
    let others = cause.ways_out.get(1..).unwrap_or_default();
    html! {
        @if !others.is_empty() {
            details.ways {
                summary { (page.say(w::OTHER_WAY)) }
                @for way in others {
                    ol { @for step in way { li { (step.title) } } }
                }
            }
        }
    }
}

/// Announced stops: from when, what will stop, what prevents it.
pub fn warnings(page: &Page<'_>, warnings: &[CauseView], names: &[CapabilityView]) -> Markup {
    html! {
        ul.warnings {
            @for one in warnings {
                li.warning.is-soon {
                    div.warning-when {
                        (Standing::Soon.icon())
                        span {
                            @match one.since {
                                Some(start) => (page.when(start)),
                                None => (page.say(w::SOON)),
                            }
                        }
                    }
                    div {
                        h3 { (one.title) }
                        p { (one.text) }
                        @if !one.blocks.is_empty() {
                            p.quiet { (w::will_stop(page.lang, capability_names(page, &one.blocks, names))) }
                        }
                        @if let Some(end) = one.ends_at {
                            p.quiet { (page.say(w::ENDS_BY_ITSELF)) " " (page.when(end)) }
                        }
                        @if let Some(first) = one.ways_out.first().filter(|way| !way.is_empty()) {
                            p { b { (page.say(w::PREVENT)) } " "
                                @for (i, step) in first.iter().enumerate() {
                                    @if i > 0 { (page.say(w::THEN)) }
                                    (step.title)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
