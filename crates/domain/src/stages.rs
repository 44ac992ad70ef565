//! Where a subject is in its life: one table per machine. Whether something may be done now is never a stage; it is
//! derived by the gate from stages *and* stops. `catalog/stages.toml` names every stage in both languages and says
//! which reason a stage implies while it lasts.

use serde::{Deserialize, Serialize};

/// The kinds of subject a stop can rest on, in the order in which causes are told: the root first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SubjectKind {
    Platform,
    Network,
    Region,
    Agent,
    Merchant,
    Contract,
    SettlementAccount,
    Shop,
    Terminal,
    Registration,
    Device,
    Model,
}

impl SubjectKind {
    /// All kinds, root first.
    pub const ALL: [SubjectKind; 12] = [
        Self::Platform,
        Self::Network,
        Self::Region,
        Self::Agent,
        Self::Merchant,
        Self::Contract,
        Self::SettlementAccount,
        Self::Shop,
        Self::Terminal,
        Self::Registration,
        Self::Device,
        Self::Model,
    ];

    /// The code used in tables, URLs and rows.
    pub fn code(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Network => "network",
            Self::Region => "region",
            Self::Agent => "agent",
            Self::Merchant => "merchant",
            Self::Contract => "contract",
            Self::SettlementAccount => "settlement_account",
            Self::Shop => "shop",
            Self::Terminal => "terminal",
            Self::Registration => "registration",
            Self::Device => "device",
            Self::Model => "model",
        }
    }

    /// The kind with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether rows of this kind belong to one merchant (and carry its id first in their keys).
    pub fn of_merchant(self) -> bool {
        !matches!(
            self,
            Self::Platform | Self::Network | Self::Region | Self::Agent | Self::Model
        )
    }
}

/// One permitted move: from a stage, on an event, to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row(pub &'static str, pub &'static str, pub &'static str);

/// A lifecycle: the start stage and every permitted move. What is not here is refused.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Whose life it is.
    pub of: SubjectKind,
    /// The stage a new subject is in.
    pub start: &'static str,
    /// The permitted moves.
    pub rows: &'static [Row],
}

/// A move that the table does not permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {of} that is {from} cannot take «{event}»; from there it can take: {open}")]
pub struct NoSuchMove {
    /// Whose life.
    pub of: &'static str,
    /// The stage it is in.
    pub from: String,
    /// The event asked for.
    pub event: String,
    /// The events that are open, comma separated.
    pub open: String,
}

impl Machine {
    /// The stage `event` leads to from `from`.
    pub fn next(&self, from: &str, event: &str) -> Result<&'static str, NoSuchMove> {
        self.rows
            .iter()
            .find(|r| r.0 == from && r.1 == event)
            .map(|r| r.2)
            .ok_or_else(|| NoSuchMove {
                of: self.of.code(),
                from: from.to_owned(),
                event: event.to_owned(),
                open: self.open(from).join(", "),
            })
    }

    /// The events open in `from`.
    pub fn open(&self, from: &str) -> Vec<&'static str> {
        self.rows.iter().filter(|r| r.0 == from).map(|r| r.1).collect()
    }

    /// Every stage, the start first, each once.
    pub fn stages(&self) -> Vec<&'static str> {
        let mut all = vec![self.start];
        for row in self.rows {
            for stage in [row.0, row.2] {
                if !all.contains(&stage) {
                    all.push(stage);
                }
            }
        }
        all
    }
}

/// 商户.
#[rustfmt::skip]
pub const MERCHANT: Machine = Machine { of: SubjectKind::Merchant, start: "applying", rows: &[
    Row("applying",  "submit",       "in_review"),
    Row("in_review", "return",       "applying"),
    Row("in_review", "approve",      "active"),
    Row("in_review", "reject",       "rejected"),
    Row("rejected",  "reopen",       "applying"),
    Row("active",    "start_closing","closing"),
    Row("closing",   "cancel_closing","active"),
    Row("closing",   "close",        "closed"),
    Row("active",    "clear_out",    "closed"),
] };

/// 终端.
#[rustfmt::skip]
pub const TERMINAL: Machine = Machine { of: SubjectKind::Terminal, start: "draft", rows: &[
    Row("draft",     "open",       "live"),
    Row("live",      "withdraw",   "withdrawn"),
    Row("withdrawn", "reopen",     "live"),
] };

/// 终端入网登记: what the clearing organisation knows.
#[rustfmt::skip]
pub const REGISTRATION: Machine = Machine { of: SubjectKind::Registration, start: "not_filed", rows: &[
    Row("not_filed", "file",     "pending"),
    Row("pending",   "accept",   "accepted"),
    Row("pending",   "reject",   "rejected"),
    Row("rejected",  "file",     "pending"),
    Row("accepted",  "withdraw", "withdrawn"),
    Row("withdrawn", "file",     "pending"),
    Row("accepted",  "refile",   "pending"),
] };

/// 机具.
#[rustfmt::skip]
pub const DEVICE: Machine = Machine { of: SubjectKind::Device, start: "in_stock", rows: &[
    Row("in_stock",   "issue",     "issued"),
    Row("issued",     "deliver",   "delivered"),
    Row("issued",     "activate",  "in_service"),
    Row("delivered",  "activate",  "in_service"),
    Row("in_service", "lose",      "lost"),
    Row("lost",       "find",      "in_service"),
    Row("in_service", "retire",    "retired"),
    Row("lost",       "retire",    "retired"),
    Row("in_service", "take_back", "returned"),
    Row("issued",     "take_back", "returned"),
    Row("delivered",  "take_back", "returned"),
    Row("returned",   "restock",   "in_stock"),
    Row("returned",   "retire",    "retired"),
] };

/// 受理协议.
#[rustfmt::skip]
pub const CONTRACT: Machine = Machine { of: SubjectKind::Contract, start: "draft", rows: &[
    Row("draft",   "sign",      "in_force"),
    Row("in_force","expire",    "expired"),
    Row("expired", "sign",      "in_force"),
    Row("in_force","sign",      "in_force"),
    Row("in_force","terminate", "terminated"),
    Row("expired", "terminate", "terminated"),
] };

/// 结算账户.
#[rustfmt::skip]
pub const SETTLEMENT_ACCOUNT: Machine = Machine { of: SubjectKind::SettlementAccount, start: "missing", rows: &[
    Row("missing",   "verify",     "verified"),
    Row("verified",  "invalidate", "invalid"),
    Row("invalid",   "verify",     "verified"),
    Row("verified",  "verify",     "verified"),
] };

/// 代理商.
#[rustfmt::skip]
pub const AGENT: Machine = Machine { of: SubjectKind::Agent, start: "filed", rows: &[
    Row("filed",  "admit",     "active"),
    Row("active", "end",       "ended"),
] };

/// 门店.
#[rustfmt::skip]
pub const SHOP: Machine = Machine { of: SubjectKind::Shop, start: "open", rows: &[
    Row("open",   "close",  "closed"),
    Row("closed", "reopen", "open"),
] };

/// Every machine.
pub const MACHINES: [&Machine; 8] = [
    &MERCHANT,
    &TERMINAL,
    &REGISTRATION,
    &DEVICE,
    &CONTRACT,
    &SETTLEMENT_ACCOUNT,
    &AGENT,
    &SHOP,
];

/// The machine of a kind; platform, network, region and model have no life of their own here.
pub fn machine(kind: SubjectKind) -> Option<&'static Machine> {
    MACHINES.into_iter().find(|m| m.of == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_obeys_the_laws_of_a_lifecycle() {
        for machine in MACHINES {
            for (i, row) in machine.rows.iter().enumerate() {
                assert!(
                    !machine.rows[..i].iter().any(|r| r.0 == row.0 && r.1 == row.1),
                    "{}: «{}» stands twice under {}",
                    machine.of.code(),
                    row.1,
                    row.0
                );
            }
            let mut reached = vec![machine.start];
            while let Some(row) = machine
                .rows
                .iter()
                .find(|r| reached.contains(&r.0) && !reached.contains(&r.2))
            {
                reached.push(row.2);
            }
            for stage in machine.stages() {
                assert!(
                    reached.contains(&stage),
                    "{}: {stage} is unreachable",
                    machine.of.code()
                );
            }
        }
    }

    #[test]
    fn a_refused_move_says_what_is_open() {
        let refused = MERCHANT.next("active", "approve").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a merchant that is active cannot take «approve»; from there it can take: start_closing, clear_out"
        );
    }
}
