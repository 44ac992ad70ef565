//! How a request ends: done, refused or withdrawn. Whatever lasted only as long as it was open ends with it.

use domain::stages::{SubjectKind, machine};
use serde_json::json;
use store::Tx;

use super::carry::happened;
use super::effects;
use super::work::{Work, as_system, plan_row};
use crate::ctx::Ctx;
use crate::moves;
use crate::refused::Done;
use crate::stops;
use crate::trace::{self, Change};

/// Stage moves that take back what an unfinished request began.
const TAKEN_BACK: [(SubjectKind, &str); 1] = [(SubjectKind::Merchant, "cancel_closing")];

/// Closes a request all of whose steps are done: the moves of its kind fire. One that nobody did anything for (its
/// causes went otherwise) counts as withdrawn.
pub(crate) fn conclude(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    if work.steps.is_empty() {
        return close(tx, ctx, work, "withdrawn", "request.withdrawn", "@cause_gone");
    }
    let catalog = ctx.platform.catalog.clone();
    let row = plan_row(&catalog, &work.request.kind)?;
    let request = work.request.id.clone();
    as_system(ctx, &request, |ctx| {
        for name in &row.moves {
            if let Some((kind, event)) = name.split_once('.')
                && let Some(kind) = SubjectKind::parse(kind)
            {
                fire(tx, ctx, work, kind, event)?;
            }
        }
        effects::concluded(tx, ctx, work)
    })?;
    close(tx, ctx, work, "done", "request.completed", "")
}

/// Refuses a request on a reviewer's decision.
pub(crate) fn refuse(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, why: &str) -> Done<()> {
    let request = work.request.id.clone();
    as_system(ctx, &request, |ctx| {
        if effects::is_application(work) {
            fire(tx, ctx, work, SubjectKind::Merchant, "reject")?;
        }
        give_up(tx, ctx, work)
    })?;
    close(tx, ctx, work, "refused", "request.refused", why)
}

/// An application in review whose items go back is an application again.
pub(crate) fn send_application_back(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    if !effects::is_application(work) {
        return Ok(());
    }
    let request = work.request.id.clone();
    as_system(ctx, &request, |ctx| {
        fire(tx, ctx, work, SubjectKind::Merchant, "return")
    })
}

/// Closes a request that its people no longer want.
pub(crate) fn withdraw(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, why: &str) -> Done<()> {
    let request = work.request.id.clone();
    as_system(ctx, &request, |ctx| give_up(tx, ctx, work))?;
    close(tx, ctx, work, "withdrawn", "request.withdrawn", why)
}

fn give_up(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    effects::given_up(tx, ctx, work)?;
    if work.request.kind == "closure" {
        for (kind, event) in TAKEN_BACK {
            fire(tx, ctx, work, kind, event)?;
        }
    }
    Ok(())
}

/// Fires a stage event where the subject exists and its stage has that edge.
pub(crate) fn fire(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, kind: SubjectKind, event: &str) -> Done<()> {
    work.reload_chain(tx)?;
    let Some(link) = work.chain.link(kind) else {
        return Ok(());
    };
    let open = match (machine(kind), &link.stage) {
        (Some(machine), Some(stage)) => machine.next(stage, event).is_ok(),
        _ => false,
    };
    if open && !link.id.is_empty() {
        moves::apply(tx, ctx, &work.request.merchant_id, kind, &link.id.clone(), event)?;
    }
    Ok(())
}

fn close(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, state: &str, event: &'static str, why: &str) -> Done<()> {
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    if let Some(review) = store::reviews::open_of(tx, &merchant, &request)? {
        store::reviews::close(tx, &review, "returned", ctx.now.millis())?;
    }
    as_system(ctx, &request, |ctx| {
        for id in std::mem::take(&mut work.details.own_stops) {
            if let Some(stop) = store::stops::get(tx, &merchant, &id)?.filter(|s| s.lifted_at.is_none()) {
                stops::end(tx, ctx, &stop, &format!("request {request} is closed ({state})"))?;
            }
        }
        Ok(())
    })?;
    let before = work.request.state.clone();
    state.clone_into(&mut work.request.state);
    work.request.waiting_on = String::new();
    work.request.promise_by = None;
    work.request.closed_at = Some(ctx.now.millis());
    why.clone_into(&mut work.request.closed_why);
    work.save(tx)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.close",
            merchant: &merchant,
            kind: "request",
            id: &request,
            before,
            after: state.to_owned(),
            details: json!({ "kind": work.request.kind, "why": why }),
        },
    )?;
    let data = if why.is_empty() || why.starts_with('@') {
        json!({})
    } else {
        json!({ "why": why })
    };
    happened(tx, ctx, work, event, data, &audit)
}
