//! Requests and plans in words.

use std::collections::BTreeSet;

use domain::catalog::{CapabilitySet, Catalog, FieldCheck, Step};
use domain::plan::{PlannedStep, plan};
use domain::stages::SubjectKind;
use domain::time::Time;
use domain::world::World;
use serde_json::{Value, json};
use store::Tx;
use store::documents::DocumentRow;
pub use store::requests::Filter;
use store::requests::RequestRow as Row;
use store::steps::StepRow;

use super::access;
use super::due::{REVIEW_ORDER, due, last_end, promised};
use super::effects;
use super::evidence::Evidence;
use super::work::{RESTORATION, Work, is_review, list_of, owner};
use crate::chain::Chain;
use crate::ctx::Ctx;
use crate::explain::actor_words;
use crate::refused::{Done, Refused};
use crate::stops::actor_name;
use crate::views::{
    DocumentAsked, DocumentView, FieldAsked, Page, Paging, PlanView, RequestRow, RequestView, StepRef, StepView,
    SubjectRef,
};

/// Step codes in words.
pub fn step_refs(ctx: &Ctx, steps: &[String]) -> Vec<StepRef> {
    steps
        .iter()
        .filter_map(|code| ctx.catalog().steps.get(code))
        .map(|row| StepRef {
            step: row.code.clone(),
            title: row.texts(ctx.lang).title.clone(),
            actor: code_of(&row.actor),
        })
        .collect()
}

/// The plan that brings `wanted` back on this chain: steps computed from `world`, merged with what stands in the open
/// request that carries it out, if there is one. Those who may not know the merchant read no names, values or papers.
pub fn plan_view(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    chain: &Chain,
    world: &World<'_>,
    wanted: CapabilitySet,
) -> Done<PlanView> {
    let catalog = ctx.platform.catalog.clone();
    let knows = access::sees(ctx, &chain.merchant, &chain.agent);
    let open = store::requests::open_of(tx, &chain.merchant)?;
    let mine = open
        .iter()
        .find(|r| r.kind == RESTORATION && concerns(chain, r))
        .cloned();
    let mut view = PlanView {
        request: mine.as_ref().filter(|_| knows).map(|r| r.id.clone()),
        ..PlanView::default()
    };
    let mut world = world.clone();
    let mut choices = std::collections::BTreeMap::new();
    if let Some(request) = mine {
        let work = Work::of(tx, request)?;
        choices.clone_from(&work.choices);
        world.done = work.done();
        view.steps = steps_of(tx, ctx, &work, knows)?;
    }
    let cared_for = in_care(chain, &mut world, &open);
    let planned = plan(&world, wanted, &choices, ctx.now);
    view.finals = planned.finals;
    for step in planned
        .steps
        .iter()
        .filter(|s| !view.steps.iter().any(|v| v.step == s.step))
        .collect::<Vec<_>>()
    {
        view.steps.push(planned_view(ctx, &catalog, chain, step, knows)?);
    }
    let alone = view.steps.is_empty();
    for request in open.iter().filter(|r| cared_for.contains(&r.id)) {
        let work = Work::of(tx, request.clone())?;
        let here = knows && alone && view.request.as_ref().is_none_or(|id| *id == request.id);
        for mut step in steps_of(tx, ctx, &work, knows)? {
            if step.state != "done" && !view.steps.iter().any(|s| s.step == step.step) {
                // A step of another request is shown, but not offered as one of this plan's.
                step.mine &= here;
                view.steps.push(step);
            }
        }
        if here {
            view.request = Some(request.id.clone());
        }
    }
    view.ready_by = schedule(ctx, chain, &mut view.steps);
    Ok(view)
}

/// Whether a request is about a subject of this chain: its terminal, or the merchant as a whole.
fn concerns(chain: &Chain, request: &Row) -> bool {
    match (&chain.terminal, request.subject_kind.as_str()) {
        (Some(terminal), "terminal") => *terminal == request.subject_id,
        (_, "merchant") => true,
        _ => false,
    }
}

/// Takes the stops out of the world that another kind of open request looks after; the ids of those requests.
fn in_care(chain: &Chain, world: &mut World<'_>, open: &[Row]) -> BTreeSet<String> {
    let mut requests = BTreeSet::new();
    world.stops.retain(|stop| {
        let owner = chain
            .stop(&stop.id)
            .and_then(owner)
            .filter(|id| open.iter().any(|r| r.id == *id));
        owner.is_none_or(|id| {
            requests.insert(id);
            false
        })
    });
    requests
}

/// A step nobody has asked for yet.
fn planned_view(ctx: &Ctx, catalog: &Catalog, chain: &Chain, step: &PlannedStep, knows: bool) -> Done<StepView> {
    let row = super::work::step_row(catalog, &step.step)?;
    Ok(StepView {
        documents: step
            .documents
            .iter()
            .filter_map(|code| asked_document(ctx, code, &[]))
            .collect(),
        fields: step
            .fields
            .iter()
            .filter_map(|code| asked_field(ctx, code, &Evidence::default(), true))
            .collect(),
        serves: step.serves.clone(),
        ..bare(ctx, row, subject(ctx, chain, step.kind, knows))
    })
}

/// A step's texts, not yet anybody's turn.
fn bare(ctx: &Ctx, row: &Step, subject: SubjectRef) -> StepView {
    let texts = row.texts(ctx.lang);
    StepView {
        step: row.code.clone(),
        title: texts.title.clone(),
        why: texts.why.clone(),
        how: texts.how.clone(),
        after: texts.after.clone(),
        kind: code_of(&row.kind),
        actor: code_of(&row.actor),
        actor_name: actor_name(row.actor, ctx.lang).to_owned(),
        subject,
        state: "later".into(),
        promise_by: None,
        promise_assumed: false,
        documents: Vec::new(),
        fields: Vec::new(),
        serves: Vec::new(),
        remark: String::new(),
        mine: false,
        done_at: None,
    }
}

fn subject(ctx: &Ctx, chain: &Chain, kind: SubjectKind, knows: bool) -> SubjectRef {
    if !knows {
        return SubjectRef {
            kind: kind.code().into(),
            id: String::new(),
            label: String::new(),
        };
    }
    let label = if kind == SubjectKind::Merchant {
        chain.merchant_name.clone()
    } else {
        chain.label(kind, ctx.lang)
    };
    let id = chain.link(kind).map(|l| l.id.clone()).unwrap_or_default();
    SubjectRef {
        kind: kind.code().into(),
        id,
        label,
    }
}

/// The steps of a request as they stand.
fn steps_of(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work, knows: bool) -> Done<Vec<StepView>> {
    let documents = if knows {
        store::documents::of_request(tx, &work.request.merchant_id, &work.request.id)?
    } else {
        Vec::new()
    };
    let due = if work.request.state == "open" {
        due(ctx.catalog(), &work.steps)
    } else {
        Vec::new()
    };
    work.steps
        .iter()
        .map(|step| step_view(ctx, work, step, &due, &documents, knows))
        .collect()
}

fn step_view(
    ctx: &Ctx,
    work: &Work,
    step: &StepRow,
    due: &[String],
    documents: &[DocumentRow],
    knows: bool,
) -> Done<StepView> {
    let row = super::work::step_row(ctx.catalog(), &step.step)?;
    let is_due = due.contains(&step.step);
    let evidence = if knows { Evidence::of(step) } else { Evidence::default() };
    let kind = SubjectKind::parse(&step.subject_kind).unwrap_or(row.subject);
    let state = match step.state.as_str() {
        "todo" if is_due => "now",
        "todo" => "later",
        other => other,
    };
    let mut subject = subject(ctx, &work.chain, kind, knows);
    if knows && !step.subject_id.is_empty() {
        subject.id.clone_from(&step.subject_id);
    }
    Ok(StepView {
        state: state.to_owned(),
        promise_by: step.promise_by.filter(|_| step.state != "done"),
        promise_assumed: row.promise.working_days.is_some() && step.promise_by.is_some_and(|at| is_assumed(ctx, at)),
        documents: list_of(&step.documents)
            .iter()
            .filter_map(|c| asked_document(ctx, c, documents))
            .collect(),
        fields: list_of(&step.fields)
            .iter()
            .filter_map(|c| asked_field(ctx, c, &evidence, step.remark.is_empty()))
            .collect(),
        serves: list_of(&step.serves),
        remark: if knows {
            effects::remark_words(ctx, &step.remark)
        } else {
            String::new()
        },
        mine: knows && is_due && !is_review(ctx.catalog(), &step.step) && access::may_act_as(ctx, &row.by),
        done_at: step.done_at,
        ..bare(ctx, row, subject)
    })
}

fn is_assumed(ctx: &Ctx, at: i64) -> bool {
    ctx.platform
        .calendar
        .is_assumed(ctx.platform.zone.date(Time::from_millis(at)))
}

fn asked_document(ctx: &Ctx, code: &str, supplied: &[DocumentRow]) -> Option<DocumentAsked> {
    let row = ctx.catalog().documents.get(code)?;
    Some(DocumentAsked {
        code: code.to_owned(),
        name: row.name.get(ctx.lang).to_owned(),
        hint: row.hint.get(ctx.lang).to_owned(),
        supplied: supplied.iter().filter(|d| d.kind == code).map(document_view).collect(),
    })
}

/// A document without its content.
pub(crate) fn document_view(row: &DocumentRow) -> DocumentView {
    DocumentView {
        id: row.id.clone(),
        file_name: row.file_name.clone(),
        media_type: row.media_type.clone(),
        size: row.size,
        state: row.state.clone(),
        remark: row.remark.clone(),
        uploaded_at: row.uploaded_at,
    }
}

/// A field of a step; what may be blank at first is asked for once the step has come back with a remark.
fn asked_field(ctx: &Ctx, code: &str, evidence: &Evidence, first: bool) -> Option<FieldAsked> {
    let row = ctx.catalog().fields.get(code)?;
    let given = evidence.fields.get(code).cloned().unwrap_or_default();
    Some(FieldAsked {
        code: code.to_owned(),
        name: row.name.get(ctx.lang).to_owned(),
        hint: row.hint.get(ctx.lang).to_owned(),
        check: code_of::<FieldCheck>(&row.check),
        value: given.shown,
        on_record: String::new(),
        remark: given.remark,
        optional: first && effects::may_be_blank(code),
    })
}

/// Fills in the promises of later steps, each counted from the end of those before it, and the first of them as the
/// current one where no request runs yet. The end of all; none where one of them has no promise or no table.
fn schedule(ctx: &Ctx, chain: &Chain, steps: &mut [StepView]) -> Option<i64> {
    let current = steps.iter().any(|s| !matches!(s.state.as_str(), "done" | "later"));
    let first = steps.iter().find(|s| s.state == "later").map(|s| s.step.clone());
    let mut from = ctx.now;
    let mut evidence_until = ctx.now;
    let mut known = !steps.is_empty();
    for step in steps.iter_mut().filter(|s| s.state != "done") {
        // Handed in: nothing more is awaited here, so its old promise counts for nothing.
        if step.state == "submitted" {
            step.promise_by = None;
            continue;
        }
        let Some(row) = ctx.catalog().steps.get(&step.step) else {
            continue;
        };
        let together = i64::from(row.order) < REVIEW_ORDER;
        if !together {
            from = from.max(evidence_until);
        }
        if step.promise_by.is_none() {
            let until = last_end(&chain.stops, &step.serves);
            (step.promise_by, step.promise_assumed) = promised(ctx, row, from, until).unwrap_or_default();
        }
        match step.promise_by.map(Time::from_millis) {
            Some(end) if together => evidence_until = evidence_until.max(end),
            Some(end) => from = from.max(end),
            None => known = false,
        }
        if !current && Some(&step.step) == first.as_ref() {
            step.state = "now".into();
        }
    }
    known
        .then(|| from.max(evidence_until).millis())
        .filter(|_| steps.iter().any(|s| s.state != "done"))
}

/// One request. Merchants, their agent, programs and staff each see those they may.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, request: &str) -> Done<RequestView> {
    let work = Work::load(tx, merchant, request)?;
    access::see(ctx, merchant, &work.chain.agent).map_err(|_| Refused::not_found("request", request))?;
    request_view(tx, ctx, &work)
}

/// A request in words, for an actor who was found to be allowed to see it.
pub(crate) fn request_view(tx: &mut Tx<'_>, ctx: &Ctx, work: &Work) -> Done<RequestView> {
    let r = &work.request;
    let review = store::reviews::open_of(tx, &r.merchant_id, &r.id)?.map(|v| v.id);
    let mut steps = steps_of(tx, ctx, work, true)?;
    if r.state == "open" {
        schedule(ctx, &work.chain, &mut steps);
    }
    Ok(RequestView {
        id: r.id.clone(),
        merchant_id: r.merchant_id.clone(),
        merchant_name: work.chain.merchant_name.clone(),
        kind: r.kind.clone(),
        kind_name: kind_name(ctx, &r.kind),
        subject: request_subject(ctx, r, Some(&work.chain)),
        state: r.state.clone(),
        version: r.version,
        waiting_on: r.waiting_on.clone(),
        waiting_on_name: if r.waiting_on.is_empty() {
            String::new()
        } else {
            actor_words(ctx, &r.waiting_on)
        },
        promise_by: r.promise_by,
        opened_at: r.opened_at,
        closed_at: r.closed_at,
        closed_why: effects::remark_words(ctx, &r.closed_why),
        steps,
        reasons: work.reasons(),
        review,
    })
}

fn kind_name(ctx: &Ctx, kind: &str) -> String {
    ctx.catalog()
        .plans
        .get(kind)
        .map_or_else(|| kind.to_owned(), |p| p.name.get(ctx.lang).to_owned())
}

fn request_subject(ctx: &Ctx, row: &Row, chain: Option<&Chain>) -> SubjectRef {
    let label = match (chain, SubjectKind::parse(&row.subject_kind)) {
        (Some(chain), Some(SubjectKind::Merchant)) => chain.merchant_name.clone(),
        (Some(chain), Some(kind)) => chain.label(kind, ctx.lang),
        _ => String::new(),
    };
    SubjectRef {
        kind: row.subject_kind.clone(),
        id: row.subject_id.clone(),
        label,
    }
}

/// A page of requests, newest first. A merchant's users and an agent's get their own without naming them.
pub fn list(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<RequestRow>> {
    let mut filter = filter.clone();
    if !ctx.may("read_all") && !ctx.may("api_read") {
        if ctx.actor.agent != "-" {
            filter.agent_id.clone_from(&ctx.actor.agent);
        } else if ctx.actor.merchant != "-" && ctx.may("read_own") {
            if !filter.merchant_id.is_empty() && filter.merchant_id != ctx.actor.merchant {
                return Err(Refused::not_found("merchant", filter.merchant_id));
            }
            filter.merchant_id.clone_from(&ctx.actor.merchant);
        } else {
            ctx.need("read_all")?;
        }
    } else if ctx.actor.merchant != "-" {
        filter.merchant_id.clone_from(&ctx.actor.merchant);
    }
    let limit = paging.limit.clamp(1, 200);
    let mut rows = store::requests::list(tx, &filter, paging.cursor.as_deref().unwrap_or_default(), limit + 1)?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    rows.truncate(most);
    let next_cursor = rows.last().filter(|_| has_more).map(|(row, _)| row.id.clone());
    let mut data = Vec::with_capacity(rows.len());
    for (row, merchant_name) in rows {
        let mut subject = request_subject(ctx, &row, None);
        subject.label = store::events::label(tx, &row.merchant_id, &row.subject_kind, &row.subject_id)?
            .unwrap_or_else(|| merchant_name.clone());
        data.push(RequestRow {
            id: row.id.clone(),
            merchant_id: row.merchant_id.clone(),
            merchant_name,
            kind: row.kind.clone(),
            kind_name: kind_name(ctx, &row.kind),
            subject,
            state: row.state.clone(),
            waiting_on_name: if row.waiting_on.is_empty() {
                String::new()
            } else {
                actor_words(ctx, &row.waiting_on)
            },
            waiting_on: row.waiting_on,
            promise_by: row.promise_by,
            opened_at: row.opened_at,
        });
    }
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

/// The code of a catalogue word, as it stands in the tables.
fn code_of<T: serde::Serialize>(word: &T) -> String {
    match json!(word) {
        Value::String(code) => code,
        other => other.to_string(),
    }
}
