//! The journal: payments on their way through the authoriser, many to a transaction. A row is appended before the card
//! network is asked, ended before the terminal is answered, and folded into `transactions` within a second.
//!
//! Statements here read whole batches; on PostgreSQL each is one round trip. What a batch refuses (a repeat, a stopped
//! terminal, keys that changed) is simply not returned, and is looked at again one by one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::transactions::TransactionRow;
use crate::{Engine, Error, Given, Kind, Row, Tx, args, given};

/// A new payment with what it rests on.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Node and counter.
    pub place: i64,
    /// The payment as `transactions` will have it; shared with whoever waits for the network's answer.
    pub row: Arc<TransactionRow>,
    /// The terminal's line as the gateway knows it: another means that keys, batch or session changed.
    pub line_version: i64,
    /// The bit of the capability it takes.
    pub capability: i64,
}

/// How a payment ended.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ended {
    pub place: i64,
    /// `approved` or `declined`.
    pub state: &'static str,
    pub response_code: String,
    pub auth_code: String,
    pub answer: Vec<u8>,
    pub at: i64,
}

const COLUMNS: &str = "place, merchant_id, terminal_id, batch, stan, id, kind, amount, state, response_code, rrn, \
     auth_code, masked_card, card_index, card_type, entry_mode, request_hash, answer, fee, upstream_stan, received_at, \
     finished_at";

const APPENDED: &[(&str, Kind)] = &[
    ("place", Kind::Int),
    ("merchant_id", Kind::Text),
    ("terminal_id", Kind::Text),
    ("batch", Kind::Int),
    ("stan", Kind::Int),
    ("id", Kind::Text),
    ("kind", Kind::Text),
    ("amount", Kind::Int),
    ("rrn", Kind::Text),
    ("masked_card", Kind::Text),
    ("card_index", Kind::Text),
    ("card_type", Kind::Text),
    ("entry_mode", Kind::Text),
    ("request_hash", Kind::Text),
    ("fee", Kind::Int),
    ("upstream_stan", Kind::Int),
    ("received_at", Kind::Int),
    ("state", Kind::Text),
    ("response_code", Kind::Text),
    ("auth_code", Kind::Text),
];

/// Which may be appended: the terminal speaks as the gateway believes, and its gate row holds and is open.
const OPEN: &str = "\
    select g.place from given g \
    where exists (select 1 from terminals t where t.merchant_id = g.merchant_id and t.id = g.terminal_id \
        and t.line_version = g.line_version and t.batch = g.batch and t.signed_in) \
      and exists (select 1 from gates a where a.merchant_id = g.merchant_id and a.terminal_id = g.terminal_id \
        and a.epoch = (select e.epoch from gate_epoch e where e.id = 1) \
        and (a.valid_until is null or a.valid_until > g.at) and (a.blocked & g.capability) = 0)";

const STANDING: &[(&str, Kind)] = &[
    ("place", Kind::Int),
    ("merchant_id", Kind::Text),
    ("terminal_id", Kind::Text),
    ("batch", Kind::Int),
    ("line_version", Kind::Int),
    ("at", Kind::Int),
    ("capability", Kind::Int),
];

/// What is folded already under the same trace number. Asked after the append: a fold that another connection commits
/// meanwhile either still conflicts with the journal's key, or is seen here.
const REPEATED: &str = "\
    select g.place from given g where 1 = (select 1 from transactions x where x.merchant_id = g.merchant_id \
      and x.terminal_id = g.terminal_id and x.batch = g.batch and x.stan = g.stan and x.message_class = 'request' \
      limit 1)";

/// Appends payments; the places of those that stand. One that does not is a repeat, or its terminal may not.
pub fn append(tx: &mut Tx<'_>, entries: &[Entry]) -> Result<Vec<i64>, Error> {
    let standing: Vec<_> = entries.iter().map(standing).collect();
    let open: HashSet<i64> = places(&tx.given(STANDING, OPEN, &standing)?)?;
    let rows = entries.iter().filter(|entry| open.contains(&entry.place)).map(values);
    let appended = tx.insert_each("journal", APPENDED, &rows.collect::<Vec<_>>())?;
    let kept: HashSet<i64> = appended.iter().copied().collect();
    let keys: Vec<_> = entries
        .iter()
        .filter(|entry| kept.contains(&entry.place))
        .map(|e| given![e.place, &e.row.merchant_id, &e.row.terminal_id, e.row.batch, e.row.stan])
        .collect();
    let (of_key, _) = APPENDED.split_at(5);
    let repeated: HashSet<i64> = places(&tx.given(of_key, REPEATED, &keys)?)?;
    if repeated.is_empty() {
        return Ok(appended);
    }
    forget(tx, &repeated.iter().copied().collect::<Vec<_>>())?;
    Ok(appended.into_iter().filter(|place| !repeated.contains(place)).collect())
}

const PLACE: &[(&str, Kind)] = &[("place", Kind::Int)];

fn standing(entry: &Entry) -> Vec<Given<'_>> {
    let row = &entry.row;
    given![
        entry.place,
        &row.merchant_id,
        &row.terminal_id,
        row.batch,
        entry.line_version,
        row.received_at,
        entry.capability
    ]
}

fn values(entry: &Entry) -> Vec<Given<'_>> {
    let row = &entry.row;
    given![
        entry.place,
        &row.merchant_id,
        &row.terminal_id,
        row.batch,
        row.stan,
        &row.id,
        &row.kind,
        row.amount,
        &row.rrn,
        &row.masked_card,
        &row.card_index,
        &row.card_type,
        &row.entry_mode,
        &row.request_hash,
        row.fee,
        row.upstream_stan.unwrap_or(0),
        row.received_at,
        "pending",
        "",
        ""
    ]
}

fn places(rows: &[Row]) -> Result<HashSet<i64>, Error> {
    rows.iter().map(|row| row.take(0)).collect()
}

const ENDED: &[(&str, Kind)] = &[
    ("place", Kind::Int),
    ("state", Kind::Text),
    ("response_code", Kind::Text),
    ("auth_code", Kind::Text),
    ("answer", Kind::Blob),
    ("finished_at", Kind::Int),
];

/// A payment whose batch was closed meanwhile does not end here: it may no longer stand in that batch.
const END: &str = "\
    update journal set state = {state}, response_code = {response_code}, auth_code = {auth_code}, answer = {answer}, \
      finished_at = {finished_at} {given} \
    where journal.place = {place} and journal.state = 'pending' and exists (select 1 from terminals t \
      where t.merchant_id = journal.merchant_id and t.id = journal.terminal_id and t.batch = journal.batch and t.signed_in)";

/// Ends pending payments; the places of those that ended so. Another was folded meanwhile: its end is written there.
pub fn end(tx: &mut Tx<'_>, ended: &[Ended]) -> Result<Vec<i64>, Error> {
    let rows: Vec<_> = ended
        .iter()
        .map(|e| given![e.place, e.state, &e.response_code, &e.auth_code, &e.answer[..], e.at])
        .collect();
    tx.change_each(ENDED, END, &rows)
}

fn read(row: &Row) -> Result<(i64, TransactionRow), Error> {
    let transaction = TransactionRow {
        merchant_id: row.take(1)?,
        terminal_id: row.take(2)?,
        batch: row.take(3)?,
        stan: row.take(4)?,
        message_class: "request".to_owned(),
        id: row.take(5)?,
        kind: row.take(6)?,
        amount: row.take(7)?,
        state: row.take(8)?,
        response_code: row.take(9)?,
        rrn: row.take(10)?,
        auth_code: row.take(11)?,
        masked_card: row.take(12)?,
        card_index: row.take(13)?,
        card_type: row.take(14)?,
        entry_mode: row.take(15)?,
        original_id: None,
        request_hash: row.take(16)?,
        answer: row.take(17)?,
        explanation_code: String::new(),
        fee: row.take(18)?,
        event: String::new(),
        entry: String::new(),
        upstream_stan: Some(row.take(19)?),
        received_at: row.take(20)?,
        finished_at: row.take(21)?,
    };
    Ok((row.take(0)?, transaction))
}

/// What an ended row is besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The kind of event on its terminal's time-line.
    pub event: &'static str,
    /// The template, with its version, under which it is posted in the books; empty where it is not.
    pub entry: String,
}

/// Says what an ended row is besides.
pub type Marks<'a> = &'a dyn Fn(&TransactionRow) -> Mark;

/// What a row that ended costs: what took no effect costs nothing.
fn fee(row: &TransactionRow) -> i64 {
    if matches!(row.state.as_str(), "approved" | "pending") {
        row.fee
    } else {
        0
    }
}

/// Writes rows into `transactions` in the order of the keys, so that neighbours share pages and two folds never wait for
/// each other in a ring.
fn write(tx: &mut Tx<'_>, rows: &mut [&TransactionRow], mark: Marks<'_>) -> Result<(), Error> {
    rows.sort_by(|a, b| (&a.merchant_id, &a.id).cmp(&(&b.merchant_id, &b.id)));
    let rows: Vec<_> = rows.iter().map(|row| (*row, fee(row), mark(row))).collect();
    crate::transactions::insert_all(tx, &rows)?;
    Ok(())
}

/// Writes rows that were taken out of the journal, but for those that had been copied before.
fn moved(tx: &mut Tx<'_>, rows: Vec<TransactionRow>, mark: Marks<'_>) -> Result<Vec<TransactionRow>, Error> {
    let present = crate::transactions::present(tx, &rows)?;
    let rows: Vec<TransactionRow> = rows.into_iter().filter(|row| !present.contains(&row.id)).collect();
    write(tx, &mut rows.iter().collect::<Vec<_>>(), mark)?;
    Ok(rows)
}

/// Folds ended payments, as this process knows them, into `transactions`; those that this call moved. What another
/// connection folded before is left alone.
///
/// On SQLite they are copied, and stay in the journal until [`forget`] takes them out in the order in which they lie
/// there: taken out in the order of `transactions` each would cost a page of its own. Whoever reads the journal knows that
/// a row may stand in both.
pub fn fold<'a>(
    tx: &mut Tx<'_>,
    rows: &'a [(i64, TransactionRow)],
    mark: Marks<'_>,
) -> Result<Vec<&'a TransactionRow>, Error> {
    let keys: Vec<_> = rows.iter().map(|(place, _)| given![*place]).collect();
    let here: HashSet<i64> = match tx.engine() {
        Engine::Sqlite => places(&tx.given(PLACE, STANDS, &keys)?)?,
        Engine::Postgres => tx.change_each(PLACE, TAKEN, &keys)?.into_iter().collect(),
    };
    let here = rows.iter().filter(|(place, _)| here.contains(place));
    let mut here: Vec<&TransactionRow> = here.map(|(_, row)| row).collect();
    write(tx, &mut here, mark)?;
    Ok(here)
}

const STANDS: &str = "\
    select g.place from given g join journal j on j.place = g.place where j.state <> 'pending' \
      and not exists (select 1 from transactions x where x.merchant_id = j.merchant_id and x.id = j.id)";
const TAKEN: &str = "delete from journal {given} where journal.place = {place} and journal.state <> 'pending'";

/// Takes rows out of the journal.
pub fn forget(tx: &mut Tx<'_>, places: &[i64]) -> Result<(), Error> {
    let rows: Vec<_> = places.iter().map(|place| given![*place]).collect();
    tx.change_each(
        PLACE,
        "delete from journal {given} where journal.place = {place}",
        &rows,
    )?;
    Ok(())
}

/// Folds what a merchant has in the journal: everything that ended, and of one terminal also what is pending, whose end
/// will then be written in `transactions`. For messages that look at earlier ones.
pub fn fold_merchant(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id): (&str, &str),
    mark: Marks<'_>,
) -> Result<Vec<TransactionRow>, Error> {
    let sql = format!(
        "delete from journal where merchant_id = $1 and (terminal_id = $2 or state <> 'pending') returning {COLUMNS}"
    );
    let rows = tx.all(&sql, args![merchant_id, terminal_id])?;
    let rows: Result<Vec<_>, Error> = rows.iter().map(|row| Ok(read(row)?.1)).collect();
    moved(tx, rows?, mark)
}

/// Folds what stands between two places and was received before a moment, pending or not, at most `limit` rows: what a
/// process that has gone left behind. How many were taken out, and those of them that were not copied before.
pub fn fold_left(
    tx: &mut Tx<'_>,
    (from, until): (i64, i64),
    before: i64,
    limit: i64,
    mark: Marks<'_>,
) -> Result<(usize, Vec<TransactionRow>), Error> {
    let sql = format!(
        "delete from journal where place in (select place from journal where place >= $1 and place < $2 \
         and received_at < $3 order by place limit $4) returning {COLUMNS}"
    );
    let rows = tx.all(&sql, args![from, until, before, limit])?;
    let rows: Vec<_> = rows.iter().map(|row| Ok(read(row)?.1)).collect::<Result<_, Error>>()?;
    Ok((rows.len(), moved(tx, rows, mark)?))
}

/// When the first row of the journal's first thousand was received; none where it is empty. Rows leave it within a
/// second, so there are hardly ever more.
pub fn oldest(tx: &mut Tx<'_>) -> Result<Option<i64>, Error> {
    tx.one(
        "select min(f.received_at) from (select received_at from journal order by place limit 1000) f",
        args![],
    )?
    .take(0)
}

/// The highest place below `until`, so that a new start appends after it.
pub fn highest(tx: &mut Tx<'_>, until: i64) -> Result<Option<i64>, Error> {
    tx.one("select max(place) from journal where place < $1", args![until])?
        .take(0)
}

/// The highest reference number (twelve digits) in the journal that begins with `prefix`.
pub fn highest_reference(tx: &mut Tx<'_>, prefix: &str) -> Result<Option<String>, Error> {
    tx.one(
        "select max(rrn) from journal where rrn >= $1 and rrn <= $2",
        args![prefix, format!("{prefix:9<12}")],
    )?
    .take(0)
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// A payment stands under one trace number once: what is in the journal and among the transactions is the same payment,
/// copied and ended.
pub const IN_ONE_PLACE: &str = "
    select j.merchant_id || '/' || j.id, 'in the journal only, or copied', 'among the transactions as ' || x.id
    from journal j join transactions x on x.merchant_id = j.merchant_id and x.terminal_id = j.terminal_id
      and x.batch = j.batch and x.stan = j.stan and x.message_class = 'request'
    where x.id <> j.id or j.state = 'pending'
    order by j.place limit 20";
