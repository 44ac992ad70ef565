//! `/e/7K3-M9Q` and `/s/{serial}`: why a POS does not work, what still does, what brings it back and by when. Nothing on
//! this page names a merchant, a number or an amount. It prints on one page with a QR code of itself.

use maud::{Markup, html};
use operations::views::Explanation;

use super::front::find_form;
use crate::portal::components::{
    Action, Area, Banner, Weight, actions, banner, causes, plan, qr, shell, warnings, works,
};
use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::words::public as w;
use crate::portal::{Standing, paths};

/// How the reader got here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// By the code on the slip.
    Code(&'a str),
    /// By the machine's serial number.
    Serial(&'a str),
}

impl Asked<'_> {
    fn path(self) -> String {
        match self {
            Self::Code(code) => paths::explanation(code),
            Self::Serial(serial) => paths::serial(serial),
        }
    }
}

/// The explanation, for anyone.
pub fn explanation(page: &Page<'_>, asked: Asked<'_>, data: &Explanation) -> Markup {
    let title = match asked {
        Asked::Code(code) => w::explanation_title(page.lang, code),
        Asked::Serial(_) => page.say(w::SERIAL_TITLE).to_owned(),
    };
    shell(
        page,
        &title,
        &Area::Public,
        html! {
            div.explanation data-refresh="30" {
                div.answer {
                    (banner(page, &Banner::answer(Standing::from_code(&data.standing), &data.headline).detail(ready(page, data))))
                    h2.visually-hidden { (page.say(w::WHAT_WORKS)) }
                    (works(page, &data.capabilities))
                }
                div.reasons {
                    @if !data.causes.is_empty() {
                        section {
                            h2 { (page.say(w::WHY)) }
                            @if data.causes.len() > 1 { p.quiet { (page.say(w::ROOT_FIRST)) } }
                            (causes(page, &data.causes, &data.capabilities))
                        }
                    }
                    @if !data.plan.steps.is_empty() {
                        section {
                            h2 { (page.say(w::PLAN)) }
                            (plan(page, &data.plan.steps, &|_| None))
                        }
                    }
                    @if !data.warnings.is_empty() {
                        section {
                            h2 { (page.say(w::COMING)) }
                            (warnings(page, &data.warnings, &data.capabilities))
                        }
                    }
                }
                (ways_on(page, asked, data))
            }
        },
    )
}

/// When it works again if every step keeps its time.
fn ready(page: &Page<'_>, data: &Explanation) -> Option<Markup> {
    let at = data.plan.ready_by.filter(|_| !data.plan.steps.is_empty())?;
    Some(html! { p { (w::ready_by(page.lang, page.by_text(at))) } })
}

/// Two ways on: sign in, or call and say the code.
fn ways_on(page: &Page<'_>, asked: Asked<'_>, data: &Explanation) -> Markup {
    let house = page.institution;
    let path = asked.path();
    html! {
        aside.ways-on {
            section.panel {
                h2 { (page.say(w::TWO_WAYS)) }
                div.ticket {
                    div {
                        @match asked {
                            Asked::Code(code) => { p.quiet { (page.say(w::YOUR_CODE)) } p.code { (code) } },
                            Asked::Serial(serial) => { p.quiet { (page.say(crate::portal::words::merchant::SERIAL)) } p.code.code-long { (serial) } },
                        }
                    }
                    (qr(&format!("{}{path}", page.origin), page.say(w::QR_LABEL)))
                }
                div.way {
                    p { (page.say(w::WAY_SIGN_IN_TEXT)) }
                    (actions(&[Action::link(page.say(w::WAY_SIGN_IN), paths::login_then(&path), Weight::Primary)]))
                }
                div.way {
                    p { (page.say(w::WAY_CALL_TEXT)) }
                    (actions(&[
                        Action::link(house.hotline, format!("tel:{}", house.hotline), Weight::Quiet).icon(Icon::Phone),
                    ]))
                    p.quiet { (page.say(house.hours)) }
                }
                button.button.quiet-button.needs-script type="button" data-print { (icon(Icon::Print)) span { (page.say(w::PRINT)) } }
            }
            p.quiet.small { (w::as_of(page.lang, page.when_text(data.at))) " " (page.say(w::PRIVACY)) }
        }
    }
}

/// The page for a code that is not known or has expired: what to do instead.
pub fn code_gone(page: &Page<'_>, code: &str) -> Markup {
    shell(
        page,
        page.say(w::CODE_GONE_TITLE),
        &Area::Public,
        html! {
            div.narrow {
                h1 { (page.say(w::CODE_GONE_TITLE)) }
                p.lead { (w::code_gone(page.lang, code)) }
                section.panel { (find_form(page, code, "")) }
                section {
                    h2 { (page.say(w::WHAT_NOW)) }
                    ul.todo {
                        @for hint in [w::GONE_COMPARE, w::GONE_FRESH, w::GONE_SERIAL, w::GONE_SIGN_IN] {
                            li { (page.say(hint)) }
                        }
                    }
                    (actions(&[Action::link(page.say(w::MERCHANT_ENTRANCE), paths::LOGIN, Weight::Quiet)]))
                }
            }
        },
    )
}
