//! Many payments in one transaction: what arrives while one commit is on its way to the disk goes into the next.
//!
//! This is the way of sales that are what they seem. Whatever is not (a repeat, a stopped terminal, keys or a batch that
//! changed) is not kept here, and takes the way of [`super::begin`] and [`super::finish`], one by one, which explains
//! itself. Balances, counters and time-lines follow when the ended rows are folded into the transactions.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::TransactionId;
use domain::time::Time;
use store::Tx;
use store::journal::{self, Ended, Entry, Mark};
use store::transactions::TransactionRow;

use super::answers::{Decline, Issued};
use super::begin::Attempt;
use super::counting::{self, Became};
use super::ledger;
use super::rules::{Names, by_code};
use crate::ctx::Ctx;
use crate::refused::Done;
use crate::session::Line;
use crate::terminals;

/// A payment that may be authorised among many; none for one that has to be looked at alone. Draws its id.
pub fn entry(ctx: &mut Ctx, line: &Line, attempt: &Attempt, place: i64) -> Option<Entry> {
    let seated = line.signed_in && line.mak_version > 0 && line.batch == attempt.batch;
    let plain = attempt.rule.original == Names::Nothing && attempt.amount > 0 && attempt.pin_readable;
    let within = attempt.over.is_none() && line.terms.limits.broken_alone(&attempt.sale()).is_none();
    if !seated || !plain || !within {
        return None;
    }
    let bit = ctx.catalog().bit(attempt.rule.capability)?;
    let id: TransactionId = ctx.ids.id(ctx.now);
    Some(Entry {
        place,
        row: Arc::new(attempt.row(ctx, line, id.as_str())),
        line_version: line.version,
        capability: 1_i64.checked_shl(u32::from(bit))?,
    })
}

/// What came of a commit, by place.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Payments that wait for the network now.
    pub appended: Vec<i64>,
    /// Payments that ended.
    pub ended: Vec<i64>,
}

/// Keeps new payments and ends others.
pub fn commit(tx: &mut Tx<'_>, entries: &[Entry], ended: &[Ended]) -> Done<Committed> {
    tx.by_key()?;
    Ok(Committed {
        ended: journal::end(tx, ended)?,
        appended: journal::append(tx, entries)?,
    })
}

/// How a payment ends that the network approved or refused, and what its terminal is told.
pub fn approval(ctx: &Ctx, rrn: &str, auth_code: &str, additional: &str) -> Done<Issued> {
    Issued::approved(ctx, "00")?
        .with(37, rrn)?
        .with(38, auth_code)?
        .with(44, additional)
}

/// What a terminal is told whose payment the network refused.
pub fn denial(ctx: &Ctx, rrn: &str, code: &str) -> Done<Issued> {
    Issued::declined(ctx, &Decline::code(ctx, code))?.with(37, rrn)
}

/// Folds ended payments into the transactions; how many this call moved. Rows that another connection moved before are
/// left alone.
pub fn fold(tx: &mut Tx<'_>, ctx: &mut Ctx, rows: &[(i64, TransactionRow)]) -> Done<usize> {
    tx.by_key()?;
    let moved = journal::fold(tx, rows, &mark(ctx))?;
    tell(tx, ctx, &moved)?;
    Ok(moved.len())
}

/// Takes out of the journal what was folded.
pub fn forget(tx: &mut Tx<'_>, places: &[i64]) -> Done<()> {
    Ok(journal::forget(tx, places)?)
}

/// Folds what a merchant has in the journal, before something looks at its transactions: all that ended, and what is
/// pending of one terminal.
pub(crate) fn fold_merchant(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    let moved = journal::fold_merchant(tx, (merchant, terminal), &mark(ctx))?;
    tell(tx, ctx, &moved.iter().collect::<Vec<_>>())
}

/// Folds what an earlier process left between two places; how many rows it took out of the journal.
/// What is pending among them is taken up by [`crate::reversals::recover`].
pub fn fold_left(tx: &mut Tx<'_>, ctx: &mut Ctx, places: (i64, i64), before: Time, limit: i64) -> Done<usize> {
    let (gone, moved) = journal::fold_left(tx, places, before.millis(), limit, &mark(ctx))?;
    tell(tx, ctx, &moved.iter().collect::<Vec<_>>())?;
    Ok(gone)
}

/// Which event an ended row is, and which entry.
fn mark(ctx: &Ctx) -> impl Fn(&TransactionRow) -> Mark {
    |row| Mark {
        event: event(row),
        entry: if row.state == "approved" {
            ledger::entry(ctx, &row.kind)
        } else {
            String::new()
        },
    }
}

/// The event that an ended row is on its terminal's time-line: the row says all that an event would, so none is written
/// beside it. One that is pending still will get an event of its own.
fn event(row: &TransactionRow) -> &'static str {
    match (row.state.as_str(), by_code(&row.kind)) {
        ("approved", Some(rule)) => rule.event,
        ("declined", _) => "terminal.declined",
        _ => "",
    }
}

/// Counters, the books and the terminals' last sales, of rows that ended.
fn tell(tx: &mut Tx<'_>, ctx: &mut Ctx, rows: &[&TransactionRow]) -> Done<()> {
    let taken: Vec<_> = rows
        .iter()
        .filter(|row| row.state == "approved")
        .map(|row| (*row, Became::Taken))
        .collect();
    counting::count(tx, ctx, &taken)?;
    let posted: Vec<_> = taken.iter().map(|(row, _)| *row).collect();
    ledger::post(tx, ctx, &posted)?;
    let mut sold: BTreeMap<(&str, &str), Time> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.state == "approved") {
        let at = Time::from_millis(row.finished_at.unwrap_or(row.received_at));
        let last = sold.entry((&row.merchant_id, &row.terminal_id)).or_insert(at);
        *last = (*last).max(at);
    }
    let sold: Vec<_> = sold.into_iter().collect();
    terminals::note_sales(tx, ctx, &sold)
}
