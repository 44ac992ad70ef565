//! Refusals of messages that leave no transaction: what a terminal was told last, per reason, so that one that keeps
//! asking neither fills the log nor uses up codes.

use crate::{Error, Tx, args};

/// A row of `refusals`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RefusalRow {
    pub merchant_id: String,
    pub terminal_id: String,
    pub capability: String,
    pub reason: String,
    /// The code that is printed until `code_until`.
    pub code: String,
    pub code_until: i64,
    /// When the time-line got its last line, and how many refusals followed it.
    pub told_at: i64,
    pub since_told: i64,
}

/// What was told last.
pub fn get(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id): (&str, &str),
    capability: &str,
    reason: &str,
) -> Result<Option<RefusalRow>, Error> {
    let row = tx.maybe(
        "select merchant_id, terminal_id, capability, reason, code, code_until, told_at, since_told from refusals \
         where merchant_id = $1 and terminal_id = $2 and capability = $3 and reason = $4",
        args![merchant_id, terminal_id, capability, reason],
    )?;
    row.map(|r| {
        Ok(RefusalRow {
            merchant_id: r.take(0)?,
            terminal_id: r.take(1)?,
            capability: r.take(2)?,
            reason: r.take(3)?,
            code: r.take(4)?,
            code_until: r.take(5)?,
            told_at: r.take(6)?,
            since_told: r.take(7)?,
        })
    })
    .transpose()
}

/// Writes what is told now in place of what was told before.
pub fn put(tx: &mut Tx<'_>, row: &RefusalRow) -> Result<(), Error> {
    tx.run(
        "insert into refusals (merchant_id, terminal_id, capability, reason, code, code_until, told_at, since_told) \
         values ($1,$2,$3,$4,$5,$6,$7,$8) on conflict (merchant_id, terminal_id, capability, reason) \
         do update set code = excluded.code, code_until = excluded.code_until, told_at = excluded.told_at, \
           since_told = excluded.since_told",
        args![
            &row.merchant_id,
            &row.terminal_id,
            &row.capability,
            &row.reason,
            &row.code,
            row.code_until,
            row.told_at,
            row.since_told
        ],
    )?;
    Ok(())
}
