//! What steps need to know or change across records, and no record file of one kind has: what stands in the way of
//! withdrawing a terminal, and a few single fields.

use crate::{Error, Tx, args};

/// Sets the name of a shop.
pub fn name_shop(tx: &mut Tx<'_>, merchant_id: &str, id: &str, name: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update shops set name = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, name],
    )
}

/// The version the next settlement account of a merchant gets, counting those that never took effect.
pub fn next_account_version(tx: &mut Tx<'_>, merchant_id: &str) -> Result<i64, Error> {
    tx.one(
        "select coalesce(max(version), 0) + 1 from settlement_accounts where merchant_id = $1",
        args![merchant_id],
    )?
    .take(0)
}

/// What stands in the way of withdrawing a terminal: how many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blockers {
    /// Transactions in the batch that is open.
    pub batch: i64,
    /// Transactions whose outcome is not known, or reversals not confirmed.
    pub unknown: i64,
    /// Pre-authorisations neither completed nor cancelled.
    pub holds: i64,
    /// Other open requests about this terminal.
    pub requests: i64,
}

const BATCH: &str = "select count(*) from transactions x join terminal_batches b on b.merchant_id = x.merchant_id \
    and b.terminal_id = x.terminal_id and b.number = x.batch and b.state = 'open' \
    where x.merchant_id = $1 and x.terminal_id = $2 and x.state in ('approved', 'pending', 'unknown')";

const UNKNOWN: &str = "select count(*) from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
    and (x.state in ('pending', 'unknown') or exists (select 1 from upstream_reversals u \
    where u.merchant_id = x.merchant_id and u.transaction_id = x.id and u.state = 'queued'))";

const HOLDS: &str = "select count(*) from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
    and x.kind = 'preauth' and x.state = 'approved' and not exists (select 1 from transactions y \
    where y.merchant_id = x.merchant_id and y.original_id = x.id and y.state = 'approved')";

const REQUESTS: &str = "select count(*) from requests where merchant_id = $1 and subject_kind = 'terminal' \
    and subject_id = $2 and state = 'open' and id <> $3";

/// Counts the [`Blockers`] of a terminal. `request` is the one that asks and does not count.
pub fn blockers(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, request: &str) -> Result<Blockers, Error> {
    Ok(Blockers {
        batch: tx.one(BATCH, args![merchant_id, terminal_id])?.take(0)?,
        unknown: tx.one(UNKNOWN, args![merchant_id, terminal_id])?.take(0)?,
        holds: tx.one(HOLDS, args![merchant_id, terminal_id])?.take(0)?,
        requests: tx.one(REQUESTS, args![merchant_id, terminal_id, request])?.take(0)?,
    })
}

/// How many different people agreed to a step of a request.
pub fn agreed(tx: &mut Tx<'_>, merchant_id: &str, request_id: &str, step: &str) -> Result<i64, Error> {
    tx.one(
        "select count(distinct d.person_id) from review_decisions d \
         join reviews r on r.merchant_id = d.merchant_id and r.id = d.review_id \
         where r.merchant_id = $1 and r.request_id = $2 and r.step = $3 and r.state = 'approved' \
         and d.decision = 'approve'",
        args![merchant_id, request_id, step],
    )?
    .take(0)
}

/// When the last key of a terminal was destroyed; none while it has one, or where it never had any.
pub fn keys_destroyed_at(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Option<i64>, Error> {
    tx.one(
        "select case when count(*) = count(destroyed_at) then max(destroyed_at) end from terminal_keys \
         where merchant_id = $1 and terminal_id = $2",
        args![merchant_id, terminal_id],
    )?
    .take(0)
}

/// Closes an open batch that holds nothing to settle, so that a withdrawn terminal leaves none open.
pub fn close_empty_batch(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, at: i64) -> Result<u64, Error> {
    tx.run(
        "update terminal_batches set state = 'closed', closed_at = $3 \
         where merchant_id = $1 and terminal_id = $2 and state = 'open' and not exists \
         (select 1 from transactions x where x.merchant_id = $1 and x.terminal_id = $2 \
          and x.batch = terminal_batches.number and x.state in ('approved', 'pending', 'unknown'))",
        args![merchant_id, terminal_id, at],
    )
}
