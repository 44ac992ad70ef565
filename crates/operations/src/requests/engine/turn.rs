//! The review whose turn it is: opened when the evidence is complete, closed when it changes.

use std::collections::BTreeSet;

use domain::catalog::Catalog;
use domain::ids::ReviewId;
use serde_json::json;
use store::Tx;
use store::reviews::ReviewRow;

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::requests::carry::happened;
use crate::requests::due::{due, last_end, payload, promised};
use crate::requests::work::{Work, is_review, list_of, plan_row, step_row};
use crate::trace::{self, Change};

/// The review whose turn it is.
pub(crate) struct Turn {
    pub step: String,
    pub role: String,
    pub approvals: u8,
    pub promise_by: Option<i64>,
    pub payload: String,
}

impl Turn {
    /// The review of all evidence when that is complete, or of one step that a role must accept.
    pub(crate) fn of(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, catalog: &Catalog) -> Done<Option<Self>> {
        let due = due(catalog, &work.steps);
        let review = due.iter().find(|code| is_review(catalog, code));
        let single = work
            .steps
            .iter()
            .find(|s| s.state == "submitted" && work.coming_review(catalog).is_none());
        let (step, accepted_by) = match (review, single) {
            (Some(code), _) => (code.clone(), None),
            (None, Some(step)) => (step.step.clone(), step_row(catalog, &step.step)?.accepted_by.clone()),
            (None, None) => return Ok(None),
        };
        let row = step_row(catalog, &step)?;
        let reasons: Vec<String> = work
            .steps
            .iter()
            .filter(|s| s.step == step || (is_review(catalog, &step) && s.state == "submitted"))
            .flat_map(|s| list_of(&s.serves))
            .collect();
        let lifts: Vec<_> = reasons
            .iter()
            .filter_map(|r| catalog.reasons.get(r))
            .map(|r| &r.lift)
            .collect();
        // How many people a kind takes is about its review; what one role accepts on the way takes one of that role.
        let fixed = if is_review(catalog, &step) {
            plan_row(catalog, &work.request.kind)?.approvals
        } else {
            1
        };
        let by: BTreeSet<&str> = lifts.iter().flat_map(|l| l.by.iter().map(String::as_str)).collect();
        let able: &[String] = if is_review(catalog, &step) { &row.by } else { &[] };
        let role = accepted_by.unwrap_or_else(|| reviewer(able, &by).to_owned());
        let until = last_end(&work.chain.stops, &reasons);
        let kept = work
            .step(&step)
            .and_then(|s| s.promise_by)
            .filter(|_| is_review(catalog, &step));
        let promise_by = match kept {
            Some(at) => Some(at),
            None => promised(ctx, row, ctx.now, until)?.0,
        };
        let documents = store::documents::of_request(tx, &work.request.merchant_id, &work.request.id)?;
        Ok(Some(Self {
            approvals: lifts.iter().map(|l| l.approvals).max().unwrap_or(1).max(fixed),
            payload: payload(work, &documents, catalog, &step),
            step,
            role,
            promise_by,
        }))
    }

    fn is(&self, review: &ReviewRow) -> bool {
        review.step == self.step
            && review.role == self.role
            && review.approvals_needed == i64::from(self.approvals)
            && review.payload_hash == self.payload
    }
}

/// Who decides: risk where any cause is risk's to lift, then finance, else a reviewer.
fn reviewer<'a>(able: &'a [String], wanted: &BTreeSet<&str>) -> &'a str {
    let first = ["risk", "finance"].into_iter().find(|role| wanted.contains(role));
    first
        .and_then(|role| able.iter().find(|a| *a == role))
        .or_else(|| able.first())
        .map_or("reviewer", String::as_str)
}

/// Opens the review whose turn it is; one that is open for something else, or for evidence that changed, is closed.
pub(crate) fn put_review(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, turn: Option<Turn>) -> Done<()> {
    let (merchant, request) = (&work.request.merchant_id, &work.request.id);
    if let Some(open) = store::reviews::open_of(tx, merchant, request)? {
        if turn.as_ref().is_some_and(|t| t.is(&open)) {
            return Ok(store::reviews::restamp(tx, &open, work.request.version)?);
        }
        store::reviews::close(tx, &open, "returned", ctx.now.millis())?;
    }
    let Some(turn) = turn else { return Ok(()) };
    let id: ReviewId = ctx.ids.id(ctx.now);
    let review = ReviewRow {
        merchant_id: merchant.clone(),
        id: id.to_string(),
        request_id: request.clone(),
        step: turn.step,
        role: turn.role,
        approvals_needed: i64::from(turn.approvals),
        state: "open".into(),
        payload_hash: turn.payload,
        request_version: work.request.version,
        opened_at: ctx.now.millis(),
        promise_by: turn.promise_by,
        decided_at: None,
    };
    store::reviews::insert(tx, &review)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "reviews.open",
            merchant,
            kind: "review",
            id: &review.id,
            before: String::new(),
            after: review.payload_hash.clone(),
            details: json!({ "request": request, "step": review.step, "role": review.role, "approvals": review.approvals_needed }),
        },
    )?;
    let data =
        json!({ "step": review.step, "role": review.role, "promise_at": review.promise_by, "review": review.id });
    happened(tx, ctx, work, "review.opened", data, &audit)
}
