//! Limits of one merchant's or terminal's own, and what a code on a slip says of a limit.

use domain::limits::{Per, is_in_force};
use domain::time::Time;
use serde_json::json;
use store::Tx;
use store::codes::CodeRow;
use store::counters;
use store::stops::StopRow;

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// Every reason of a limit begins so.
const REASONS: &str = "limit.";

/// Gives a merchant (`terminal` none) or one of its terminals another limit than the catalogue's, or takes that away
/// (`most` none). Risk staff only, with a reason; not for what regulation fixes.
pub fn set_override(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (merchant, terminal): (&str, Option<&str>),
    limit: &str,
    most: Option<i64>,
) -> Done<()> {
    ctx.need("review_risk")?;
    if ctx.why.trim().is_empty() {
        return Err(Refused::field(
            "why",
            "required",
            "请写明调整的原因。",
            "Say why the limit changes.",
        ));
    }
    let catalog = ctx.platform.catalog.clone();
    let row = catalog.limits.limits.iter().find(|row| row.code == limit);
    let row = row.ok_or_else(|| Refused::not_found("limit", limit))?;
    let kept = |counter: &String| is_in_force(&catalog.limits.limits, counter);
    if !row.adjustable || !row.counter.as_ref().is_none_or(kept) {
        return Err(Refused::field(
            "limit",
            "fixed",
            format!("「{}」由规定或机构固定，不能单独调整。", row.name.zh),
            format!(
                "«{}» is fixed by regulation or not in force; it cannot be set for one merchant.",
                row.name.en
            ),
        ));
    }
    if most.is_some_and(|most| most < 0) {
        return Err(Refused::field(
            "most",
            "range",
            "限额不能小于 0。",
            "A limit is at least 0.",
        ));
    }
    if let Some(terminal) = terminal {
        store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    }
    store::parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let at = terminal.unwrap_or(NOBODY);
    let before = counters::overrides(tx, merchant)?;
    let before = before.iter().find(|row| row.0 == at && row.1 == limit).map(|row| row.2);
    counters::set_override(tx, (merchant, at, limit), most, (&ctx.actor.id, ctx.now.millis()))?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: "limits.set",
            merchant,
            kind: if terminal.is_some() { "terminal" } else { "merchant" },
            id: terminal.unwrap_or(merchant),
            before: format!("{limit}: {before:?}"),
            after: format!("{limit}: {most:?}"),
            details: json!({ "limit": limit, "before": before, "most": most }),
        },
    )?;
    Ok(())
}

/// The refusal behind a code as something that holds for a while, so that it is explained like any other cause; none for
/// a code that is not about a limit. A limit on one payment stays true as long as its code does.
pub(crate) fn as_stop(ctx: &Ctx, code: &CodeRow) -> Option<StopRow> {
    if !code.reason.starts_with(REASONS) {
        return None;
    }
    let mut limits = ctx
        .catalog()
        .limits
        .limits
        .iter()
        .filter(|limit| limit.reason == code.reason);
    let zone = &ctx.platform.zone;
    let day = zone.date(Time::from_millis(code.at));
    let next = match limits.next().map(|limit| limit.per)? {
        Per::Transaction => None,
        Per::Day => Some(day.add_days(1)),
        Per::Month => Some(day.add_days(1 - i32::from(day.day())).add_months(1)),
    };
    Some(StopRow {
        merchant_id: code.merchant_id.clone(),
        id: format!("limit:{}", code.code),
        subject_kind: "terminal".to_owned(),
        subject_id: code.terminal_id.clone(),
        reason: code.reason.clone(),
        announced_at: code.at,
        starts_at: code.at,
        ends_at: next.map(|day| zone.start_of(day).millis()),
        details: "{}".to_owned(),
        placed_by: "system:limits".to_owned(),
        placed_why: String::new(),
        lifted_at: None,
        lifted_by: None,
        lifted_why: None,
        started: true,
    })
}
