//! What terminals were offered for download and have taken over, and the days on which their clocks were off.

use crate::{Error, Row, Tx, args};

/// A row of `terminal_downloads`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DownloadRow {
    pub merchant_id: String,
    pub terminal_id: String,
    /// `parameters`, `ca_keys` …, as `operations::downloads` names them.
    pub kind: String,
    /// Version that was sent last, and when.
    pub offered: String,
    pub offered_at: i64,
    /// Version that the terminal said it has; empty before the first.
    pub version: String,
    pub finished_at: Option<i64>,
}

fn read(row: &Row) -> Result<DownloadRow, Error> {
    Ok(DownloadRow {
        merchant_id: row.take(0)?,
        terminal_id: row.take(1)?,
        kind: row.take(2)?,
        offered: row.take(3)?,
        offered_at: row.take(4)?,
        version: row.take(5)?,
        finished_at: row.take(6)?,
    })
}

/// Everything a terminal has downloaded or begun to, by kind.
pub fn of(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Vec<DownloadRow>, Error> {
    tx.all(
        "select merchant_id, terminal_id, kind, offered, offered_at, version, finished_at from terminal_downloads \
         where merchant_id = $1 and terminal_id = $2 order by kind",
        args![merchant_id, terminal_id],
    )?
    .iter()
    .map(read)
    .collect()
}

/// Notes that a version was sent.
pub fn offer(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id): (&str, &str),
    kind: &str,
    version: &str,
    at: i64,
) -> Result<(), Error> {
    tx.run(
        "insert into terminal_downloads (merchant_id, terminal_id, kind, offered, offered_at, version) \
         values ($1, $2, $3, $4, $5, '') on conflict (merchant_id, terminal_id, kind) \
         do update set offered = excluded.offered, offered_at = excluded.offered_at",
        args![merchant_id, terminal_id, kind, version, at],
    )?;
    Ok(())
}

/// Notes that what was sent last has been taken over; false where nothing was sent.
pub fn finish(tx: &mut Tx<'_>, (merchant_id, terminal_id): (&str, &str), kind: &str, at: i64) -> Result<bool, Error> {
    let noted = tx.run(
        "update terminal_downloads set version = offered, finished_at = $4 \
         where merchant_id = $1 and terminal_id = $2 and kind = $3",
        args![merchant_id, terminal_id, kind, at],
    )?;
    Ok(noted == 1)
}

/// Notes a clock that is off by `seconds`; false where that day has its note.
pub fn note_drift(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id): (&str, &str),
    day: &str,
    seconds: i64,
    at: i64,
) -> Result<bool, Error> {
    let noted = tx.run(
        "insert into clock_drifts (merchant_id, terminal_id, day, seconds, at) values ($1, $2, $3, $4, $5) \
         on conflict do nothing",
        args![merchant_id, terminal_id, day, seconds, at],
    )?;
    Ok(noted == 1)
}
