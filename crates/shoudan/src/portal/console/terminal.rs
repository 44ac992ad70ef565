//! One terminal: left facts and chain, middle the merchant's view, right the time-line.

use maud::{Markup, html};
use operations::views::TerminalView;

use super::frame::{Desk, Spot, frame};
use super::paths;
use super::subject::{Answer, History, answer, as_of, chain, history};
use crate::portal::Page;
use crate::portal::components::{Action, Fact, Weight, actions, facts};
use crate::portal::icons::Icon;
use crate::portal::paths as portal;
use crate::portal::words::console as w;

/// What a terminal's page shows.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// The terminal.
    pub terminal: TerminalView,
    /// Why and what to do, for the merchant and for staff.
    pub answer: Answer,
    /// What happened.
    pub history: History,
}

/// `/console/terminals/{number}`
pub fn terminal(page: &Page<'_>, desk: &Desk, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let title = format!("{} {}", it.number, it.shop.name);
    let remember = format!("{} · {}", it.merchant_name, it.shop.name);
    frame(
        page,
        desk,
        Spot::Merchants,
        &title,
        html! {
            header.subject-head data-remember=(it.number) data-detail=(remember) {
                div {
                    p.over { a href=(paths::merchant(&it.merchant_id)) { (it.merchant_name) } " · " (it.shop.name) }
                    p.subject-title { span.number { (it.number) } }
                }
                (buttons(page, desk, it))
            }
            (as_of(page, &data.answer, &data.history.at))
            div.console-three {
                aside.console-left aria-label=(page.say(w::FACTS)) {
                    section.panel { h2 { (page.say(w::FACTS)) } (about(page, data)) }
                    (chain(page, &data.answer.staff.chain))
                }
                div.console-middle { (answer(page, &data.answer)) }
                aside.console-right aria-label=(page.say(w::HISTORY)) { (history(page, &data.history)) }
            }
        },
    )
}

fn buttons(page: &Page<'_>, desk: &Desk, it: &TerminalView) -> Markup {
    let mut all = Vec::new();
    if desk.may("place_stop") {
        all.push(
            Action::link(
                page.say(w::PLACE_A_STOP),
                paths::stop_subject("terminal", &it.number),
                Weight::Danger,
            )
            .icon(Icon::Bar),
        );
    }
    actions(&all)
}

fn about(page: &Page<'_>, data: &Terminal) -> Markup {
    let it = &data.terminal;
    let never = || html! { span.quiet { (page.say(w::NEVER)) } };
    let signed = match it.signed_in_at {
        Some(at) if it.signed_in => page.when(at),
        _ => html! { span.quiet { (page.say(w::NOT_SIGNED_IN)) } },
    };
    let mut all = vec![
        Fact::of(
            page.say(w::MERCHANT_NUMBER),
            html! { a.number href=(paths::merchant(&it.merchant_id)) { (it.merchant_number) } },
        ),
        Fact::of(
            page.say(w::SHOP),
            html! { (it.shop.name) br; span.quiet { (it.shop.address) } },
        ),
        Fact::text(page.say(w::STAGE), &it.stage_name),
        Fact::code(page.say(w::SERIAL), &it.serial),
        Fact::text(page.say(w::MODEL), &it.model),
        Fact::code(page.say(w::SOFTWARE), &it.software),
        Fact::code(page.say(w::BATCH), &it.batch.to_string()),
        Fact::of(page.say(w::SIGNED_IN), signed),
        Fact::of(
            page.say(w::LAST_SALE),
            it.last_sale_at.map_or_else(never, |at| page.when(at)),
        ),
        Fact::of(page.say(w::OPENED), it.opened_at.map_or_else(never, |at| page.day(at))),
    ];
    let code = data
        .answer
        .merchant
        .explanation_code
        .as_ref()
        .or(data.answer.staff.explanation_code.as_ref());
    if let Some(code) = code {
        all.push(Fact::of(
            page.say(w::CODE_TO_SAY),
            html! { a.number href=(portal::explanation(code)) { (code) } },
        ));
    }
    html! { (facts(&all)) @if it.spare { p.quiet { (page.say(w::SPARE)) } } }
}
