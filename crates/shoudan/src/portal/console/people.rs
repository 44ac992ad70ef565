//! Staff and their roles, to read.

use maud::{Markup, html};
use operations::people::KeyView;

use super::frame::{Desk, Spot, frame};
use super::paths;
use crate::portal::components::{Action, Column, Row, Weight, actions, badge_with, table};
use crate::portal::words::desk as d;
use crate::portal::{Page, Standing};

/// One person with an account.
#[derive(Clone, Debug)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Login.
    pub login: String,
    /// Role in words.
    pub role: String,
    /// Has a second factor.
    pub second_factor: bool,
    /// The account was closed.
    pub closed: bool,
}

/// `/console/people`: who can sign in, and which programs hold a key of the institution.
pub fn people(page: &Page<'_>, desk: &Desk, members: &[Member], keys: &[KeyView]) -> Markup {
    let columns = [
        Column::words(page.say(d::PERSON)),
        Column::words(page.say(d::LOGIN)),
        Column::words(page.say(d::THEIR_ROLE)),
        Column::words(page.say(d::SECOND_FACTOR)),
        Column::words(page.say(crate::portal::words::console::STATE)),
    ];
    let rows: Vec<Row> = members
        .iter()
        .map(|one| Row {
            cells: cells(page, one),
            href: None,
        })
        .collect();
    frame(
        page,
        desk,
        Spot::People,
        page.say(d::PEOPLE_TITLE),
        html! {
            header.page-head { h1 { (page.say(d::PEOPLE_TITLE)) } }
            p.quiet { (page.say(d::PEOPLE_NOTE)) }
            (table(page.say(d::PEOPLE_TITLE), &columns, &rows))
            section { h2 { (page.say(d::KEYS_TITLE)) } p.quiet { (page.say(d::KEYS_NOTE)) } (programs(page, keys)) }
        },
    )
}

fn cells(page: &Page<'_>, one: &Member) -> Vec<Markup> {
    let (standing, state) = if one.closed {
        (Standing::Ended, d::CLOSED)
    } else {
        (Standing::Works, d::ACTIVE)
    };
    let (second, word) = if one.second_factor {
        (Standing::Works, d::ON)
    } else {
        (Standing::Soon, d::OFF)
    };
    vec![
        html! { (one.name) },
        html! { span.number { (one.login) } },
        html! { (one.role) },
        badge_with(second, page.say(word)),
        badge_with(standing, page.say(state)),
    ]
}

/// The keys of programs; none is ever shown itself.
fn programs(page: &Page<'_>, keys: &[KeyView]) -> Markup {
    if keys.is_empty() {
        return html! { p { (page.say(d::KEYS_NONE)) } };
    }
    let columns = [
        Column::words(page.say(d::KEY_FOR)),
        Column::words(page.say(d::THEIR_ROLE)),
        Column::words(page.say(d::KEY_ANSWERED_FOR)),
        Column::words(page.say(d::KEY_MADE)),
        Column::words(page.say(crate::portal::words::console::STATE)),
    ];
    let row = |one: &KeyView| Row {
        cells: vec![
            html! { (one.name) },
            html! { (one.role) },
            html! { (one.user_name) },
            page.when(one.created_at),
            key_state(page, one),
        ],
        href: None,
    };
    let rows: Vec<Row> = keys.iter().map(row).collect();
    table(page.say(d::KEYS_TITLE), &columns, &rows)
}

/// Whether a key works, and the way to switch it off.
fn key_state(page: &Page<'_>, one: &KeyView) -> Markup {
    if one.disabled_at.is_some() {
        return badge_with(Standing::Ended, page.say(d::CLOSED));
    }
    html! {
        (badge_with(Standing::Works, page.say(d::ACTIVE)))
        " " (actions(&[Action::post(page.say(d::KEY_OFF), paths::key_off(&one.id), vec![], Weight::Danger)]))
    }
}
