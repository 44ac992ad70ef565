//! The one way a stage changes: a row of the machine's table, a conditional update, a transition, an audit entry and
//! an event, in one transaction.

use domain::stages::{SubjectKind, machine};
use serde_json::json;
use store::Tx;

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::gates;
use crate::keys;
use crate::refused::{self, Done, Refused};
use crate::trace::{self, Change, Happened};

/// Fires `event` on a subject and returns its new stage. Refused where the table has no such move.
pub fn apply(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, kind: SubjectKind, id: &str, event: &str) -> Done<String> {
    let machine = machine(kind).ok_or_else(|| Refused::Inconsistent(format!("{} has no stages", kind.code())))?;
    let from =
        store::moves::stage(tx, kind.code(), merchant, id)?.ok_or_else(|| Refused::not_found(kind.code(), id))?;
    let to = machine.next(&from, event).map_err(|e| {
        let stage = refused::stage_words(ctx.catalog(), kind, &from);
        let zh = format!("当前阶段为「{}」，不能办理「{event}」；可办理：{}", stage.zh, e.open);
        Refused::conflict(kind.code(), id, domain::text!(zh, e.to_string()))
    })?;
    write(tx, ctx, merchant, (kind, id), (&from, event, to))?;
    Ok(to.to_owned())
}

/// The event of a first transition, which comes from nowhere.
const BORN: &str = "create";

/// Records the birth of a subject in `stage` as its first transition, so that its history has no hole.
pub fn born(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, kind: SubjectKind, id: &str, stage: &str) -> Done<()> {
    write(tx, ctx, merchant, (kind, id), (stage, BORN, stage))
}

fn write(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    (kind, id): (SubjectKind, &str),
    (from, event, to): (&str, &str, &str),
) -> Done<()> {
    let owner = if kind.of_merchant() { merchant } else { NOBODY };
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "stage.move",
            merchant: owner,
            kind: kind.code(),
            id,
            before: from.to_owned(),
            after: to.to_owned(),
            details: json!({ "event": event, "from": from, "to": to }),
        },
    )?;
    store::moves::write(
        tx,
        &store::moves::Move {
            merchant_id: owner,
            kind: kind.code(),
            id,
            from,
            event,
            to,
            actor: &ctx.actor.id,
            reason: &ctx.why,
            at: ctx.now.millis(),
            audit_id: &audit,
        },
    )?;
    let terminal = if kind == SubjectKind::Terminal { id } else { NOBODY };
    trace::event(
        tx,
        ctx,
        Happened {
            kind: if event == BORN { "stage.began" } else { "stage.changed" },
            merchant: owner,
            subject_kind: kind.code(),
            subject: id,
            terminal,
            data: json!({ "event": event, "from": from, "to": to }),
            audit: &audit,
        },
    )?;
    keys::stage_entered(tx, ctx, (kind, owner, id), to)?;
    gates::forget(tx, kind, merchant)
}
