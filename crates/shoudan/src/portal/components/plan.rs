//! The plan as a vertical line: done, now, later; whose turn; by when.

use maud::{Markup, html};
use operations::views::StepView;

use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::words::{Word, parts as w};

/// Class, icon and word of each step state.
const STATES: [(&str, &str, Icon, Word); 5] = [
    ("done", "step-done", Icon::Check, w::STEP_DONE),
    ("now", "step-now", Icon::Next, w::STEP_NOW),
    ("returned", "step-returned", Icon::Pen, w::STEP_RETURNED),
    ("submitted", "step-submitted", Icon::Clock, w::STEP_SUBMITTED),
    ("later", "step-later", Icon::Clock, w::STEP_LATER),
];

/// The steps in order. `link` says where a step the reader may carry out is carried out; for the public: nowhere.
pub fn plan(page: &Page<'_>, steps: &[StepView], link: &dyn Fn(&StepView) -> Option<String>) -> Markup {
    html! {
        ol.plan {
            @for step in steps { (line(page, step, link(step))) }
        }
    }
}

fn look(state: &str) -> (&'static str, Icon, Word) {
    STATES
        .iter()
        .find(|(code, ..)| *code == state)
        .map_or(("step-later", Icon::Clock, w::STEP_LATER), |(_, class, icon, word)| {
            (class, *icon, *word)
        })
}

fn line(page: &Page<'_>, step: &StepView, href: Option<String>) -> Markup {
    let (class, mark, word) = look(&step.state);
    let open = matches!(step.state.as_str(), "now" | "returned");
    html! {
        li.step.(class) aria-current=[open.then_some("step")] {
            div.step-mark { (icon(mark)) }
            div.step-body {
                h3 { (step.title) }
                (step_line(page, step, word))
                @if !step.remark.is_empty() {
                    blockquote.remark { b { (page.say(w::REMARK)) } " " (step.remark) }
                }
                @if open {
                    p { (step.why) }
                    @if !step.documents.is_empty() {
                        ul.asked { @for one in &step.documents { li { (icon(Icon::File)) span { (one.name) } } } }
                    }
                    @if let (true, Some(href)) = (step.mine, href.as_ref()) {
                        p { a.button.primary href=(href) { (page.say(w::DO_IT_NOW)) } }
                    }
                }
                @if step.state != "done" { (more(page, step, open)) }
            }
        }
    }
}

/// State, whose turn and by when, in one line.
pub fn step_line(page: &Page<'_>, step: &StepView, word: Word) -> Markup {
    html! {
        p.step-line {
            span.step-word { (page.say(word)) }
            @match (step.state.as_str(), step.done_at) {
                ("done", Some(at)) => span { (page.when(at)) },
                ("done", None) => {},
                _ => {
                    @if step.mine { span.turn-mine { (page.say(w::YOUR_TURN)) } }
                    @else if step.actor != "time" { span { (w::turn(page.lang, &step.actor_name)) } }
                    @if let Some(by) = step.promise_by {
                        span {
                            (page.by(by))
                            @if step.promise_assumed { " " (page.say(w::ASSUMED)) }
                        }
                    }
                }
            }
        }
    }
}

fn more(page: &Page<'_>, step: &StepView, open: bool) -> Markup {
    html! {
        details {
            summary { (page.say(w::STEP_MORE)) }
            @if !open { p { (step.why) } }
            p { b { (page.say(w::HOW)) } " " (step.how) }
            p { b { (page.say(w::AFTERWARDS)) } " " (step.after) }
        }
    }
}
