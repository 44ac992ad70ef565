//! Plans being carried out: requests, their steps, evidence and reviews.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SubjectRef;

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
    /// What stands on record now, masked where sensitive; only a review tells it, and only where there is something.
    #[serde(default)]
    pub on_record: String,
    /// The reviewer's words when returned.
    pub remark: String,
    /// It may be left out for now.
    #[serde(default)]
    pub optional: bool,
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
