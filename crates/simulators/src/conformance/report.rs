//! What a run found, as data and as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::vectors::{Rule, Words};

/// How a vector ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As required.
    Passed,
    /// Not as required.
    Failed,
    /// It was not played, or no message touched it.
    NotTested,
}

/// A vector's row in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Vector.
    pub id: String,
    /// What it asks.
    pub title: Words,
    /// The part of the protocol it rests on.
    pub source: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was wrong, at most [`MOST`] things.
    pub found: Vec<Words>,
}

/// Findings of one vector that are written down.
pub const MOST: usize = 5;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the vectors.
    pub version: u32,
    /// `terminal` or `host`: what was tested.
    pub tested: String,
    /// Profile.
    pub profile: String,
    /// Which one: number and serial number, or address.
    pub subject: String,
    /// When it began, RFC 3339.
    pub begun: String,
    /// Every vector passed.
    pub passed: bool,
    /// A row per vector.
    pub vectors: Vec<Row>,
}

impl Report {
    /// Vectors that did not pass.
    pub fn not_passed(&self) -> Vec<&str> {
        let rows = self.vectors.iter().filter(|row| row.verdict != Verdict::Passed);
        rows.map(|row| row.id.as_str()).collect()
    }

    /// For people.
    pub fn text(&self, chinese: bool) -> String {
        let pick = |words: &Words| if chinese { words.zh.clone() } else { words.en.clone() };
        let (tested, verdict) = match (chinese, self.passed) {
            (true, passed) => ("受测", if passed { "通过" } else { "未通过" }),
            (false, passed) => ("tested", if passed { "passed" } else { "not passed" }),
        };
        let mut out = format!(
            "shoudan conformance v{} · {} · {}\n{tested}: {} {}\n{}\n\n",
            self.version, self.profile, verdict, self.tested, self.subject, self.begun
        );
        for row in &self.vectors {
            let mark = match row.verdict {
                Verdict::Passed => "ok  ",
                Verdict::Failed => "FAIL",
                Verdict::NotTested => "-   ",
            };
            let _ = writeln!(out, "{mark} {} {} [{}]", row.id, pick(&row.title), row.source);
            for found in &row.found {
                let _ = writeln!(out, "       {}", pick(found));
            }
        }
        out
    }
}

/// What the rules found so far: how often each was looked at, and what was wrong.
#[derive(Debug, Default)]
pub(super) struct Rules(BTreeMap<&'static str, (u32, Vec<Words>)>);

impl Rules {
    /// Notes a check.
    pub(super) fn note(&mut self, check: &'static str, outcome: Result<(), Words>) {
        let (times, wrong) = self.0.entry(check).or_default();
        *times += 1;
        if let Err(found) = outcome
            && wrong.len() < MOST
        {
            wrong.push(found);
        }
    }

    /// The rows of the rules.
    pub(super) fn rows(&self, rules: &[Rule]) -> Vec<Row> {
        let row = |rule: &Rule| {
            let (times, found) = self.0.get(rule.check.as_str()).cloned().unwrap_or_default();
            Row {
                id: rule.id.clone(),
                title: rule.title.clone(),
                source: rule.source.clone(),
                verdict: match (times, found.is_empty()) {
                    (0, _) => Verdict::NotTested,
                    (_, true) => Verdict::Passed,
                    (_, false) => Verdict::Failed,
                },
                found,
            }
        };
        rules.iter().map(row).collect()
    }
}
