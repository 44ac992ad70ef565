//! Placing, previewing and lifting stops. A stop is the only way a person, rule or job takes a capability away; a
//! reason that follows from a stage is never placed by hand.

use domain::ids::StopId;
use domain::names::Lang;
use domain::stages::SubjectKind;
use domain::time::Time;
use serde_json::{Value, json};
use store::Tx;
pub use store::stops::Filter;
use store::stops::StopRow;

use crate::chain::{NETWORK, NOBODY, PLATFORM};
use crate::ctx::Ctx;
use crate::gates;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};
use crate::views::{Page, Paging, StopPreview, StopView, SubjectRef};
use crate::{people, requests};

/// A stop to be placed.
#[derive(Clone, Debug)]
pub struct Place {
    /// Merchant id, or `-` for a subject of the platform, an agent, a region, the network or a model.
    pub merchant: String,
    /// Kind of subject; must be the reason's.
    pub kind: SubjectKind,
    /// Subject id.
    pub id: String,
    /// Reason code.
    pub reason: String,
    /// When it takes effect; none: now. Later than now: it is announced.
    pub starts_at: Option<Time>,
    /// When it ends by itself.
    pub ends_at: Option<Time>,
    /// Facts for staff and steps (amount due, case number, window); never sensitive values.
    pub details: Value,
}

/// Most terminals a preview counts; beyond it the answer says «at least».
const PREVIEW_LIMIT: i64 = 100_000;

/// Places a stop. People need the permission, a role the reason names, and a reason in words.
pub fn place(tx: &mut Tx<'_>, ctx: &mut Ctx, place: Place) -> Done<StopView> {
    let row = prepared(tx, ctx, &place)?;
    if let Some(live) =
        store::stops::find_live(tx, &row.merchant_id, (&row.subject_kind, &row.subject_id), &row.reason)?
    {
        return Err(Refused::conflict(
            "stop",
            live.id,
            domain::text!(
                "该对象已因此原因停用",
                "this subject is already under a stop of this reason"
            ),
        ));
    }
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "stops.place",
            merchant: &row.merchant_id,
            kind: place.kind.code(),
            id: &row.subject_id,
            before: String::new(),
            after: format!("{}@{}", row.reason, row.starts_at),
            details: json!({ "stop": row.id, "reason": row.reason, "starts_at": row.starts_at, "ends_at": row.ends_at }),
        },
    )?;
    store::stops::insert(tx, &row)?;
    gates::forget(tx, place.kind, &place.merchant)?;
    tell(
        tx,
        ctx,
        &row,
        if row.started { "stop.started" } else { "stop.announced" },
        &audit,
    )?;
    if ctx.actor.role != "system" {
        plan_again(tx, ctx, &row)?;
    }
    Ok(view(ctx, &row))
}

/// Open requests of the merchant follow what changed.
fn plan_again(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &StopRow) -> Done<()> {
    if row.merchant_id == NOBODY {
        Ok(())
    } else {
        requests::refresh(tx, ctx, &row.merchant_id)
    }
}

/// Checks a stop and makes its row, without writing it.
fn prepared(tx: &mut Tx<'_>, ctx: &mut Ctx, place: &Place) -> Done<StopRow> {
    let reason = ctx
        .catalog()
        .reasons
        .get(&place.reason)
        .ok_or_else(|| {
            Refused::field(
                "reason",
                "unknown",
                format!("目录里没有原因「{}」，请从原因目录中选择", place.reason),
                format!(
                    "the catalogue has no reason «{}»; choose one of its reasons",
                    place.reason
                ),
            )
        })?
        .clone();
    if ctx.actor.role != "system" {
        ctx.need("place_stop")?;
        if !reason.place.contains(&ctx.actor.role) {
            return Err(Refused::NotPermitted {
                actor: ctx.actor.id.clone(),
                permission: "place_stop",
            });
        }
        if ctx.why.trim().is_empty() {
            return Err(Refused::field(
                "why",
                "required",
                "请写明停用依据，它会进入审计记录",
                "say why; it goes into the audit log",
            ));
        }
    }
    let implied = ctx
        .catalog()
        .stages
        .values()
        .any(|s| s.implies.as_deref() == Some(reason.code.as_str()));
    if implied && ctx.actor.role != "system" {
        return Err(Refused::conflict(
            "reason",
            reason.code,
            domain::text!(
                "该原因由所处阶段决定，不能手工停用；请提出改变阶段的申请",
                "it follows from a stage and cannot be placed by hand; open the request that changes the stage"
            ),
        ));
    }
    if reason.subject != place.kind {
        return Err(Refused::field(
            "subject",
            "kind",
            format!("此原因只能用于「{}」", reason.subject.code()),
            format!("this reason rests on a {}", reason.subject.code()),
        ));
    }
    exists(tx, place)?;
    let starts_at = place.starts_at.unwrap_or(ctx.now).max(ctx.now);
    if place.ends_at.is_some_and(|end| end <= starts_at) {
        return Err(Refused::field(
            "ends_at",
            "order",
            "结束时间必须晚于开始时间",
            "the end must be later than the start",
        ));
    }
    let id: StopId = ctx.ids.id(ctx.now);
    Ok(StopRow {
        merchant_id: if place.kind.of_merchant() {
            place.merchant.clone()
        } else {
            NOBODY.to_owned()
        },
        id: id.to_string(),
        subject_kind: place.kind.code().to_owned(),
        subject_id: place.id.clone(),
        reason: reason.code,
        announced_at: ctx.now.millis(),
        starts_at: starts_at.millis(),
        ends_at: place.ends_at.map(Time::millis),
        details: place.details.to_string(),
        placed_by: ctx.actor.id.clone(),
        placed_why: ctx.why.clone(),
        lifted_at: None,
        lifted_by: None,
        lifted_why: None,
        started: starts_at <= ctx.now,
    })
}

fn exists(tx: &mut Tx<'_>, place: &Place) -> Done<()> {
    let there = match place.kind {
        SubjectKind::Platform => place.id == PLATFORM,
        SubjectKind::Network => place.id == NETWORK,
        SubjectKind::Region | SubjectKind::Model => !place.id.is_empty(),
        kind => store::moves::stage(tx, kind.code(), &place.merchant, &place.id)?.is_some(),
    };
    if there {
        Ok(())
    } else {
        Err(Refused::not_found(place.kind.code(), place.id.clone()))
    }
}

/// What placing would do: whom it reaches, what stops, what they will read. Nothing is written.
pub fn preview(tx: &mut Tx<'_>, ctx: &mut Ctx, place: &Place) -> Done<StopPreview> {
    let row = prepared(tx, ctx, place)?;
    let blocked = ctx.catalog().blocked_by(&row.reason);
    let reached = store::chain::terminals_under(tx, place.kind.code(), &place.id, "", PREVIEW_LIMIT)?;
    let mut merchants: Vec<&str> = reached.iter().map(|(m, _, _)| m.as_str()).collect();
    merchants.sort_unstable();
    merchants.dedup();
    let examples = reached
        .iter()
        .take(20)
        .map(|(_, id, number)| SubjectRef {
            kind: "terminal".into(),
            id: id.clone(),
            label: number.clone(),
        })
        .collect();
    let catalog = ctx.catalog();
    let reason = catalog.reasons.get(&row.reason);
    let names = |works: bool| {
        let mut rows: Vec<_> = catalog.capabilities.values().collect();
        rows.sort_by_key(|c| c.bit);
        rows.into_iter()
            .filter(|c| blocked.has(c.bit) != works)
            .map(|c| c.name.get(ctx.lang).to_owned())
            .collect()
    };
    Ok(StopPreview {
        stop: view(ctx, &row),
        merchants: i64::try_from(merchants.len()).unwrap_or(i64::MAX),
        terminals: i64::try_from(reached.len()).unwrap_or(i64::MAX),
        examples,
        stops: names(false),
        still_works: names(true),
        merchant_text: reason.map(|r| r.texts(ctx.lang).merchant.clone()).unwrap_or_default(),
        way_out: reason
            .and_then(|r| r.ways_out.first())
            .into_iter()
            .flatten()
            .filter_map(|s| catalog.steps.get(s))
            .map(|s| s.texts(ctx.lang).title.clone())
            .collect(),
        approvals_to_lift: reason.map_or(1, |r| r.lift.approvals),
    })
}

/// Lifts a stop by hand. Only where one pair of eyes besides the placer's is enough; else its plan lifts it.
pub fn lift(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str, why: &str) -> Done<StopView> {
    ctx.need("lift_stop")?;
    let row = store::stops::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("stop", id))?;
    if row.lifted_at.is_some() {
        return Err(Refused::conflict(
            "stop",
            id,
            domain::text!("该停用此前已解除", "it was lifted before"),
        ));
    }
    let reason = ctx.catalog().reasons.get(&row.reason).cloned();
    if let Some(reason) = reason {
        if reason.lift.approvals > 1 {
            return Err(Refused::conflict(
                "stop",
                id,
                domain::text!(
                    "须由两人同意：请提出恢复申请，审核通过后解除",
                    "two people must agree: open a restoration request; its review lifts the stop"
                ),
            ));
        }
        if ctx.actor.role != "system" && !reason.lift.by.contains(&ctx.actor.role) {
            return Err(Refused::NotPermitted {
                actor: ctx.actor.id.clone(),
                permission: "lift_stop",
            });
        }
    }
    if ctx.actor.role != "system" && people::is_same_person(tx, ctx, &row.placed_by)? {
        return Err(Refused::SamePerson(domain::text!(
            "下达停用的人不能自行解除",
            "whoever placed a stop does not lift it"
        )));
    }
    if why.trim().is_empty() {
        return Err(Refused::field(
            "why",
            "required",
            "请写明解除依据",
            "say why it is lifted",
        ));
    }
    end(tx, ctx, &row, why)?;
    plan_again(tx, ctx, &row)?;
    let lifted = store::stops::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("stop", id))?;
    Ok(view(ctx, &lifted))
}

/// Ends a stop for a plan, a job or a trigger that has established that it may end. Internal: asks no permission.
pub fn end(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &StopRow, why: &str) -> Done<()> {
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "stops.end",
            merchant: &row.merchant_id,
            kind: &row.subject_kind,
            id: &row.subject_id,
            before: format!("{}@{}", row.reason, row.starts_at),
            after: String::new(),
            details: json!({ "stop": row.id, "reason": row.reason, "why": why }),
        },
    )?;
    store::stops::lift(tx, row, ctx.now.millis(), &ctx.actor.id, why)?;
    if let Some(kind) = SubjectKind::parse(&row.subject_kind) {
        gates::forget(tx, kind, &row.merchant_id)?;
    }
    let event = if row.started { "stop.cleared" } else { "stop.cancelled" };
    tell(tx, ctx, row, event, &audit)
}

fn tell(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &StopRow, event: &'static str, audit: &str) -> Done<()> {
    let terminal = terminal_of(tx, row)?;
    trace::event(
        tx,
        ctx,
        Happened {
            kind: event,
            merchant: &row.merchant_id,
            subject_kind: &row.subject_kind,
            subject: &row.subject_id,
            terminal: &terminal,
            data: json!({
                "stop": row.id, "reason": row.reason, "starts_at": row.starts_at, "ends_at": row.ends_at,
            }),
            audit,
        },
    )?;
    Ok(())
}

/// The terminal whose time-line shows a stop: its own, or the one its device or registration belongs to.
fn terminal_of(tx: &mut Tx<'_>, row: &StopRow) -> Done<String> {
    Ok(match row.subject_kind.as_str() {
        "terminal" => row.subject_id.clone(),
        "device" | "registration" => {
            let under = store::chain::terminals_under(tx, &row.subject_kind, &row.subject_id, "", 1)?;
            under
                .into_iter()
                .next()
                .map_or_else(|| NOBODY.to_owned(), |(_, id, _)| id)
        }
        _ => NOBODY.to_owned(),
    })
}

/// What [`tick`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Announced stops whose start was told.
    pub started: usize,
    /// Stops whose scheduled end came.
    pub ended: usize,
}

/// Tells the start of announced stops and ends those whose time is up; at most `limit` of each. The gate itself needs
/// no tick: it reads the dates.
pub fn tick(tx: &mut Tx<'_>, ctx: &mut Ctx, limit: i64) -> Done<Ticked> {
    let mut ticked = Ticked::default();
    for row in store::stops::due_to_start(tx, ctx.now.millis(), limit)? {
        store::stops::mark_started(tx, &row.merchant_id, &row.id)?;
        let audit = trace::audit(
            tx,
            ctx,
            Change {
                command: "stops.start",
                merchant: &row.merchant_id,
                kind: &row.subject_kind,
                id: &row.subject_id,
                before: "announced".into(),
                after: "in force".into(),
                details: json!({ "stop": row.id, "reason": row.reason }),
            },
        )?;
        tell(tx, ctx, &row, "stop.started", &audit)?;
        ticked.started += 1;
    }
    for row in store::stops::due_to_end(tx, ctx.now.millis(), limit)? {
        end(tx, ctx, &row, "its scheduled end came")?;
        plan_again(tx, ctx, &row)?;
        ticked.ended += 1;
    }
    Ok(ticked)
}

/// A page of stops, newest first.
pub fn list(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<StopView>> {
    let mut filter = filter.clone();
    if !ctx.may("read_all") {
        // A merchant sees its own, an agent those of one of its merchants at a time.
        if filter.merchant_id.is_empty() && ctx.actor.merchant != NOBODY {
            filter.merchant_id.clone_from(&ctx.actor.merchant);
        }
        let agent = store::chain::of_merchant(tx, &filter.merchant_id)?.map(|row| row.agent_id);
        let agent = agent.as_deref().unwrap_or(NOBODY);
        ctx.need_merchant(&filter.merchant_id, agent, "read_own", "read_all")?;
    }
    let limit = paging.limit.clamp(1, 200);
    let mut rows = store::stops::list(tx, &filter, paging.cursor.as_deref().unwrap_or(""), limit + 1)?;
    let has_more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next_cursor = if has_more {
        rows.last().map(|r| r.id.clone())
    } else {
        None
    };
    Ok(Page {
        data: rows.iter().map(|r| view(ctx, r)).collect(),
        has_more,
        next_cursor,
    })
}

/// One stop, for staff.
pub fn one(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, id: &str) -> Done<StopView> {
    ctx.need("read_all")?;
    let row = store::stops::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("stop", id))?;
    Ok(view(ctx, &row))
}

/// A stop row in words.
pub fn view(ctx: &Ctx, row: &StopRow) -> StopView {
    let now = ctx.now.millis();
    let state = if row.lifted_at.is_some() {
        "lifted"
    } else if now < row.starts_at {
        "announced"
    } else if row.ends_at.is_some_and(|end| end <= now) {
        "ended"
    } else {
        "in_force"
    };
    let staff = ctx.may("read_all");
    let title = ctx
        .catalog()
        .reasons
        .get(&row.reason)
        .map(|r| r.texts(ctx.lang).title.clone());
    StopView {
        id: row.id.clone(),
        merchant_id: row.merchant_id.clone(),
        subject: SubjectRef {
            kind: row.subject_kind.clone(),
            id: row.subject_id.clone(),
            label: String::new(),
        },
        reason: row.reason.clone(),
        title: title.unwrap_or_else(|| row.reason.clone()),
        state: state.to_owned(),
        announced_at: row.announced_at,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        lifted_at: row.lifted_at,
        placed_by: if staff { row.placed_by.clone() } else { String::new() },
        placed_why: if staff { row.placed_why.clone() } else { String::new() },
        lifted_why: row.lifted_why.clone().filter(|_| staff).unwrap_or_default(),
    }
}

/// The name of an actor code, in the asked language.
pub fn actor_name(actor: domain::catalog::Actor, lang: Lang) -> &'static str {
    use domain::catalog::Actor;
    let (zh, en) = match actor {
        Actor::Merchant => ("商户", "the merchant"),
        Actor::Agent => ("代理商", "the agent"),
        Actor::Desk => ("客服", "the service desk"),
        Actor::Reviewer => ("审核员", "a reviewer"),
        Actor::Risk => ("风控", "risk control"),
        Actor::Finance => ("清结算", "settlement staff"),
        Actor::Devices => ("机具管理", "device staff"),
        Actor::Network => ("清算机构", "the clearing organisation"),
        Actor::Terminal => ("收款机", "the terminal"),
        Actor::Platform => ("本平台", "this platform"),
        Actor::Time => ("到期自动完成", "time"),
    };
    if lang == Lang::Zh { zh } else { en }
}
