//! What the network does about which card.

use serde::{Deserialize, Serialize};

use super::rules::Play;

/// How a request ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Approved at once.
    #[default]
    Approve,
    /// Refused with a code.
    Decline {
        /// F39.
        code: String,
    },
    /// Approved, and the answer sent this late.
    Late {
        /// Milliseconds.
        ms: u64,
    },
    /// Approved, and never answered.
    Silent,
    /// Answered as approved for another amount than was asked.
    WrongAmount,
    /// The connection is closed instead of an answer.
    Drop,
}

/// One card.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardScript {
    /// Card number.
    pub pan: String,
    /// Its PIN, where the issuer checks it (code 55).
    #[serde(default)]
    pub pin: Option<String>,
    /// What becomes of its requests.
    #[serde(default)]
    pub outcome: Outcome,
}

/// The whole script. No `Debug`: it holds keys and card numbers.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkScript {
    /// PIN key of the line to the acquirer (zone key), hex; empty: PINs are not looked at.
    #[serde(default)]
    pub zone_key: String,
    /// MAC key of the line, hex, for the ECB form; empty: there is no MAC.
    #[serde(default)]
    pub mac_key: String,
    /// Cards with an outcome of their own.
    #[serde(default)]
    pub cards: Vec<CardScript>,
    /// What becomes of all others.
    #[serde(default)]
    pub default: Outcome,
    /// Whether reversals are left without an answer.
    #[serde(default)]
    pub deaf_to_reversals: bool,
    /// Beginnings of the numbers of credit cards; all others are debit cards. It decides the fees of the clearing file.
    #[serde(default)]
    pub credit_bins: Vec<String>,
    /// Rules, delays, outages.
    #[serde(default)]
    pub play: Play,
}

impl NetworkScript {
    /// The row of a card.
    pub fn card(&self, pan: &str) -> Option<&CardScript> {
        self.cards.iter().find(|card| card.pan == pan)
    }

    /// What becomes of a card's request; of one without a card too.
    pub fn outcome(&self, pan: Option<&str>) -> &Outcome {
        pan.and_then(|pan| self.card(pan))
            .map_or(&self.default, |card| &card.outcome)
    }
}
