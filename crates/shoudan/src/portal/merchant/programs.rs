//! Keys of the merchant's own programs: which there are, making one, switching one off.

use maud::{Markup, html};
use operations::people::KeyView;

use crate::portal::components::{
    Action, Area, Choice, Empty, Field, Input, Place, Tone, Weight, actions, back, badge_with, empty, errors_first,
    field, notice, shell,
};
use crate::portal::icons::Icon;
use crate::portal::page::Page;
use crate::portal::words::merchant as w;
use crate::portal::{Standing, paths};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// The keys, newest first; their roles in words.
    pub keys: Vec<KeyView>,
    /// Roles a key may have.
    pub roles: Vec<Choice>,
    /// What was typed: name and role.
    pub typed: (String, String),
    /// The key that was just made; it is shown this once.
    pub made: Option<String>,
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

/// `/m/me/keys`
pub fn programs(page: &Page<'_>, data: &Programs) -> Markup {
    shell(
        page,
        page.say(w::PROGRAMS),
        &Area::Merchant(Place::Me),
        html! {
            (back(paths::ME, page.say(w::ME_TITLE)))
            div.narrow {
                h1 { (page.say(w::PROGRAMS)) }
                p.quiet { (page.say(w::PROGRAMS_NOTE)) }
                @if let Some(key) = &data.made { (made(page, key)) }
                @if data.keys.is_empty() {
                    (empty(&Empty { icon: Icon::File, what: page.say(w::PROGRAMS_NONE), how: page.say(w::PROGRAMS_NONE_HOW), action: None }))
                } @else {
                    section.panel {
                        ul.people { @for one in &data.keys { (row(page, one)) } }
                        p.quiet { (page.say(w::KEY_OFF_NOTE)) }
                    }
                }
                (errors_first(page, &data.errors))
                (form(page, data))
            }
        },
    )
}

fn made(page: &Page<'_>, key: &str) -> Markup {
    notice(
        Tone::Good,
        html! {
            p { b { (page.say(w::KEY_MADE_NOW)) } }
            p { code.code-long { (key) } }
            p { (page.say(w::KEY_ONCE)) }
            p.quiet { (page.say(w::KEY_ON_CALLS)) }
            p { code.code-long { "Authorization: Bearer shk_…" } }
        },
    )
}

fn row(page: &Page<'_>, one: &KeyView) -> Markup {
    let (standing, word) = match one.disabled_at {
        Some(_) => (Standing::Ended, w::KEY_ENDED),
        None => (Standing::Works, w::KEY_WORKS),
    };
    html! {
        li {
            span { b { (one.name) } " " (badge_with(standing, page.say(word))) }
            span.quiet { (one.role) " · " (w::made_by(page.lang, &one.user_name, page.when_text(one.created_at))) }
            @if one.disabled_at.is_none() {
                (actions(&[Action::post(page.say(w::KEY_OFF), paths::program_off(&one.id), vec![], Weight::Danger)]))
            }
        }
    }
}

fn form(page: &Page<'_>, data: &Programs) -> Markup {
    let (name, role) = &data.typed;
    html! {
        form.panel method="post" action=(paths::PROGRAMS) {
            h2 { (page.say(w::KEY_NEW)) }
            (field(page, &Field {
                value: name, hint: page.say(w::KEY_NAME_HINT), fill: Some("off"), most: Some(60), ..Field::line("name", page.say(w::KEY_NAME))
            }.error_from(&data.errors)))
            (field(page, &Field {
                value: role, ..Field::line("role", page.say(w::KEY_MAY))
            }.of(Input::Radio(data.roles.clone())).error_from(&data.errors)))
            div.actions { button.button.primary type="submit" { (page.say(w::KEY_NEW)) } }
        }
    }
}
