//! How a state looks: an icon, a word and a colour, always all three.

use maud::Markup;
use operations::views::TerminalView;

use super::icons::{self, Icon};
use super::words::{Word, parts};

/// What a person needs to know of a state before any detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Works.
    Works,
    /// Nothing is wrong; something is still to come.
    Waiting,
    /// Announced: will stop.
    Soon,
    /// Some things work.
    Limited,
    /// Stopped.
    Stopped,
    /// Final.
    Ended,
}

impl Standing {
    /// All of them, best first.
    pub const ALL: [Self; 6] = [
        Self::Works,
        Self::Waiting,
        Self::Soon,
        Self::Limited,
        Self::Stopped,
        Self::Ended,
    ];

    /// Reads the code of a view; what is not known counts as waiting, the one word that claims nothing.
    pub fn from_code(code: &str) -> Self {
        match code {
            "works" => Self::Works,
            "soon" => Self::Soon,
            "limited" => Self::Limited,
            "stopped" => Self::Stopped,
            "ended" => Self::Ended,
            _ => Self::Waiting,
        }
    }

    /// Where it stands in a list that says first what needs looking after.
    const fn urgency(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Limited => 1,
            Self::Soon => 2,
            Self::Waiting => 3,
            Self::Works => 4,
            Self::Ended => 5,
        }
    }

    /// Its class in the style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Works => "is-works",
            Self::Waiting => "is-waiting",
            Self::Soon => "is-soon",
            Self::Limited => "is-limited",
            Self::Stopped => "is-stopped",
            Self::Ended => "is-ended",
        }
    }

    /// Its icon.
    pub fn icon(self) -> Markup {
        icons::icon(match self {
            Self::Works => Icon::Check,
            Self::Waiting => Icon::Clock,
            Self::Soon => Icon::Bell,
            Self::Limited => Icon::Half,
            Self::Stopped => Icon::Bar,
            Self::Ended => Icon::Seal,
        })
    }

    /// Its word.
    pub const fn word(self) -> Word {
        match self {
            Self::Works => parts::WORKS,
            Self::Waiting => parts::WAITING,
            Self::Soon => parts::SOON,
            Self::Limited => parts::LIMITED,
            Self::Stopped => parts::STOPPED,
            Self::Ended => parts::ENDED,
        }
    }
}

/// Terminals in the order their merchant wants them: what is stopped first, what has ended last, else by number.
pub fn stopped_first(terminals: &mut [TerminalView]) {
    terminals.sort_by_cached_key(|one| (Standing::from_code(&one.standing).urgency(), one.number.clone()));
}
