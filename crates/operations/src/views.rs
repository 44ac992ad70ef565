//! What questions answer: plain records that pages, API, CLI and tests show. Texts are already in the asked language;
//! codes never depend on it. Times are milliseconds UTC; amounts are fen.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// One step of a plan or request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Step code.
    pub step: String,
    /// Title.
    pub title: String,
    /// Why it is asked.
    pub why: String,
    /// How to do it well.
    pub how: String,
    /// What happens after.
    pub after: String,
    /// What page it needs: `documents`, `form`, `payment`, `signature`, `confirm`, `review`, `operator`, `device`, `network`, `wait`.
    pub kind: String,
    /// Who must act.
    pub actor: String,
    /// Name of who must act, in the asked language.
    pub actor_name: String,
    /// The subject it is about.
    pub subject: SubjectRef,
    /// `later`, `now`, `submitted`, `returned`, `done`.
    pub state: String,
    /// Promised end; for steps after the current one an estimate counted from now.
    pub promise_by: Option<i64>,
    /// The promise counts days of a year whose holiday table is not published.
    pub promise_assumed: bool,
    /// Documents asked.
    pub documents: Vec<DocumentAsked>,
    /// Fields asked.
    pub fields: Vec<FieldAsked>,
    /// Reasons it serves.
    pub serves: Vec<String>,
    /// What the reviewer or the check wrote when it was returned.
    pub remark: String,
    /// Whether the asking actor may carry it out now.
    pub mine: bool,
    /// When it was done.
    pub done_at: Option<i64>,
}

/// A document asked for in a step, and what was supplied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentAsked {
    /// Document code.
    pub code: String,
    /// Name.
    pub name: String,
    /// What a good one looks like.
    pub hint: String,
    /// Supplied documents of this kind, newest first.
    pub supplied: Vec<DocumentView>,
}

/// A supplied document, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentView {
    /// Id.
    pub id: String,
    /// File name as uploaded.
    pub file_name: String,
    /// Detected media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// `supplied`, `accepted`, `returned`.
    pub state: String,
    /// The reviewer's words when returned.
    pub remark: String,
    /// When.
    pub uploaded_at: i64,
}

/// A field asked for in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldAsked {
    /// Field code.
    pub code: String,
    /// Label.
    pub name: String,
    /// Hint.
    pub hint: String,
    /// Check code (`text`, `mobile`, `uscc` …).
    pub check: String,
    /// What was last given, masked where sensitive.
    pub value: String,
    /// The reviewer's words when returned.
    pub remark: String,
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
    /// Why it was lifted.
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

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// Id.
    pub id: String,
    /// Merchant id.
    pub merchant_id: String,
    /// Merchant name, for audiences that may know.
    pub merchant_name: String,
    /// Request kind.
    pub kind: String,
    /// Kind in words.
    pub kind_name: String,
    /// What it is about.
    pub subject: SubjectRef,
    /// `open`, `done`, `refused`, `withdrawn`.
    pub state: String,
    /// Its version; every change adds one.
    pub version: i64,
    /// Who must act next (actor code).
    pub waiting_on: String,
    /// In words.
    pub waiting_on_name: String,
    /// Promised end of the current step.
    pub promise_by: Option<i64>,
    /// When it was opened.
    pub opened_at: i64,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// Why it was closed.
    pub closed_why: String,
    /// Steps in order.
    pub steps: Vec<StepView>,
    /// Reasons it will lift.
    pub reasons: Vec<String>,
    /// Its open review, if any.
    pub review: Option<String>,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestRow {
    /// Id.
    pub id: String,
    /// Merchant id.
    pub merchant_id: String,
    /// Merchant name.
    pub merchant_name: String,
    /// Kind code.
    pub kind: String,
    /// Kind in words.
    pub kind_name: String,
    /// Subject.
    pub subject: SubjectRef,
    /// State.
    pub state: String,
    /// Who must act next.
    pub waiting_on: String,
    /// In words.
    pub waiting_on_name: String,
    /// Promised end.
    pub promise_by: Option<i64>,
    /// When it was opened.
    pub opened_at: i64,
}

/// A review in the queue or opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// Id.
    pub id: String,
    /// The request, complete with evidence.
    pub request: RequestView,
    /// Role that decides.
    pub role: String,
    /// `open`, `approved`, `returned`, `refused`.
    pub state: String,
    /// How many different people must approve.
    pub approvals_needed: i64,
    /// Approvals so far.
    pub decisions: Vec<DecisionView>,
    /// When it was opened.
    pub opened_at: i64,
    /// Promised end.
    pub promise_by: Option<i64>,
    /// What changes on approval, in words.
    pub consequences: Vec<String>,
    /// Whether the asking actor may decide, and if not why.
    pub may_decide: bool,
    /// Why not.
    pub why_not: String,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// Display name of the decider.
    pub by: String,
    /// `approve`, `return`, `refuse`.
    pub decision: String,
    /// Remark.
    pub remark: String,
    /// When.
    pub at: i64,
}

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MerchantView {
    /// Id.
    pub id: String,
    /// 15-character number.
    pub number: String,
    /// `micro`, `sole_trader`, `enterprise`.
    pub kind: String,
    /// Registered name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Category code.
    pub mcc: String,
    /// Category in words.
    pub mcc_name: String,
    /// Province code.
    pub province: String,
    /// City.
    pub city: String,
    /// Stage code.
    pub stage: String,
    /// Stage in words.
    pub stage_name: String,
    /// Agent id or `-`.
    pub agent_id: String,
    /// Agent name.
    pub agent_name: String,
    /// Risk level.
    pub risk_level: String,
    /// Masked sensitive values: `(field, masked)`.
    pub masked: Vec<MaskedValue>,
    /// Shops.
    pub shops: Vec<ShopView>,
    /// Current settlement account in words, masked.
    pub settlement_account: Option<SettlementAccountView>,
    /// Contract.
    pub contract: Option<ContractView>,
    /// Number of terminals.
    pub terminals: i64,
    /// When it was created.
    pub created_at: i64,
    /// When it was activated.
    pub activated_at: Option<i64>,
}

/// A sensitive value, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaskedValue {
    /// Field code.
    pub field: String,
    /// Masked value.
    pub masked: String,
}

/// A shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShopView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Stage.
    pub stage: String,
}

/// A settlement account, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettlementAccountView {
    /// Id.
    pub id: String,
    /// Bank name.
    pub bank: String,
    /// `corporate` or `personal`.
    pub account_kind: String,
    /// Masked number.
    pub masked: String,
    /// Stage.
    pub stage: String,
    /// Since when it receives payouts.
    pub effective_at: Option<i64>,
}

/// A contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractView {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Stage.
    pub stage: String,
    /// When signed.
    pub signed_at: Option<i64>,
    /// When it expires.
    pub expires_at: Option<i64>,
}

/// A merchant in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MerchantRow {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Stage.
    pub stage: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended` for taking money.
    pub standing: String,
    /// City.
    pub city: String,
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalView {
    /// Id.
    pub id: String,
    /// 8-character number.
    pub number: String,
    /// Merchant id.
    pub merchant_id: String,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant name.
    pub merchant_name: String,
    /// Shop.
    pub shop: ShopView,
    /// Stage code.
    pub stage: String,
    /// Stage in words.
    pub stage_name: String,
    /// Serial number of its device.
    pub serial: String,
    /// Model name.
    pub model: String,
    /// `works`, `waiting`, `limited`, `stopped`, `ended` for selling.
    pub standing: String,
    /// Spare machine: exempt from dormancy.
    pub spare: bool,
    /// Software version.
    pub software: String,
    /// Current batch.
    pub batch: i64,
    /// Signed in.
    pub signed_in: bool,
    /// Last sign-in.
    pub signed_in_at: Option<i64>,
    /// Last sale.
    pub last_sale_at: Option<i64>,
    /// When it was opened.
    pub opened_at: Option<i64>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionView {
    /// Id.
    pub id: String,
    /// Terminal number.
    pub terminal_number: String,
    /// Kind code.
    pub kind: String,
    /// Kind in words.
    pub kind_name: String,
    /// Fen.
    pub amount: i64,
    /// `pending`, `approved`, `declined`, `unknown`, `voided`, `reversed`, `refunded`.
    pub state: String,
    /// State in words.
    pub state_name: String,
    /// F39.
    pub response_code: String,
    /// Reference number.
    pub rrn: String,
    /// Masked card.
    pub masked_card: String,
    /// Trace number.
    pub stan: i64,
    /// Batch.
    pub batch: i64,
    /// Explanation code of a decline that a stop caused.
    pub explanation_code: String,
    /// When it arrived.
    pub at: i64,
}

/// One event in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// Id; sorts by time.
    pub id: String,
    /// Event kind, e.g. `stop.started`.
    pub kind: String,
    /// Merchant id or `-`.
    pub merchant_id: String,
    /// What it is about.
    pub subject: SubjectRef,
    /// Number in the subject's own sequence.
    pub sequence: i64,
    /// When.
    pub at: i64,
    /// One sentence in the asked language.
    pub text: String,
    /// Actor, for those who may know.
    pub actor: String,
    /// The event's data.
    pub data: serde_json::Value,
}

/// One hit of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// `merchant`, `terminal`, `device`, `code`, `person`, `request`.
    pub kind: String,
    /// Id.
    pub id: String,
    /// First line.
    pub title: String,
    /// Second line.
    pub detail: String,
    /// Where the console shows it.
    pub href: String,
}

/// An audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Id.
    pub id: String,
    /// Number in the chain; none until sealed.
    pub seq: Option<i64>,
    /// When.
    pub at: i64,
    /// Actor id.
    pub actor: String,
    /// Role.
    pub role: String,
    /// Command.
    pub command: String,
    /// Subject.
    pub subject: SubjectRef,
    /// Reason.
    pub reason: String,
    /// Digests before and after.
    pub before_digest: String,
    /// After.
    pub after_digest: String,
    /// Hash of the sealed row.
    pub hash: String,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Rows.
    pub data: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
    /// Hand this back as `cursor` for the next page.
    pub next_cursor: Option<String>,
}

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Paging {
    /// At most 200.
    pub limit: i64,
    /// Opaque; from the page before.
    pub cursor: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self { limit: 50, cursor: None }
    }
}
