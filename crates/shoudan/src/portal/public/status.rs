//! Service status: what works on the platform now, what affects it, what is planned.

use maud::{Markup, html};
use operations::views::{CapabilityView, CauseView};

use crate::portal::components::{Area, Banner, badge, banner, causes, shell, warnings};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::public as w;
use crate::portal::{Page, Standing};

/// One service of the platform.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name, worded by the catalogue or the connector that watches it.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// A second line; may be empty.
    pub note: String,
}

/// The platform as a whole.
#[derive(Clone, Debug)]
pub struct Services {
    /// Each service.
    pub services: Vec<Service>,
    /// What affects them now.
    pub live: Vec<CauseView>,
    /// What is announced.
    pub planned: Vec<CauseView>,
    /// Names of the capabilities that `live` and `planned` speak of.
    pub capabilities: Vec<CapabilityView>,
    /// When it was looked at.
    pub checked_at: i64,
}

impl Services {
    /// The worst of all services.
    pub fn standing(&self) -> Standing {
        let worst = self
            .services
            .iter()
            .map(|one| one.standing)
            .max_by_key(|standing| Standing::ALL.iter().position(|known| known == standing));
        worst.unwrap_or(Standing::Works)
    }
}

/// The services as a list.
pub fn services(page: &Page<'_>, services: &[Service]) -> Markup {
    html! {
        ul.services {
            @for one in services {
                li {
                    span {
                        (one.name)
                        @if !one.note.is_empty() { small.quiet { (one.note) } }
                    }
                    (badge(page, one.standing))
                }
            }
        }
    }
}

/// `/status`
pub fn status(page: &Page<'_>, data: &Services) -> Markup {
    let standing = data.standing();
    let headline = if standing == Standing::Works {
        w::SERVICE_ALL_WELL
    } else {
        w::SERVICE_SOME
    };
    shell(
        page,
        page.say(w::STATUS_TITLE),
        &Area::Public,
        html! {
            div.narrow {
                (banner(page, &Banner::answer(standing, page.say(headline)).detail(Some(html! {
                    p.quiet { (w::checked_at(page.lang, page.when_text(data.checked_at))) }
                }))))
                @if !data.live.is_empty() {
                    section { h2 { (page.say(w::LIVE_NOW)) } (causes(page, &data.live, &data.capabilities)) }
                }
                section.panel { h2 { (page.say(w::SERVICE_NOW)) } (services(page, &data.services)) }
                section.panel {
                    h2 { (page.say(w::PLANNED)) }
                    @if data.planned.is_empty() { p.quiet { (page.say(w::NOTHING_PLANNED)) } }
                    @else { (warnings(page, &data.planned, &data.capabilities)) }
                }
                p.quiet.with-icon { (icon(Icon::Info)) (page.say(w::STATUS_OWN)) }
            }
        },
    )
}
