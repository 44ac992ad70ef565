//! Reversals towards the card network: every transaction whose outcome nobody knows, and every one that its terminal
//! reversed, is reversed upstream until the network answers. Whoever created the unknown, this resolves it.

use std::collections::HashSet;

use domain::time::{Duration, Time};
use serde_json::json;
use store::Tx;
use store::reversals::{self, ReversalRow};
use store::transactions::{self, End, TransactionRow};

use crate::ctx::Ctx;
use crate::payments::{Decline, Issued, clock, tell};
use crate::refused::{Done, Refused};

/// First pause between two attempts; it doubles up to the longest.
const PAUSE: Duration = Duration::seconds(2);
const LONGEST_PAUSE: Duration = Duration::minutes(5);
/// How far a pause is from that at most, up or down, in thousandths: those that failed together do not all come again
/// together.
const SPREAD: i64 = 200;
/// A reversal that waits longer than this asks for a person.
const LONG: Duration = Duration::minutes(15);

/// Queues the reversal of a transaction, once.
pub(crate) fn queue(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TransactionRow, reason: &str) -> Done<()> {
    if reversals::queue(tx, &row.merchant_id, &row.id, reason, ctx.now.millis())? {
        tell(
            tx,
            ctx,
            row,
            "reversal.queued",
            json!({ "transaction": row.id, "amount": row.amount }),
        )?;
    }
    Ok(())
}

/// A reversal that is due, with what the network has to be told.
#[derive(Clone, Debug)]
pub struct Due {
    /// The row to report on.
    pub row: ReversalRow,
    /// What is to be undone.
    pub original: TransactionRow,
    /// F41.
    pub terminal_number: String,
    /// F42.
    pub merchant_number: String,
    /// Local date of the original, MMDD.
    pub date: String,
}

/// What waits to be sent now.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// In the order in which they became due.
    pub due: Vec<Due>,
    /// Rows that lack their transaction or its terminal: nothing can be sent for them, and a person has to look. `shoudan
    /// check` names them.
    pub astray: Vec<ReversalRow>,
}

/// Which reversals are under way: merchant and transaction.
pub type UnderWay = HashSet<(String, String)>;

/// Reversals to be sent now that are not under way, at most `limit`.
pub fn due(tx: &mut Tx<'_>, ctx: &Ctx, limit: i64, under_way: &UnderWay) -> Done<Waiting> {
    let mut waiting = Waiting::default();
    // Those under way stand in front, as they became due before.
    let most = limit.saturating_add(i64::try_from(under_way.len()).unwrap_or(0));
    let mut rows = reversals::due(tx, ctx.now.millis(), most)?;
    rows.retain(|row| !under_way.contains(&(row.merchant_id.clone(), row.transaction_id.clone())));
    for row in rows {
        match told(tx, ctx, &row)? {
            Some(due) => waiting.due.push(due),
            None => waiting.astray.push(row),
        }
    }
    Ok(waiting)
}

fn told(tx: &mut Tx<'_>, ctx: &Ctx, row: &ReversalRow) -> Done<Option<Due>> {
    let Some(original) = transactions::get(tx, &row.merchant_id, &row.transaction_id)? else {
        return Ok(None);
    };
    let chain = store::chain::of_terminal(tx, &row.merchant_id, &original.terminal_id)?;
    let Some((terminal, merchant_number)) = chain.and_then(|chain| chain.terminal.zip(Some(chain.merchant_number)))
    else {
        return Ok(None);
    };
    Ok(Some(Due {
        date: clock(&ctx.platform.zone, Time::from_millis(original.received_at)).1,
        terminal_number: terminal.terminal_number,
        merchant_number,
        original,
        row: row.clone(),
    }))
}

/// What came of sending a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The network answered, with this code: the original is undone, or never was.
    Answered(String),
    /// It did not answer; what happened, in words.
    Nothing(String),
}

/// Writes what came of attempts, all or none.
pub fn all_heard(tx: &mut Tx<'_>, ctx: &mut Ctx, attempts: &[(ReversalRow, Heard)]) -> Done<()> {
    attempts.iter().try_for_each(|(row, what)| heard(tx, ctx, row, what))
}

/// Writes what came of an attempt. An answer resolves the transaction; silence sets the next attempt.
pub fn heard(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &ReversalRow, heard: &Heard) -> Done<()> {
    let code = match heard {
        Heard::Nothing(why) => {
            let next_at = ctx.now.millis() + pause(row.attempts, ctx);
            reversals::postpone(tx, row, next_at, why)?;
            return Ok(());
        }
        Heard::Answered(code) => code,
    };
    if !reversals::finish(tx, row, ctx.now.millis(), code)? {
        return Ok(());
    }
    let original = transactions::get(tx, &row.merchant_id, &row.transaction_id)?
        .ok_or_else(|| Refused::Inconsistent(format!("a reversal of {} lacks its transaction", row.transaction_id)))?;
    let data = json!({ "transaction": original.id, "amount": original.amount, "response_code": code });
    tell(tx, ctx, &original, "reversal.confirmed", data)?;
    if transactions::turn(tx, &original.merchant_id, &original.id, "unknown", "reversed")? {
        let data = json!({ "transaction": original.id, "decision": "reversed" });
        tell(tx, ctx, &original, "transaction.resolved", data)?;
    }
    Ok(())
}

/// Milliseconds until the next attempt after so many.
fn pause(attempts: i64, ctx: &mut Ctx) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
    let pause = PAUSE.as_millis().saturating_mul(1 << doublings);
    let spread = i64::try_from(ctx.ids.below(SPREAD.unsigned_abs() * 2 + 1)).unwrap_or(SPREAD) - SPREAD;
    pause.min(LONGEST_PAUSE.as_millis()) * (1000 + spread) / 1000
}

/// How much waits to be told to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Reversals that no answer has confirmed.
    pub waiting: i64,
    /// How long the oldest has waited; none where none waits.
    pub oldest: Option<Duration>,
    /// The most attempts made for one of them.
    pub most_attempts: i64,
}

impl Backlog {
    /// Whether one has waited so long that a person should look.
    pub fn is_long(&self) -> bool {
        self.oldest.is_some_and(|age| age > LONG)
    }
}

/// The queue of reversals, with its age. Internal: metrics and checks ask.
pub fn backlog(tx: &mut Tx<'_>, now: Time) -> Done<Backlog> {
    let waiting = reversals::waiting(tx)?;
    Ok(Backlog {
        waiting: waiting.count,
        oldest: waiting.since.map(|since| now - Time::from_millis(since)),
        most_attempts: waiting.most_attempts,
    })
}

/// What a person should know of the queue, in both languages; none while nothing waits for long.
pub fn note(tx: &mut Tx<'_>, now: Time) -> Done<Option<String>> {
    let backlog = backlog(tx, now)?;
    let Some(age) = backlog.oldest.filter(|_| backlog.is_long()) else {
        return Ok(None);
    };
    let (count, minutes) = (backlog.waiting, age.as_millis() / 60_000);
    Ok(Some(format!(
        "{count} 笔冲正尚未得到银行卡网络确认，最早一笔已等待 {minutes} 分钟 / {count} reversal(s) not yet confirmed by the \
         card network; the oldest has waited {minutes} minutes"
    )))
}

/// Notes an answer that came after everybody had stopped waiting. Its reversal is queued since; where it is not, it is now.
/// `rrn`: the reference number in the answer, empty where it has none; with it the answer is nobody else's.
pub fn late(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    terminal_number: &str,
    (upstream_stan, rrn): (i64, &str),
    code: &str,
) -> Done<()> {
    let Some((merchant, terminal)) = store::chain::terminal_by_number(tx, terminal_number)? else {
        return Ok(());
    };
    let since = ctx.now - Duration::days(2);
    let found = if rrn.is_empty() {
        let since = crate::payments::first_id(since.millis());
        transactions::by_upstream_trace(tx, &merchant, &terminal, upstream_stan, &since)?
    } else {
        let mut named = transactions::by_reference(tx, &merchant, rrn)?.into_iter();
        named.find(|row| {
            row.terminal_id == terminal && row.upstream_stan == Some(upstream_stan) && row.received_at >= since.millis()
        })
    };
    if let Some(row) = found.filter(|row| matches!(row.state.as_str(), "unknown" | "reversed")) {
        queue(tx, ctx, &row, "98")?;
        reversals::note(tx, &row.merchant_id, &row.id, &format!("late answer {code}"))?;
    }
    Ok(())
}

/// Gives up transactions that have been pending since before `before`: the process that carried them has gone, so their
/// outcome is unknown, and a reversal finds out. How many there were.
pub fn recover(tx: &mut Tx<'_>, ctx: &mut Ctx, before: Time, limit: i64) -> Done<usize> {
    let rows = transactions::abandoned(tx, before.millis(), limit)?;
    give_up(tx, ctx, &rows)
}

/// The same for what one node began, told by the digit of its reference numbers: when that node starts, nobody carries
/// them any more.
pub fn recover_own(tx: &mut Tx<'_>, ctx: &mut Ctx, node: u8, before: Time, limit: i64) -> Done<usize> {
    let mut rows = Vec::new();
    for (merchant, id) in reversals::left_by(tx, &node.to_string(), before.millis(), limit)? {
        rows.extend(transactions::get(tx, &merchant, &id)?);
    }
    give_up(tx, ctx, &rows)
}

fn give_up(tx: &mut Tx<'_>, ctx: &mut Ctx, rows: &[TransactionRow]) -> Done<usize> {
    for row in rows {
        let answer = Issued::declined(ctx, &Decline::code(ctx, "98"))?
            .with(37, &row.rrn)?
            .to_bytes()?;
        let at = ctx.now.millis();
        let end = End {
            state: "unknown",
            response_code: "98",
            auth_code: "",
            answer: &answer,
            explanation_code: "",
            at,
            entry: "",
        };
        if transactions::finish(tx, &row.merchant_id, &row.id, &end)? {
            queue(tx, ctx, row, "98")?;
            let data = json!({ "amount": row.amount, "why": "abandoned", "transaction": row.id });
            tell(tx, ctx, row, "transaction.unknown", data)?;
        }
    }
    Ok(rows.len())
}
