//! The vectors: rows of `conformance/v1/*.toml`, embedded.

use iso8583::Kind;
use iso8583::kinds::KINDS;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Both.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// A requirement that holds for every message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Which check of the program decides it.
    pub check: String,
    /// The part of the protocol it rests on.
    pub source: String,
    /// What it asks.
    pub title: Words,
}

/// A set of stories that are played together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name on the command line.
    pub name: String,
    /// What it covers.
    pub title: Words,
    /// Ids of stories, in the order in which they are played.
    pub stories: Vec<String>,
}

/// A dialogue that a terminal has to lead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Its id.
    pub id: String,
    /// The part of the protocol it rests on.
    pub source: String,
    /// What it asks.
    pub title: Words,
    /// What the operator does on the terminal.
    pub does: Words,
    /// What the host waits for, and how it answers.
    pub step: Vec<Step>,
}

/// One message that the host waits for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Kind of message, as [`name`] writes it.
    pub expect: String,
    /// F4, fen.
    pub amount: Option<u64>,
    /// F39 of a reversal.
    pub reason: Option<String>,
    /// `approve`, `decline:51`, `silence`, `wrong_mac`, `next_batch`, `unbalanced`.
    pub answer: String,
    /// Digit 6 of the answer's header.
    #[serde(default)]
    pub ask: u8,
    /// The totals in F48 are compared.
    #[serde(default)]
    pub totals: bool,
    /// The number of uploaded items in F48 is compared.
    #[serde(default)]
    pub items: bool,
}

/// How the host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Approve,
    Decline(String),
    Silence,
    WrongMac,
    NextBatch,
    Unbalanced,
}

impl Step {
    /// The answer that is written; an approval for a word that [`Vectors::check`] would have refused.
    pub(super) fn answer(&self) -> Answer {
        self.written().unwrap_or(Answer::Approve)
    }

    fn written(&self) -> Option<Answer> {
        Some(match self.answer.split_once(':') {
            Some(("decline", code)) if code.len() == 2 => Answer::Decline(code.to_owned()),
            None => match self.answer.as_str() {
                "approve" => Answer::Approve,
                "silence" => Answer::Silence,
                "wrong_mac" => Answer::WrongMac,
                "next_batch" => Answer::NextBatch,
                "unbalanced" => Answer::Unbalanced,
                _ => return None,
            },
            Some(_) => return None,
        })
    }
}

/// All vectors for terminals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalVectors {
    /// Version of the vectors.
    pub version: u32,
    /// Profiles.
    pub profile: Vec<Profile>,
    /// Rules.
    pub rule: Vec<Rule>,
    /// Stories.
    pub story: Vec<Story>,
}

/// A message that the kit sends to a host, and what must come back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Kind of message, or `repeat` (the same bytes again).
    pub send: String,
    /// F4, fen.
    pub amount: Option<u64>,
    /// What is done to the message before it goes out: `wrong_mac`, `other_batch`, `no_amount`, `other_terminal`,
    /// `unknown_kind`, `never_sent`, `other_totals`.
    #[serde(default)]
    pub twist: String,
    /// Answers (F39) that are right.
    pub answers: Vec<String>,
    /// Fields that the answer must have.
    #[serde(default)]
    pub brings: Vec<u8>,
    /// Flag of domestic totals in F48.
    pub flag: Option<u8>,
    /// The answer is the first one once more: same code and reference number.
    #[serde(default)]
    pub same: bool,
}

/// A dialogue that a host has to answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// Its id.
    pub id: String,
    /// The part of the protocol it rests on.
    pub source: String,
    /// What it asks.
    pub title: Words,
    /// The messages.
    pub step: Vec<Call>,
}

/// All vectors for hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostVectors {
    /// Version of the vectors.
    pub version: u32,
    /// Profiles.
    pub profile: Vec<Profile>,
    /// Rules.
    pub rule: Vec<Rule>,
    /// Dialogues.
    pub story: Vec<Dialogue>,
}

/// Why vectors cannot be used.
#[derive(Debug, Error)]
pub enum VectorError {
    /// Not TOML, or not of this shape.
    #[error("the vectors cannot be read: {0}")]
    Unreadable(#[from] Box<toml::de::Error>),
    /// A word that the program does not know.
    #[error("vector {id} says `{word}`, which this version of the kit does not know")]
    Unknown {
        /// Vector.
        id: String,
        /// The word.
        word: String,
    },
    /// No such profile.
    #[error("there is no profile `{wanted}`; there are: {known}")]
    NoProfile {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
}

/// What a kind of message is called in the vectors: `pre_auth_void`.
pub fn name(kind: Kind) -> String {
    let mut out = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The kind of a name.
pub(super) fn kind(named: &str) -> Option<Kind> {
    KINDS.iter().map(|row| row.kind).find(|kind| name(*kind) == named)
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, VectorError> {
    toml::from_str(text).map_err(|error| VectorError::Unreadable(Box::new(error)))
}

fn unknown(id: &str, word: &str) -> VectorError {
    VectorError::Unknown {
        id: id.to_owned(),
        word: word.to_owned(),
    }
}

/// The stories of a profile in their order.
fn chosen<T: Clone>(
    profiles: &[Profile],
    wanted: &str,
    all: &[T],
    id: impl Fn(&T) -> &str,
) -> Result<Vec<T>, VectorError> {
    let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    let profile = profiles
        .iter()
        .find(|profile| profile.name == wanted)
        .ok_or_else(|| VectorError::NoProfile {
            wanted: wanted.to_owned(),
            known: known.join(", "),
        })?;
    let find = |named: &String| {
        all.iter()
            .find(|one| id(one) == named)
            .cloned()
            .ok_or_else(|| unknown(&profile.name, named))
    };
    profile.stories.iter().map(find).collect()
}

impl TerminalVectors {
    /// The first version.
    pub fn v1() -> Result<Self, VectorError> {
        let all: Self = read(include_str!("../../../../conformance/v1/terminal.toml"))?;
        for story in &all.story {
            for step in &story.step {
                kind(&step.expect).ok_or_else(|| unknown(&story.id, &step.expect))?;
                step.written().ok_or_else(|| unknown(&story.id, &step.answer))?;
            }
        }
        Ok(all)
    }

    /// The stories of a profile.
    pub fn stories(&self, profile: &str) -> Result<Vec<Story>, VectorError> {
        chosen(&self.profile, profile, &self.story, |story| &story.id)
    }
}

impl HostVectors {
    /// The first version.
    pub fn v1() -> Result<Self, VectorError> {
        let all: Self = read(include_str!("../../../../conformance/v1/host.toml"))?;
        for story in &all.story {
            for call in story.step.iter().filter(|call| call.send != "repeat") {
                kind(&call.send).ok_or_else(|| unknown(&story.id, &call.send))?;
            }
        }
        Ok(all)
    }

    /// The dialogues of a profile.
    pub fn stories(&self, profile: &str) -> Result<Vec<Dialogue>, VectorError> {
        chosen(&self.profile, profile, &self.story, |story| &story.id)
    }
}
