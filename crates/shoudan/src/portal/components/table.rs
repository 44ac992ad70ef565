//! A table that becomes a list of cards on a phone, and its keyset pager.

use maud::{Markup, html};

use crate::portal::icons::{Icon, icon};
use crate::portal::page::Page;
use crate::portal::paths;
use crate::portal::words::parts as w;

/// Where a column's cell stands on a phone, where each row is a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A line of its own: heading and value.
    Line,
    /// Above, at the start: what the row is about.
    TopStart,
    /// Above, at the end: its figure.
    TopEnd,
    /// Below, at the start.
    LowStart,
    /// Below, at the end.
    LowEnd,
    /// Below, at the start, with its heading.
    NamedLowStart,
    /// Below, at the end, with its heading.
    NamedLowEnd,
    /// Nowhere: the row's own page says it.
    Gone,
}

impl Slot {
    const fn class(self) -> &'static str {
        match self {
            Self::Line => "at-line",
            Self::TopStart => "at-a",
            Self::TopEnd => "at-b",
            Self::LowStart => "at-c",
            Self::LowEnd => "at-d",
            Self::NamedLowStart => "at-c named",
            Self::NamedLowEnd => "at-d named",
            Self::Gone => "at-gone",
        }
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// Its heading.
    pub name: &'a str,
    /// Numbers stand at the end.
    pub number: bool,
    /// Where it stands on a phone.
    pub slot: Slot,
}

impl<'a> Column<'a> {
    /// A column of words.
    pub const fn words(name: &'a str) -> Self {
        Self {
            name,
            number: false,
            slot: Slot::Line,
        }
    }

    /// A column of numbers.
    pub const fn numbers(name: &'a str) -> Self {
        Self {
            name,
            number: true,
            slot: Slot::Line,
        }
    }

    fn class(&self) -> String {
        let number = if self.number { " number" } else { "" };
        format!("{}{number}", self.slot.class())
    }

    /// At another place on a phone.
    pub const fn at(mut self, slot: Slot) -> Self {
        self.slot = slot;
        self
    }
}

/// A row: one cell per column.
#[derive(Clone, Debug)]
pub struct Row {
    /// The cells.
    pub cells: Vec<Markup>,
    /// Where the first cell leads.
    pub href: Option<String>,
}

/// The table. `caption` says what it is, for those who cannot see where it stands.
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Row]) -> Markup {
    html! {
        div.table-frame {
            table data-rows {
                caption.visually-hidden { (caption) }
                thead { tr {
                    @for column in columns { th.number[column.number] scope="col" { (column.name) } }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (i, (cell, column)) in row.cells.iter().zip(columns).enumerate() {
                                td class=(column.class()) data-label=(column.name) {
                                    @match (i, &row.href) {
                                        (0, Some(href)) => a href=(href) { (cell) },
                                        _ => (cell),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Onward to older entries, back to the newest. Nothing when everything is on the page.
pub fn pager(page: &Page<'_>, has_more: bool, next_cursor: Option<&str>) -> Markup {
    let later = page.path.contains("cursor=");
    let newest = page.path.split_once("cursor=").map_or(page.path, |(before, _)| before);
    html! {
        @if later || has_more {
            nav.pager aria-label=(page.say(w::PAGES)) {
                @if later { a.button.quiet-button href=(newest.trim_end_matches(['?', '&'])) { (icon(Icon::Back)) (page.say(w::NEWEST)) } }
                @if let (true, Some(cursor)) = (has_more, next_cursor) {
                    a.button.quiet-button href=(paths::with_query(page.path, "cursor", cursor)) rel="next" {
                        (page.say(w::OLDER)) (icon(Icon::Next))
                    }
                }
            }
        }
    }
}
