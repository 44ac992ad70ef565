//! Icons, drawn by us on a grid of 24: strokes of two, round ends. They never stand without a word beside them, so they
//! are hidden from screen readers.

use maud::{Markup, PreEscaped, html};

/// The icons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Works.
    Check,
    /// Waiting.
    Clock,
    /// Announced.
    Bell,
    /// Some things work.
    Half,
    /// Stopped.
    Bar,
    /// Ended.
    Seal,
    /// A cross: does not work.
    Cross,
    /// Home.
    Home,
    /// A terminal.
    Terminal,
    /// Money.
    Money,
    /// Things to get done.
    Tasks,
    /// A person.
    Person,
    /// Light and dark.
    Theme,
    /// Onward.
    Next,
    /// Back.
    Back,
    /// Look up.
    Search,
    /// Call.
    Phone,
    /// Photograph.
    Camera,
    /// A file.
    File,
    /// Print.
    Print,
    /// Write.
    Pen,
    /// Official.
    Shield,
    /// To be known.
    Info,
    /// Sign out.
    Leave,
}

impl Icon {
    /// Every icon, for the style guide.
    pub const ALL: [Self; 24] = [
        Self::Check,
        Self::Clock,
        Self::Bell,
        Self::Half,
        Self::Bar,
        Self::Seal,
        Self::Cross,
        Self::Home,
        Self::Terminal,
        Self::Money,
        Self::Tasks,
        Self::Person,
        Self::Theme,
        Self::Next,
        Self::Back,
        Self::Search,
        Self::Phone,
        Self::Camera,
        Self::File,
        Self::Print,
        Self::Pen,
        Self::Shield,
        Self::Info,
        Self::Leave,
    ];

    const fn strokes(self) -> &'static str {
        match self {
            Self::Check => r#"<circle cx="12" cy="12" r="9"/><path d="m8 12.5 2.8 2.8L16.2 9.5"/>"#,
            Self::Clock => r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.2 2"/>"#,
            Self::Bell => {
                r#"<path d="M6 16.5h12l-1.6-2.4V10a4.4 4.4 0 0 0-8.8 0v4.1zM10.3 19.5a1.9 1.9 0 0 0 3.4 0M12 5.6V4"/>"#
            }
            Self::Half => r#"<circle cx="12" cy="12" r="9"/><path d="M12 3a9 9 0 0 1 0 18z" fill="currentColor"/>"#,
            Self::Bar => r#"<circle cx="12" cy="12" r="9"/><path d="M7.5 12h9" stroke-width="3"/>"#,
            Self::Seal => {
                r#"<rect x="4.5" y="4.5" width="15" height="15" rx="2.5"/><path d="M8.5 9.5h7M12 9.5v5.5M8.5 15h7"/>"#
            }
            Self::Cross => r#"<circle cx="12" cy="12" r="9"/><path d="m9 9 6 6m0-6-6 6"/>"#,
            Self::Home => r#"<path d="M4 11.5 12 5l8 6.5M6.5 10v9h11v-9M10.3 19v-5h3.4v5"/>"#,
            Self::Terminal => {
                r#"<rect x="6" y="3" width="12" height="18" rx="2.5"/><path d="M9 6.5h6v3.5H9zM9.5 13.5h0M12 13.5h0M14.5 13.5h0M9.5 17h0M12 17h0M14.5 17h0"/>"#
            }
            Self::Money => {
                r#"<circle cx="12" cy="12" r="9"/><path d="m8.5 7.5 3.5 4.5 3.5-4.5M12 12v5M9 12.5h6M9 15h6"/>"#
            }
            Self::Tasks => {
                r#"<path d="m4 6.5 1.5 1.5L8 5.5M4 12.5 5.5 14 8 11.5M4 18.5 5.5 20 8 17.5M11.5 7H20M11.5 13H20M11.5 19H20"/>"#
            }
            Self::Person => r#"<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6"/>"#,
            Self::Theme => r#"<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 0 0 16z" fill="currentColor"/>"#,
            Self::Next => r#"<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>"#,
            Self::Back => r#"<path d="M14.5 5.5 8 12l6.5 6.5"/>"#,
            Self::Search => r#"<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>"#,
            Self::Phone => {
                r#"<path d="M6 4h3.2l1.5 4-2 1.6a11 11 0 0 0 5.7 5.7l1.6-2 4 1.5V18a2.2 2.2 0 0 1-2.4 2A15.5 15.5 0 0 1 4 6.4 2.2 2.2 0 0 1 6 4z"/>"#
            }
            Self::Camera => r#"<path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4z"/><circle cx="12" cy="13" r="3.5"/>"#,
            Self::File => r#"<path d="M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12.5h6M9 16h6"/>"#,
            Self::Print => r#"<path d="M7 8.5V4h10v4.5M7 16.5H4v-8h16v8h-3M7 13.5h10V20H7z"/>"#,
            Self::Pen => r#"<path d="m5 19 1-4L16.5 4.5l3 3L9 18zM14 7l3 3"/>"#,
            Self::Shield => r#"<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM8.8 12l2.3 2.3 4.2-4.6"/>"#,
            Self::Info => r#"<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.7h0"/>"#,
            Self::Leave => r#"<path d="M10 4.5H5v15h5M10 12h10M16.5 8.5 20 12l-3.5 3.5"/>"#,
        }
    }
}

/// An icon of the size of the text it stands in.
pub fn icon(which: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false" {
            (PreEscaped(which.strokes()))
        }
    }
}
