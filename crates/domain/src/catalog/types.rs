//! What a catalogue row is. Every table of `catalog/` deserialises into these types; an unknown key is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

/// Who must act in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The merchant's owner or clerk.
    Merchant,
    /// The agent who serves the terminal.
    Agent,
    /// Service desk.
    Desk,
    /// A reviewer who did not ask for it.
    Reviewer,
    /// Risk.
    Risk,
    /// Finance.
    Finance,
    /// Devices and keys.
    Devices,
    /// The clearing organisation or card network.
    Network,
    /// The terminal itself, once it is used.
    Terminal,
    /// The institution's systems.
    Platform,
    /// Nobody: time passes.
    Time,
}

/// What kind of page and check a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Upload documents.
    Documents,
    /// Fill in fields.
    Form,
    /// Pay an amount due.
    Payment,
    /// Read and sign.
    Signature,
    /// Read, then confirm (training, statement of facts).
    Confirm,
    /// A reviewer decides on everything supplied so far, item by item.
    Review,
    /// The institution does something and records evidence.
    Operator,
    /// The terminal does something (activation, sign-in, key load).
    Device,
    /// An outside party answers.
    Network,
    /// Time passes.
    Wait,
}

/// How long a step may take: exactly one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Working days of the platform's calendar.
    #[serde(default)]
    pub working_days: Option<u16>,
    /// Minutes.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// The scheduled end of the stop that asks for it.
    #[serde(default)]
    pub until_stop_ends: bool,
}

/// Texts of a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTexts {
    /// An imperative: «上传营业执照».
    pub title: String,
    /// Why it is asked.
    pub why: String,
    /// How to do it well.
    pub how: String,
    /// What happens after, and when.
    pub after: String,
}

/// One thing one actor must do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Stable code, e.g. `verify_identity`.
    pub code: String,
    /// Position in every plan: provide 100–199, review 200–299, agree 300–399, technical 400–899, wait 900–999.
    pub order: u16,
    /// What it is about: asked once per subject of this kind.
    pub subject: SubjectKind,
    /// What page and check it needs.
    pub kind: StepKind,
    /// Who must act.
    pub actor: Actor,
    /// Roles of `roles.toml` that may carry it out.
    pub by: Vec<String>,
    /// The role that must accept what was supplied, when no review step follows.
    #[serde(default)]
    pub accepted_by: Option<String>,
    /// How long it may take.
    pub promise: Promise,
    /// Documents asked by default.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Fields asked by default.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Stage events it fires when done, as `machine.event`; skipped where the stage has no such edge.
    #[serde(default)]
    pub moves: Vec<String>,
    /// Reasons whose stop it places when done; their way out joins the plan.
    #[serde(default)]
    pub places: Vec<String>,
    /// The capability the terminal itself must be able to use to take this step, e.g. `sign_in`.
    #[serde(default)]
    pub uses: Option<String>,
    /// The domain event that completes it without a person, e.g. `terminal.signed_in`.
    #[serde(default)]
    pub event: Option<String>,
    /// Chinese texts.
    pub zh: StepTexts,
    /// English texts.
    pub en: StepTexts,
}

impl Step {
    /// The texts in `lang`.
    pub fn texts(&self, lang: Lang) -> &StepTexts {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// A kind of document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Stable code, e.g. `business_licence`.
    pub code: String,
    /// How long a proof stays fresh, in days; none: until it is replaced.
    #[serde(default)]
    pub fresh_days: Option<u16>,
    /// Name.
    pub name: Words,
    /// What a good one looks like.
    pub hint: Words,
}

/// A data field that a form step may ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Stable code, e.g. `contact_phone`.
    pub code: String,
    /// How it is checked.
    pub check: FieldCheck,
    /// Label.
    pub name: Words,
    /// Hint.
    pub hint: Words,
}

/// How a form field is checked; each is a parser of [`crate::identifiers`] or a plain rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldCheck {
    /// 1–200 characters.
    Text,
    /// Mobile number.
    Mobile,
    /// Resident identity number.
    ResidentId,
    /// Unified social credit code.
    Uscc,
    /// Bank card or account number of a settlement account.
    BankAccount,
    /// Six-digit or longer activation code.
    ActivationCode,
    /// Terminal serial number.
    Serial,
    /// A date.
    Date,
    /// An amount in yuan.
    Amount,
}

/// A request kind whose steps do not come from stops: onboarding, deactivation …
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRow {
    /// Request kind, e.g. `deactivation`.
    pub code: String,
    /// What it is about.
    pub subject: SubjectKind,
    /// Roles that may open it.
    pub opened_by: Vec<String>,
    /// Its steps in order; empty: computed from the stops in force (restoration).
    #[serde(default)]
    pub steps: Vec<String>,
    /// How many different people must approve at its review step.
    pub approvals: u8,
    /// Stage events it fires when complete, as `machine.event`.
    #[serde(default)]
    pub moves: Vec<String>,
    /// Reasons whose stops it places when it is opened (cleared when it is completed or withdrawn).
    #[serde(default)]
    pub places: Vec<String>,
    /// Name.
    pub name: Words,
    /// One sentence: what it does and when it takes effect.
    pub about: Words,
}

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
}
