//! Limits of one merchant's or terminal's own, how limits stand, and what a code on a slip says of a limit.

use domain::catalog::MerchantKind;
use domain::limits::{By, Limit, Measure, Per, Total, is_in_force};
use domain::time::Time;
use serde::Serialize;
use serde_json::{Value, json};
use store::Tx;
use store::audit::{self, AuditRow};
use store::codes::CodeRow;
use store::counters;
use store::stops::StopRow;
use utoipa::ToSchema;

use super::limits::{Key, period};
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// Every reason of a limit begins so.
const REASONS: &str = "limit.";

/// The command under which a change is audited.
const COMMAND: &str = "limits.set";
/// The highest limit that can be set, fen or payments: beyond it sums stop being exact in other systems.
const HIGHEST: i64 = 100_000_000_000_000;
/// How many changes of one merchant's limits are read back to name who set one.
const CHANGES: i64 = 200;

/// A limit that a merchant or one of its terminals has of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnLimit {
    /// The most, fen or payments.
    pub most: i64,
    /// Set for this one terminal, not for the whole merchant.
    pub of_terminal: bool,
    /// Who set it; staff only.
    pub set_by: String,
    /// Why; staff only.
    pub why: String,
    /// When, milliseconds UTC.
    pub set_at: Option<i64>,
}

/// A limit as it holds for a merchant, or at one of its terminals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LimitView {
    /// Code.
    pub code: String,
    /// Name in the asked language.
    pub name: String,
    /// `transaction`, `day` or `month`.
    pub per: String,
    /// `amount` (fen) or `count` (payments).
    pub measure: String,
    /// The most there may be now; none: not limited.
    pub most: Option<i64>,
    /// The most by the institution's table; none: not limited.
    pub standard: Option<i64>,
    /// What was set instead.
    pub own: Option<OwnLimit>,
    /// What is used of it today or this month; none where it is counted by card or bounds single payments.
    pub used: Option<i64>,
    /// Another limit may be set; what regulation fixes may not.
    pub adjustable: bool,
}

/// The limits of a merchant, or at one of its terminals, with what is used of them. For whoever may see the merchant;
/// who set one and why, staff read.
pub fn look(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: Option<&str>) -> Done<Vec<LimitView>> {
    let missing = || Refused::not_found("merchant", merchant);
    let chain = store::chain::of_merchant(tx, merchant)?.ok_or_else(missing)?;
    ctx.need_merchant(merchant, &chain.agent_id, "read_own", "read_all")?;
    if let Some(terminal) = terminal {
        store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    }
    let (kind, identity) = kind_of(tx, merchant)?;
    let own = counters::overrides(tx, merchant)?;
    let changes = changes(tx, merchant)?;
    let mut all = Vec::new();
    for limit in ctx.catalog().limits.limits.iter().filter(|limit| is_for(limit, kind)) {
        let set = own.iter().rfind(|row| {
            limit.adjustable && row.1 == limit.code && (row.0 == NOBODY || Some(row.0.as_str()) == terminal)
        });
        let set = set.map(|row| told(ctx, merchant, row, &changes));
        let most = set.as_ref().map(|own| own.most).or(limit.most);
        let adjustable = limit.adjustable && is_counted(ctx, limit);
        if most.is_none() && !adjustable {
            continue;
        }
        all.push(LimitView {
            code: limit.code.clone(),
            name: limit.name.get(ctx.lang).to_owned(),
            per: match limit.per {
                Per::Transaction => "transaction",
                Per::Day => "day",
                Per::Month => "month",
            }
            .to_owned(),
            measure: match limit.measure {
                Measure::Amount => "amount",
                Measure::Count => "count",
            }
            .to_owned(),
            most,
            standard: limit.most,
            own: set,
            used: used(tx, ctx, limit, (merchant, terminal, identity.as_deref()))?,
            adjustable,
        });
    }
    Ok(all)
}

/// A merchant's kind, and the identity it stands on.
fn kind_of(tx: &mut Tx<'_>, merchant: &str) -> Done<(MerchantKind, Option<String>)> {
    let standing = store::fees::standing(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let kind = MerchantKind::parse(&standing.kind)
        .ok_or_else(|| Refused::Inconsistent(format!("merchant {merchant} is of the kind «{}»", standing.kind)))?;
    Ok((kind, standing.identity))
}

fn is_for(limit: &Limit, kind: MerchantKind) -> bool {
    limit.merchants.is_empty() || limit.merchants.contains(&kind)
}

/// Whether what it bounds is counted at all.
fn is_counted(ctx: &Ctx, limit: &Limit) -> bool {
    let tables = &ctx.catalog().limits;
    let kept = |counter: &String| is_in_force(&tables.limits, counter);
    limit.counter.as_ref().is_none_or(kept)
}

/// Changes of a merchant's limits, newest first: the limit that each was about, and its entry.
fn changes(tx: &mut Tx<'_>, merchant: &str) -> Done<Vec<(String, AuditRow)>> {
    let filter = audit::Filter {
        merchant_id: merchant.to_owned(),
        command: COMMAND.to_owned(),
        ..audit::Filter::default()
    };
    let limit_of = |row: &AuditRow| -> Option<String> {
        let details: Value = serde_json::from_str(&row.details).ok()?;
        Some(details.get("limit")?.as_str()?.to_owned())
    };
    let found = audit::list(tx, &filter, "", CHANGES)?.into_iter();
    Ok(found.filter_map(|(row, _)| Some((limit_of(&row)?, row))).collect())
}

fn told(
    ctx: &Ctx,
    merchant: &str,
    (at, limit, most): &(String, String, i64),
    changes: &[(String, AuditRow)],
) -> OwnLimit {
    let subject = if at == NOBODY { merchant } else { at };
    let last = changes
        .iter()
        .find(|(of, row)| of == limit && row.subject_id == subject)
        .map(|(_, row)| row);
    let staff = last.filter(|_| ctx.may("read_all"));
    OwnLimit {
        most: *most,
        of_terminal: at != NOBODY,
        set_by: staff.map(|row| row.actor.clone()).unwrap_or_default(),
        why: staff.map(|row| row.reason.clone()).unwrap_or_default(),
        set_at: last.map(|row| row.at),
    }
}

/// What stands on the counter of a limit; none where there is no one counter.
fn used(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    limit: &Limit,
    (merchant, terminal, identity): (&str, Option<&str>, Option<&str>),
) -> Done<Option<i64>> {
    let tables = &ctx.catalog().limits;
    let named = limit.counter.as_ref();
    let Some(counter) = named.and_then(|code| tables.counters.iter().find(|counter| counter.code == *code)) else {
        return Ok(None);
    };
    let place = match (counter.by, terminal) {
        (By::Card, _) | (By::Terminal, None) => return Ok(None),
        (_, terminal) => (merchant, terminal.unwrap_or_default(), ""),
    };
    let Some(key) = Key::new((&counter.code, counter.by), place, identity) else {
        return Ok(None);
    };
    let sums = counters::totals(tx, (&key.merchant, &key.scope, &key.of), period(ctx, ctx.now), false)?;
    let [day, month] = sums.map(|(amount, count)| Total { amount, count });
    let total = if limit.per == Per::Month { month } else { day };
    Ok(Some(match limit.measure {
        Measure::Amount => total.amount,
        Measure::Count => total.count,
    }))
}

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
    let (kind, _) = kind_of(tx, merchant)?;
    if let Some(terminal) = terminal {
        store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    }
    may_be_set(ctx, row, kind, most)?;
    let at = terminal.unwrap_or(NOBODY);
    let before = counters::overrides(tx, merchant)?;
    let before = before.iter().find(|row| row.0 == at && row.1 == limit).map(|row| row.2);
    if before.is_none() && most.is_none() {
        return Err(Refused::conflict(
            "limit",
            limit,
            domain::text!("这项限额没有单独设置", "it has no limit of its own"),
        ));
    }
    counters::set_override(tx, (merchant, at, limit), most, (&ctx.actor.id, ctx.now.millis()))?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: COMMAND,
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

/// Refuses what may not be set for one merchant, and what is no limit.
fn may_be_set(ctx: &Ctx, row: &Limit, kind: MerchantKind, most: Option<i64>) -> Done<()> {
    if !row.adjustable || !is_counted(ctx, row) || !is_for(row, kind) {
        return Err(Refused::field(
            "limit",
            "fixed",
            format!(
                "「{}」由规定或机构固定，或不适用于这家商户，不能单独调整。",
                row.name.zh
            ),
            format!(
                "«{}» is fixed by regulation, not in force or not for this merchant; it cannot be set for one merchant.",
                row.name.en
            ),
        ));
    }
    if most.is_some_and(|most| !(0..=HIGHEST).contains(&most)) {
        return Err(Refused::field(
            "most",
            "range",
            "限额须在 0 与 1 万亿元（或 100 万亿笔）之间。",
            "A limit is at least 0 and at most a trillion yuan (or 100 trillion payments).",
        ));
    }
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
