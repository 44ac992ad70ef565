//! Requests: plans being carried out. At most one open request per merchant, kind and subject.

use crate::{Error, Row, Tx, args};

/// A row of `requests`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RequestRow {
    pub merchant_id: String,
    pub id: String,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub state: String,
    pub version: i64,
    pub choices: String,
    pub details: String,
    pub opened_by: String,
    pub opened_by_person: String,
    pub opened_at: i64,
    pub waiting_on: String,
    pub promise_by: Option<i64>,
    pub closed_at: Option<i64>,
    pub closed_why: String,
}

const COLUMNS: &str = "merchant_id, id, kind, subject_kind, subject_id, state, version, choices, details, opened_by, \
                       opened_by_person, opened_at, waiting_on, promise_by, closed_at, closed_why";

fn read(row: &Row) -> Result<RequestRow, Error> {
    Ok(RequestRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        kind: row.take(2)?,
        subject_kind: row.take(3)?,
        subject_id: row.take(4)?,
        state: row.take(5)?,
        version: row.take(6)?,
        choices: row.take(7)?,
        details: row.take(8)?,
        opened_by: row.take(9)?,
        opened_by_person: row.take(10)?,
        opened_at: row.take(11)?,
        waiting_on: row.take(12)?,
        promise_by: row.take(13)?,
        closed_at: row.take(14)?,
        closed_why: row.take(15)?,
    })
}

fn rows(rows: &[Row]) -> Result<Vec<RequestRow>, Error> {
    rows.iter().map(read).collect()
}

/// Writes a new request; `false` where one of its kind is open for the subject already.
pub fn insert(tx: &mut Tx<'_>, request: &RequestRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into requests ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) \
         on conflict do nothing"
    );
    let args = args![
        &request.merchant_id,
        &request.id,
        &request.kind,
        &request.subject_kind,
        &request.subject_id,
        &request.state,
        request.version,
        &request.choices,
        &request.details,
        &request.opened_by,
        &request.opened_by_person,
        request.opened_at,
        &request.waiting_on,
        request.promise_by,
        request.closed_at,
        &request.closed_why
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// One request.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<RequestRow>, Error> {
    let sql = format!("select {COLUMNS} from requests where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// The open request of a kind and subject (kind and id).
pub fn find_open(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    kind: &str,
    subject: (&str, &str),
) -> Result<Option<RequestRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from requests where merchant_id = $1 and kind = $2 and subject_kind = $3 \
         and subject_id = $4 and state = 'open'"
    );
    tx.maybe(&sql, args![merchant_id, kind, subject.0, subject.1])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The open requests of a merchant, oldest first.
pub fn open_of(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<RequestRow>, Error> {
    let sql = format!("select {COLUMNS} from requests where merchant_id = $1 and state = 'open' order by id");
    rows(&tx.all(&sql, args![merchant_id])?)
}

/// Writes what may change in an open request and adds one to its version. [`Error::NotOne`] when somebody else
/// changed it since `request.version` was read.
pub fn save(tx: &mut Tx<'_>, request: &RequestRow) -> Result<(), Error> {
    tx.exactly_one(
        "update requests set version = version + 1, state = $4, choices = $5, details = $6, waiting_on = $7, \
         promise_by = $8, closed_at = $9, closed_why = $10 \
         where merchant_id = $1 and id = $2 and version = $3 and state = 'open'",
        args![
            &request.merchant_id,
            &request.id,
            request.version,
            &request.state,
            &request.choices,
            &request.details,
            &request.waiting_on,
            request.promise_by,
            request.closed_at,
            &request.closed_why
        ],
    )
}

/// Open requests with an unfinished step among `steps`, from after (`merchant`, `id`), for the job that completes what
/// needs no person. At most `limit`.
pub fn open_at_step(tx: &mut Tx<'_>, step: &str, after: (&str, &str), limit: i64) -> Result<Vec<RequestRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from requests r where state = 'open' and (merchant_id, id) > ($2, $3) and exists \
         (select 1 from steps s where s.merchant_id = r.merchant_id and s.request_id = r.id and s.step = $1 \
          and s.state <> 'done') order by merchant_id, id limit $4"
    );
    rows(&tx.all(&sql, args![step, after.0, after.1, limit])?)
}

/// Open requests whose promise passed and of which that has not been told (no event since the promise). At most `limit`.
pub fn newly_stalled(tx: &mut Tx<'_>, now: i64, limit: i64) -> Result<Vec<RequestRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from requests r where state = 'open' and promise_by <= $1 and not exists \
         (select 1 from events e where e.merchant_id = r.merchant_id and e.subject_kind = 'request' \
          and e.subject_id = r.id and e.kind = 'request.stalled' and e.at >= r.promise_by) \
         order by promise_by, merchant_id, id limit $2"
    );
    rows(&tx.all(&sql, args![now, limit])?)
}

/// Which requests a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this merchant.
    pub merchant_id: String,
    /// Only merchants of this agent.
    pub agent_id: String,
    /// Only this kind.
    pub kind: String,
    /// Only this kind of subject.
    pub subject_kind: String,
    /// Only this subject.
    pub subject_id: String,
    /// Only this state; `closed`: any but open.
    pub state: String,
    /// Only those waiting for this actor.
    pub waiting_on: String,
}

/// A page of requests with their merchant's name, newest first: those whose id is below `before` (empty: the newest).
pub fn list(tx: &mut Tx<'_>, filter: &Filter, before: &str, limit: i64) -> Result<Vec<(RequestRow, String)>, Error> {
    let columns = COLUMNS
        .split(", ")
        .map(|c| format!("r.{}", c.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!(
        "select {columns}, m.name from requests r join merchants m on m.merchant_id = r.merchant_id \
         where ($1 = '' or r.merchant_id = $1) and ($2 = '' or m.agent_id = $2) and ($3 = '' or r.kind = $3) \
         and ($4 = '' or r.subject_kind = $4) and ($5 = '' or r.subject_id = $5) and ($6 = '' or r.state = $6 or ($6 = 'closed' and r.state <> 'open')) \
         and ($7 = '' or r.waiting_on = $7) and ($8 = '' or r.id < $8) order by r.id desc limit $9"
    );
    let args = args![
        &filter.merchant_id,
        &filter.agent_id,
        &filter.kind,
        &filter.subject_kind,
        &filter.subject_id,
        &filter.state,
        &filter.waiting_on,
        before,
        limit
    ];
    tx.all(&sql, args)?
        .iter()
        .map(|row| Ok((read(row)?, row.take(16)?)))
        .collect()
}
