//! Login and its second factor.

use maud::{Markup, html};

use crate::portal::components::{Area, Field, Input, Tone, field, notice, shell};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::public as w;

/// An account of the demonstration, shown so that a newcomer need not search for it.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Role in words.
    pub role: String,
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
    /// One to begin with: shown without unfolding anything.
    pub first: bool,
}

/// What the login page shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Login<'a> {
    /// The login, when the form comes back.
    pub login: &'a str,
    /// What was wrong; empty when nothing was. Never says which part.
    pub error: &'a str,
    /// Where to go afterwards; empty: home.
    pub next: &'a str,
    /// Demonstration only.
    pub accounts: &'a [DemoAccount],
}

/// `/login`
pub fn login(page: &Page<'_>, data: &Login<'_>) -> Markup {
    shell(
        page,
        page.say(w::LOGIN_TITLE),
        &Area::Public,
        html! {
            div.sign-in {
                h1 { (page.say(w::LOGIN_TITLE)) }
                @if !data.next.is_empty() { p.quiet { (page.say(w::LOGIN_BACK)) } }
                (error(data.error))
                form.panel method="post" action=(paths::LOGIN) {
                    input type="hidden" name="next" value=(data.next);
                    (field(page, &Field {
                        hint: page.say(w::LOGIN_NAME_HINT),
                        value: data.login,
                        fill: Some("username"),
                        most: Some(64),
                        focus: data.login.is_empty(),
                        ..Field::line("login", page.say(w::LOGIN_NAME))
                    }))
                    div.with-reveal {
                        (field(page, &Field {
                            input: Input::Line("password"),
                            fill: Some("current-password"),
                            sensitive: true,
                            most: Some(200),
                            focus: !data.login.is_empty(),
                            ..Field::line("password", page.say(w::PASSWORD))
                        }))
                        label.check.needs-script {
                            input type="checkbox" data-reveal="f-password";
                            span { (page.say(w::SHOW_PASSWORD)) }
                        }
                    }
                    button.button.primary type="submit" { (page.say(w::LOGIN_BUTTON)) }
                }
                p.quiet { (page.say(w::LOGIN_FORGOT)) }
                (demo_accounts(page, data.accounts))
            }
        },
    )
}

fn error(text: &str) -> Markup {
    html! { @if !text.is_empty() { (notice(Tone::Bad, html! { p { (text) } })) } }
}

/// Those one begins with in sight, the others folded away; none asks for more than a press.
fn demo_accounts(page: &Page<'_>, accounts: &[DemoAccount]) -> Markup {
    let (first, more): (Vec<_>, Vec<_>) = accounts.iter().partition(|one| one.first);
    html! {
        @if !accounts.is_empty() {
            section.panel.demo-accounts {
                h2 { (page.say(w::DEMO_ACCOUNTS)) }
                ul.accounts { @for one in first { (account(page, one)) } }
                @if !more.is_empty() {
                    details { summary { (w::demo_more(page.lang, more.len())) } ul.accounts { @for one in more { (account(page, one)) } } }
                }
                p.quiet.small { (page.say(w::DEMO_TOTP)) }
            }
        }
    }
}

fn account(page: &Page<'_>, one: &DemoAccount) -> Markup {
    let press = w::demo_enter(page.lang, &one.role);
    html! {
        li {
            span.account-role { b { (one.role) } span.number.quiet { (one.login) " / " (one.password) } }
            button.quiet-button.button.needs-script type="button" data-fill-login=(one.login) data-fill-password=(one.password) aria-label=(press) { (page.say(w::LOGIN_BUTTON)) }
        }
    }
}

/// `/login/code`. `shown` is the code of now, which only a demonstration tells.
pub fn login_code(page: &Page<'_>, wrong: &str, next: &str, shown: Option<&str>) -> Markup {
    shell(
        page,
        page.say(w::CODE_TITLE),
        &Area::Public,
        html! {
            div.sign-in {
                h1 { (page.say(w::CODE_TITLE)) }
                p { (page.say(w::CODE_LEAD)) }
                (error(wrong))
                form.panel method="post" action=(paths::LOGIN_CODE) {
                    input type="hidden" name="next" value=(next);
                    (field(page, &Field {
                        keys: Some("numeric"),
                        fill: Some("one-time-code"),
                        most: Some(6),
                        focus: true,
                        sensitive: true,
                        ..Field::line("code", page.say(w::CODE_LABEL))
                    }))
                    button.button.primary type="submit" { (page.say(w::CODE_BUTTON)) }
                }
                @if let Some(code) = shown { p.quiet { (page.say(w::DEMO_CODE)) " " b.number { (code) } } }
            }
        },
    )
}
