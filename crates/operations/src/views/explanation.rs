//! What works, what does not, why, and what stops.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StepView;

/// A subject named by kind and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubjectRef {
    /// Kind code, e.g. `terminal`.
    pub kind: String,
    /// Id.
    pub id: String,
    /// What people call it: a number, serial or name; masked for the public.
    pub label: String,
}

/// Whether a capability works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityView {
    /// Code.
    pub code: String,
    /// Name in the asked language.
    pub name: String,
    /// Whether it works now.
    pub works: bool,
}

/// One live cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CauseView {
    /// Reason code; match by prefix.
    pub reason: String,
    /// The stop, where there is one; a stage-implied cause has none.
    pub stop: Option<String>,
    /// What it rests on.
    pub subject: SubjectRef,
    /// Title in the asked language.
    pub title: String,
    /// The text for the asking audience.
    pub text: String,
    /// `waiting`, `limited`, `stopped`, `ended`.
    pub standing: String,
    /// Since when (start of the stop, or when the stage was entered).
    pub since: Option<i64>,
    /// When it ends by itself.
    pub ends_at: Option<i64>,
    /// Capability codes it blocks.
    pub blocks: Vec<String>,
    /// Capability codes that still work in spite of it.
    pub still_works: Vec<String>,
    /// Who must act next: an actor code of the step table.
    pub waiting_on: String,
    /// The promised end of that step.
    pub promise_by: Option<i64>,
    /// No way back but an appeal.
    pub r#final: bool,
    /// An appeal may be lodged.
    pub appealable: bool,
    /// Legal or contractual ground, in words.
    pub ground: String,
    /// Alternatives, each an ordered list of steps.
    pub ways_out: Vec<Vec<StepRef>>,
    /// Codes of causes this one explains and that are hidden for that reason.
    pub symptoms: Vec<String>,
    /// How much was told: `full`, `category`, `sealed`.
    pub disclosure: String,
    /// For staff only: who placed it and why. Empty for others.
    pub staff_note: String,
}

/// A step named in a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepRef {
    /// Step code.
    pub step: String,
    /// Title in the asked language.
    pub title: String,
    /// Actor code.
    pub actor: String,
}

/// The plan shown with an explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// Steps in order.
    pub steps: Vec<StepView>,
    /// Final causes: nothing is asked for these.
    pub finals: Vec<String>,
    /// The request that is carrying it out, if one is open.
    pub request: Option<String>,
    /// When all steps would be done if each takes its promised time.
    pub ready_by: Option<i64>,
}

/// The answer to «what works, what does not, why, and how does it come back».
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Whom it is about.
    pub subject: SubjectRef,
    /// The merchant, for audiences that may know; empty label for the public.
    pub merchant: SubjectRef,
    /// One sentence.
    pub headline: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended`.
    pub standing: String,
    /// The capability asked about, default `sale`.
    pub capability: String,
    /// Every capability and whether it works.
    pub capabilities: Vec<CapabilityView>,
    /// Live causes, root first; symptoms are named inside their root.
    pub causes: Vec<CauseView>,
    /// What brings it back.
    pub plan: PlanView,
    /// Announced stops: not in force yet.
    pub warnings: Vec<CauseView>,
    /// The chain of subjects with stage and standing, for those who may see it; empty for the public.
    pub chain: Vec<LinkView>,
    /// The explanation code this answers, or a fresh one for staff and merchant.
    pub explanation_code: Option<String>,
    /// The moment it speaks of.
    pub at: i64,
}

/// One subject of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkView {
    /// The subject.
    pub subject: SubjectRef,
    /// Stage code, empty for kinds without a life.
    pub stage: String,
    /// Stage name in the asked language.
    pub stage_name: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended`.
    pub standing: String,
}

/// A stop row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StopView {
    /// Id.
    pub id: String,
    /// Merchant id or `-`.
    pub merchant_id: String,
    /// Subject.
    pub subject: SubjectRef,
    /// Reason code.
    pub reason: String,
    /// Title.
    pub title: String,
    /// `announced`, `in_force`, `ended`, `lifted`.
    pub state: String,
    /// When it was announced.
    pub announced_at: i64,
    /// When it takes effect.
    pub starts_at: i64,
    /// Scheduled end.
    pub ends_at: Option<i64>,
    /// When it was lifted.
    pub lifted_at: Option<i64>,
    /// Who placed it (staff audiences).
    pub placed_by: String,
    /// Why, in the placer's words (staff audiences).
    pub placed_why: String,
    /// Why it was lifted, in the words of whoever lifted it (staff audiences).
    pub lifted_why: String,
}

/// What placing a stop would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StopPreview {
    /// The stop as it would stand.
    pub stop: StopView,
    /// How many merchants are affected.
    pub merchants: i64,
    /// How many terminals would lose a capability they have now.
    pub terminals: i64,
    /// Up to 20 of these terminals.
    pub examples: Vec<SubjectRef>,
    /// Capability names that stop.
    pub stops: Vec<String>,
    /// Capability names that still work.
    pub still_works: Vec<String>,
    /// What the merchant will read.
    pub merchant_text: String,
    /// Title of each step of the way out.
    pub way_out: Vec<String>,
    /// How many other people must agree before it takes effect or is lifted.
    pub approvals_to_lift: u8,
}
