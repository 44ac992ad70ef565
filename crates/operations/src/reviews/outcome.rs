//! What a decision does: everything judged is carried out, or the named items go back.

use domain::catalog::Catalog;
use store::Tx;
use store::documents::DocumentRow;
use store::reviews::ReviewRow;

use super::{Decide, judged};
use crate::ctx::Ctx;
use crate::refused::{Done, FieldError, Refused};
use crate::requests::{self, Evidence, Work, list_of};

/// Everything judged is accepted and carried out, in order; then the review step itself; then the plan is made anew.
pub(super) fn approve(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &mut Work,
    review: &ReviewRow,
    documents: &[DocumentRow],
    catalog: &Catalog,
) -> Done<()> {
    let judged = judged(work, catalog, &review.step);
    for document in documents
        .iter()
        .filter(|d| judged.contains(&d.step) && d.state == "supplied")
    {
        store::documents::judge(tx, document, "accepted", "")?;
    }
    for step in &judged {
        requests::carry_out(tx, ctx, work, step)?;
    }
    if !judged.contains(&review.step) {
        requests::carry_out(tx, ctx, work, &review.step)?;
    }
    requests::replan(tx, ctx, work)
}

/// The named items go back with remarks; the rest stays submitted.
pub(super) fn send_back(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &mut Work,
    review: &ReviewRow,
    documents: &[DocumentRow],
    catalog: &Catalog,
    command: &Decide,
) -> Done<()> {
    let judged = judged(work, catalog, &review.step);
    let mut unknown = Vec::new();
    let mut sent: Vec<(String, String)> = Vec::new();
    for item in command.items.iter().filter(|i| i.returned) {
        let remark = if item.remark.trim().is_empty() {
            command.remark.trim()
        } else {
            item.remark.trim()
        };
        let mut known = false;
        for step in work.steps.iter_mut().filter(|s| judged.contains(&s.step)) {
            let paper = list_of(&step.documents).contains(&item.code);
            let field = list_of(&step.fields).contains(&item.code);
            if step.step != item.code && !paper && !field {
                continue;
            }
            known = true;
            if field {
                let mut evidence = Evidence::of(step);
                if let Some(given) = evidence.fields.get_mut(&item.code) {
                    remark.clone_into(&mut given.remark);
                }
                evidence.keep(step)?;
            }
            step.state = "returned".into();
            step.promise_by = None;
            if step.remark.is_empty() || step.step == item.code {
                remark.clone_into(&mut step.remark);
            }
            if !sent.iter().any(|(code, _)| *code == step.step) {
                sent.push((step.step.clone(), remark.to_owned()));
            }
            for document in documents.iter().filter(|d| d.kind == item.code && d.step == step.step) {
                store::documents::judge(tx, document, "returned", remark)?;
            }
        }
        if !known {
            unknown.push(FieldError::new(
                &item.code,
                "not_judged",
                "这一项不在本次审核范围内",
                "this item is not part of this review",
            ));
        }
    }
    if !unknown.is_empty() {
        return Err(Refused::Invalid(unknown));
    }
    for (step, remark) in sent {
        requests::returned(tx, ctx, work, &step, &remark)?;
    }
    requests::send_application_back(tx, ctx, work)?;
    requests::replan(tx, ctx, work)
}
