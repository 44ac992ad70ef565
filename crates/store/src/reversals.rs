//! Reversals that the card network has yet to hear or has confirmed: one per transaction, sent until it is answered.

use crate::{Error, Row, Tx, args};

/// A row of `upstream_reversals`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ReversalRow {
    pub merchant_id: String,
    pub transaction_id: String,
    /// Field 39 of the reversal: 98 no answer, 06 other, 17 reversed by the terminal.
    pub reason: String,
    /// `queued` or `done`.
    pub state: String,
    pub attempts: i64,
    pub next_at: i64,
    pub last_answer: String,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

const COLUMNS: &str =
    "merchant_id, transaction_id, reason, state, attempts, next_at, last_answer, created_at, finished_at";

fn read(row: &Row) -> Result<ReversalRow, Error> {
    Ok(ReversalRow {
        merchant_id: row.take(0)?,
        transaction_id: row.take(1)?,
        reason: row.take(2)?,
        state: row.take(3)?,
        attempts: row.take(4)?,
        next_at: row.take(5)?,
        last_answer: row.take(6)?,
        created_at: row.take(7)?,
        finished_at: row.take(8)?,
    })
}

/// Queues a reversal unless the transaction has one; whether it was queued now.
pub fn queue(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str, reason: &str, at: i64) -> Result<bool, Error> {
    let queued = tx.run(
        "insert into upstream_reversals (merchant_id, transaction_id, reason, state, attempts, next_at, last_answer, \
         created_at) values ($1, $2, $3, 'queued', 0, $4, '', $4) on conflict (merchant_id, transaction_id) do nothing",
        args![merchant_id, transaction_id, reason, at],
    )?;
    Ok(queued == 1)
}

/// The reversal of a transaction.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str) -> Result<Option<ReversalRow>, Error> {
    let sql = format!("select {COLUMNS} from upstream_reversals where merchant_id = $1 and transaction_id = $2");
    tx.maybe(&sql, args![merchant_id, transaction_id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Reversals whose next attempt is due, oldest first, at most `limit`.
pub fn due(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<ReversalRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from upstream_reversals where state = 'queued' and next_at <= $1 \
         order by next_at, merchant_id, transaction_id limit $2"
    );
    tx.all(&sql, args![now, limit])?.iter().map(read).collect()
}

/// Transactions that are pending since before a moment and were begun by one node: the fourth digit of its reference
/// numbers tells. Merchant and transaction, oldest first.
pub fn left_by(tx: &mut Tx<'_>, node: &str, before: i64, limit: i64) -> Result<Vec<(String, String)>, Error> {
    // The first condition is the one of the index.
    tx.all(
        "select merchant_id, id from transactions where state in ('pending', 'unknown') and state = 'pending' \
         and substr(rrn, 4, 1) = $1 and received_at < $2 order by received_at, merchant_id, id limit $3",
        args![node, before, limit],
    )?
    .iter()
    .map(|row| Ok((row.take(0)?, row.take(1)?)))
    .collect()
}

/// The queue as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Rows that wait.
    pub count: i64,
    /// When the oldest was queued, Unix milliseconds.
    pub since: Option<i64>,
    /// The most attempts made for one of them.
    pub most_attempts: i64,
}

/// What waits in all.
pub fn waiting(tx: &mut Tx<'_>) -> Result<Waiting, Error> {
    let row = tx.one(
        "select count(*), min(created_at), coalesce(max(attempts), 0) from upstream_reversals where state = 'queued'",
        args![],
    )?;
    Ok(Waiting {
        count: row.take(0)?,
        since: row.take(1)?,
        most_attempts: row.take(2)?,
    })
}

/// Notes an attempt that brought no answer; false where another node has heard one meanwhile.
pub fn postpone(tx: &mut Tx<'_>, row: &ReversalRow, next_at: i64, answer: &str) -> Result<bool, Error> {
    let postponed = tx.run(
        "update upstream_reversals set attempts = attempts + 1, next_at = $3, last_answer = $4 \
         where merchant_id = $1 and transaction_id = $2 and state = 'queued'",
        args![&row.merchant_id, &row.transaction_id, next_at, answer],
    )?;
    Ok(postponed == 1)
}

/// Notes what is known of an original after its reversal was queued, such as a late approval.
pub fn note(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str, answer: &str) -> Result<u64, Error> {
    tx.run(
        "update upstream_reversals set last_answer = $3 where merchant_id = $1 and transaction_id = $2 \
         and state = 'queued'",
        args![merchant_id, transaction_id, answer],
    )
}

/// Writes that the network answered; false where another node was first.
pub fn finish(tx: &mut Tx<'_>, row: &ReversalRow, at: i64, answer: &str) -> Result<bool, Error> {
    let finished = tx.run(
        "update upstream_reversals set state = 'done', attempts = attempts + 1, last_answer = $3, finished_at = $4 \
         where merchant_id = $1 and transaction_id = $2 and state = 'queued'",
        args![&row.merchant_id, &row.transaction_id, answer, at],
    )?;
    Ok(finished == 1)
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// A reversal has its transaction.
pub const OF_SOMETHING: &str = "
    select r.merchant_id || '/' || r.transaction_id, 'a transaction', 'none'
    from upstream_reversals r
    left join transactions x on x.merchant_id = r.merchant_id and x.id = r.transaction_id
    where x.id is null order by r.merchant_id, r.transaction_id limit 20";
