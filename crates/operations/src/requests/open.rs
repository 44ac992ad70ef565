//! Opening a request, choosing another way out, and withdrawing.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, PlanRow};
use domain::gate::in_force;
use domain::ids::RequestId;
use domain::stages::SubjectKind;
use domain::world::World;
use serde_json::json;
use store::Tx;
use store::requests::RequestRow;

use super::access;
use super::carry::happened;
use super::close;
use super::preflight;
use super::replan::replan;
use super::views::request_view;
use super::work::{Details, RESTORATION, Work, as_system, cause_keys, chain_of, json, plan_row, world_of};
use crate::chain::Chain;
use crate::ctx::Ctx;
use crate::explain::actor_text;
use crate::refused::{Done, Refused};
use crate::stops::{self, Place};
use crate::trace::{self, Change, Happened};
use crate::views::RequestView;

/// A request to be opened.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// Request kind, a code of `plans.toml`.
    pub kind: String,
    /// Merchant id.
    pub merchant: String,
    /// Kind of subject; for a restoration `terminal` or `merchant`.
    pub subject_kind: String,
    /// Subject id.
    pub subject_id: String,
    /// Which way out was chosen, by reason; a reason not named takes its first. An appeal names the reasons it disputes.
    pub choices: BTreeMap<String, usize>,
    /// A restoration brings back this capability only; none: everything that is blocked.
    pub capability: Option<String>,
}

/// Another way out for a reason of an open request.
#[derive(Clone, Debug)]
pub struct Choose {
    /// Merchant id.
    pub merchant: String,
    /// Request id.
    pub request: String,
    /// Reason code.
    pub reason: String,
    /// Index into the reason's ways out.
    pub alternative: usize,
}

/// A kind may not be opened while this capability is stopped.
const NEEDS: [(&str, &str); 1] = [("settlement_account_change", "settlement_account_change")];

/// Opens a request: its steps are computed, what lasts as long as it is placed, and the first turn given.
pub fn open(tx: &mut Tx<'_>, ctx: &mut Ctx, command: Open) -> Done<RequestView> {
    let catalog = ctx.platform.catalog.clone();
    let row = plan_row(&catalog, &command.kind)?;
    let kind = subject_kind(row, &command)?;
    let chain = chain_of(tx, &command.merchant, kind.code(), &command.subject_id)?;
    access::see(ctx, &command.merchant, &chain.agent)?;
    if ctx.actor.role != "system" && !access::may_act_as(ctx, &row.opened_by) {
        return Err(Refused::NotPermitted {
            actor: ctx.actor.id.clone(),
            permission: "act_own",
        });
    }
    if command.subject_id.is_empty() || chain.link(kind).is_none_or(|l| l.id != command.subject_id) {
        return Err(Refused::not_found(
            "subject",
            format!("{} {}", kind.code(), command.subject_id),
        ));
    }
    let wanted = wanted(&catalog, &command)?;
    may_now(ctx, &catalog, &chain, &command)?;
    preflight::of_kind(tx, ctx, &command)?;
    let choices = choices(&catalog, &chain, ctx, &command)?;
    let mut work = insert(tx, ctx, &command, &choices, wanted)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.open",
            merchant: &command.merchant,
            kind: "request",
            id: &work.request.id,
            before: String::new(),
            after: "open".into(),
            details: json!({ "kind": command.kind, "subject": command.subject_id, "choices": choices }),
        },
    )?;
    happened(
        tx,
        ctx,
        &work,
        "request.opened",
        json!({ "kind": command.kind }),
        &audit,
    )?;
    if command.kind == "settlement_account_change" {
        trace::event(
            tx,
            ctx,
            Happened {
                kind: "settlement_account.change_requested",
                merchant: &command.merchant,
                subject_kind: "settlement_account",
                subject: &command.subject_id,
                terminal: "-",
                data: json!({ "request_id": work.request.id }),
                audit: &audit,
            },
        )?;
    }
    place_own(tx, ctx, &mut work, row)?;
    replan(tx, ctx, &mut work)?;
    if work.request.state != "open" {
        return Err(nothing_to_do(&catalog, &chain, ctx, &command));
    }
    request_view(tx, ctx, &work)
}

fn subject_kind(row: &PlanRow, command: &Open) -> Done<SubjectKind> {
    let kind = SubjectKind::parse(&command.subject_kind);
    let fits = kind == Some(row.subject) || (row.code == RESTORATION && kind == Some(SubjectKind::Merchant));
    kind.filter(|_| fits).ok_or_else(|| {
        Refused::field(
            "subject_kind",
            "kind",
            format!("这种申请的对象应为「{}」", row.subject.code()),
            format!("a request of this kind is about a {}", row.subject.code()),
        )
    })
}

/// The bits of the one capability that was asked for; none: all.
fn wanted(catalog: &Catalog, command: &Open) -> Done<Option<u64>> {
    let Some(code) = &command.capability else {
        return Ok(None);
    };
    let bit = catalog.bit(code).ok_or_else(|| {
        Refused::field(
            "capability",
            "unknown",
            format!("没有「{code}」这项功能"),
            format!("there is no capability «{code}»"),
        )
    })?;
    Ok(Some(domain::catalog::CapabilitySet::EMPTY.with(bit).0))
}

/// Refuses a kind whose capability is stopped.
pub(super) fn may_now(ctx: &Ctx, catalog: &Catalog, chain: &Chain, command: &Open) -> Done<()> {
    let Some((_, capability)) = NEEDS.iter().find(|(kind, _)| *kind == command.kind) else {
        return Ok(());
    };
    let world = world_of(chain, catalog, ctx.now, BTreeSet::new(), &BTreeSet::new());
    let now = World {
        stops: in_force(&world.stops, ctx.now),
        ..world
    };
    let Some(bit) = catalog.bit(capability) else {
        return Ok(());
    };
    let causes: Vec<String> = now
        .causes()
        .iter()
        .filter(|c| c.hidden_by.is_none() && catalog.blocked_by(&c.reason.code).has(bit))
        .map(|c| c.reason.code.clone())
        .collect();
    if causes.is_empty() {
        return Ok(());
    }
    Err(Refused::Blocked {
        capability: (*capability).to_owned(),
        subject: format!("{} {}", command.subject_kind, command.subject_id),
        causes,
    })
}

/// The choices as kept: only ways that exist. An appeal keeps the reasons it disputes.
fn choices(catalog: &Catalog, chain: &Chain, ctx: &Ctx, command: &Open) -> Done<BTreeMap<String, usize>> {
    if command.kind == "appeal" {
        let world = world_of(chain, catalog, ctx.now, BTreeSet::new(), &BTreeSet::new());
        let mut disputed: BTreeMap<String, usize> = world
            .causes()
            .iter()
            .filter(|c| c.reason.appealable)
            .map(|c| (c.reason.code.clone(), 0))
            .collect();
        if !command.choices.is_empty() {
            disputed.retain(|reason, _| command.choices.contains_key(reason));
        }
        if disputed.is_empty() {
            return Err(Refused::conflict(
                "appeal",
                &command.subject_id,
                domain::text!(
                    "所列的决定已不生效，或不能申诉",
                    "none of the decisions named is in force and open to an appeal"
                ),
            ));
        }
        return Ok(disputed);
    }
    for (reason, way) in &command.choices {
        exists(catalog, reason, *way)?;
    }
    Ok(command.choices.clone())
}

fn exists(catalog: &Catalog, reason: &str, way: usize) -> Done<()> {
    if catalog.reasons.get(reason).is_some_and(|r| r.ways_out.len() > way) {
        return Ok(());
    }
    Err(Refused::field(
        "choices",
        "unknown",
        format!("原因「{reason}」没有第 {} 种恢复方式", way + 1),
        format!("«{reason}» has no way out number {}", way + 1),
    ))
}

fn insert(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    command: &Open,
    choices: &BTreeMap<String, usize>,
    wanted: Option<u64>,
) -> Done<Work> {
    let details = Details {
        wanted: wanted.unwrap_or(0),
        only: wanted.is_some(),
        ..Details::default()
    };
    let id: RequestId = ctx.ids.id(ctx.now);
    let request = RequestRow {
        merchant_id: command.merchant.clone(),
        id: id.to_string(),
        kind: command.kind.clone(),
        subject_kind: command.subject_kind.clone(),
        subject_id: command.subject_id.clone(),
        state: "open".into(),
        version: 1,
        choices: json(choices)?,
        details: json(&details)?,
        opened_by: ctx.actor.id.clone(),
        opened_by_person: ctx.actor.person.clone(),
        opened_at: ctx.now.millis(),
        waiting_on: String::new(),
        promise_by: None,
        closed_at: None,
        closed_why: String::new(),
    };
    if store::requests::insert(tx, &request)? {
        return Work::of(tx, request);
    }
    let subject = (command.subject_kind.as_str(), command.subject_id.as_str());
    let there = store::requests::find_open(tx, &command.merchant, &command.kind, subject)?;
    let (key, waiting) = there.map_or_else(Default::default, |r| (r.id, actor_text(&r.waiting_on)));
    Err(Refused::conflict(
        "request",
        key,
        domain::text!(
            format!("已有同类申请在办理，正等待{}；请继续办理该申请", waiting.zh),
            format!(
                "a request of this kind is open for this subject already; it waits for {}. Continue that one",
                waiting.en
            ),
        ),
    ))
}

/// Places the stops that last as long as the request. For kinds with fixed steps, what is there at the opening is not
/// taken up as if it had come on the way.
fn place_own(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, row: &PlanRow) -> Done<()> {
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    for code in &row.places {
        let Some(kind) = ctx.catalog().reasons.get(code).map(|r| r.subject) else {
            continue;
        };
        let id = work.subject(kind);
        let owner = if kind.of_merchant() { merchant.as_str() } else { "-" };
        if id.is_empty() || store::stops::find_live(tx, owner, (kind.code(), &id), code)?.is_some() {
            continue;
        }
        let place = Place {
            merchant: merchant.clone(),
            kind,
            id,
            reason: code.clone(),
            starts_at: None,
            ends_at: None,
            details: json!({ "request": request }),
        };
        let placed = as_system(ctx, &request, |ctx| stops::place(tx, ctx, place))?;
        work.details.own_stops.push(placed.id);
    }
    if !work.is_restoration() {
        work.reload_chain(tx)?;
        let catalog = ctx.platform.catalog.clone();
        let world = work.world(&catalog, ctx.now, BTreeSet::new());
        work.details.seen = cause_keys(&world);
    }
    Ok(())
}

/// Why there is nothing to restore: nothing is blocked, others look after it, or no step brings it back.
fn nothing_to_do(catalog: &Catalog, chain: &Chain, ctx: &Ctx, command: &Open) -> Refused {
    let world = chain.world(catalog, BTreeSet::new());
    let now = World {
        stops: in_force(&world.stops, ctx.now),
        ..world
    };
    let finals: Vec<&str> = now
        .causes()
        .iter()
        .filter(|c| c.reason.r#final)
        .map(|c| c.reason.code.as_str())
        .collect();
    let why = if finals.is_empty() {
        domain::text!(
            "这里没有可由步骤恢复的停用；可能已有其他申请在办理",
            "nothing is blocked here that a step could bring back; another open request may be looking after it"
        )
    } else {
        let finals = finals.join(", ");
        domain::text!(
            format!("没有步骤可以恢复（{finals}）；可以申诉，或重新申请"),
            format!("no step brings it back ({finals}); lodge an appeal or apply anew"),
        )
    };
    Refused::conflict("restoration", &command.subject_id, why)
}

/// Takes another way out for a reason; the steps follow. Steps that were done count where both ways have them.
pub fn choose(tx: &mut Tx<'_>, ctx: &mut Ctx, command: Choose) -> Done<RequestView> {
    let mut work = for_its_people(tx, ctx, &command.merchant, &command.request)?;
    let catalog = ctx.platform.catalog.clone();
    exists(&catalog, &command.reason, command.alternative)?;
    if !work.is_restoration() || !work.reasons().contains(&command.reason) {
        return Err(Refused::conflict(
            "request",
            &command.request,
            domain::text!(
                format!("本申请不处理「{}」，请在其所列原因中选择", command.reason),
                format!(
                    "it does not work on «{}»; choose among the reasons it names",
                    command.reason
                ),
            ),
        ));
    }
    work.choices.insert(command.reason.clone(), command.alternative);
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.choose",
            merchant: &command.merchant,
            kind: "request",
            id: &command.request,
            before: work.request.choices.clone(),
            after: json(&work.choices)?,
            details: json!({ "reason": command.reason, "alternative": command.alternative }),
        },
    )?;
    happened(
        tx,
        ctx,
        &work,
        "request.chosen",
        json!({ "reason": command.reason }),
        &audit,
    )?;
    replan(tx, ctx, &mut work)?;
    request_view(tx, ctx, &work)
}

/// Withdraws an open request. What it had placed ends; a settlement account not yet in effect never takes effect.
pub fn withdraw(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, request: &str, why: &str) -> Done<RequestView> {
    let mut work = for_its_people(tx, ctx, merchant, request)?;
    close::withdraw(tx, ctx, &mut work, why)?;
    super::replan::refresh_but(tx, ctx, merchant, request)?;
    request_view(tx, ctx, &work)
}

/// An open request, for those who may open its kind.
fn for_its_people(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, request: &str) -> Done<Work> {
    let work = Work::load(tx, merchant, request)?;
    access::see(ctx, merchant, &work.chain.agent).map_err(|_| Refused::not_found("request", request))?;
    let row = plan_row(ctx.catalog(), &work.request.kind)?;
    if ctx.actor.role != "system" && !access::may_act_as(ctx, &row.opened_by) {
        return Err(Refused::NotPermitted {
            actor: ctx.actor.id.clone(),
            permission: "act_own",
        });
    }
    work.need_open()?;
    Ok(work)
}
