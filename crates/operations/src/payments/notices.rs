//! Notices: what a terminal did on its own and tells afterwards (a completion, an offline sale, a tip). The host decides
//! at once, from its own books; the card network is told later and again until it answers, and its refusal is a matter for
//! people, as the card holder has left with the goods.

use domain::secret::Secret;
use domain::time::{Date, Duration, Time};
use iso8583::values::F61;
use iso8583::{EncodeError, Message};
use serde_json::json;
use store::Tx;
use store::notices::{self, NoticeRow};
use store::transactions::{self, End, TransactionRow};

use super::answers::{Decline, Issued, clock, unfit};
use super::begin::{Attempt, again, tell_declined};
use super::counting::{self, Became};
use super::ledger;
use super::rules::Amount;
use super::{REQUEST, authorise, originals};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::reversals::Heard;
use crate::sealing::sha256;
use crate::session::Line;
use crate::{explain, gates, terminals};

/// Days after which nobody takes what was done offline.
const OFFLINE_DAYS: i64 = 30;
/// First pause between two attempts to tell the network; it doubles up to the longest.
const PAUSE: Duration = Duration::seconds(5);
const LONGEST_PAUSE: Duration = Duration::minutes(10);

/// What a notice says beside the payment that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Day on which it was done, as the number MMDD (F13); none where the message does not say.
    pub made_on: Option<u16>,
    /// Fen that an adjustment adds to its original (F48); none: field 4 is what it adds.
    pub added: Option<i64>,
}

/// Takes a notice. The caller has verified the MAC. `message` is what the card network is to be told, to which this adds how
/// the network knows the original; it is kept sealed until it was told.
pub fn take(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    attempt: &Attempt,
    told: Told,
    message: &Message,
) -> Done<Issued> {
    // A settlement of the same batch comes before or after, never between.
    store::batches::hold(tx, &line.merchant, &line.terminal)?;
    let standing = store::batches::standing(tx, &line.merchant, &line.terminal)?;
    if !standing.believes(line.mak_version) {
        return Issued::declined(ctx, &Decline::code(ctx, "A0"));
    }
    authorise::fold_merchant(tx, ctx, &line.merchant, &line.terminal)?;
    let attempt = &Attempt {
        amount: told.added.unwrap_or(attempt.amount),
        fingerprint: sha256(format!("{}|{:?}", attempt.fingerprint, told.added).as_bytes()),
        ..attempt.clone()
    };
    let id: domain::ids::TransactionId = ctx.ids.id(ctx.now);
    let row = attempt.row(ctx, line, id.as_str());
    let seated = standing.signed_in && standing.mak > 0 && standing.batch == attempt.batch;
    if seated && !transactions::insert(tx, &row)? {
        return repeated(tx, ctx, &row);
    }
    let original = match objection(tx, ctx, &row, attempt, told, seated)? {
        Ok(original) => original,
        Err(decline) => return refuse(tx, ctx, &row, &decline, seated),
    };
    accept(tx, ctx, &row, attempt, original, message)
}

/// What it refers to, or why it is refused.
fn objection(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
    told: Told,
    seated: bool,
) -> Done<Result<Option<TransactionRow>, Decline>> {
    let (merchant, terminal, capability) = (&row.merchant_id, &row.terminal_id, attempt.rule.capability);
    if !gates::may(tx, ctx, merchant, terminal, capability)? {
        let about = if seated { row.id.as_str() } else { "-" };
        let refusal = explain::refuse(tx, ctx, merchant, terminal, capability, about)?;
        return Ok(Err(Decline::stopped(refusal)));
    }
    let code = |code: &str| Ok(Err(Decline::code(ctx, code)));
    if !seated {
        return code("77");
    }
    if attempt.amount <= 0 {
        return code("13");
    }
    if told.made_on.is_some_and(|day| too_old(ctx, day)) {
        return code("22");
    }
    let original = match originals::find(tx, ctx, row, attempt)? {
        Ok(original) => original,
        Err(refused) => return code(refused),
    };
    if let Some(original) = original.as_ref().filter(|_| attempt.rule.amount == Amount::Tip)
        && attempt.amount > highest_tip(ctx, original.amount)
    {
        return code("61");
    }
    Ok(Ok(original))
}

/// The highest tip on an amount, by the parameters that terminals download: tag 18 allows tips, 19 is per cent.
fn highest_tip(ctx: &Ctx, amount: i64) -> i64 {
    let parameters = &ctx.catalog().downloads.parameters;
    let value = |tag: &str| {
        parameters
            .get(tag)
            .and_then(|row| row.value.parse::<i64>().ok())
            .unwrap_or(0)
    };
    if value("18") == 0 {
        return 0;
    }
    let most = i128::from(amount) * i128::from(value("19")) / 100;
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Whether a day (MMDD), the last of that name that is not in the future, is too long ago. Tomorrow counts as today: the
/// terminal's clock may run ahead.
fn too_old(ctx: &Ctx, day: u16) -> bool {
    let today = ctx.platform.zone.date(ctx.now);
    let (Ok(month), Ok(day)) = (u8::try_from(day / 100), u8::try_from(day % 100)) else {
        return true;
    };
    let named = |year| Date::new(year, month, day).ok();
    let made = [today.year(), today.year() - 1]
        .into_iter()
        .filter_map(named)
        .find(|made| made.days_until(today) >= -1);
    made.is_none_or(|made| made.days_until(today) > OFFLINE_DAYS)
}

fn repeated(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow) -> Done<Issued> {
    let key = (row.merchant_id.as_str(), row.terminal_id.as_str());
    let first = transactions::by_trace(tx, key, row.batch, row.stan, REQUEST)?
        .ok_or_else(|| Refused::Inconsistent(format!("trace {} is taken by nobody", row.stan)))?;
    let same = first.request_hash == row.request_hash;
    match again(ctx, &first)?.filter(|_| same) {
        Some(issued) => Ok(issued),
        None => Issued::declined(ctx, &Decline::code(ctx, "94")),
    }
}

/// Ends a notice with a refusal, on record where it has a row.
fn refuse(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, decline: &Decline, recorded: bool) -> Done<Issued> {
    let issued = Issued::declined(ctx, decline)?;
    if recorded {
        end(tx, ctx, row, ("declined", decline), &issued)?;
    }
    if recorded || !decline.told {
        tell_declined(tx, ctx, row, decline)?;
    }
    Ok(issued)
}

fn end(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &TransactionRow,
    (state, decline): (&str, &Decline),
    issued: &Issued,
) -> Done<()> {
    let answer = issued.to_bytes()?;
    let entry = ledger::entry(ctx, &row.kind);
    let end = End {
        state,
        response_code: &decline.code,
        auth_code: "",
        answer: &answer,
        explanation_code: &decline.explanation_code,
        at: ctx.now.millis(),
        entry: if state == "approved" { &entry } else { "" },
    };
    if transactions::finish(tx, &row.merchant_id, &row.id, &end)? {
        Ok(())
    } else {
        Err(Refused::Inconsistent(format!("transaction {} ended twice", row.id)))
    }
}

fn accept(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    row: &TransactionRow,
    attempt: &Attempt,
    original: Option<TransactionRow>,
    message: &Message,
) -> Done<Issued> {
    let rule = attempt.rule;
    let issued = Issued::approved(ctx, "00")?
        .with(37, &row.rrn)?
        .with(38, &attempt.authorisation)?;
    if let Some(original) = &original {
        transactions::link(tx, &row.merchant_id, &row.id, &original.id)?;
    }
    end(tx, ctx, row, ("approved", &Decline::code(ctx, "00")), &issued)?;
    counting::count(tx, ctx, &[(row, Became::Taken)])?;
    ledger::post(tx, ctx, &[row])?;
    let message = about(ctx, message, row, original.as_ref()).map_err(unfit)?;
    let sealed = ctx
        .platform
        .sealer
        .seal(&message, ctx.ids.bytes(), &place(&row.merchant_id, &row.id));
    notices::queue(tx, &row.merchant_id, &row.id, &sealed, ctx.now.millis())?;
    terminals::note_sale(tx, ctx, &row.merchant_id, &row.terminal_id, ctx.now)?;
    let data = json!({ "kind": row.kind, "amount": row.amount, "rrn": row.rrn, "transaction": row.id });
    super::tell(tx, ctx, row, rule.event, data)?;
    Ok(issued)
}

/// The message with the amount that was accepted, and how the network knows the original.
fn about(
    ctx: &Ctx,
    message: &Message,
    row: &TransactionRow,
    original: Option<&TransactionRow>,
) -> Result<Vec<u8>, EncodeError> {
    let mut message = message.clone();
    message.set_number(4, row.amount.unsigned_abs())?;
    if let Some(original) = original {
        let stan = original.upstream_stan.unwrap_or(original.stan);
        let number = |n: i64| u32::try_from(n).unwrap_or(0);
        let (_, date) = clock(&ctx.platform.zone, Time::from_millis(original.received_at));
        let names = F61::new(number(original.batch), number(stan), date.parse().unwrap_or(0));
        message.set(61, &names.digits()?)?;
        if original.auth_code.len() == 6 {
            message.set(38, &original.auth_code)?;
        }
    }
    message.encode()
}

/// Names the place a sealed message belongs to, so that it opens nowhere else.
fn place(merchant: &str, transaction: &str) -> String {
    format!("upstream_notices/{merchant}/{transaction}")
}

/// A notice that is due, with the message in the clear.
pub struct Due {
    /// The row to report on.
    pub row: NoticeRow,
    /// The message as the network gets it.
    pub message: Secret<Vec<u8>>,
}

/// Notices to be sent now, at most `limit`.
pub fn due(tx: &mut Tx<'_>, ctx: &Ctx, limit: i64) -> Done<Vec<Due>> {
    let rows = notices::due(tx, ctx.now.millis(), limit)?;
    rows.into_iter()
        .map(|row| {
            let lost = || Refused::Inconsistent(format!("the notice of {} has no message", row.transaction_id));
            let sealed = row.sealed.as_deref().ok_or_else(lost)?;
            let message = ctx
                .platform
                .sealer
                .open(sealed, &place(&row.merchant_id, &row.transaction_id))?;
            Ok(Due { row, message })
        })
        .collect()
}

/// Writes what came of telling the network. An answer ends the notice, silence sets the next attempt; a refusal is told.
pub fn heard(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &NoticeRow, heard: &Heard) -> Done<()> {
    let code = match heard {
        Heard::Nothing(why) => {
            let doublings = u32::try_from(row.attempts.clamp(0, 16)).unwrap_or(16);
            let pause = PAUSE
                .as_millis()
                .saturating_mul(1 << doublings)
                .min(LONGEST_PAUSE.as_millis());
            notices::postpone(tx, row, ctx.now.millis() + pause, why)?;
            return Ok(());
        }
        Heard::Answered(code) => code,
    };
    // A duplicate is one that the network has already.
    let accepted = matches!(code.as_str(), "94") || iso8583::codes::find_or_unknown(code).is_accepted();
    let state = if accepted { "accepted" } else { "refused" };
    if !notices::finish(tx, row, state, code, ctx.now.millis())? || accepted {
        return Ok(());
    }
    let about = transactions::get(tx, &row.merchant_id, &row.transaction_id)?
        .ok_or_else(|| Refused::Inconsistent(format!("a notice of {} lacks its transaction", row.transaction_id)))?;
    let data = json!({ "amount": about.amount, "response_code": code, "rrn": about.rrn, "transaction": about.id });
    super::tell(tx, ctx, &about, "notice.refused", data)
}
