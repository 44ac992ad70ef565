//! Facts as pairs of a name and a value.

use maud::{Markup, html};

/// A name and a value.
#[derive(Clone, Debug)]
pub struct Fact<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: Markup,
}

impl<'a> Fact<'a> {
    /// A fact whose value is plain text.
    pub fn text(name: &'a str, value: &str) -> Self {
        Self {
            name,
            value: html! { (value) },
        }
    }

    /// A fact whose value is a number or code: figures of one width, may break anywhere.
    pub fn code(name: &'a str, value: &str) -> Self {
        Self {
            name,
            value: html! { span.number { (value) } },
        }
    }

    /// A fact with any value.
    pub const fn of(name: &'a str, value: Markup) -> Self {
        Self { name, value }
    }
}

/// The facts in their order.
pub fn facts(facts: &[Fact<'_>]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts { div { dt { (fact.name) } dd { (fact.value) } } }
        }
    }
}
