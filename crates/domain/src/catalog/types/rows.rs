//! The small tables: answer codes, rungs of dormancy, roles, names of stages.

use serde::{Deserialize, Serialize};

use super::{GroundKind, Words};
use crate::stages::SubjectKind;

/// An answer code of a terminal reply (F39).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseCode {
    /// Two characters.
    pub code: String,
    /// What the terminal shows.
    pub display: Words,
    /// What it means.
    pub meaning: Words,
}

/// One rung of the dormancy ladder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DormancyRung {
    /// The reason whose stop comes into force.
    pub reason: String,
    /// Calendar months without a transaction.
    pub idle_months: u16,
    /// Days before that at which the stop is announced.
    pub notice_days: u16,
    /// Whether a re-verification alone restarts this rung's clock (it does for 3 months, not for 12: facts/domain.md 1.4).
    pub reset_by_verification: bool,
    /// Whether the time of a pause the owner planned counts like any other (it does for the limit of the law).
    pub counts_pause: bool,
    /// Regulation or brand policy.
    pub ground: GroundKind,
}

/// A role and what it may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Stable code, e.g. `reviewer`.
    pub code: String,
    /// Permissions of [`crate::access::PERMISSIONS`].
    pub permissions: Vec<String>,
    /// Works for the institution: needs TOTP, sees the console.
    pub staff: bool,
    /// Name.
    pub name: Words,
}

/// How a stage is called and what it implies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRow {
    /// The machine it belongs to.
    pub machine: SubjectKind,
    /// The stage.
    pub stage: String,
    /// The reason that holds while the subject is in this stage, if it may not work in it.
    #[serde(default)]
    pub implies: Option<String>,
    /// Name.
    pub name: Words,
}
