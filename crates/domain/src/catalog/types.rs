//! What a catalogue row is. Every table of `catalog/` deserialises into these types; an unknown key is an error.

mod capabilities;
mod reasons;
mod rows;
mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use capabilities::*;
pub use reasons::*;
pub use rows::*;
pub use steps::*;

use crate::names::Lang;
use crate::stages::SubjectKind;

/// A pair of texts in the two languages every user-visible text exists in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The text in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// What the law takes a merchant to be. Decides which identifiers it has and which proofs it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MerchantKind {
    /// 小微商户: lawfully without a registration; the principal's identity stands for it.
    Micro,
    /// 个体工商户.
    SoleTrader,
    /// 企业.
    Enterprise,
}

impl MerchantKind {
    /// How it is written in tables and JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::SoleTrader => "sole_trader",
            Self::Enterprise => "enterprise",
        }
    }

    /// The kind written like this.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Micro, Self::SoleTrader, Self::Enterprise]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// The checked tables, keyed by code.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Capabilities by code.
    pub capabilities: BTreeMap<String, Capability>,
    /// Reasons by code.
    pub reasons: BTreeMap<String, Reason>,
    /// Steps by code.
    pub steps: BTreeMap<String, Step>,
    /// Documents by code.
    pub documents: BTreeMap<String, Document>,
    /// Fields by code.
    pub fields: BTreeMap<String, Field>,
    /// Request kinds by code.
    pub plans: BTreeMap<String, PlanRow>,
    /// Answer codes by code.
    pub response_codes: BTreeMap<String, ResponseCode>,
    /// The ladder, shortest first.
    pub dormancy: Vec<DormancyRung>,
    /// Roles by code.
    pub roles: BTreeMap<String, Role>,
    /// Stages by (machine, stage).
    pub stages: BTreeMap<(SubjectKind, String), StageRow>,
    /// What is counted, and the most there may be.
    pub limits: super::prices::LimitTables,
    /// The standard agreement's fees, in the order of the file.
    pub fees: Vec<crate::fees::FeeRow>,
    /// Accounts, and how payments are posted to them.
    pub books: crate::posting::Books,
    /// Banks and types of cards by their first digits.
    pub bins: crate::cards::BinTable,
    /// Merchant categories.
    pub categories: crate::fees::Categories,
    /// What terminals download.
    pub downloads: super::downloads::Downloads,
}
