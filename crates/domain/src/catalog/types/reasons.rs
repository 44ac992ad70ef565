//! Why something is stopped: what it blocks, on what ground, who may place and lift it, what people read.

use serde::{Deserialize, Serialize};

use super::Words;
use crate::names::Lang;
use crate::stages::SubjectKind;

/// How a subject in this condition is called and coloured (pages.md, «Tone»).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 等待: nothing is wrong.
    Waiting,
    /// 受限: some things work.
    Limited,
    /// 停用: stopped.
    Stopped,
    /// 终止: ended.
    Ended,
}

/// How much of a cause may be told to whom (regulation: facts/domain.md 7.4, rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Everything but names, numbers and amounts to the public; all to the merchant.
    Full,
    /// Category, case number and channel only: telling the rule would help a criminal.
    Category,
    /// The law forbids saying more than that an order exists and whom to ask.
    Sealed,
}

/// What a stop rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Regulation, contract clause, operational necessity, or the merchant's own wish.
    pub kind: GroundKind,
    /// The text it stands in and where, e.g. «银发〔2019〕85号 第十四条 · PBoC 2019/85, item 14».
    pub source: Words,
}

/// The kinds of [`Ground`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroundKind {
    /// Law or regulation.
    Regulation,
    /// The acquiring agreement.
    Contract,
    /// Safety or running of the system.
    Operation,
    /// The merchant asked for it.
    Wish,
}

/// Who may lift a stop by hand, and how many different people it takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// Roles of `roles.toml`; empty: only its plan lifts it.
    #[serde(default)]
    pub by: Vec<String>,
    /// 1, or 2 where two pairs of eyes are needed besides the asker's.
    pub approvals: u8,
}

/// What one audience reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonTexts {
    /// A noun phrase or short clause that completes «这台 POS 现在不能消费，因为…».
    pub title: String,
    /// For anyone who typed the code: no names, numbers or amounts.
    pub public: String,
    /// For the merchant: what happened and what to do, one to three sentences.
    pub merchant: String,
    /// For the agent who serves the terminal.
    pub agent: String,
    /// For the service desk: what to say and check, a hotline script in one to three sentences.
    pub desk: String,
    /// On the slip: at most 12 bytes of GBK (6 Chinese characters) so that the code fits beside it in F63.2.
    pub slip: String,
}

/// One dated cause for which a subject may not use some capabilities.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Dotted code; a client that does not know it falls back to the parent path.
    pub code: String,
    /// The kind of subject a stop of this reason is placed on.
    pub subject: SubjectKind,
    /// What the subject is called while under it.
    pub standing: Standing,
    /// Capability codes or `@group`s it takes away. May be empty: then it only warns or informs.
    pub blocks: Vec<String>,
    /// F39 for a terminal that asks for a blocked capability; required when `blocks` has a terminal capability.
    #[serde(default)]
    pub response_code: Option<String>,
    /// What the stop rests on.
    pub ground: Ground,
    /// How much may be told.
    pub disclosure: Disclosure,
    /// Roles that may place it by hand; `system` for rules, jobs and stage tables.
    pub place: Vec<String>,
    /// Who may lift it.
    pub lift: Lift,
    /// Codes or prefixes (`registration.`) that this cause explains: shown as its symptoms and cleared with it.
    #[serde(default)]
    pub hides: Vec<String>,
    /// No way back: nothing is asked; ground, appeal and the way to begin anew are shown.
    #[serde(default)]
    pub r#final: bool,
    /// An appeal may be lodged.
    pub appealable: bool,
    /// Alternatives; each an ordered list of step codes. The first is proposed.
    #[serde(default)]
    pub ways_out: Vec<Vec<String>>,
    /// Documents its `supply_documents`-like steps must bring (added to the step's own).
    #[serde(default)]
    pub documents: Vec<String>,
    /// Data fields its `correct_data`-like steps must bring (added to the step's own).
    #[serde(default)]
    pub fields: Vec<String>,
    /// How many days ahead it is announced when it can be foreseen.
    #[serde(default)]
    pub notice_days: u16,
    /// The number of the matching row in facts/domain.md 7.4, where one matches.
    #[serde(default)]
    pub cause_no: Option<u8>,
    /// Chinese texts.
    pub zh: ReasonTexts,
    /// English texts.
    pub en: ReasonTexts,
}

impl Reason {
    /// The texts in `lang`.
    pub fn texts(&self, lang: Lang) -> &ReasonTexts {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}
