//! The institution's tables: read, checked, and asked by everything above. The shipped tables are embedded; an
//! institution may load a directory of its own with the same files.

mod check;
mod downloads;
mod embedded;
mod load;
mod postings;
mod prices;
mod types;

use std::collections::BTreeMap;

pub use downloads::{
    BlockedPrefix, CaKey, ChipApplication, ContactlessParameter, Downloads, PARAMETER_WIDTHS, StatusFlag,
    TerminalParameter, from_hex,
};
pub use embedded::EMBEDDED;
pub use load::Problem;
pub use prices::LimitTables;
pub use types::*;

use crate::stages::SubjectKind;

/// A set of capabilities by bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// Nothing.
    pub const EMPTY: Self = Self(0);

    /// Whether `bit` is in the set.
    pub fn has(self, bit: u8) -> bool {
        self.0 & (1u64 << (bit & 63)) != 0
    }

    /// The set with `bit` added.
    pub fn with(self, bit: u8) -> Self {
        Self(self.0 | (1u64 << (bit & 63)))
    }

    /// Everything in either.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Everything in both.
    pub fn meet(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the two share anything.
    pub fn touches(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The checked catalogue. Its rows refer only to rows that exist.
#[derive(Clone, Debug)]
pub struct Catalog {
    tables: Tables,
    blocks: BTreeMap<String, CapabilitySet>,
}

impl std::ops::Deref for Catalog {
    type Target = Tables;
    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl Catalog {
    /// Reads and checks the tables in `files` (name, text). All problems are returned at once, in file order.
    pub fn load(files: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let (tables, places) = load::read(files)?;
        let problems = check::check(&tables, &places);
        if !problems.is_empty() {
            return Err(problems);
        }
        let blocks = tables
            .reasons
            .values()
            .map(|r| (r.code.clone(), check::expand(&tables, &r.blocks)))
            .collect();
        Ok(Self { tables, blocks })
    }

    /// The shipped catalogue.
    pub fn embedded() -> Result<Self, Vec<Problem>> {
        let files: Vec<_> = EMBEDDED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        Self::load(&files)
    }

    /// What a reason takes away; empty for an unknown code.
    pub fn blocked_by(&self, reason: &str) -> CapabilitySet {
        self.blocks.get(reason).copied().unwrap_or_default()
    }

    /// The bit of a capability.
    pub fn bit(&self, capability: &str) -> Option<u8> {
        self.capabilities.get(capability).map(|c| c.bit)
    }

    /// The capabilities of a group as a set.
    pub fn group(&self, group: CapabilityGroup) -> CapabilitySet {
        self.capabilities
            .values()
            .filter(|c| c.group == group)
            .fold(CapabilitySet::EMPTY, |s, c| s.with(c.bit))
    }

    /// The codes in a set, in bit order.
    pub fn codes(&self, set: CapabilitySet) -> Vec<&str> {
        let mut rows: Vec<_> = self.capabilities.values().filter(|c| set.has(c.bit)).collect();
        rows.sort_by_key(|c| c.bit);
        rows.into_iter().map(|c| c.code.as_str()).collect()
    }

    /// The reason that holds while a subject of `kind` is in `stage`.
    pub fn implied(&self, kind: SubjectKind, stage: &str) -> Option<&Reason> {
        let row = self.stages.get(&(kind, stage.to_owned()))?;
        self.reasons.get(row.implies.as_deref()?)
    }

    /// Whether `root` explains `symptom`: a code, or a prefix that ends in a dot.
    pub fn hides(&self, root: &str, symptom: &str) -> bool {
        root != symptom
            && self.reasons.get(root).is_some_and(|r| {
                r.hides
                    .iter()
                    .any(|h| h == symptom || (h.ends_with('.') && symptom.starts_with(h.as_str())))
            })
    }
}
