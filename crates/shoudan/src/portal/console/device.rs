//! A device that serves no terminal: in stock, on its way, returned.

use maud::{Markup, html};

use super::frame::{Desk, Spot, frame};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Action, Fact, Tone, Weight, actions, facts, notice};
use crate::portal::icons::Icon;
use crate::portal::words::{console as w, desk as d};

/// `/console/devices/{serial}`
pub fn device(page: &Page<'_>, desk: &Desk, serial: &str, stage: &str, software: &str) -> Markup {
    frame(
        page,
        desk,
        Spot::Elsewhere,
        serial,
        html! {
            header.subject-head data-remember=(serial) data-detail=(stage) {
                div { p.over { (page.say(w::K_DEVICE)) } h1.number { (serial) } }
                @if desk.may("place_stop") {
                    (actions(&[Action::link(page.say(w::PLACE_A_STOP), paths::stop_subject("device", serial), Weight::Danger).icon(Icon::Bar)]))
                }
            }
            (notice(Tone::Info, html! { p { b { (page.say(d::DEVICE_UNBOUND)) } } p { (page.say(d::DEVICE_UNBOUND_NOTE)) } }))
            section.panel { (facts(&[Fact::text(page.say(w::STAGE), stage), Fact::code(page.say(w::SERIAL), serial), Fact::code(page.say(w::SOFTWARE), software)])) }
        },
    )
}
