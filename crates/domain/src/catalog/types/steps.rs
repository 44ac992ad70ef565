//! What people are asked to do: steps, what they ask for, and the kinds of request made of them.

use serde::{Deserialize, Serialize};

use super::{MerchantKind, Words};
use crate::names::Lang;
use crate::stages::SubjectKind;

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
    /// Kinds of which another subject stands in the chain once it is done (a device that replaces one): the new one is in
    /// the first stage of its life, and what rested on the former concerns this chain no more. Happens before the moves.
    #[serde(default)]
    pub renews: Vec<SubjectKind>,
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
    /// The kinds of merchant that have such a document; empty: all. The others are not asked for it.
    #[serde(default)]
    pub kinds: Vec<MerchantKind>,
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
    /// The kinds of merchant this says something about; empty: all. The others are not asked for it.
    #[serde(default)]
    pub kinds: Vec<MerchantKind>,
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
