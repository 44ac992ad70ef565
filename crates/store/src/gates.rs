//! The gate row of a terminal: what is blocked, and until when that holds. A missing row means «compute it». A stop on
//! something wide (platform, network, region, agent, model) raises the epoch instead of touching a million rows.

use crate::{Error, Tx, args};

/// A row of `gates`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRow {
    /// Bits of the blocked capabilities.
    pub blocked: i64,
    /// The next moment at which the answer may change by itself.
    pub valid_until: Option<i64>,
    /// The epoch it was computed in.
    pub epoch: i64,
    /// The epoch in force now.
    pub current_epoch: i64,
}

impl GateRow {
    /// Whether the row still answers at `now`.
    pub fn holds(&self, now: i64) -> bool {
        self.epoch == self.current_epoch && self.valid_until.is_none_or(|until| now < until)
    }
}

/// The row of one terminal.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Option<GateRow>, Error> {
    let row = tx.maybe(
        "select g.blocked, g.valid_until, g.epoch, (select e.epoch from gate_epoch e where e.id = 1) \
         from gates g where g.merchant_id = $1 and g.terminal_id = $2",
        args![merchant_id, terminal_id],
    )?;
    row.map(|r| {
        Ok(GateRow {
            blocked: r.take(0)?,
            valid_until: r.take(1)?,
            epoch: r.take(2)?,
            current_epoch: r.take(3)?,
        })
    })
    .transpose()
}

/// Writes the row of one terminal, computed in the current epoch.
pub fn put(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    blocked: i64,
    valid_until: Option<i64>,
    now: i64,
) -> Result<(), Error> {
    tx.exactly_one(
        "insert into gates (merchant_id, terminal_id, blocked, valid_until, epoch, computed_at) \
         values ($1, $2, $3, $4, (select epoch from gate_epoch where id = 1), $5) \
         on conflict (merchant_id, terminal_id) do update set blocked = excluded.blocked, \
         valid_until = excluded.valid_until, epoch = excluded.epoch, computed_at = excluded.computed_at",
        args![merchant_id, terminal_id, blocked, valid_until, now],
    )
}

/// Forgets the rows of all terminals of a merchant.
pub fn forget_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<u64, Error> {
    tx.run("delete from gates where merchant_id = $1", args![merchant_id])
}

/// Makes every row of every terminal be computed again before it is next used.
pub fn forget_all(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.exactly_one("update gate_epoch set epoch = epoch + 1 where id = 1", args![])
}

/// Every row that claims to hold at `now`, for the checker: merchant, terminal, blocked.
pub fn holding(tx: &mut Tx<'_>, now: i64) -> Result<Vec<(String, String, i64)>, Error> {
    tx.all(
        "select merchant_id, terminal_id, blocked from gates \
         where epoch = (select epoch from gate_epoch where id = 1) and (valid_until is null or valid_until > $1) \
         order by merchant_id, terminal_id",
        args![now],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?, r.take(2)?)))
    .collect()
}
