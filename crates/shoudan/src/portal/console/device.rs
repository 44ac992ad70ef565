//! A device that serves no terminal: in stock, on its way, returned.

use maud::{Markup, html};
use operations::views::DeviceView;

use super::frame::{Desk, Spot, frame};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{Action, Fact, Tone, Weight, actions, facts, notice};
use crate::portal::icons::Icon;
use crate::portal::words::{console as w, desk as d};

/// `/console/devices/{serial}`
pub fn device(page: &Page<'_>, desk: &Desk, it: &DeviceView) -> Markup {
    let serial = &it.serial;
    frame(
        page,
        desk,
        Spot::Elsewhere,
        serial,
        html! {
            header.subject-head data-remember=(serial) data-detail=(it.stage_name) {
                div { p.over { (page.say(w::K_DEVICE)) } h1.number { (serial) } }
                @if desk.may("place_stop") {
                    (actions(&[Action::link(page.say(w::PLACE_A_STOP), paths::stop_subject("device", serial), Weight::Danger).icon(Icon::Bar)]))
                }
            }
            (notice(Tone::Info, html! { p { b { (page.say(d::DEVICE_UNBOUND)) } } p { (page.say(d::DEVICE_UNBOUND_NOTE)) } }))
            section.panel { (facts(&about(page, it))) }
        },
    )
}

fn about<'a>(page: &Page<'a>, it: &'a DeviceView) -> Vec<Fact<'a>> {
    let mut all = vec![Fact::text(page.say(w::STAGE), &it.stage_name)];
    if !it.model.is_empty() {
        all.push(Fact::text(page.say(w::MODEL), &it.model));
    }
    all.push(Fact::code(page.say(w::SERIAL), &it.serial));
    all.push(Fact::code(page.say(w::SOFTWARE), &it.software));
    all
}
