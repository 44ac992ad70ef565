//! The merchant's terminals: each with its state first.

use maud::{Markup, html};
use operations::views::{Page as Rows, TerminalView};

use crate::portal::components::{Area, Empty, Place, badge, empty, pager, shell};
use crate::portal::icons::{Icon, icon};
use crate::portal::words::merchant as w;
use crate::portal::{Page, Standing, paths};

/// `/m/terminals`
pub fn terminals(page: &Page<'_>, rows: &Rows<TerminalView>) -> Markup {
    shell(
        page,
        page.say(w::TERMINALS_TITLE),
        &Area::Merchant(Place::Terminals),
        html! {
            header.page-head { h1 { (page.say(w::TERMINALS_TITLE)) } }
            @if rows.data.is_empty() {
                (empty(&Empty {
                    icon: Icon::Terminal,
                    what: page.say(w::TERMINALS_NONE),
                    how: page.say(w::TERMINALS_NONE_HOW),
                    action: None,
                }))
            } @else {
                ul.cards { @for one in &rows.data { li { (card(page, one)) } } }
                (pager(page, rows.has_more, rows.next_cursor.as_deref()))
            }
        },
    )
}

fn card(page: &Page<'_>, one: &TerminalView) -> Markup {
    let standing = Standing::from_code(&one.standing);
    html! {
        a.card href=(paths::terminal(&one.id)) {
            span.card-head {
                span.card-title { (one.shop.name) }
                (badge(page, standing))
            }
            span.card-line {
                span.number { (one.number) } " · " (one.model)
                @if one.spare { " · " (page.say(w::SPARE)) }
            }
            span.card-line.quiet {
                @match one.last_sale_at {
                    Some(at) => { (page.say(w::LAST_SALE)) " " (page.when(at)) },
                    None => (page.say(w::NEVER_SOLD)),
                }
            }
            (icon(Icon::Next))
        }
    }
}
