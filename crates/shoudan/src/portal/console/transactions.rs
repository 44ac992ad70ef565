//! A merchant's transactions, and one of them with all that happened to it.

use maud::{Markup, html};
use operations::payments::Story;
use operations::views::{Page as Rows, TransactionView};

use super::frame::{Desk, Spot, frame};
use super::paths;
use crate::portal::Page;
use crate::portal::components::{
    Action, Empty, Tone, Weight, actions, back, empty, facts, money_big, notice, pager, state_badge,
};
use crate::portal::icons::Icon;
use crate::portal::merchant::{Filter, Signed, about, filter_form, moments, related, transaction_table};
use crate::portal::paths as portal;
use crate::portal::words::{merchant as m, slip};

/// Whose transactions.
#[derive(Clone, Debug)]
pub struct Of {
    /// Merchant id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// `/console/merchants/{id}/transactions`
pub fn transactions(page: &Page<'_>, desk: &Desk, of: &Of, filter: &Filter, rows: &Rows<TransactionView>) -> Markup {
    frame(
        page,
        desk,
        Spot::Merchants,
        page.say(m::TRANSACTIONS_TITLE),
        html! {
            (back(&paths::merchant(&of.id), &of.name))
            header.page-head { h1 { (page.say(m::TRANSACTIONS_TITLE)) } }
            (filter_form(page, &paths::transactions(&of.id), filter))
            @if rows.data.is_empty() {
                (empty(&Empty { icon: Icon::Money, what: page.say(m::TRANSACTIONS_NONE), how: page.say(m::TRANSACTIONS_NONE_HOW), action: None }))
            } @else {
                (transaction_table(page, &rows.data, &|one| paths::transaction(&of.id, &one.id)))
                (pager(page, rows.has_more, rows.next_cursor.as_deref()))
            }
        },
    )
}

/// `/console/merchants/{id}/transactions/{transaction}`
///
/// `picture`: the signature can be shown as a picture.
pub fn transaction(page: &Page<'_>, desk: &Desk, of: &Of, told: &Story, picture: bool) -> Markup {
    let one = &told.transaction;
    let signed = Signed {
        at: told.signed_at,
        picture: picture.then(|| paths::signature_picture(&of.id, &one.id)),
        received: paths::signature(&of.id, &one.id),
    };
    let terminal = html! { a.number href=(paths::terminal(&one.terminal_number)) { (one.terminal_number) } };
    frame(
        page,
        desk,
        Spot::Merchants,
        &one.kind_name,
        html! {
            (back(&paths::transactions(&of.id), page.say(m::TRANSACTIONS_TITLE)))
            header.subject-head {
                div {
                    p.over { a href=(paths::merchant(&of.id)) { (of.name) } }
                    h1.subject-title { (one.kind_name) " " (state_badge(&one.state, &one.state_name)) }
                }
            }
            p { (money_big(one.amount)) }
            (outcome(page, told))
            (actions(&[
                Action::link(page.say(slip::AS_PICTURE), paths::slip(&of.id, &one.id, "png"), Weight::Quiet),
                Action::link(page.say(slip::AS_DOCUMENT), paths::slip(&of.id, &one.id, "pdf"), Weight::Quiet),
            ]))
            div.console-two {
                div {
                    section.panel { (facts(&about(page, told, terminal, &signed))) }
                }
                div {
                    (related(page, &told.related, &|one| paths::transaction(&of.id, &one.id)))
                    (moments(page, &told.moments))
                }
            }
        },
    )
}

/// Why it did not go through, as far as that is known.
fn outcome(page: &Page<'_>, told: &Story) -> Markup {
    let one = &told.transaction;
    if told.why.is_empty() && one.explanation_code.is_empty() {
        return html! {};
    }
    let gone = told.why.is_empty();
    notice(
        Tone::Care,
        html! {
            @if gone { p { (page.say(slip::CODE_RUN_OUT)) " " span.number { (one.explanation_code) } } }
            @else {
                p { (told.why) }
                p { a href=(portal::explanation(&one.explanation_code)) { (page.say(m::WHY_DECLINED)) " · " (one.explanation_code) } }
            }
        },
    )
}
