//! Batch settlement and upload: the terminal's totals against the host's, and the details where they differ.

use iso8583::values::{BalanceFlag, BatchUpload, SettlementTotals, Tally, Totals};
use serde_json::json;
use store::Tx;
use store::batches::UploadRow;

use crate::ctx::Ctx;
use crate::payments::{self, Decline, Issued, REQUEST, Ruling};
use crate::refused::Done;
use crate::requests;
use crate::session::{Line, held, tell};
use crate::trace::{self, Change};

/// The number after a batch: six digits, and 1 after the last.
pub fn next(batch: i64) -> i64 {
    batch.rem_euclid(999_999) + 1
}

/// What an accepted settlement is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Field 48.
    pub totals: String,
    /// Time, date, reference number, code.
    pub issued: Issued,
}

/// The first of two transactions that close a batch where many write at once: from here on no payment begins in it. Else
/// one could begin and end between the adding up and the commit of the closing, and stand in a batch whose totals lack it.
/// Whether there was anything to pause; [`settle`], or a sign-off, has to follow. Should it not, the terminal signs in.
pub fn pause(tx: &mut Tx<'_>, line: &Line, batch: i64) -> Done<bool> {
    Ok(store::batches::pause(tx, &line.merchant, &line.terminal, batch)?)
}

/// Settles a batch: compares, answers with the host's totals, closes the batch and opens the next one. A repeat gets the
/// first answer. `paused`: what [`pause`] said.
pub fn settle(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    (batch, paused): (i64, bool),
    theirs: &SettlementTotals,
    rrn: &str,
) -> Done<Ruling<Settled>> {
    let line = &held(tx, line)?.unpaused(paused);
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    let issued = Issued::approved(ctx, "00")?.with(37, rrn)?;
    let sent = theirs.digits().map_err(payments::unfit)?;
    if !line.signed_in {
        return Ok(Err(Decline::code(ctx, "77")));
    }
    if batch != line.batch {
        let before = store::batches::get(tx, merchant, terminal, batch)?;
        let same = before.filter(|b| b.state == "closed" && b.terminal_totals == sent);
        return Ok(match same {
            Some(row) => Ok(Settled {
                totals: row.host_totals,
                issued,
            }),
            None => Err(Decline::code(ctx, "77")),
        });
    }
    payments::authorise::fold_merchant(tx, ctx, merchant, terminal)?;
    let ours = host_totals(tx, line, batch)?;
    let balanced = ours.debit == theirs.domestic.debit && ours.credit == theirs.domestic.credit;
    let flag = if balanced {
        BalanceFlag::Balanced
    } else {
        BalanceFlag::Unbalanced
    };
    let answer = SettlementTotals {
        domestic: Totals { flag, ..ours },
        // The host does not tell foreign cards apart: their totals go back as they came, not compared.
        foreign: Totals {
            flag: BalanceFlag::Balanced,
            ..theirs.foreign
        },
    };
    let totals = answer.digits().map_err(payments::unfit)?;
    raise(tx, ctx, line, Some((balanced, &sent, &totals)))?;
    if paused {
        store::batches::resume(tx, merchant, terminal)?;
    }
    let balance = if balanced { "balanced" } else { "unbalanced" };
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "batches.settle",
            merchant,
            kind: "terminal",
            id: terminal,
            before: format!("batch {batch}"),
            after: totals.clone(),
            details: json!({ "batch": batch, "balance": balance }),
        },
    )?;
    tell(
        tx,
        ctx,
        line,
        "terminal.settled",
        json!({ "batch": batch, "balance": balance }),
        &audit,
    )?;
    requests::event_step(tx, ctx, merchant, "terminal", terminal, "terminal.settled")?;
    Ok(Ok(Settled { totals, issued }))
}

/// The host's totals of a batch. A count beyond three digits stays at 999, which cannot balance.
fn host_totals(tx: &mut Tx<'_>, line: &Line, batch: i64) -> Done<Totals> {
    let mut totals = Totals::default();
    for (kind, sum, count) in store::transactions::totals(tx, &line.merchant, &line.terminal, batch)? {
        let tally = match payments::side(&kind) {
            iso8583::kinds::Side::Debit => &mut totals.debit,
            iso8583::kinds::Side::Credit => &mut totals.credit,
            iso8583::kinds::Side::Neither => continue,
        };
        let count = u16::try_from(count).unwrap_or(999).saturating_add(tally.count).min(999);
        *tally = Tally {
            amount: tally.amount.saturating_add(sum),
            count,
        };
    }
    Ok(totals)
}

/// Closes the terminal's batch, with totals where it settled, and opens the next.
pub(crate) fn raise(tx: &mut Tx<'_>, ctx: &Ctx, line: &Line, settled: Option<(bool, &str, &str)>) -> Done<()> {
    let (merchant, terminal, now) = (line.merchant.as_str(), line.terminal.as_str(), ctx.now.millis());
    let following = next(line.batch);
    store::batches::open(tx, merchant, terminal, line.batch, now)?;
    let (theirs, ours) = settled.map_or(("", ""), |(_, theirs, ours)| (theirs, ours));
    let key = (merchant, terminal, line.batch);
    store::batches::close(tx, key, now, settled.map(|(balanced, _, _)| balanced), theirs, ours)?;
    store::batches::advance(tx, merchant, terminal, line.batch, following)?;
    store::batches::open(tx, merchant, terminal, following, now)?;
    Ok(())
}

/// Whether details of this batch may be uploaded: the current one, or the one settled last.
fn uploadable(line: &Line, batch: i64) -> bool {
    line.signed_in && (batch == line.batch || next(batch) == line.batch)
}

/// Takes details of a batch, each compared with the host's record. A repeat changes nothing.
pub fn upload(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    batch: i64,
    items: &BatchUpload,
    rrn: &str,
) -> Done<Ruling<Issued>> {
    if !uploadable(line, batch) {
        return Ok(Err(Decline::code(ctx, "77")));
    }
    payments::authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    for item in &items.0 {
        let index = ctx.platform.sealer.blind("pan", item.pan.expose());
        take(
            tx,
            ctx,
            line,
            batch,
            (i64::from(item.trace), item.amount),
            (item.pan.masked(), Some(&index)),
        )?;
    }
    Ok(Ok(Issued::code(ctx, "00")?.with(37, rrn)?))
}

/// Takes one chip transaction of a batch, which comes in a message of its own.
pub fn upload_chip(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    batch: i64,
    (stan, amount): (i64, i64),
    masked_card: String,
    rrn: &str,
) -> Done<Ruling<Issued>> {
    if !uploadable(line, batch) {
        return Ok(Err(Decline::code(ctx, "77")));
    }
    payments::authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    take(tx, ctx, line, batch, (stan, amount), (masked_card, None))?;
    Ok(Ok(Issued::code(ctx, "00")?.with(37, rrn)?))
}

fn take(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    line: &Line,
    batch: i64,
    (stan, amount): (i64, i64),
    (masked_card, card_index): (String, Option<&str>),
) -> Done<()> {
    let key = (line.merchant.as_str(), line.terminal.as_str());
    let ours = store::transactions::by_trace(tx, key, batch, stan, REQUEST)?
        .filter(|row| matches!(row.state.as_str(), "approved" | "voided" | "refunded"))
        .filter(|row| card_index.is_none_or(|index| index == row.card_index));
    let outcome = match ours {
        Some(row) if row.amount == amount => "match",
        Some(_) => "amount_differs",
        None => "terminal_only",
    };
    let item = UploadRow {
        merchant_id: line.merchant.clone(),
        terminal_id: line.terminal.clone(),
        batch,
        stan,
        masked_card,
        amount,
        outcome: outcome.to_owned(),
        at: ctx.now.millis(),
    };
    store::batches::insert_upload(tx, &item)?;
    Ok(())
}

/// Ends the upload of a batch.
pub fn upload_ended(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, batch: i64, rrn: &str) -> Done<Ruling<Issued>> {
    if !uploadable(line, batch) {
        return Ok(Err(Decline::code(ctx, "77")));
    }
    let items = store::batches::uploads(tx, &line.merchant, &line.terminal, batch)?;
    let differing = items.iter().filter(|item| item.outcome != "match").count();
    tell(
        tx,
        ctx,
        line,
        "terminal.batch_uploaded",
        json!({
            "batch": batch, "items": items.len(), "differing": differing,
        }),
        "-",
    )?;
    Ok(Ok(Issued::code(ctx, "00")?.with(37, rrn)?))
}
