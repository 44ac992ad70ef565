//! Where a person is signed in, and ending that: what to do when a phone is lost.

use maud::{Markup, html};
use operations::people::SessionView;

use super::components::{Action, Area, Weight, actions, back, badge_with, shell};
use super::words::public as w;
use super::{Page, Standing, paths};

/// `/sessions`. `home` is where the reader's own pages begin.
pub fn sessions(page: &Page<'_>, home: &str, all: &[SessionView]) -> Markup {
    shell(
        page,
        page.say(w::SESSIONS_TITLE),
        &Area::Public,
        html! {
            div.narrow {
                (back(home, page.say(w::TO_OWN_PAGES)))
                h1 { (page.say(w::SESSIONS_TITLE)) }
                p.quiet { (page.say(w::SESSIONS_NOTE)) }
                ul.cards { @for one in all { li.panel.session { (session(page, one)) } } }
                @if all.len() > 1 {
                    (actions(&[Action::post(page.say(w::END_OTHERS), paths::OTHER_SESSIONS, vec![], Weight::Danger)]))
                }
            }
        },
    )
}

fn session(page: &Page<'_>, one: &SessionView) -> Markup {
    html! {
        div {
            p { b { (page.say(w::SESSION_BEGAN)) " " (page.when(one.created_at)) } }
            p.quiet { (page.say(w::SESSION_SEEN)) " " (page.when(one.seen_at)) " · " (page.say(w::SESSION_ENDS)) " " (page.when(one.expires_at)) }
        }
        @if one.current { (badge_with(Standing::Works, page.say(w::SESSION_THIS))) }
        @else { (actions(&[Action::post(page.say(w::END_SESSION), paths::end_session(&one.id), vec![], Weight::Quiet)])) }
    }
}
