//! Planning again: what a request still needs after something changed, and whose turn it is.

use std::collections::BTreeSet;

use domain::catalog::{CapabilitySet, Catalog, StepKind};
use domain::gate::in_force;
use domain::plan::{PlannedStep, Stuck, plan, serve};
use domain::world::World;
use store::Tx;
use store::steps::StepRow;
use store::stops::StopRow;

use super::turn::{Turn, put_review};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::requests::carry::{ask_again, carry_out};
use crate::requests::due::take_turns;
use crate::requests::work::{Work, as_system, cause_keys, json, list_of, plan_row, stage_key, step_row};
use crate::requests::{close, effects};

/// Plans again, gives turns, opens or closes the review, concludes when nothing is left, and saves where anything
/// changed. Other open requests of the merchant are planned again too when something on the chain changed.
pub(crate) fn replan(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    replan_one(tx, ctx, work)?;
    refresh_but(tx, ctx, &work.request.merchant_id, &work.request.id)
}

/// Plans the open requests of a merchant again after something outside of them changed on its chain.
pub(crate) fn refresh_but(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, but: &str) -> Done<()> {
    for row in store::requests::open_of(tx, merchant)?
        .into_iter()
        .filter(|r| r.id != but)
    {
        let id = row.id.clone();
        let mut other = Work::of(tx, row)?;
        as_system(ctx, &id, |ctx| replan_one(tx, ctx, &mut other))?;
    }
    Ok(())
}

fn replan_one(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    let catalog = ctx.platform.catalog.clone();
    let review = loop {
        work.reload_chain(tx)?;
        let needed = needed(work, &catalog, ctx)?;
        fit(work, &catalog, needed, ctx.now.millis())?;
        if work.steps.iter().all(|s| s.state == "done") {
            return close::conclude(tx, ctx, work);
        }
        let review = Turn::of(tx, ctx, work, &catalog)?;
        let whose = review.as_ref().map(|r| (r.role.as_str(), r.promise_by));
        let begun = take_turns(ctx, work, whose)?;
        let mut over = Vec::new();
        for step in begun {
            if effects::begun(tx, ctx, work, &step)? {
                over.push(step);
            }
        }
        if over.is_empty() {
            break review;
        }
        for step in over {
            carry_out(tx, ctx, work, &step)?;
        }
    };
    if work.is_changed()? {
        work.save(tx)?;
    }
    put_review(tx, ctx, work, review)
}

/// Every step the request still needs (and, for kinds with fixed steps, those it had).
fn needed(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    if work.is_restoration() {
        for_stops(work, catalog, ctx)
    } else {
        for_kind(work, catalog, ctx)
    }
}

/// The plan computed from the stops. Causes that came up since have their steps asked, even if done before.
fn for_stops(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    let world = work.world(catalog, ctx.now, BTreeSet::new());
    notice(work, &world, |_| true);
    let now = World {
        stops: in_force(&world.stops, ctx.now),
        ..world.clone()
    };
    let more = if work.details.only { 0 } else { now.blocked().0 };
    work.details.wanted |= more;
    let wanted = CapabilitySet(work.details.wanted);
    for _ in 0..2 {
        let world = World {
            done: work.done(),
            ..world.clone()
        };
        let planned = plan(&world, wanted, &work.choices, ctx.now);
        match planned.stuck {
            None => return Ok(planned.steps),
            // Everything was done and it still blocks: what was done before the stop came does not count.
            Some(Stuck::StillBlocked(code)) => {
                if let Some(reason) = catalog.reasons.get(&code) {
                    let way = World::way_out(reason, &work.choices).to_vec();
                    ask_again(work, |step| way.iter().any(|s| s == step));
                }
            }
            Some(Stuck::Endless) => break,
        }
    }
    Err(Refused::Inconsistent(
        "the catalogue has no way out of the stops in force; run `catalog check`".into(),
    ))
}

/// The steps of a kind with fixed steps, and of causes that came up on the way and share a step still to be done.
fn for_kind(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    let row = plan_row(catalog, &work.request.kind)?;
    let mut codes: Vec<String> = row.steps.clone();
    codes.extend(
        work.steps
            .iter()
            .map(|s| s.step.clone())
            .filter(|s| !row.steps.contains(s)),
    );
    let undone: Vec<String> = codes
        .iter()
        .filter(|c| work.step(c).is_none_or(|s| s.state != "done"))
        .cloned()
        .collect();
    let world = work.world(catalog, ctx.now, BTreeSet::new());
    let choices = work.choices.clone();
    let adopted = notice(work, &world, |way| way.iter().any(|s| undone.contains(s)));
    for code in adopted {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let mut steps = Vec::new();
    for code in &codes {
        let step = step_row(catalog, code)?;
        let mut planned = PlannedStep::of(step, &world);
        for cause in world.causes().iter().filter(|c| c.hidden_by.is_none()) {
            let way = World::way_out(cause.reason, &choices);
            if way.contains(code) && way.iter().all(|s| codes.contains(s)) {
                serve(&mut planned, cause, &world, way);
            }
        }
        steps.push(planned);
    }
    Ok(steps)
}

/// Takes causes that came up since into account, where `ours` says that their way out concerns this request: their
/// steps are asked again. The codes of these steps.
fn notice(work: &mut Work, world: &World<'_>, ours: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut adopted = Vec::new();
    for cause in world.causes() {
        let key = match cause.stop.and_then(|i| world.stops.get(i)) {
            Some(stop) => stop.id.clone(),
            None => stage_key(cause.kind, world.stages.get(&cause.kind).map_or("", String::as_str)),
        };
        let way = World::way_out(cause.reason, &work.choices).to_vec();
        if work.details.seen.contains(&key) || !ours(&way) {
            continue;
        }
        work.details.seen.insert(key);
        ask_again(work, |step| way.iter().any(|s| s == step));
        adopted.extend(way);
    }
    // A stage that was left and is entered again is a new cause.
    let live = cause_keys(world);
    work.details.seen.retain(|key| !key.contains(':') || live.contains(key));
    adopted
}

/// Brings the step rows to what is needed: new ones in, unneeded ones that nobody finished out.
fn fit(work: &mut Work, catalog: &Catalog, needed: Vec<PlannedStep>, now: i64) -> Done<()> {
    let keep: BTreeSet<String> = needed.iter().map(|s| s.step.clone()).collect();
    waited(work, catalog, &keep, now);
    let (kept, gone): (Vec<StepRow>, Vec<StepRow>) = work
        .steps
        .drain(..)
        .partition(|s| s.state == "done" || keep.contains(&s.step) || (s.state == "submitted" && !keep.is_empty()));
    work.steps = kept;
    work.removed.extend(gone);
    // What any step asks already; the same paper is not asked in two of them.
    let asked: BTreeSet<String> = work
        .steps
        .iter()
        .flat_map(|s| list_of(&s.documents).into_iter().chain(list_of(&s.fields)))
        .collect();
    for planned in needed {
        let position = i64::from(step_row(catalog, &planned.step)?.order);
        let (serves, documents, fields) = (
            json(&planned.serves)?,
            json(&planned.documents)?,
            json(&planned.fields)?,
        );
        if let Some(row) = work.steps.iter_mut().find(|s| s.step == planned.step) {
            row.serves = serves;
            if row.state == "done" {
                continue;
            }
            row.position = position;
            let more = |new: &[String]| new.iter().any(|code| !asked.contains(code));
            if row.state == "submitted" && (more(&planned.documents) || more(&planned.fields)) {
                row.state = "todo".into();
            }
            // What was supplied stays what it was supplied for, though the cause is gone meanwhile.
            if row.state != "submitted" {
                row.documents = documents;
                row.fields = fields;
            }
        } else {
            work.steps.push(StepRow {
                merchant_id: work.request.merchant_id.clone(),
                request_id: work.request.id.clone(),
                step: planned.step,
                position,
                subject_kind: planned.kind.code().to_owned(),
                subject_id: work.chain.link(planned.kind).map(|l| l.id.clone()).unwrap_or_default(),
                state: "todo".into(),
                serves,
                documents,
                fields,
                evidence: "{}".into(),
                remark: String::new(),
                promise_by: None,
                done_at: None,
                done_by: None,
            });
        }
    }
    work.steps
        .sort_by(|a, b| (a.position, &a.step).cmp(&(b.position, &b.step)));
    work.removed
        .retain(|gone| !work.steps.iter().any(|s| s.step == gone.step));
    for gone in &mut work.removed {
        // Nothing of an abandoned step is acted on; only an unfinished one may be taken out.
        gone.state = "todo".into();
    }
    ask_once(work)
}

/// A step that only waited for a stop to end is done when that stop is gone, not superfluous.
fn waited(work: &mut Work, catalog: &Catalog, keep: &BTreeSet<String>, now: i64) {
    for step in work
        .steps
        .iter_mut()
        .filter(|s| s.state == "todo" && !keep.contains(&s.step))
    {
        let waits = catalog
            .steps
            .get(&step.step)
            .is_some_and(|row| row.kind == StepKind::Wait);
        let serves = list_of(&step.serves);
        let live = |s: &StopRow| serves.contains(&s.reason) && s.ends_at.is_none_or(|end| now < end);
        if waits && !work.chain.stops.iter().any(live) {
            step.state = "done".into();
            step.done_at = Some(now);
            step.done_by = Some("system:time".into());
        }
    }
}

/// Asks no document twice, nor a field whose value the request already has from an earlier step.
fn ask_once(work: &mut Work) -> Done<()> {
    let mut papers: BTreeSet<String> = BTreeSet::new();
    let mut values: BTreeSet<String> = BTreeSet::new();
    for step in &mut work.steps {
        let mut documents = list_of(&step.documents);
        let mut fields = list_of(&step.fields);
        if step.state != "done" && step.state != "submitted" {
            documents.retain(|code| !papers.contains(code));
            fields.retain(|code| !(values.contains(code) && effects::is_kept(code)));
            step.documents = json(&documents)?;
            step.fields = json(&fields)?;
        }
        papers.extend(documents);
        values.extend(fields);
    }
    Ok(())
}
