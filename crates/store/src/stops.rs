//! Stops: dated causes that take capabilities away. One live stop per subject and reason.

use crate::{Error, Row, Tx, args};

/// A row of `stops`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StopRow {
    pub merchant_id: String,
    pub id: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub reason: String,
    pub announced_at: i64,
    pub starts_at: i64,
    pub ends_at: Option<i64>,
    pub details: String,
    pub placed_by: String,
    pub placed_why: String,
    pub lifted_at: Option<i64>,
    pub lifted_by: Option<String>,
    pub lifted_why: Option<String>,
    pub started: bool,
}

const COLUMNS: &str = "merchant_id, id, subject_kind, subject_id, reason, announced_at, starts_at, ends_at, details, \
                       placed_by, placed_why, lifted_at, lifted_by, lifted_why, started";

fn read(row: &Row) -> Result<StopRow, Error> {
    Ok(StopRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        subject_kind: row.take(2)?,
        subject_id: row.take(3)?,
        reason: row.take(4)?,
        announced_at: row.take(5)?,
        starts_at: row.take(6)?,
        ends_at: row.take(7)?,
        details: row.take(8)?,
        placed_by: row.take(9)?,
        placed_why: row.take(10)?,
        lifted_at: row.take(11)?,
        lifted_by: row.take(12)?,
        lifted_why: row.take(13)?,
        started: row.take(14)?,
    })
}

fn rows(rows: &[Row]) -> Result<Vec<StopRow>, Error> {
    rows.iter().map(read).collect()
}

/// Writes a new stop; a second live one of the same subject and reason violates `stops_live`.
pub fn insert(tx: &mut Tx<'_>, stop: &StopRow) -> Result<(), Error> {
    let sql = format!("insert into stops ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,null,null,null,$12)");
    let args = args![
        &stop.merchant_id,
        &stop.id,
        &stop.subject_kind,
        &stop.subject_id,
        &stop.reason,
        stop.announced_at,
        stop.starts_at,
        stop.ends_at,
        &stop.details,
        &stop.placed_by,
        &stop.placed_why,
        stop.started
    ];
    tx.exactly_one(&sql, args)
}

/// One stop.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<StopRow>, Error> {
    let sql = format!("select {COLUMNS} from stops where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// Every stop of a merchant (or `-`) not yet lifted, whatever its dates.
pub fn live(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<StopRow>, Error> {
    let sql = format!("select {COLUMNS} from stops where merchant_id = $1 and lifted_at is null order by id");
    rows(&tx.all(&sql, args![merchant_id])?)
}

/// Every stop of a merchant (or `-`) that was placed and not lifted at the moment `at`.
pub fn live_at(tx: &mut Tx<'_>, merchant_id: &str, at: i64) -> Result<Vec<StopRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from stops where merchant_id = $1 and announced_at <= $2 \
         and (lifted_at is null or lifted_at > $2) order by id"
    );
    rows(&tx.all(&sql, args![merchant_id, at])?)
}

/// The live stop of one subject and reason.
pub fn find_live(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    subject: (&str, &str),
    reason: &str,
) -> Result<Option<StopRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from stops where merchant_id = $1 and subject_kind = $2 and subject_id = $3 \
         and reason = $4 and lifted_at is null"
    );
    tx.maybe(&sql, args![merchant_id, subject.0, subject.1, reason])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Lifts a stop that is still live.
pub fn lift(tx: &mut Tx<'_>, stop: &StopRow, at: i64, by: &str, why: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update stops set lifted_at = $3, lifted_by = $4, lifted_why = $5 \
         where merchant_id = $1 and id = $2 and lifted_at is null",
        args![&stop.merchant_id, &stop.id, at, by, why],
    )
}

/// Marks that the start of a stop has been told.
pub fn mark_started(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update stops set started = true where merchant_id = $1 and id = $2 and not started and lifted_at is null",
        args![merchant_id, id],
    )
}

/// Announced stops whose start has come, at most `limit`.
pub fn due_to_start(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<StopRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from stops where lifted_at is null and not started and starts_at <= $1 \
         order by starts_at, merchant_id, id limit $2"
    );
    rows(&tx.all(&sql, args![now, limit])?)
}

/// Live stops whose scheduled end has passed, at most `limit`.
pub fn due_to_end(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<StopRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from stops where lifted_at is null and ends_at is not null and ends_at <= $1 \
         order by ends_at, merchant_id, id limit $2"
    );
    rows(&tx.all(&sql, args![now, limit])?)
}

/// Which stops a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this merchant (or `-`).
    pub merchant_id: String,
    /// Only this kind of subject.
    pub subject_kind: String,
    /// Only this subject.
    pub subject_id: String,
    /// Only reasons with this prefix.
    pub reason_prefix: String,
    /// Only stops not lifted.
    pub live_only: bool,
}

/// A page of stops, newest first: those whose id is below `before` (empty: from the newest).
pub fn list(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<StopRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from stops where ($1 = '' or merchant_id = $1) and ($2 = '' or subject_kind = $2) \
         and ($3 = '' or subject_id = $3) and ($4 = '' or substr(reason, 1, length($4)) = $4) \
         and (not $5 or lifted_at is null) and ($6 = '' or id < $6) order by id desc limit $7"
    );
    let args = args![
        &filter.merchant_id,
        &filter.subject_kind,
        &filter.subject_id,
        &filter.reason_prefix,
        filter.live_only,
        before,
        limit
    ];
    rows(&tx.all(&sql, args)?)
}
