//! The second transaction of a payment: what the network said becomes the row's end and the terminal's answer.

use serde_json::json;
use store::Tx;
use store::transactions::{self, End, TransactionRow};

use super::answers::{Decline, Issued};
use super::authorise;
use super::begin::{again, tell_declined};
use super::counting::{self, Became};
use super::ledger;
use super::rules::{Rule, by_code};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Happened};
use crate::{reversals, terminals};

/// What is known of the network's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkAnswer {
    /// It approved.
    Approved {
        /// F38, or empty.
        auth_code: String,
        /// F44, or empty.
        additional: String,
    },
    /// It refused, or the request certainly never reached it.
    Declined {
        /// F39.
        code: String,
    },
    /// Nobody knows: no answer in time, or one that cannot be believed. [`crate::reversals`] resolves it.
    Unknown {
        /// What happened, in words.
        why: String,
    },
}

/// A payment's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What the terminal is answered.
    pub issued: Issued,
    /// Whether a reversal now waits to be sent.
    pub reversal_queued: bool,
}

/// What is said of a transaction that is pending no more.
const ENDED: &str = "pending transaction";

/// What the terminal reads when the network did not answer.
const NO_REPLY: &str = "98";

/// Ends a payment. Where it was reversed in the meantime the reversal stands, and the terminal is told 98.
pub fn finish(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (merchant, terminal): (&str, &str),
    id: &str,
    answer: &NetworkAnswer,
) -> Done<Told> {
    let mut row = transactions::get(tx, merchant, id)?;
    if row.is_none() {
        authorise::fold_merchant(tx, ctx, merchant, terminal)?;
        row = transactions::get(tx, merchant, id)?;
    }
    let row = row.ok_or_else(|| Refused::not_found("transaction", id))?;
    let rule = by_code(&row.kind)
        .ok_or_else(|| Refused::Inconsistent(format!("transaction {id} is of the unknown kind «{}»", row.kind)))?;
    if row.state != "pending" {
        return overtaken(tx, ctx, &row, answer);
    }
    let told = match answer {
        // Settled or signed off while the network was asked: the totals of that batch stand without this payment, so it
        // must not take effect.
        NetworkAnswer::Approved { .. } if store::batches::standing(tx, merchant, terminal)?.batch != row.batch => {
            unknown(tx, ctx, &row, "approved after its batch was closed")
        }
        NetworkAnswer::Approved { auth_code, additional } => {
            approve(tx, ctx, &row, rule, auth_code, additional).and_then(|told| still_open(tx, &row).map(|()| told))
        }
        NetworkAnswer::Declined { code } => decline(tx, ctx, &row, code),
        NetworkAnswer::Unknown { why } => unknown(tx, ctx, &row, why),
    };
    match told {
        // A reversal came between reading the row and ending it; nothing else was written before that was seen.
        Err(Refused::Conflict { what: ENDED, .. }) => overtaken(tx, ctx, &row, answer),
        other => other,
    }
}

/// Refuses an approval whose batch was closed at the same moment: nothing of it is kept, and asked once more it takes no
/// effect. The terminal is held last, after the rows that others hold too; a closing that is being committed is waited for.
fn still_open(tx: &mut Tx<'_>, row: &TransactionRow) -> Done<()> {
    store::batches::hold(tx, &row.merchant_id, &row.terminal_id)?;
    if store::batches::standing(tx, &row.merchant_id, &row.terminal_id)?.batch == row.batch {
        return Ok(());
    }
    Err(Refused::conflict(
        "batch",
        row.id.clone(),
        domain::text!("该批次刚刚结算，请再试", "its batch was closed just now; try again"),
    ))
}

fn approve(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    row: &TransactionRow,
    rule: &Rule,
    auth_code: &str,
    additional: &str,
) -> Done<Told> {
    let issued = authorise::approval(ctx, &row.rrn, auth_code, additional)?;
    end(tx, ctx, row, ("approved", "00", auth_code), &issued)?;
    counting::count(tx, ctx, &[(row, Became::Taken)])?;
    if let (Some(state), Some(original)) = (rule.turns, &row.original_id) {
        turn_original(tx, ctx, row, original, state)?;
    }
    ledger::post(tx, ctx, &[row])?;
    if matches!(
        rule.event,
        "terminal.sold" | "terminal.preauthorised" | "terminal.completed"
    ) {
        terminals::note_sale(tx, ctx, &row.merchant_id, &row.terminal_id, ctx.now)?;
    }
    tell(
        tx,
        ctx,
        row,
        rule.event,
        json!({ "kind": row.kind, "amount": row.amount, "rrn": row.rrn, "transaction": row.id }),
    )?;
    Ok(Told {
        issued,
        reversal_queued: false,
    })
}

/// Brings the original to the state that an approval gives it; a refund only when nothing of it is left.
fn turn_original(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow, original: &str, state: &str) -> Done<()> {
    let missing = || Refused::Inconsistent(format!("the original of {} is not there, or not approved", row.id));
    let first = transactions::get(tx, &row.merchant_id, original)?.ok_or_else(missing)?;
    let given: i64 = transactions::about(tx, &row.merchant_id, &first)?
        .iter()
        .filter(|other| other.state == "approved")
        .map(|other| other.amount)
        .sum();
    if given < first.amount {
        return Ok(());
    }
    if !transactions::turn(tx, &row.merchant_id, original, "approved", state)? {
        return Err(missing());
    }
    if state == "voided" {
        counting::undone(tx, ctx, &first, Became::Voided)?;
    }
    Ok(())
}

fn decline(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, code: &str) -> Done<Told> {
    let decline = Decline::code(ctx, code);
    let issued = Issued::declined(ctx, &decline)?.with(37, &row.rrn)?;
    end(tx, ctx, row, ("declined", code, ""), &issued)?;
    tell_declined(tx, ctx, row, &decline)?;
    Ok(Told {
        issued,
        reversal_queued: false,
    })
}

fn unknown(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, why: &str) -> Done<Told> {
    let issued = Issued::declined(ctx, &Decline::code(ctx, NO_REPLY))?.with(37, &row.rrn)?;
    end(tx, ctx, row, ("unknown", NO_REPLY, ""), &issued)?;
    reversals::queue(tx, ctx, row, NO_REPLY)?;
    tell(
        tx,
        ctx,
        row,
        "transaction.unknown",
        json!({ "amount": row.amount, "why": why, "transaction": row.id }),
    )?;
    Ok(Told {
        issued,
        reversal_queued: true,
    })
}

/// The network's answer comes after the row was reversed or given up. The reversal is queued already; an approval is
/// noted on it.
fn overtaken(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, answer: &NetworkAnswer) -> Done<Told> {
    if let NetworkAnswer::Approved { auth_code, .. } = answer {
        reversals::queue(tx, ctx, row, NO_REPLY)?;
        store::reversals::note(
            tx,
            &row.merchant_id,
            &row.id,
            &format!("approved late, authorisation {auth_code}"),
        )?;
    }
    let issued = Issued::declined(ctx, &Decline::code(ctx, NO_REPLY))?.with(37, &row.rrn)?;
    Ok(Told {
        issued,
        reversal_queued: true,
    })
}

fn end(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    (state, response_code, auth_code): (&str, &str, &str),
    issued: &Issued,
) -> Done<()> {
    let answer = issued.to_bytes()?;
    let at = ctx.now.millis();
    let entry = ledger::entry(ctx, &row.kind);
    let end = End {
        state,
        response_code,
        auth_code,
        answer: &answer,
        explanation_code: "",
        at,
        entry: if state == "approved" { &entry } else { "" },
    };
    if transactions::finish(tx, &row.merchant_id, &row.id, &end)? {
        Ok(())
    } else {
        Err(Refused::conflict(
            ENDED,
            row.id.clone(),
            domain::text!("该交易同时被冲正", "it was reversed at the same moment"),
        ))
    }
}

/// Tells what happened to a transaction, on its terminal's time-line.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    row: &TransactionRow,
    kind: &str,
    data: serde_json::Value,
) -> Done<()> {
    let (merchant, terminal) = (row.merchant_id.as_str(), row.terminal_id.as_str());
    trace::event(
        tx,
        ctx,
        Happened {
            kind,
            merchant,
            subject_kind: "terminal",
            subject: terminal,
            terminal,
            data,
            audit: "-",
        },
    )?;
    Ok(())
}

/// The answer of a transaction, once it has one and is no longer in the journal: for a repeat that waits.
pub fn look(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, id: &str) -> Done<Option<Issued>> {
    match transactions::get(tx, merchant, id)? {
        Some(row) => again(ctx, &row),
        None => Ok(None),
    }
}
