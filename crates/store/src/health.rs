//! What devices say of themselves: spans of reports that say the same.

use crate::{Error, Row, Tx, args};

/// A row of `health_reports`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HealthRow {
    pub merchant_id: String,
    pub id: String,
    pub terminal_id: String,
    pub device_id: String,
    /// JSON object: tag to value, as reported.
    pub flags: String,
    /// JSON list of the tags whose parts do not work.
    pub faults: String,
    /// First and last report that said this, and how many did.
    pub first_at: i64,
    pub last_at: i64,
    pub times: i64,
}

const COLUMNS: &str = "merchant_id, id, terminal_id, device_id, flags, faults, first_at, last_at, times";

fn read(row: &Row) -> Result<HealthRow, Error> {
    Ok(HealthRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        terminal_id: row.take(2)?,
        device_id: row.take(3)?,
        flags: row.take(4)?,
        faults: row.take(5)?,
        first_at: row.take(6)?,
        last_at: row.take(7)?,
        times: row.take(8)?,
    })
}

/// Writes a report that differs from the one before.
pub fn insert(tx: &mut Tx<'_>, row: &HealthRow) -> Result<(), Error> {
    let sql = format!("insert into health_reports ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)");
    tx.exactly_one(
        &sql,
        args![
            &row.merchant_id,
            &row.id,
            &row.terminal_id,
            &row.device_id,
            &row.flags,
            &row.faults,
            row.first_at,
            row.last_at,
            row.times
        ],
    )
}

/// Lengthens a report that was repeated.
pub fn lengthen(tx: &mut Tx<'_>, row: &HealthRow, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update health_reports set last_at = $3, times = times + 1 where merchant_id = $1 and id = $2",
        args![&row.merchant_id, &row.id, at],
    )
}

/// The reports of a terminal, newest first.
pub fn of_terminal(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, limit: i64) -> Result<Vec<HealthRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from health_reports where merchant_id = $1 and terminal_id = $2 \
         order by last_at desc, id desc limit $3"
    );
    tx.all(&sql, args![merchant_id, terminal_id, limit])?
        .iter()
        .map(read)
        .collect()
}

/// The reports of a device wherever it stood, newest first.
pub fn of_device(tx: &mut Tx<'_>, device_id: &str, limit: i64) -> Result<Vec<HealthRow>, Error> {
    let sql =
        format!("select {COLUMNS} from health_reports where device_id = $1 order by last_at desc, id desc limit $2");
    tx.all(&sql, args![device_id, limit])?.iter().map(read).collect()
}
