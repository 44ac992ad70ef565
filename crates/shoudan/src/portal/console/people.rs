//! Staff and their roles, to read.

use maud::{Markup, html};

use super::frame::{Desk, Spot, frame};
use crate::portal::components::{Column, Row, badge_with, table};
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

/// `/console/people`
pub fn people(page: &Page<'_>, desk: &Desk, members: &[Member]) -> Markup {
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
