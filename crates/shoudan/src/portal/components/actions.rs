//! A row of buttons: the one next action first and heavier than the rest.

use maud::{Markup, html};

use crate::portal::icons::{Icon, icon};

/// How heavy a button is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The one next action.
    Primary,
    /// Any other.
    Quiet,
    /// Stops or ends something.
    Danger,
}

impl Weight {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Quiet => "quiet-button",
            Self::Danger => "danger",
        }
    }
}

/// One button.
#[derive(Clone, Debug)]
pub struct Action<'a> {
    /// What it says.
    pub name: &'a str,
    /// Where it leads, or where it posts.
    pub href: String,
    /// Fields it posts; none: a plain link.
    pub post: Option<Vec<(&'a str, String)>>,
    /// How heavy it is.
    pub weight: Weight,
    /// Its icon.
    pub icon: Option<Icon>,
}

impl<'a> Action<'a> {
    /// A link that looks like a button.
    pub fn link(name: &'a str, href: impl Into<String>, weight: Weight) -> Self {
        Self {
            name,
            href: href.into(),
            post: None,
            weight,
            icon: None,
        }
    }

    /// A form of one button.
    pub fn post(name: &'a str, href: impl Into<String>, fields: Vec<(&'a str, String)>, weight: Weight) -> Self {
        Self {
            name,
            href: href.into(),
            post: Some(fields),
            weight,
            icon: None,
        }
    }

    /// With an icon before its name.
    pub fn icon(mut self, which: Icon) -> Self {
        self.icon = Some(which);
        self
    }
}

/// The buttons in a row; on a phone below one another.
pub fn actions(actions: &[Action<'_>]) -> Markup {
    html! {
        @if !actions.is_empty() {
            div.actions {
                @for action in actions {
                    @match &action.post {
                        None => a.button.(action.weight.class()) href=(action.href) { (face(action)) },
                        Some(fields) => {
                            form method="post" action=(action.href) {
                                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                                button.button.(action.weight.class()) type="submit" { (face(action)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn face(action: &Action<'_>) -> Markup {
    html! {
        @if let Some(which) = action.icon { (icon(which)) }
        span { (action.name) }
    }
}
