//! Reversals by terminals: the message that undoes another whose answer did not arrive. The terminal's view wins.

use domain::ids::TransactionId;
use iso8583::values::{F60, F61};
use iso8583::{Kind, Message, Pan};
use serde_json::json;
use store::Tx;
use store::transactions::{self, TransactionRow};

use super::answers::{Decline, Issued};
use super::counting::{self, Became};
use super::ledger;
use super::originals::same_day;
use super::rules::{Names, Rule, rule};
use super::{REQUEST, REVERSAL, authorise};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::reversals;
use crate::sealing::sha256;
use crate::session::Line;
use crate::trace::{self, Happened};

/// A reversal, without anything that must not be kept.
#[derive(Clone, Debug)]
pub struct ReversalAttempt {
    /// What it undoes.
    pub rule: &'static Rule,
    /// Batch of the original: 60.2, or 61.1 where the original itself referred to another.
    pub batch: i64,
    /// F11, the original's.
    pub stan: i64,
    /// F4, fen.
    pub amount: i64,
    /// Keyed index of the card; empty where the message has none.
    pub card_index: String,
    /// F39: why.
    pub reason: String,
    /// Reference number drawn for it.
    pub rrn: String,
}

impl ReversalAttempt {
    /// Reads a 0400. None where it does not say what it reverses (answer 30 or 40).
    pub fn read(ctx: &Ctx, message: &Message, pan: Option<&Pan>, rrn: &str) -> Option<Self> {
        let rule = Kind::reversed_by(message).and_then(rule)?;
        let own = F60::of(message)?.batch;
        let batch = match rule.original {
            Names::Nothing => own,
            _ => F61::of(message).map_or(own, |names| names.batch),
        };
        let number = |field| message.number(field).and_then(|n| i64::try_from(n).ok());
        Some(Self {
            rule,
            batch: i64::from(batch),
            stan: number(11)?,
            amount: number(4)?,
            card_index: pan
                .map(|pan| ctx.platform.sealer.blind("pan", pan.expose()))
                .unwrap_or_default(),
            reason: message.text(39).unwrap_or("06").to_owned(),
            rrn: rrn.to_owned(),
        })
    }

    fn fingerprint(&self) -> String {
        let content = [self.rule.code, &self.amount.to_string(), &self.card_index];
        sha256(content.join("|").as_bytes())
    }
}

/// What a reversal is answered, and whether its original is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// The answer.
    pub issued: Issued,
    /// False where there is no such transaction yet.
    pub found: bool,
}

/// Reverses a transaction. The caller has verified the MAC. An original that is not there is answered 00 and leaves no
/// trace, so that the terminal stops asking.
pub fn reverse(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, attempt: &ReversalAttempt) -> Done<Reversed> {
    let key = (line.merchant.as_str(), line.terminal.as_str());
    authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    let Some(original) = transactions::by_trace(tx, key, attempt.batch, attempt.stan, REQUEST)? else {
        return Ok(Reversed {
            issued: accepted(ctx, attempt)?,
            found: false,
        });
    };
    Ok(Reversed {
        issued: reverse_known(tx, ctx, &original, attempt)?,
        found: true,
    })
}

fn reverse_known(tx: &mut Tx<'_>, ctx: &mut Ctx, original: &TransactionRow, attempt: &ReversalAttempt) -> Done<Issued> {
    let key = (original.merchant_id.as_str(), original.terminal_id.as_str());
    if original.kind != attempt.rule.code {
        return refused(ctx, "25");
    }
    if matches!(original.state.as_str(), "reversed" | "voided" | "refunded") {
        let first = transactions::by_trace(tx, key, attempt.batch, attempt.stan, REVERSAL)?;
        return match first {
            Some(TransactionRow {
                answer: Some(answer),
                request_hash,
                ..
            }) if request_hash == attempt.fingerprint() => Issued::from_bytes(&answer),
            _ => refused(ctx, "25"),
        };
    }
    // Held before what refers to it is looked at: a void that begins at the same moment is either seen here or refused.
    if !transactions::hold(tx, &original.merchant_id, &original.id, &original.state)? {
        return Err(changed(original));
    }
    if let Some(code) = objection(tx, ctx, original, attempt)? {
        return refused(ctx, code);
    }
    undo(tx, ctx, original, attempt)
}

/// The code that refuses to reverse an original that is still in effect.
fn objection(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    original: &TransactionRow,
    attempt: &ReversalAttempt,
) -> Done<Option<&'static str>> {
    if !same_day(ctx, original) {
        return Ok(Some("25"));
    }
    if original.state == "declined" {
        return Ok(Some("01"));
    }
    if !attempt.card_index.is_empty() && attempt.card_index != original.card_index {
        return Ok(Some("25"));
    }
    if attempt.amount != original.amount {
        return Ok(Some("64"));
    }
    let followed = !transactions::about(tx, &original.merchant_id, original)?.is_empty();
    Ok(followed.then_some("25"))
}

fn undo(tx: &mut Tx<'_>, ctx: &mut Ctx, original: &TransactionRow, attempt: &ReversalAttempt) -> Done<Issued> {
    let merchant = original.merchant_id.as_str();
    if !transactions::turn(tx, merchant, &original.id, &original.state, "reversed")? {
        return Err(changed(original));
    }
    if let (Some(first), Some(turned), "approved") =
        (&original.original_id, attempt.rule.turns, original.state.as_str())
    {
        // What a void had voided stands again.
        if transactions::turn(tx, merchant, first, turned, "approved")?
            && turned == "voided"
            && let Some(first) = transactions::get(tx, merchant, first)?
        {
            counting::undone(tx, ctx, &first, Became::Restored)?;
        }
    }
    counting::undone(tx, ctx, original, Became::Reversed)?;
    let issued = accepted(ctx, attempt)?;
    let id: TransactionId = ctx.ids.id(ctx.now);
    let row = TransactionRow {
        id: id.to_string(),
        message_class: REVERSAL.to_owned(),
        kind: "reversal".to_owned(),
        state: "approved".to_owned(),
        response_code: "00".to_owned(),
        rrn: attempt.rrn.clone(),
        original_id: Some(original.id.clone()),
        request_hash: attempt.fingerprint(),
        answer: Some(issued.to_bytes()?),
        explanation_code: String::new(),
        fee: 0,
        event: String::new(),
        entry: ledger::reversal(&original.entry),
        upstream_stan: None,
        received_at: ctx.now.millis(),
        finished_at: Some(ctx.now.millis()),
        ..original.clone()
    };
    if !transactions::insert(tx, &row)? {
        return Err(Refused::Inconsistent(format!(
            "transaction {} was reversed before",
            original.id
        )));
    }
    ledger::post_back(tx, ctx, &row, original)?;
    reversals::queue(tx, ctx, original, &attempt.reason)?;
    let (merchant, terminal) = (row.merchant_id.as_str(), row.terminal_id.as_str());
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "terminal.reversed",
            merchant,
            subject_kind: "terminal",
            subject: terminal,
            terminal,
            data: json!({ "amount": row.amount, "rrn": original.rrn, "transaction": original.id }),
            audit: "-",
        },
    )?;
    Ok(issued)
}

/// Its outcome was written at the same moment: the terminal asks again.
fn changed(original: &TransactionRow) -> Refused {
    Refused::conflict(
        "transaction",
        original.id.clone(),
        domain::text!("该交易刚刚变动，请再试", "it changed just now; try again"),
    )
}

fn accepted(ctx: &Ctx, attempt: &ReversalAttempt) -> Done<Issued> {
    Issued::approved(ctx, "00")?.with(37, &attempt.rrn)
}

fn refused(ctx: &Ctx, code: &str) -> Done<Issued> {
    Issued::declined(ctx, &Decline::code(ctx, code))
}
