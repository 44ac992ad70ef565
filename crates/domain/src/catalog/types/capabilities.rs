//! What a terminal, merchant or user may do or be stopped from doing.

use serde::{Deserialize, Serialize};

use super::Words;

/// One thing a terminal, merchant or user may do or be stopped from doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Stable code, e.g. `sale`.
    pub code: String,
    /// Position in the capability set, 0–62, never reused.
    pub bit: u8,
    /// What it belongs to; `@group` in a reason's `blocks` means all of the group.
    pub group: CapabilityGroup,
    /// No stop may take it away (portal login, statements, disputes, cases).
    #[serde(default)]
    pub always: bool,
    /// Name shown to people.
    pub name: Words,
    /// What completes «this terminal cannot …».
    pub can: Words,
}

/// The groups `blocks` may name as `@collect` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityGroup {
    /// Taking money: sale, QR, pre-authorisation, offline sale.
    Collect,
    /// Giving back: void, refund, completion.
    Undo,
    /// Being paid: T+1, D+0, withdrawal, split.
    Settle,
    /// What the terminal does for itself: sign-in, parameters, activation.
    Device,
    /// Changing one's own affairs: account change, fee change, new shop, ordering a device.
    Manage,
    /// Portal, statements, disputes, cases.
    Inform,
}
