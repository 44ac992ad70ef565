//! When something could not be done: what happened, what to do, and what was not changed.

use maud::{Markup, html};

use crate::portal::components::{Action, Area, Fact, Weight, actions, facts, shell};
use crate::portal::icons::icon;
use crate::portal::page::Page;
use crate::portal::words::{Word, public as w};
use crate::portal::{icons::Icon, paths};

/// What could not be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Problem<'a> {
    /// HTTP status.
    pub status: u16,
    /// What happened in this case, from the operation's refusal; empty: the general sentence of the status.
    pub what: &'a str,
    /// Titles of the causes that stand in the way.
    pub causes: &'a [String],
    /// Field errors: name and text.
    pub fields: &'a [(String, String)],
    /// The identifier under which it is in the log.
    pub trace: &'a str,
}

/// Title, what happened, what to do, for each status.
const PROBLEMS: [(u16, Word, Word, Word); 11] = [
    (400, w::P400, w::P400_WHAT, w::P400_DO),
    (401, w::P401, w::P401_WHAT, w::P401_DO),
    (403, w::P403, w::P403_WHAT, w::P403_DO),
    (404, w::P404, w::P404_WHAT, w::P404_DO),
    (405, w::P404, w::P404_WHAT, w::P404_DO),
    (409, w::P409, w::P409_WHAT, w::P409_DO),
    (413, w::P413, w::P413_WHAT, w::P413_DO),
    (422, w::P422, w::P422_WHAT, w::P422_DO),
    (429, w::P429, w::P429_WHAT, w::P429_DO),
    (500, w::P500, w::P500_WHAT, w::P500_DO),
    (503, w::P503, w::P503_WHAT, w::P503_DO),
];

/// The page of a status; one without a row of its own is shown as 500.
pub fn problem(page: &Page<'_>, data: &Problem<'_>) -> Markup {
    // What is stopped is no question of who asks.
    let stopped = (!data.causes.is_empty()).then_some((data.status, w::BLOCKED, w::BLOCKED_WHAT, w::BLOCKED_DO));
    let row = PROBLEMS.iter().find(|(status, ..)| *status == data.status);
    let (_, title, what, remedy) = stopped
        .or(row.copied())
        .unwrap_or((500, w::P500, w::P500_WHAT, w::P500_DO));
    let what = if data.what.is_empty() {
        page.say(what)
    } else {
        data.what
    };
    shell(
        page,
        page.say(title),
        &Area::Public,
        html! {
            div.narrow.problem {
                p.problem-status { (data.status) }
                h1 { (page.say(title)) }
                p.lead { (what) }
                @if !data.causes.is_empty() {
                    h2 { (page.say(w::CAUSES_ARE)) }
                    ul.todo { @for cause in data.causes { li { (cause) } } }
                }
                @if !data.fields.is_empty() {
                    ul.todo { @for (_, text) in data.fields { li { (text) } } }
                }
                section.panel {
                    h2 { (page.say(w::WHAT_NOW)) }
                    p { (page.say(remedy)) }
                    (actions(&ways(page, data.status)))
                }
                @if !data.trace.is_empty() { (facts(&[Fact::code(page.say(w::TRACE), data.trace)])) }
                @if data.status >= 500 || data.status == 429 {
                    p.with-icon { (icon(Icon::Phone)) a.number href={ "tel:" (page.institution.hotline) } { (page.institution.hotline) } }
                }
            }
        },
    )
}

fn ways<'a>(page: &Page<'a>, status: u16) -> Vec<Action<'a>> {
    // The login sends whoever is signed in to where their own pages begin.
    let home = if page.who.is_some() { paths::LOGIN } else { paths::FRONT };
    let front = Action::link(page.say(w::TO_FRONT), home, Weight::Quiet);
    match status {
        401 => vec![
            Action::link(page.say(w::LOGIN_TITLE), paths::LOGIN, Weight::Primary),
            front,
        ],
        409 => vec![Action::link(page.say(w::RELOAD), page.path, Weight::Primary), front],
        500.. => vec![
            Action::link(page.say(w::TO_STATUS), paths::STATUS, Weight::Primary),
            front,
        ],
        _ => vec![front],
    }
}
