//! Which steps may be done now, and by when.

use domain::catalog::{Catalog, Step, StepKind};
use domain::time::{Duration, Time};
use serde_json::json;

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::requests::work::{Work, is_review, list_of, step_row};
use crate::sealing::sha256;
use store::documents::DocumentRow;
use store::steps::StepRow;

/// Steps before this order bring evidence; the review that judges them stands at or after it.
pub(crate) const REVIEW_ORDER: i64 = 250;

/// The codes of the steps that may be done now. Evidence may be brought in any order; from the review on, one step
/// after the other. A review is due when all evidence was brought.
pub(crate) fn due(catalog: &Catalog, steps: &[StepRow]) -> Vec<String> {
    let open: Vec<&StepRow> = steps.iter().filter(|s| s.state != "done").collect();
    if open.iter().any(|s| s.position < REVIEW_ORDER && s.state != "submitted") {
        return open
            .iter()
            .filter(|s| s.position < REVIEW_ORDER && s.state != "submitted" && !is_held_back(catalog, &open, s))
            .map(|s| s.step.clone())
            .collect();
    }
    let judged = |s: &&&StepRow| s.position < REVIEW_ORDER && open.iter().any(|r| is_review(catalog, &r.step));
    let next = open.iter().find(|s| !judged(s));
    next.filter(|s| s.state != "submitted")
        .map(|s| s.step.clone())
        .into_iter()
        .collect()
}

/// A mere confirmation that moves a stage («submit the application») waits until all before it was brought.
fn is_held_back(catalog: &Catalog, open: &[&StepRow], step: &StepRow) -> bool {
    let moves = catalog
        .steps
        .get(&step.step)
        .is_some_and(|row| row.kind == StepKind::Confirm && !row.moves.is_empty() && list_of(&step.fields).is_empty());
    moves
        && open
            .iter()
            .any(|s| s.position < step.position && s.state != "submitted")
}

/// When a step that starts at `from` is promised to be done, and whether that counts days of a year without a table.
/// `until` is the latest scheduled end of the stops it serves. None where nobody can promise anything.
pub(crate) fn promised(ctx: &Ctx, step: &Step, from: Time, until: Option<i64>) -> Done<(Option<i64>, bool)> {
    if let Some(days) = step.promise.working_days {
        let promise = ctx
            .platform
            .calendar
            .promise(from, days, &ctx.platform.zone)
            .map_err(|e| Refused::Calendar(e.to_string()))?;
        return Ok((Some(promise.at.millis()), promise.assumed));
    }
    if let Some(minutes) = step.promise.minutes {
        return Ok((Some((from + Duration::minutes(i64::from(minutes))).millis()), false));
    }
    Ok((until, false))
}

/// The latest scheduled end among the stops of these reasons.
pub(crate) fn last_end(work_stops: &[store::stops::StopRow], reasons: &[String]) -> Option<i64> {
    work_stops
        .iter()
        .filter(|s| reasons.contains(&s.reason))
        .filter_map(|s| s.ends_at)
        .max()
}

/// Gives every step that became due its promise, takes it from those that are not, and tells the request whose turn it
/// is. The steps whose turn has just come.
pub(crate) fn take_turns(ctx: &Ctx, work: &mut Work, review: Option<(&str, Option<i64>)>) -> Done<Vec<String>> {
    let catalog = ctx.platform.catalog.clone();
    let due = due(&catalog, &work.steps);
    let mut next: Option<(String, Option<i64>)> = None;
    let mut begun = Vec::new();
    for step in &mut work.steps {
        let row = step_row(&catalog, &step.step)?;
        if !due.contains(&step.step) {
            if step.state == "todo" {
                step.promise_by = None;
            }
            continue;
        }
        if step.promise_by.is_none() {
            begun.push(step.step.clone());
            let until = last_end(&work.chain.stops, &list_of(&step.serves)).or(work.details.effective_at);
            step.promise_by = promised(ctx, row, ctx.now, until)?.0;
        }
        if next.is_none() {
            next = Some((
                json!(row.actor).as_str().unwrap_or_default().to_owned(),
                step.promise_by,
            ));
        }
    }
    let (actor, promise) = match (review, next) {
        (Some((role, promise)), _) => (role.to_owned(), promise),
        (None, Some(next)) => next,
        (None, None) => (String::new(), None),
    };
    work.request.waiting_on = actor;
    work.request.promise_by = promise;
    Ok(begun)
}

/// The digest of what a review of `step` judges: the evidence and documents of the steps before it (or, where a role
/// accepts a single step, of that step), exactly as stored.
pub(crate) fn payload(work: &Work, documents: &[DocumentRow], catalog: &Catalog, step: &str) -> String {
    let judged = judged_by(work, catalog, step);
    let evidence: Vec<_> = judged
        .iter()
        .map(|s| json!([s.step, s.fields, s.documents, s.evidence]))
        .collect();
    let mut papers: Vec<_> = documents
        .iter()
        .filter(|d| judged.iter().any(|s| s.step == d.step))
        .map(|d| format!("{} {}", d.id, d.sha256))
        .collect();
    papers.sort();
    sha256(
        json!({ "evidence": evidence, "documents": papers })
            .to_string()
            .as_bytes(),
    )
}

/// The steps a review at `step` decides about: submitted ones.
pub(crate) fn judged_by<'w>(work: &'w Work, catalog: &Catalog, step: &str) -> Vec<&'w StepRow> {
    let all = is_review(catalog, step);
    work.steps
        .iter()
        .filter(|s| s.state == "submitted" && (s.step == step || (all && s.position < REVIEW_ORDER)))
        .collect()
}
