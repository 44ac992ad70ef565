//! What an agent sees of the terminals it placed: which of them need somebody, why, and what brings them back.

use maud::{Markup, html};
use operations::views::{Explanation, Page as Rows, TerminalView};

use crate::portal::components::{
    Action, Area, Banner, Empty, Fact, Weight, actions, back, badge, banner, causes, empty, facts, pager, plan, shell,
    warnings, works,
};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::{merchant as w, parts, public};
use crate::portal::{Page, Standing, paths};

/// `/agent`
pub fn terminals(page: &Page<'_>, rows: &Rows<TerminalView>) -> Markup {
    shell(
        page,
        page.say(w::AGENT_TITLE),
        &Area::Public,
        html! {
            header.page-head { h1 { (page.say(w::AGENT_TITLE)) } }
            @if rows.data.is_empty() {
                (empty(&Empty {
                    icon: Icon::Terminal, what: page.say(w::AGENT_NONE), how: page.say(w::AGENT_NONE_HOW), action: None,
                }))
            } @else {
                ul.cards { @for one in &rows.data { li {
                    a.card href=(paths::agent_terminal(&one.merchant_id, &one.id)) {
                        span.card-head { span.card-title { (one.merchant_name) } (badge(page, Standing::from_code(&one.standing))) }
                        span.card-line { (one.shop.name) " · " span.number { (one.number) } " · " (one.model) }
                        (icon(Icon::Next))
                    }
                } } }
                (pager(page, rows.has_more, rows.next_cursor.as_deref()))
            }
            (actions(&[Action::post(page.say(parts::SIGN_OUT), paths::LOGOUT, vec![], Weight::Quiet).icon(Icon::Leave)]))
        },
    )
}

/// `/agent/{merchant}/{terminal}`
pub fn terminal(page: &Page<'_>, it: &TerminalView, why: &Explanation) -> Markup {
    let title = format!("{} {}", it.merchant_name, it.number);
    shell(
        page,
        &title,
        &Area::Public,
        html! {
            (back(paths::AGENT, page.say(w::AGENT_TITLE)))
            div.split data-refresh="30" {
                div.split-main {
                    p.over { (it.merchant_name) " · " span.number { (it.number) } }
                    (banner(page, &Banner::answer(Standing::from_code(&why.standing), &why.headline)))
                    @if !why.causes.is_empty() {
                        section { h2 { (page.say(public::WHY)) } (causes(page, &why.causes, &why.capabilities)) }
                    }
                    @if !why.plan.steps.is_empty() {
                        section { h2 { (page.say(public::PLAN)) } (plan(page, &why.plan.steps, &|_| None)) }
                    }
                    @if !why.warnings.is_empty() {
                        section { h2 { (page.say(w::COMING_STOPS)) } (warnings(page, &why.warnings, &why.capabilities)) }
                    }
                    section { h2 { (page.say(public::WHAT_WORKS)) } (works(page, &why.capabilities)) }
                }
                aside.split-side { section.panel {
                    h2 { (page.say(w::ABOUT_MACHINE)) }
                    (facts(&[
                        Fact::code(page.say(w::TERMINAL_NUMBER), &it.number),
                        Fact::code(page.say(w::SERIAL), &it.serial),
                        Fact::text(page.say(w::MODEL), &it.model),
                        Fact::of(page.say(w::SHOP), html! { (it.shop.name) br; span.quiet { (it.shop.address) } }),
                        Fact::text(page.say(w::STAGE), &it.stage_name),
                    ]))
                } }
            }
        },
    )
}
