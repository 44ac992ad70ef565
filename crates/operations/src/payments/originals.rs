//! Which transaction a void, refund or completion is about, and whether it may be.

use domain::time::{Duration, Time};
use store::Tx;
use store::transactions::{self, TransactionRow};

use super::REQUEST;
use super::answers::clock;
use super::begin::Attempt;
use super::rules::{Amount, Names};
use crate::ctx::Ctx;
use crate::refused::Done;

/// Days after which a pre-authorisation can no longer be completed or voided, and a sale no longer be refunded.
const AUTHORISATION_DAYS: i64 = 29;
const REFUND_DAYS: i64 = 30;

/// A response code.
type Code = &'static str;

/// The original of `row`, held so that no other message about it comes between; or the code that refuses.
pub(super) fn find(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
) -> Done<Result<Option<TransactionRow>, Code>> {
    let found = match attempt.rule.original {
        Names::Nothing => return Ok(Ok(None)),
        Names::Trace(kinds) => by_trace(tx, ctx, row, attempt, kinds)?,
        Names::Reference(kinds) => by_reference(tx, ctx, row, attempt, kinds)?,
        Names::Authorisation(kinds) => by_authorisation(tx, ctx, row, attempt, kinds)?,
    };
    let original = match found {
        Ok(original) => original,
        Err(code) => return Ok(Err(code)),
    };
    if !transactions::hold(tx, &original.merchant_id, &original.id, "approved")? {
        return Ok(Err("25"));
    }
    let about = transactions::about(tx, &original.merchant_id, &original)?;
    Ok(fits(attempt, &original, &about).map_or(Ok(Some(original)), Err))
}

fn by_trace(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
    kinds: &[&str],
) -> Done<Result<TransactionRow, Code>> {
    let Some(names) = attempt.original else {
        return Ok(Err("25"));
    };
    let key = (row.merchant_id.as_str(), row.terminal_id.as_str());
    let found = transactions::by_trace(tx, key, names.batch.into(), names.trace.into(), REQUEST)?;
    Ok(match found {
        Some(o) if !usable(&o, kinds) || !same_day(ctx, &o) => Err("25"),
        Some(o) if o.card_index != row.card_index => Err("14"),
        Some(o) => Ok(o),
        None => Err("25"),
    })
}

fn by_reference(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
    kinds: &[&str],
) -> Done<Result<TransactionRow, Code>> {
    let found = transactions::by_reference(tx, &row.merchant_id, &attempt.reference)?;
    let fits = |o: &TransactionRow| usable(o, kinds) && o.card_index == row.card_index && dated(ctx, o, attempt);
    Ok(match found.into_iter().find(fits) {
        None => Err("25"),
        Some(o) if older(ctx, &o, REFUND_DAYS) => Err("22"),
        Some(o) => Ok(o),
    })
}

fn by_authorisation(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
    kinds: &[&str],
) -> Done<Result<TransactionRow, Code>> {
    let since = ctx.now - Duration::days(366);
    let found = transactions::by_authorisation(
        tx,
        &row.merchant_id,
        &attempt.authorisation,
        &row.card_index,
        &super::first_id(since.millis()),
    )?;
    let fits = |o: &TransactionRow| usable(o, kinds) && dated(ctx, o, attempt);
    Ok(match found.into_iter().rfind(fits) {
        None => Err("25"),
        Some(o) if older(ctx, &o, AUTHORISATION_DAYS) => Err("22"),
        Some(o) => Ok(o),
    })
}

/// The code that refuses an amount, or a second message about the same original.
fn fits(attempt: &Attempt, original: &TransactionRow, about: &[TransactionRow]) -> Option<Code> {
    match attempt.rule.amount {
        Amount::Rest => {
            if about.iter().any(|other| other.kind != attempt.rule.code) {
                return Some("25");
            }
            let given: i64 = about.iter().map(|other| other.amount).sum();
            (attempt.amount > original.amount.saturating_sub(given)).then_some("61")
        }
        _ if !about.is_empty() => Some("25"),
        Amount::Added | Amount::Tip => None,
        Amount::Same => (attempt.amount != original.amount).then_some("64"),
        Amount::Tolerated => {
            let most = i128::from(original.amount) * 115 / 100;
            (i128::from(attempt.amount) > most).then_some("64")
        }
    }
}

fn usable(original: &TransactionRow, kinds: &[&str]) -> bool {
    original.state == "approved" && kinds.contains(&original.kind.as_str())
}

/// Whether an original was made on today's business date.
pub(super) fn same_day(ctx: &Ctx, original: &TransactionRow) -> bool {
    let zone = &ctx.platform.zone;
    zone.date(Time::from_millis(original.received_at)) == zone.date(ctx.now)
}

fn older(ctx: &Ctx, original: &TransactionRow, days: i64) -> bool {
    let zone = &ctx.platform.zone;
    zone.date(Time::from_millis(original.received_at))
        .days_until(zone.date(ctx.now))
        > days
}

/// Whether 61.3, where the terminal fills it, is the original's date.
fn dated(ctx: &Ctx, original: &TransactionRow, attempt: &Attempt) -> bool {
    let date = attempt.original.and_then(|names| names.date).filter(|date| *date != 0);
    let made = clock(&ctx.platform.zone, Time::from_millis(original.received_at)).1;
    date.is_none_or(|date| format!("{date:04}") == made)
}
