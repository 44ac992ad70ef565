//! Carrying out a step on the real chain. The same pure rules that the plan and the model checker use say what follows;
//! here it is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{CapabilitySet, Catalog};
use domain::gate::in_force;
use domain::world::{Effects, World};
use serde_json::json;
use store::Tx;

use crate::ctx::Ctx;
use crate::moves;
use crate::refused::{Done, Refused};
use crate::requests::effects;
use crate::requests::work::{Work, as_system};
use crate::stops::{self, Place};
use crate::trace::{self, Change, Happened};

/// Marks a step as done and writes what follows: stage moves, stops placed and lifted, and its own effect.
pub(crate) fn carry_out(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, code: &str) -> Done<()> {
    let catalog = ctx.platform.catalog.clone();
    effects::before(tx, ctx, work, code)?;
    work.reload_chain(tx)?;
    let mut world = liftable(work, &catalog, ctx);
    world.done.remove(code);
    let follows = world.carry_out(code, &work.choices, ctx.now);
    let (now, by) = (ctx.now.millis(), ctx.actor.id.clone());
    let step = work.step_mut(code)?;
    step.state = "done".into();
    step.done_at = Some(now);
    step.done_by = Some(by);
    step.remark = String::new();
    ask_again(work, |step| !world.done.contains(step));
    told(tx, ctx, work, code)?;
    let request = work.request.id.clone();
    as_system(ctx, &request, |ctx| write(tx, ctx, work, code, &follows))?;
    effects::after(tx, ctx, work, code)?;
    work.reload_chain(tx)
}

/// The world in which a step of this request is carried out: only stops the request has taken into its plan can be
/// lifted by it; one that came up later is first planned for.
fn liftable<'c>(work: &Work, catalog: &'c Catalog, ctx: &Ctx) -> World<'c> {
    let mut world = work.world(catalog, ctx.now, work.done());
    let served = work.reasons();
    world.stops.retain(|s| {
        let for_it = served.contains(&s.reason) || served.iter().any(|root| catalog.hides(root, &s.reason));
        work.details.seen.contains(&s.id) && for_it
    });
    world
}

/// Steps that were done and have to be done again.
pub(crate) fn ask_again(work: &mut Work, again: impl Fn(&str) -> bool) {
    for step in work.steps.iter_mut().filter(|s| s.state == "done" && again(&s.step)) {
        step.state = "todo".into();
        step.promise_by = None;
        step.done_at = None;
        step.done_by = None;
    }
}

fn told(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, step: &str) -> Done<()> {
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.step_done",
            merchant: &work.request.merchant_id,
            kind: "request",
            id: &work.request.id,
            before: "open".into(),
            after: "done".into(),
            details: json!({ "step": step, "kind": work.request.kind }),
        },
    )?;
    happened(tx, ctx, work, "request.step_completed", json!({ "step": step }), &audit)
}

/// Tells that a step was sent back.
pub(crate) fn returned(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, step: &str, remark: &str) -> Done<()> {
    happened(
        tx,
        ctx,
        work,
        "request.step_returned",
        json!({ "step": step, "remark": remark }),
        "-",
    )
}

/// Writes an event of the request, on the time-line of its terminal where it has one.
pub(crate) fn happened(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &Work,
    kind: &str,
    mut data: serde_json::Value,
    audit: &str,
) -> Done<()> {
    if let Some(map) = data.as_object_mut() {
        map.insert("request".into(), json!(work.request.kind));
    }
    trace::event(
        tx,
        ctx,
        Happened {
            kind,
            merchant: &work.request.merchant_id,
            subject_kind: "request",
            subject: &work.request.id,
            terminal: work.chain.terminal.as_deref().unwrap_or("-"),
            data,
            audit,
        },
    )?;
    Ok(())
}

/// Writes the stage moves, the stops placed and the stops lifted.
fn write(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, code: &str, follows: &Effects) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    let request = work.request.id.clone();
    for stop in &follows.lifted {
        if let Some(row) = work.chain.stop(&stop.id) {
            stops::end(
                tx,
                ctx,
                row,
                &format!("request {request}: every step of its way out is done"),
            )?;
        }
    }
    for (kind, event, _) in &follows.moves {
        let id = effects::target(work, code, *kind);
        if id.is_empty() {
            return Err(Refused::conflict(
                kind.code(),
                "-",
                domain::text!(
                    format!("步骤「{code}」需要它，但尚未建立；请先为该商户或终端添加"),
                    format!("«{code}» needs one, and there is none yet; add it to this merchant or terminal first"),
                ),
            ));
        }
        moves::apply(tx, ctx, &merchant, *kind, &id, event)?;
    }
    for (reason, kind) in &follows.placed {
        let id = work.subject(*kind);
        let owner = if kind.of_merchant() { merchant.as_str() } else { "-" };
        if id.is_empty() || store::stops::find_live(tx, owner, (kind.code(), &id), reason)?.is_some() {
            continue;
        }
        let placed = stops::place(
            tx,
            ctx,
            Place {
                merchant: merchant.clone(),
                kind: *kind,
                id,
                reason: reason.clone(),
                starts_at: None,
                ends_at: None,
                details: json!({ "placed_by_request": request }),
            },
        )?;
        work.details.seen.insert(placed.id);
        work.details.wanted |= ctx.catalog().blocked_by(reason).0;
    }
    Ok(())
}

/// What approving would change, without changing it: what is blocked before and after, and what follows.
pub(crate) fn simulate(work: &Work, ctx: &Ctx, steps: &[String]) -> (CapabilitySet, CapabilitySet, Effects) {
    let catalog = ctx.platform.catalog.clone();
    let mut world = liftable(work, &catalog, ctx);
    let mut all = Effects::default();
    for step in steps {
        let follows = world.carry_out(step, &work.choices, ctx.now);
        all.moves.extend(follows.moves);
        all.placed.extend(follows.placed);
        all.lifted.extend(follows.lifted);
    }
    let full = work.chain.world(&catalog, BTreeSet::new());
    let before = World {
        stops: in_force(&full.stops, ctx.now),
        ..full
    };
    let mut after = before.clone();
    after.stages = world.stages.into_iter().collect::<BTreeMap<_, _>>();
    after.stops.retain(|s| !all.lifted.iter().any(|l| l.id == s.id));
    after.stops.extend(world.stops.into_iter().filter(|s| s.id.is_empty()));
    (before.blocked(), after.blocked(), all)
}
