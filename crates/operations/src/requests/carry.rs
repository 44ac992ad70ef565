//! Carrying out a step on the real chain, and planning again. The same pure rules that the plan and the model checker
//! use say what follows; here it is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{CapabilitySet, Catalog, StepKind};
use domain::gate::in_force;
use domain::ids::ReviewId;
use domain::plan::{PlannedStep, Stuck, plan, serve};
use domain::world::{Effects, World};
use serde_json::json;
use store::Tx;
use store::reviews::ReviewRow;
use store::steps::StepRow;
use store::stops::StopRow;

use super::due::{due, last_end, payload, promised, take_turns};
use super::work::{Work, as_system, cause_keys, is_review, json, list_of, plan_row, step_row};
use super::{close, effects};
use crate::ctx::Ctx;
use crate::moves;
use crate::refused::{Done, Refused};
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
fn ask_again(work: &mut Work, again: impl Fn(&str) -> bool) {
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
    happened(tx, ctx, work, "request.step_returned", json!({ "step": step, "remark": remark }), "-")
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
            stops::end(tx, ctx, row, &format!("request {request}: every step of its way out is done"))?;
        }
    }
    for (kind, event, _) in &follows.moves {
        let id = effects::target(work, code, *kind);
        if id.is_empty() {
            return Err(Refused::conflict(
                kind.code(),
                "-",
                format!("«{code}» needs one, and there is none yet; add it to this merchant or terminal first"),
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
    }
    Ok(())
}

/// Plans again, gives turns, opens or closes the review, concludes when nothing is left, and saves where anything
/// changed. Other open requests of the merchant are planned again too when something on the chain changed.
pub(crate) fn replan(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    replan_one(tx, ctx, work)?;
    refresh_but(tx, ctx, &work.request.merchant_id, &work.request.id)
}

/// Plans the open requests of a merchant again after something outside of them changed on its chain.
pub(crate) fn refresh_but(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, but: &str) -> Done<()> {
    for row in store::requests::open_of(tx, merchant)?.into_iter().filter(|r| r.id != but) {
        let id = row.id.clone();
        let mut other = Work::of(tx, row)?;
        as_system(ctx, &id, |ctx| replan_one(tx, ctx, &mut other))?;
    }
    Ok(())
}

fn replan_one(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    let before = (work.request.clone(), work.steps.clone());
    let stored = (work.request.details.clone(), work.request.choices.clone());
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
    let remembered = (json(&work.details)?, json(&work.choices)?);
    if (&work.request, &work.steps) != (&before.0, &before.1) || remembered != stored || !work.removed.is_empty() {
        work.save(tx)?;
    }
    put_review(tx, ctx, work, review)
}

/// Every step the request still needs (and, for kinds with fixed steps, those it had).
fn needed(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    if work.is_restoration() { for_stops(work, catalog, ctx) } else { for_kind(work, catalog, ctx) }
}

/// The plan computed from the stops. Causes that came up since have their steps asked, even if done before.
fn for_stops(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    let world = work.world(catalog, ctx.now, BTreeSet::new());
    notice(work, &world, |_| true);
    let now = World { stops: in_force(&world.stops, ctx.now), ..world.clone() };
    let more = if work.details.only { 0 } else { now.blocked().0 };
    work.details.wanted |= more;
    let wanted = CapabilitySet(work.details.wanted);
    for _ in 0..2 {
        let world = World { done: work.done(), ..world.clone() };
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
    Err(Refused::Inconsistent("the catalogue has no way out of the stops in force; run `catalog check`".into()))
}

/// The steps of a kind with fixed steps, and of causes that came up on the way and share a step still to be done.
fn for_kind(work: &mut Work, catalog: &Catalog, ctx: &Ctx) -> Done<Vec<PlannedStep>> {
    let row = plan_row(catalog, &work.request.kind)?;
    let mut codes: Vec<String> = row.steps.clone();
    codes.extend(work.steps.iter().map(|s| s.step.clone()).filter(|s| !row.steps.contains(s)));
    let undone: Vec<String> =
        codes.iter().filter(|c| work.step(c).is_none_or(|s| s.state != "done")).cloned().collect();
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
        let mut planned = PlannedStep {
            step: code.clone(),
            kind: step.subject,
            serves: Vec::new(),
            documents: step.documents.clone(),
            fields: step.fields.clone(),
        };
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
            None => super::work::stage_key(cause.kind, world.stages.get(&cause.kind).map_or("", String::as_str)),
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
    let (kept, gone): (Vec<StepRow>, Vec<StepRow>) = work.steps.drain(..).partition(|s| {
        s.state == "done" || keep.contains(&s.step) || (s.state == "submitted" && !keep.is_empty())
    });
    work.steps = kept;
    work.removed.extend(gone);
    for planned in needed {
        let position = i64::from(step_row(catalog, &planned.step)?.order);
        let (serves, documents, fields) = (json(&planned.serves)?, json(&planned.documents)?, json(&planned.fields)?);
        if let Some(row) = work.steps.iter_mut().find(|s| s.step == planned.step) {
            row.serves = serves;
            if row.state == "done" {
                continue;
            }
            row.position = position;
            let asks_more = |old: &str, new: &[String]| new.iter().any(|code| !list_of(old).contains(code));
            if row.state == "submitted" && (asks_more(&row.documents, &planned.documents) || asks_more(&row.fields, &planned.fields)) {
                row.state = "todo".into();
            }
            row.documents = documents;
            row.fields = fields;
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
    work.steps.sort_by(|a, b| (a.position, &a.step).cmp(&(b.position, &b.step)));
    work.removed.retain(|gone| !work.steps.iter().any(|s| s.step == gone.step));
    for gone in &mut work.removed {
        // Nothing of an abandoned step is acted on; only an unfinished one may be taken out.
        gone.state = "todo".into();
    }
    ask_once(work)
}

/// A step that only waited for a stop to end is done when that stop is gone, not superfluous.
fn waited(work: &mut Work, catalog: &Catalog, keep: &BTreeSet<String>, now: i64) {
    for step in work.steps.iter_mut().filter(|s| s.state == "todo" && !keep.contains(&s.step)) {
        let waits = catalog.steps.get(&step.step).is_some_and(|row| row.kind == StepKind::Wait);
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

/// The review whose turn it is.
struct Turn {
    step: String,
    role: String,
    approvals: u8,
    promise_by: Option<i64>,
    payload: String,
}

impl Turn {
    /// The review of all evidence when that is complete, or of one step that a role must accept.
    fn of(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, catalog: &Catalog) -> Done<Option<Self>> {
        let due = due(catalog, &work.steps);
        let review = due.iter().find(|code| is_review(catalog, code));
        let single = work.steps.iter().find(|s| s.state == "submitted" && work.coming_review(catalog).is_none());
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
        let lifts: Vec<_> = reasons.iter().filter_map(|r| catalog.reasons.get(r)).map(|r| &r.lift).collect();
        let fixed = plan_row(catalog, &work.request.kind)?.approvals;
        let by: BTreeSet<&str> = lifts.iter().flat_map(|l| l.by.iter().map(String::as_str)).collect();
        let able: &[String] = if is_review(catalog, &step) { &row.by } else { &[] };
        let role = accepted_by.unwrap_or_else(|| reviewer(able, &by).to_owned());
        let until = last_end(&work.chain.stops, &reasons);
        let kept = work.step(&step).and_then(|s| s.promise_by).filter(|_| is_review(catalog, &step));
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
    first.and_then(|role| able.iter().find(|a| *a == role)).or_else(|| able.first()).map_or("reviewer", String::as_str)
}

/// Opens the review whose turn it is; one that is open for something else, or for evidence that changed, is closed.
fn put_review(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, turn: Option<Turn>) -> Done<()> {
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
    let data = json!({ "step": review.step, "role": review.role, "promise_at": review.promise_by, "review": review.id });
    happened(tx, ctx, work, "review.opened", data, &audit)
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
    let before = World { stops: in_force(&full.stops, ctx.now), ..full };
    let mut after = before.clone();
    after.stages = world.stages.into_iter().collect::<BTreeMap<_, _>>();
    after.stops.retain(|s| !all.lifted.iter().any(|l| l.id == s.id));
    after.stops.extend(world.stops.into_iter().filter(|s| s.id.is_empty()));
    (before.blocked(), after.blocked(), all)
}
