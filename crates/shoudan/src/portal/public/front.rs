//! `/`: one box; below it how the services stand and who is official.

use maud::{Markup, html};

use super::{Services, services};
use crate::portal::components::{Area, Fact, Field, Tone, badge_with, facts, field, notice, shell, warnings};
use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::words::public as w;
use crate::portal::{Standing, paths, pictures};

/// What the front page shows.
#[derive(Clone, Copy, Debug)]
pub struct Front<'a> {
    /// What was typed, when it comes back.
    pub asked: &'a str,
    /// What was wrong with it; empty when nothing was.
    pub error: &'a str,
    /// The platform as a whole.
    pub services: &'a Services,
}

/// `/`
pub fn front(page: &Page<'_>, data: &Front<'_>) -> Markup {
    shell(
        page,
        page.say(w::FRONT_TITLE),
        &Area::Public,
        html! {
            div.front {
                section.hero {
                    div.hero-text {
                        h1 { (page.say(w::FRONT_TITLE)) }
                        p.lead { (page.say(w::FRONT_LEAD)) }
                        (find_form(page, data.asked, data.error))
                    }
                    figure.hero-slip { (pictures::slip(page)) }
                }
                div.columns {
                    section.panel { (service_panel(page, data.services)) }
                    section.panel { (official(page)) }
                }
            }
        },
    )
}

/// The one box.
pub(super) fn find_form(page: &Page<'_>, asked: &str, error: &str) -> Markup {
    html! {
        form.find method="get" action=(paths::FIND) role="search" {
            (field(page, &Field {
                hint: page.say(w::BOX_HINT),
                value: asked,
                error,
                most: Some(64),
                fill: Some("off"),
                ..Field::line("q", page.say(w::BOX_LABEL))
            }))
            button.button.primary type="submit" { (icon(Icon::Search)) span { (page.say(w::BOX_BUTTON)) } }
        }
    }
}

fn service_panel(page: &Page<'_>, data: &Services) -> Markup {
    let standing = data.standing();
    let word = if standing == Standing::Works {
        w::SERVICE_ALL_WELL
    } else {
        w::SERVICE_SOME
    };
    html! {
        header.panel-head { h2 { (page.say(w::SERVICE_NOW)) } (badge_with(standing, page.say(word))) }
        (services(page, &data.services))
        h3 { (page.say(w::PLANNED)) }
        @if data.planned.is_empty() { p.quiet { (page.say(w::NOTHING_PLANNED)) } }
        @else { (warnings(page, &data.planned, &data.capabilities)) }
        p { a href=(paths::STATUS) { (page.say(w::STATUS_MORE)) } }
    }
}

fn official(page: &Page<'_>) -> Markup {
    let house = page.institution;
    html! {
        header.panel-head { h2 { (page.say(w::OFFICIAL)) } }
        p { (page.say(w::OFFICIAL_LEAD)) }
        (facts(&[
            Fact::of(page.say(crate::portal::words::parts::HOTLINE), html! {
                a.number href={ "tel:" (house.hotline) } { (house.hotline) }
                span.quiet { " " (page.say(house.hours)) }
            }),
            Fact::code(page.say(w::OFFICIAL_SITE), house.site),
            Fact::code(page.say(w::OFFICIAL_SMS), house.sms),
            Fact::code(page.say(w::OFFICIAL_LICENCE), house.licence),
        ]))
        (notice(Tone::Care, html! { p { (page.say(w::OFFICIAL_NEVER)) } }))
    }
}
