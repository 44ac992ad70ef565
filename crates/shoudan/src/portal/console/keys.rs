//! Entering a terminal's master key as components: one form, filled in by two people.

use maud::{Markup, html};
use operations::keys::components::Standing;

use super::frame::{Desk, Spot, frame};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Fact, Field, Input, Tone, back, facts, field, notice};
use crate::portal::words::keys as w;

/// What the page shows.
pub struct Keys {
    /// Terminal number.
    pub number: String,
    /// Where the entry stands.
    pub standing: Standing,
    /// The check value of the key that was just made.
    pub made: Option<String>,
    /// What was wrong.
    pub errors: Vec<(String, String)>,
}

/// `/console/terminals/{number}/keys`
pub fn keys(page: &Page<'_>, desk: &Desk, data: &Keys) -> Markup {
    let it = &data.standing;
    let none = page.say(w::NONE);
    let second = it.next == 2;
    frame(
        page,
        desk,
        Spot::Elsewhere,
        page.say(w::TITLE),
        html! {
            (back(&paths::terminal(&data.number), &data.number))
            h1 { (page.say(w::TITLE)) }
            p.quiet { (page.say(w::NOTE)) }
            @if let Some(kcv) = &data.made {
                (notice(Tone::Good, html! { p { b { (page.say(w::MADE)) " " span.number { (kcv) } } } p { (page.say(w::COMPARE)) } }))
            }
            (refused(page, &data.errors))
            @if second && data.errors.is_empty() { (notice(Tone::Info, html! { p { (page.say(w::FIRST_IN)) } })) }
            div.console-two {
                form.panel method="post" action=(paths::terminal_keys(&data.number)) autocomplete="off" {
                    h2 { (page.say(if second { w::ENTER_SECOND } else { w::ENTER_FIRST })) }
                    (field(page, &Field { hint: page.say(w::COMPONENT_HINT), sensitive: true, most: Some(47), fill: Some("off"), ..Field::line("component", page.say(w::COMPONENT)) }.of(Input::Line("password")).error_from(&data.errors)))
                    (field(page, &Field { hint: page.say(w::KCV_HINT), most: Some(8), ..Field::line("kcv", page.say(w::KCV)) }.error_from(&data.errors)))
                    @if second {
                        (field(page, &Field { optional: true, most: Some(8), ..Field::line("combined", page.say(w::COMBINED)) }.error_from(&data.errors)))
                    }
                    button.button.primary type="submit" { (page.say(w::SUBMIT)) }
                }
                section.panel {
                    (facts(&[
                        Fact::code(page.say(w::CURRENT), it.current_kcv.as_deref().unwrap_or(none)),
                        Fact::code(page.say(w::REPORTED), it.reported_kcv.as_deref().unwrap_or(none)),
                        Fact::code(page.say(w::FIRST), it.first_kcv.as_deref().unwrap_or(none)),
                    ]))
                }
            }
        },
    )
}

/// What was wrong. Nothing that was typed is sent back, and that is said.
fn refused(page: &Page<'_>, errors: &[(String, String)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div role="alert" tabindex="-1" data-focus {
                (notice(Tone::Bad, html! {
                    p { b { (page.say(w::NOT_TAKEN)) } }
                    ul { @for (_, text) in errors { li { (text) } } }
                }))
            }
        }
    }
}
