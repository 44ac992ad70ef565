//! Who may sign in for the merchant: adding somebody, a new password, closing an account.

use maud::{Markup, html};

use crate::portal::components::{
    Action, Area, Choice, Fact, Field, Input, Place, Tone, Weight, actions, back, errors_first, facts, field, notice,
    shell,
};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::{merchant as w, public};

/// Somebody to be added.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// What was typed, when the form comes back.
    pub name: String,
    /// Their login.
    pub login: String,
    /// Role code.
    pub role: String,
    /// Roles to choose from, from the role table.
    pub roles: Vec<Choice>,
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

/// `/m/me/people/new`
pub fn new_person(page: &Page<'_>, data: &NewPerson) -> Markup {
    frame(
        page,
        page.say(w::ADD_USER),
        html! {
            (errors_first(page, &data.errors))
            form.panel method="post" action=(paths::NEW_PERSON) {
                (field(page, &Field {
                    value: &data.name, fill: Some("off"), most: Some(60), ..Field::line("display_name", page.say(w::PERSON_NAME))
                }.error_from(&data.errors)))
                (field(page, &Field {
                    hint: page.say(w::PERSON_LOGIN_HINT), value: &data.login, fill: Some("off"), most: Some(60),
                    ..Field::line("login", page.say(public::LOGIN_NAME))
                }.error_from(&data.errors)))
                (field(page, &Field {
                    value: &data.role, ..Field::line("role", page.say(w::PERSON_ROLE))
                }.of(Input::Radio(data.roles.clone())).error_from(&data.errors)))
                (new_password(page, &data.errors))
                div.actions { button.button.primary type="submit" { (page.say(w::ADD_USER)) } }
            }
        },
    )
}

/// One of the merchant's people, as their owner sees them.
#[derive(Clone, Debug)]
pub struct OnePerson {
    /// Account id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Login.
    pub login: String,
    /// Role in words.
    pub role: String,
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

/// `/m/me/people/{id}`
pub fn person(page: &Page<'_>, data: &OnePerson) -> Markup {
    let here = paths::person(&data.id);
    frame(
        page,
        &data.name,
        html! {
            (facts(&[Fact::code(page.say(public::LOGIN_NAME), &data.login), Fact::text(page.say(w::PERSON_ROLE), &data.role)]))
            (errors_first(page, &data.errors))
            form.panel method="post" action=(here) {
                h2 { (page.say(w::RESET_PASSWORD)) }
                p.quiet { (page.say(w::RESET_NOTE)) }
                (new_password(page, &data.errors))
                div.actions { button.button.primary type="submit" { (page.say(w::RESET_PASSWORD)) } }
            }
            section.panel {
                h2 { (page.say(w::CLOSE_ACCOUNT)) }
                p { (page.say(w::CLOSE_NOTE)) }
                (actions(&[Action::post(page.say(w::CLOSE_ACCOUNT), format!("{here}/close"), vec![], Weight::Danger)]))
            }
        },
    )
}

/// `/m/me/password`
pub fn password(page: &Page<'_>, errors: &[(String, String)]) -> Markup {
    frame(
        page,
        page.say(w::CHANGE_PASSWORD),
        html! {
            (errors_first(page, errors))
            form.panel method="post" action=(paths::PASSWORD) {
                (field(page, &Field {
                    input: Input::Line("password"), fill: Some("current-password"), sensitive: true, most: Some(200),
                    ..Field::line("old", page.say(w::OLD_PASSWORD))
                }.error_from(errors)))
                (new_password(page, errors))
                (notice(Tone::Info, html! { p { (page.say(w::PASSWORD_NOTE)) } }))
                div.actions { button.button.primary type="submit" { (page.say(w::CHANGE_PASSWORD)) } }
            }
        },
    )
}

fn frame(page: &Page<'_>, title: &str, body: Markup) -> Markup {
    shell(
        page,
        title,
        &Area::Merchant(Place::Me),
        html! {
            (back(paths::ME, page.say(w::ME_TITLE)))
            div.narrow { h1 { (title) } (body) }
        },
    )
}

fn new_password(page: &Page<'_>, errors: &[(String, String)]) -> Markup {
    html! {
        div.with-reveal {
            (field(page, &Field {
                hint: page.say(w::PASSWORD_HINT), input: Input::Line("password"), fill: Some("new-password"), sensitive: true,
                most: Some(200), ..Field::line("password", page.say(w::NEW_PASSWORD))
            }.error_from(errors)))
            label.check.needs-script {
                input type="checkbox" data-reveal="f-password";
                span { (page.say(public::SHOW_PASSWORD)) }
            }
        }
    }
}
