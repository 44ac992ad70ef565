//! One terminal: does it work, why not, its plan, what can be done now, its last ten events.

use maud::{Markup, html};
use operations::views::{EventView, Explanation, RequestRow, TerminalView};

use super::Offer;
use crate::portal::components::{
    Area, Banner, Fact, Place, back, banner, causes, facts, plan, shell, timeline, warnings, works,
};
use crate::portal::words::{Word, merchant as w, parts, public};
use crate::portal::{Page, Standing, paths};

/// What a terminal's page shows.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// The terminal.
    pub terminal: TerminalView,
    /// Its explanation for the merchant.
    pub explanation: Explanation,
    /// The request that carries out its plan, if one is open.
    pub request: Option<RequestRow>,
    /// Its last events, newest first.
    pub events: Vec<EventView>,
    /// What may be asked for now: from the tables, never from the page.
    pub offers: Vec<Offer>,
}

/// `/m/terminals/{id}`
pub fn terminal(page: &Page<'_>, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let title = format!("{} {}", it.shop.name, it.number);
    let why = &data.explanation;
    shell(
        page,
        &title,
        &Area::Merchant(Place::Terminals),
        html! {
            (back(paths::TERMINALS, page.say(w::TERMINALS_TITLE)))
            div.split data-refresh="30" {
                div.split-main {
                    p.over { (it.shop.name) " · " span.number { (it.number) } }
                    (banner(page, &Banner::answer(Standing::from_code(&why.standing), &why.headline).detail(ready(page, data))))
                    @if !why.causes.is_empty() {
                        section { h2 { (page.say(public::WHY)) } (causes(page, &why.causes, &why.capabilities)) }
                    }
                    @if !why.plan.steps.is_empty() {
                        section { h2 { (page.say(public::PLAN)) } (the_plan(page, data)) }
                    }
                    @if !why.warnings.is_empty() {
                        section { h2 { (page.say(w::COMING_STOPS)) } (warnings(page, &why.warnings, &why.capabilities)) }
                    }
                    section { h2 { (page.say(public::WHAT_WORKS)) } (works(page, &why.capabilities)) }
                    @if why.causes.is_empty() {
                        details.panel { summary { (page.say(w::DIAGNOSE)) } p { (page.say(w::DIAGNOSE_TEXT)) } }
                    }
                }
                aside.split-side {
                    (offers(page, &data.offers))
                    section.panel { h2 { (page.say(w::ABOUT_MACHINE)) } (about(page, data)) }
                    section.panel {
                        h2 { (page.say(w::LAST_EVENTS)) }
                        @if data.events.is_empty() { p.quiet { (page.say(w::NO_EVENTS)) } }
                        @else { (timeline(page, &data.events, false)) }
                    }
                }
            }
        },
    )
}

fn ready(page: &Page<'_>, data: &Terminal) -> Option<Markup> {
    let plan = &data.explanation.plan;
    let at = plan.ready_by.filter(|_| !plan.steps.is_empty())?;
    Some(html! { p { (public::ready_by(page.lang, page.by_text(at))) } })
}

/// With an open request its steps are carried out there; without one, doing the first step opens it.
fn the_plan(page: &Page<'_>, data: &Terminal) -> Markup {
    let open = data
        .request
        .as_ref()
        .map(|r| r.id.as_str())
        .or(data.explanation.plan.request.as_deref());
    plan(page, &data.explanation.plan.steps, &|step| {
        let href = match open {
            Some(id) => paths::step(id, &step.step),
            None => paths::new_request("restoration", &data.terminal.id),
        };
        step.mine.then_some(href)
    })
}

fn offers(page: &Page<'_>, offers: &[Offer]) -> Markup {
    html! {
        @if !offers.is_empty() {
            section.panel {
                h2 { (page.say(w::WHAT_YOU_CAN_DO)) }
                (super::requests::offer_list(offers))
            }
        }
    }
}

fn when_or(page: &Page<'_>, at: Option<i64>, never: Word) -> Markup {
    at.map_or_else(|| html! { (page.say(never)) }, |at| page.when(at))
}

fn about(page: &Page<'_>, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let signed = when_or(page, it.signed_in_at.filter(|_| it.signed_in), w::NOT_SIGNED_IN);
    let sold = when_or(page, it.last_sale_at, w::NEVER_SOLD);
    let mut all = vec![
        Fact::code(page.say(w::TERMINAL_NUMBER), &it.number),
        Fact::code(page.say(w::SERIAL), &it.serial),
        Fact::text(page.say(w::MODEL), &it.model),
        Fact::of(
            page.say(w::SHOP),
            html! { (it.shop.name) br; span.quiet { (it.shop.address) } },
        ),
        Fact::text(page.say(w::STAGE), &it.stage_name),
        Fact::of(page.say(w::SIGNED_IN), signed),
        Fact::of(page.say(w::LAST_SALE), sold),
        Fact::code(page.say(w::SOFTWARE), &it.software),
    ];
    if let Some(at) = it.opened_at {
        all.push(Fact::of(page.say(w::OPENED), page.day(at)));
    }
    if let Some(code) = &data.explanation.explanation_code {
        all.push(Fact::of(
            page.say(w::EXPLANATION_CODE),
            html! { a.number href=(paths::explanation(code)) { (code) } },
        ));
    }
    html! { (facts(&all)) @if it.spare { p.quiet { (page.say(w::SPARE)) " · " (page.say(parts::WORKS)) } } }
}
