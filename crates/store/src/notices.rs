//! Notices of what terminals did on their own, on their way to the card network: sent until it answers.

use crate::{Error, Tx, args};

/// A row of `upstream_notices`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NoticeRow {
    pub merchant_id: String,
    pub transaction_id: String,
    /// The message, sealed; none once it was answered.
    pub sealed: Option<Vec<u8>>,
    /// `queued`, `accepted` or `refused`.
    pub state: String,
    pub attempts: i64,
    pub next_at: i64,
}

/// Queues a notice.
pub fn queue(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str, sealed: &[u8], at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "insert into upstream_notices (merchant_id, transaction_id, sealed, state, attempts, next_at, last_answer, \
           created_at) values ($1, $2, $3, 'queued', 0, $4, '', $4)",
        args![merchant_id, transaction_id, sealed, at],
    )
}

/// Notices to be sent now, oldest first.
pub fn due(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<NoticeRow>, Error> {
    tx.all(
        "select merchant_id, transaction_id, sealed, state, attempts, next_at from upstream_notices \
         where state = 'queued' and next_at <= $1 order by next_at, merchant_id, transaction_id limit $2",
        args![now, limit],
    )?
    .iter()
    .map(|r| {
        Ok(NoticeRow {
            merchant_id: r.take(0)?,
            transaction_id: r.take(1)?,
            sealed: r.take(2)?,
            state: r.take(3)?,
            attempts: r.take(4)?,
            next_at: r.take(5)?,
        })
    })
    .collect()
}

/// Ends a notice with the network's code and drops the message; false where it ended before.
pub fn finish(tx: &mut Tx<'_>, row: &NoticeRow, state: &str, code: &str, at: i64) -> Result<bool, Error> {
    let ended = tx.run(
        "update upstream_notices set state = $3, last_answer = $4, finished_at = $5, sealed = null, \
         attempts = attempts + 1 where merchant_id = $1 and transaction_id = $2 and state = 'queued'",
        args![&row.merchant_id, &row.transaction_id, state, code, at],
    )?;
    Ok(ended == 1)
}

/// Sets the next attempt.
pub fn postpone(tx: &mut Tx<'_>, row: &NoticeRow, next_at: i64, why: &str) -> Result<(), Error> {
    tx.run(
        "update upstream_notices set attempts = attempts + 1, next_at = $3, last_answer = $4 \
         where merchant_id = $1 and transaction_id = $2 and state = 'queued'",
        args![&row.merchant_id, &row.transaction_id, next_at, why],
    )?;
    Ok(())
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// A notice belongs to an approved transaction; one that was answered keeps no message.
pub const NOTICES_WHOLE: &str = "
    select place, expected, found
    from (select n.merchant_id || '/' || n.transaction_id as place, 'an approved transaction' as expected,
                 coalesce(x.state, 'none') as found
          from upstream_notices n left join transactions x
            on x.merchant_id = n.merchant_id and x.id = n.transaction_id
          where coalesce(x.state, 'none') in ('none', 'pending', 'declined', 'unknown')
          union all
          select merchant_id || '/' || transaction_id, 'a message only while it is queued', state
          from upstream_notices where (sealed is null) = (state = 'queued')) n
    order by place limit 20";
