//! Where nothing is yet: what would be here, and how it gets here.

use maud::{Markup, html};

use super::{Action, actions};
use crate::portal::icons::{Icon, icon};

/// An empty place.
#[derive(Clone, Debug)]
pub struct Empty<'a> {
    /// Its icon.
    pub icon: Icon,
    /// What would be here.
    pub what: &'a str,
    /// How it gets here.
    pub how: &'a str,
    /// What can be done about it.
    pub action: Option<Action<'a>>,
}

/// An empty place.
pub fn empty(empty: &Empty<'_>) -> Markup {
    html! {
        div.empty {
            (icon(empty.icon))
            p.empty-what { (empty.what) }
            p.quiet { (empty.how) }
            @if let Some(action) = &empty.action { (actions(std::slice::from_ref(action))) }
        }
    }
}
