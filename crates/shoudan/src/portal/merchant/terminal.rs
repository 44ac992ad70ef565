//! One terminal: does it work, why not, its plan, what can be done now, its last ten events.

use maud::{Markup, html};
use operations::views::{EventView, Explanation, TerminalView};

use super::Offer;
use crate::portal::components::{
    Action, Area, Banner, Fact, Place, Weight, actions, back, banner, causes, facts, plan, shell, timeline, warnings,
    works,
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
    /// Where its plan is begun; none while a request carries it out, or nothing can be done.
    pub begin: Option<Offer>,
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

/// When it works again, and the one next thing: to begin, or to go on with what is open.
fn ready(page: &Page<'_>, data: &Terminal) -> Option<Markup> {
    let plan = &data.explanation.plan;
    let at = plan.ready_by.filter(|_| !plan.steps.is_empty());
    let action = match (&plan.request, &data.begin) {
        (Some(id), _) => Some(Action::link(page.say(w::GO_ON), paths::request(id), Weight::Primary)),
        (None, Some(begin)) => Some(Action::link(page.say(w::BEGIN), begin.href.clone(), Weight::Primary)),
        (None, None) => None,
    };
    if at.is_none() && action.is_none() {
        return None;
    }
    Some(html! {
        @if let Some(at) = at { p { (public::ready_by(page.lang, page.by_text(at))) } }
        @if let Some(action) = action { (actions(&[action])) }
    })
}

/// With an open request its steps are carried out there.
fn the_plan(page: &Page<'_>, data: &Terminal) -> Markup {
    let plan_now = &data.explanation.plan;
    plan(page, &plan_now.steps, &|step| {
        plan_now
            .request
            .as_ref()
            .filter(|_| step.mine)
            .map(|id| paths::step(id, &step.step))
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
