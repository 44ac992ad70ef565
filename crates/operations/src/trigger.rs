//! Causes on demand, for tests and demonstrations: brings a terminal under any reason of the catalogue by what would
//! really bring it about (a stop, or the moves that lead to the stage which implies it), and back by carrying out the
//! plan with the system's authority.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{CapabilitySet, Catalog, Reason, StepKind};
use domain::stages::{Machine, SubjectKind, machine};
use domain::time::{Duration, Span, Time};
use domain::world::{Choices, Effects, World};
use serde::Serialize;
use serde_json::{Value, json};
use store::Tx;
use utoipa::ToSchema;

use crate::chain::{self, Chain, NOBODY};
use crate::ctx::{Actor, Ctx};
use crate::merchants;
use crate::moves;
use crate::network;
use crate::refused::{Done, Refused};
use crate::requests;
use crate::stops::{self, Place};
use crate::terminals;

/// What a trigger did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Triggered {
    /// Merchant id.
    pub merchant: String,
    /// Terminal number.
    pub terminal: String,
    /// Reason code.
    pub reason: String,
    /// Brought back rather than stopped.
    pub restored: bool,
    /// What was done, in order: `machine.event`, `stop`, or the steps that were carried out.
    pub did: Vec<String>,
}

/// How long a stop that ends by itself lasts when it is triggered.
enum Lasts {
    Hours(i64),
    Days(i64),
    /// Until the first moment of the next local day.
    Today,
}

/// Stops that end by themselves; any other with a way out that waits for its end lasts two hours.
const LASTING: &[(&str, Lasts)] = &[
    ("platform.maintenance", Lasts::Hours(2)),
    ("platform.upgrade", Lasts::Hours(4)),
    ("merchant.limit_reached", Lasts::Today),
    ("merchant.paused_by_owner", Lasts::Days(30)),
    ("settlement.change_cooling", Lasts::Hours(24)),
    ("settlement.reserve_held", Lasts::Days(30)),
];

/// What is due under a stop whose way out is a payment, in fen.
const AMOUNT_DUE: i64 = 36_000;

/// No plan of a checked catalogue has as many steps.
const MOST_STEPS: usize = 60;

/// Brings the terminal with this number under a reason, or back (`restore`). Takes the permission `test_clock`.
pub fn reason(tx: &mut Tx<'_>, ctx: &mut Ctx, code: &str, terminal_number: &str, restore: bool) -> Done<Triggered> {
    ctx.need("test_clock")?;
    let found =
        terminals::by_number(tx, terminal_number)?.ok_or_else(|| Refused::not_found("terminal", terminal_number))?;
    let actor = std::mem::replace(&mut ctx.actor, Actor::system("trigger"));
    let did = if restore {
        bring_back(tx, ctx, code, &found.merchant, &found.terminal)
    } else {
        provoke(tx, ctx, code, &found.merchant, &found.terminal)
    };
    let did = did.and_then(|did| requests::refresh(tx, ctx, &found.merchant).map(|()| did));
    ctx.actor = actor;
    Ok(Triggered {
        merchant: found.merchant,
        terminal: terminal_number.trim().to_owned(),
        reason: code.to_owned(),
        restored: restore,
        did: did?,
    })
}

fn row<'c>(catalog: &'c Catalog, code: &str) -> Done<&'c Reason> {
    catalog
        .reasons
        .get(code)
        .ok_or_else(|| Refused::not_found("reason", code))
}

/// Brings a terminal under a reason; what was done. Internal: the actor must be one who may place the stop.
pub fn provoke(tx: &mut Tx<'_>, ctx: &mut Ctx, code: &str, merchant: &str, terminal: &str) -> Done<Vec<String>> {
    let catalog = ctx.platform.catalog.clone();
    let reason = row(&catalog, code)?;
    let chain = chain::of_terminal(tx, merchant, terminal)?;
    if let Some((kind, path)) = way_in(&catalog, &chain, code) {
        let id = chain.link(kind).map(|l| l.id.clone()).unwrap_or_default();
        for event in &path {
            moves::apply(tx, ctx, merchant, kind, &id, event)?;
        }
        return Ok(path.iter().map(|event| format!("{}.{event}", kind.code())).collect());
    }
    let link = chain.link(reason.subject).filter(|l| !l.id.is_empty());
    let link = link.ok_or_else(|| {
        let why = domain::text!(
            format!("该终端没有关联的「{}」，此原因无从适用", reason.subject.code()),
            format!(
                "there is no {} behind it for this reason to rest on",
                reason.subject.code()
            ),
        );
        Refused::conflict("terminal", terminal, why)
    })?;
    let place = Place {
        merchant: if reason.subject.of_merchant() {
            merchant.to_owned()
        } else {
            NOBODY.to_owned()
        },
        kind: reason.subject,
        id: link.id.clone(),
        reason: code.to_owned(),
        starts_at: None,
        ends_at: ends_at(ctx, reason),
        details: details(&catalog, reason),
    };
    stops::place(tx, ctx, place)?;
    Ok(vec!["stop".to_owned()])
}

/// The subject and the shortest series of events that lead to a stage which implies the reason, rather to one that
/// something leads out of again. None where no stage
/// does, or none can be reached any more (an active merchant never applies again): then a stop stands for it.
fn way_in(catalog: &Catalog, chain: &Chain, code: &str) -> Option<(SubjectKind, Vec<&'static str>)> {
    let mut ways: Vec<(SubjectKind, bool, Vec<&'static str>)> = Vec::new();
    for ((kind, stage), row) in &catalog.stages {
        let link = chain.link(*kind).filter(|l| !l.id.is_empty());
        let (Some(link), Some(machine)) = (link, machine(*kind)) else {
            continue;
        };
        if row.implies.as_deref() == Some(code)
            && let Some(path) = path(machine, link.stage.as_deref().unwrap_or_default(), stage)
        {
            let leads_on = machine.rows.iter().any(|row| row.0 == stage);
            ways.push((*kind, leads_on, path));
        }
    }
    let best = ways
        .into_iter()
        .min_by_key(|(_, leads_on, path)| (!leads_on, path.len()));
    best.map(|(kind, _, path)| (kind, path))
}

/// The shortest series of events from one stage to another.
fn path(machine: &Machine, from: &str, to: &str) -> Option<Vec<&'static str>> {
    let mut reached: Vec<(&str, Vec<&'static str>)> = vec![(from, Vec::new())];
    let mut next = 0;
    while let Some((stage, events)) = reached.get(next).cloned() {
        if stage == to {
            return Some(events);
        }
        for row in machine.rows.iter().filter(|r| r.0 == stage) {
            if !reached.iter().any(|(known, _)| *known == row.2) {
                let longer = events.iter().copied().chain([row.1]).collect();
                reached.push((row.2, longer));
            }
        }
        next += 1;
    }
    None
}

fn ends_at(ctx: &Ctx, reason: &Reason) -> Option<Time> {
    let waits = |step: &String| ctx.catalog().steps.get(step).is_some_and(|s| s.promise.until_stop_ends);
    let known = LASTING
        .iter()
        .find(|(code, _)| *code == reason.code)
        .map(|(_, lasts)| lasts);
    let zone = &ctx.platform.zone;
    match known {
        Some(Lasts::Hours(n)) => Some(ctx.now + Duration::hours(*n)),
        Some(Lasts::Days(n)) => Some(ctx.now + Duration::days(*n)),
        Some(Lasts::Today) => Some(zone.start_of(zone.date(zone.add(ctx.now, Span::days(1))))),
        None => reason
            .ways_out
            .iter()
            .flatten()
            .any(waits)
            .then(|| ctx.now + Duration::hours(2)),
    }
}

fn details(catalog: &Catalog, reason: &Reason) -> Value {
    let pays = |step: &String| catalog.steps.get(step).is_some_and(|s| s.kind == StepKind::Payment);
    if reason.ways_out.iter().flatten().any(pays) {
        json!({ "amount": AMOUNT_DUE })
    } else {
        json!({})
    }
}

/// Carries out, step by step, what the reason's way out asks, and whatever else blocks what it blocks; the steps.
fn bring_back(tx: &mut Tx<'_>, ctx: &mut Ctx, code: &str, merchant: &str, terminal: &str) -> Done<Vec<String>> {
    let catalog = ctx.platform.catalog.clone();
    if row(&catalog, code)?.r#final {
        return Err(Refused::conflict(
            "reason",
            code,
            domain::text!(
                "这是终局决定，只能申诉或重新申请",
                "it is final: only an appeal can lift it, or a new application"
            ),
        ));
    }
    let choices: Choices = BTreeMap::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut did = Vec::new();
    while did.len() < MOST_STEPS {
        let chain = chain::of_terminal(tx, merchant, terminal)?;
        let mut world = chain.world(&catalog, done.clone());
        world
            .stops
            .retain(|s| s.starts_at <= ctx.now && s.ends_at.is_none_or(|end| ctx.now < end));
        let Some(step) = next_step(&world, code, &choices)? else {
            return Ok(did);
        };
        let follows = world.carry_out(&step, &choices, ctx.now);
        done = world.done;
        write(tx, ctx, &chain, &step, &follows)?;
        did.push(step);
    }
    Err(Refused::Inconsistent(format!(
        "the steps of «{code}» bring each other back; run `catalog check`"
    )))
}

/// The first step, in the order of the table, of the causes that are to go: the reason itself, and with it whatever
/// blocks anything that is blocked now. None when nothing is left to do.
fn next_step(world: &World<'_>, code: &str, choices: &Choices) -> Done<Option<String>> {
    let catalog = world.catalog;
    let wanted: CapabilitySet = world.blocked();
    let mut asked: Vec<(u16, &str)> = Vec::new();
    for cause in world
        .causes()
        .iter()
        .filter(|c| c.hidden_by.is_none() && !c.reason.r#final)
    {
        if cause.reason.code != code && !catalog.blocked_by(&cause.reason.code).touches(wanted) {
            continue;
        }
        let way = World::way_out(cause.reason, choices);
        let rest: Vec<_> = way
            .iter()
            .filter(|s| !world.done.contains(*s))
            .filter_map(|s| catalog.steps.get(s))
            .map(|s| (s.order, s.code.as_str()))
            .collect();
        if rest.is_empty() {
            let why = domain::text!(
                "其恢复步骤均已完成，但原因仍在；请运行 `catalog check`",
                "every step of its way out is done and it still holds; run `catalog check`"
            );
            return Err(Refused::conflict("reason", &cause.reason.code, why));
        }
        asked.extend(rest);
    }
    Ok(asked.into_iter().min().map(|(_, step)| step.to_owned()))
}

/// Writes what a step brings about, by the functions everything else uses.
fn write(tx: &mut Tx<'_>, ctx: &mut Ctx, chain: &Chain, step: &str, follows: &Effects) -> Done<()> {
    let merchant = chain.merchant.as_str();
    for stop in follows.lifted.iter().filter_map(|s| chain.stop(&s.id)) {
        stops::end(tx, ctx, stop, &format!("triggered: «{step}» was carried out"))?;
    }
    let renews = ctx
        .catalog()
        .steps
        .get(step)
        .map_or_else(Vec::new, |row| row.renews.clone());
    for stop in chain
        .stops
        .iter()
        .filter(|s| renews.iter().any(|kind| kind.code() == s.subject_kind))
    {
        stops::end(tx, ctx, stop, &format!("triggered: «{step}» was carried out"))?;
    }
    for (kind, event, _) in &follows.moves {
        if renews.contains(kind) && !renewed(tx, ctx, chain, *kind, event)? {
            continue;
        }
        if let Some(link) = chain.link(*kind).filter(|l| !l.id.is_empty()) {
            moves::apply(tx, ctx, merchant, *kind, &link.id, event)?;
            moved(tx, ctx, chain, *kind, event)?;
        }
    }
    for (reason, kind) in &follows.placed {
        let Some(link) = chain.link(*kind).filter(|l| !l.id.is_empty()) else {
            continue;
        };
        let owner = if kind.of_merchant() { merchant } else { NOBODY };
        if store::stops::find_live(tx, owner, (kind.code(), &link.id), reason)?.is_none() {
            let place = Place {
                merchant: merchant.to_owned(),
                kind: *kind,
                id: link.id.clone(),
                reason: reason.clone(),
                starts_at: None,
                ends_at: None,
                details: json!({ "placed_by_step": step }),
            };
            stops::place(tx, ctx, place)?;
        }
    }
    beside(tx, ctx, chain, step)
}

/// Prepares the first move of a subject that a step puts in another's place: here the same one serves again, so that
/// whoever tests with its serial number and keys goes on with them. False where it never left its service.
fn renewed(tx: &mut Tx<'_>, ctx: &mut Ctx, chain: &Chain, kind: SubjectKind, event: &str) -> Done<bool> {
    let (Some(link), Some(machine)) = (chain.link(kind).filter(|l| !l.id.is_empty()), machine(kind)) else {
        return Ok(false);
    };
    let stage = link.stage.as_deref().unwrap_or_default();
    if ctx.catalog().implied(kind, stage).is_none() {
        return Ok(false);
    }
    let from = machine
        .rows
        .iter()
        .find(|row| row.1 == event)
        .map_or(machine.start, |row| row.0);
    let back = path(machine, stage, from).ok_or_else(|| {
        let why = domain::text!(
            "它不能再用了，请为该终端更换机具",
            "it never serves again; replace the device of this terminal"
        );
        Refused::conflict(kind.code(), &link.id, why)
    })?;
    for event in back {
        moves::apply(tx, ctx, &chain.merchant, kind, &link.id, event)?;
    }
    Ok(true)
}

/// What some moves note beside the stage.
fn moved(tx: &mut Tx<'_>, ctx: &mut Ctx, chain: &Chain, kind: SubjectKind, event: &str) -> Done<()> {
    let merchant = chain.merchant.as_str();
    let id = chain.link(kind).map(|l| l.id.as_str()).unwrap_or_default();
    match (kind, event) {
        (SubjectKind::Merchant, "approve") => merchants::note_active(tx, ctx, merchant),
        (SubjectKind::Contract, "sign") => merchants::note_signed(tx, ctx, merchant),
        (SubjectKind::SettlementAccount, "verify") => {
            Ok(store::parties::set_effective(tx, merchant, id, ctx.now.millis())?)
        }
        (SubjectKind::Registration, "file" | "refile") => network::note_sent(tx, ctx, merchant, id),
        (SubjectKind::Registration, "accept") => network::note_accepted(tx, ctx, merchant, id),
        _ => Ok(()),
    }
}

/// What some steps do beside stages and stops.
fn beside(tx: &mut Tx<'_>, ctx: &mut Ctx, chain: &Chain, step: &str) -> Done<()> {
    match (step, &chain.terminal) {
        ("verify_identity", Some(terminal)) => terminals::note_verified(tx, ctx, &chain.merchant, terminal),
        ("assign_agent", _) => Ok(store::parties::set_agent(tx, &chain.merchant, NOBODY)?),
        _ => Ok(()),
    }
}
