//! Steps that no person completes: what a terminal, the network or time has done.

use std::collections::BTreeSet;

use domain::catalog::{Catalog, StepKind};
use domain::world::World;
use serde_json::json;
use store::Tx;

use super::carry::{carry_out, happened};
use super::due::due;
use super::effects;
use super::replan::{refresh_but, replan};
use super::work::{Work, as_system, chain_of, list_of, step_row, world_of};
use crate::chain::Chain;
use crate::ctx::{Actor, Ctx};
use crate::moves;
use crate::refused::Done;
use crate::stops::{self, Place};

/// Something that completes steps has happened to a subject: the step is completed in every open request that waits
/// for it, and stops whose whole way out it is are lifted. Internal: the caller has established that it happened.
pub fn event_step(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    kind: &str,
    subject_id: &str,
    step_event: &str,
) -> Done<()> {
    let catalog = ctx.platform.catalog.clone();
    let steps: Vec<&str> = catalog
        .steps
        .values()
        .filter(|s| s.event.as_deref() == Some(step_event))
        .map(|s| s.code.as_str())
        .collect();
    for row in store::requests::open_of(tx, merchant)? {
        let mut work = Work::of(tx, row)?;
        let due = due(&catalog, &work.steps);
        let ours: Vec<String> = due
            .into_iter()
            .filter(|code| steps.contains(&code.as_str()) && is_about(&work, code, kind, subject_id))
            .collect();
        let mut changed = false;
        for code in ours {
            if effects::is_complete(tx, &work, &code, subject_id)? {
                carry_out(tx, ctx, &mut work, &code)?;
                changed = true;
            }
        }
        if changed {
            replan(tx, ctx, &mut work)?;
        }
    }
    let chain = chain_of(tx, merchant, kind, subject_id)?;
    lift_alone(tx, ctx, &catalog, &chain, &steps)?;
    refresh_but(tx, ctx, merchant, "")
}

/// Whether a step of a request is about this subject: its own, or (where the request hangs higher up) any of its kind.
fn is_about(work: &Work, code: &str, kind: &str, subject_id: &str) -> bool {
    let Some(step) = work.step(code) else { return false };
    let on_chain = work
        .chain
        .links
        .iter()
        .any(|l| l.kind.code() == kind && l.id == subject_id);
    let whole_merchant = work.chain.terminal.is_none() && step.subject_id.is_empty();
    step.subject_id == subject_id || on_chain || whole_merchant
}

/// Carries out, without a request, a step that is the whole way out of something in force.
fn lift_alone(tx: &mut Tx<'_>, ctx: &mut Ctx, catalog: &Catalog, chain: &Chain, steps: &[&str]) -> Done<()> {
    for code in steps {
        let others = store::requests::open_of(tx, &chain.merchant)?
            .into_iter()
            .map(|r| r.id)
            .collect();
        let world = world_of(chain, catalog, ctx.now, BTreeSet::new(), &others);
        let only = |way: &Vec<String>| way.len() == 1 && way.iter().all(|s| s == code);
        let whole: Vec<String> = world
            .causes()
            .iter()
            .filter(|c| c.reason.ways_out.iter().any(only))
            .map(|c| c.reason.code.clone())
            .collect();
        if whole.is_empty() {
            continue;
        }
        let mut alone = World {
            stops: world.stops.clone(),
            ..world.clone()
        };
        alone
            .stops
            .retain(|s| whole.iter().any(|r| *r == s.reason || catalog.hides(r, &s.reason)));
        let follows = alone.carry_out(code, &std::collections::BTreeMap::new(), ctx.now);
        as_system_of(ctx, code, |ctx| {
            for stop in &follows.lifted {
                if let Some(row) = chain.stop(&stop.id) {
                    stops::end(tx, ctx, row, &format!("«{code}» was done"))?;
                }
            }
            for (kind, event, _) in &follows.moves {
                if let Some(link) = chain.link(*kind).filter(|l| !l.id.is_empty()) {
                    moves::apply(tx, ctx, &chain.merchant, *kind, &link.id, event)?;
                }
            }
            for (reason, kind) in &follows.placed {
                let Some(link) = chain.link(*kind).filter(|l| !l.id.is_empty()) else {
                    continue;
                };
                let owner = if kind.of_merchant() {
                    chain.merchant.as_str()
                } else {
                    "-"
                };
                if store::stops::find_live(tx, owner, (kind.code(), &link.id), reason)?.is_some() {
                    continue;
                }
                let place = Place {
                    merchant: chain.merchant.clone(),
                    kind: *kind,
                    id: link.id.clone(),
                    reason: reason.clone(),
                    starts_at: None,
                    ends_at: None,
                    details: json!({ "placed_by_step": code }),
                };
                stops::place(tx, ctx, place)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn as_system_of<T>(ctx: &mut Ctx, step: &str, act: impl FnOnce(&mut Ctx) -> Done<T>) -> Done<T> {
    let actor = std::mem::replace(&mut ctx.actor, Actor::system("requests"));
    let why = std::mem::replace(&mut ctx.why, format!("step {step}"));
    let result = act(ctx);
    ctx.actor = actor;
    ctx.why = why;
    result
}

/// What [`tick`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Steps completed because time passed, or because the system carries them out itself.
    pub completed: usize,
    /// Requests found past their promise.
    pub stalled: usize,
}

/// Completes steps whose time has come and those the system carries out by itself, and tells once of every request
/// past its promise. About `limit` requests of each sort; running it twice changes nothing.
pub fn tick(tx: &mut Tx<'_>, ctx: &mut Ctx, limit: i64) -> Done<Ticked> {
    let catalog = ctx.platform.catalog.clone();
    let mut ticked = Ticked::default();
    let waits = catalog
        .steps
        .values()
        .filter(|s| s.kind == StepKind::Wait || effects::is_automatic(&s.code));
    for step in waits {
        ticked.completed += complete(tx, ctx, &catalog, &step.code, limit)?;
    }
    for row in store::requests::newly_stalled(tx, ctx.now.millis(), limit)? {
        let work = Work::of(tx, row)?;
        let step = due(&catalog, &work.steps).into_iter().next().unwrap_or_default();
        let data = json!({ "step": step, "promise_at": work.request.promise_by });
        happened(tx, ctx, &work, "request.stalled", data, "-")?;
        ticked.stalled += 1;
    }
    Ok(ticked)
}

/// Completes one waiting step in every request where its time has come. How many.
fn complete(tx: &mut Tx<'_>, ctx: &mut Ctx, catalog: &Catalog, step: &str, limit: i64) -> Done<usize> {
    let mut completed = 0;
    let mut after = (String::new(), String::new());
    loop {
        let rows = store::requests::open_at_step(tx, step, (&after.0, &after.1), limit)?;
        let Some(last) = rows.last() else { return Ok(completed) };
        after = (last.merchant_id.clone(), last.id.clone());
        for row in rows {
            let mut work = Work::of(tx, row)?;
            let id = work.request.id.clone();
            if !due(catalog, &work.steps).iter().any(|s| s == step) || !has_come(tx, ctx, &mut work, step)? {
                continue;
            }
            as_system(ctx, &id, |ctx| {
                carry_out(tx, ctx, &mut work, step)?;
                replan(tx, ctx, &mut work)
            })?;
            completed += 1;
        }
        if i64::try_from(completed).unwrap_or(limit) >= limit {
            return Ok(completed);
        }
    }
}

/// Whether a step that waits may be completed now: the stop it waits for has ended, or what the system does itself can
/// be done.
fn has_come(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, code: &str) -> Done<bool> {
    if effects::is_automatic(code) {
        return effects::is_ready(tx, ctx, work, code);
    }
    let row = step_row(ctx.catalog(), code)?;
    let until_end = row.promise.until_stop_ends;
    let Some(step) = work.step(code) else { return Ok(false) };
    let serves = list_of(&step.serves);
    let live = work
        .chain
        .stops
        .iter()
        .filter(|s| serves.contains(&s.reason))
        .collect::<Vec<_>>();
    let now = ctx.now.millis();
    Ok(if live.is_empty() {
        true
    } else if until_end {
        live.iter().all(|s| s.ends_at.is_some_and(|end| end <= now))
    } else {
        // A partner's disturbance ends when it ends, whatever was hoped: only an operator lifts its stop.
        false
    })
}
