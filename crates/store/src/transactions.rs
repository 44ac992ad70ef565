//! What terminals asked for and were told: one row per financial message, written before the card network is asked and
//! finished before the terminal is answered.

use std::collections::HashSet;

use crate::journal::Mark;
use crate::{Error, Given, Kind, Row, Tx, args, given};

/// A row of `transactions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TransactionRow {
    pub merchant_id: String,
    pub id: String,
    pub terminal_id: String,
    pub batch: i64,
    pub stan: i64,
    /// `request` or `reversal`: what may carry the same trace number beside one another.
    pub message_class: String,
    pub kind: String,
    /// Fen.
    pub amount: i64,
    /// `pending`, `approved`, `declined`, `unknown`, `voided`, `reversed` or `refunded`.
    pub state: String,
    pub response_code: String,
    pub rrn: String,
    pub auth_code: String,
    pub masked_card: String,
    pub card_index: String,
    pub card_type: String,
    pub entry_mode: String,
    /// The transaction that this one voids, refunds, completes or reverses.
    pub original_id: Option<String>,
    pub request_hash: String,
    /// The fields of the answer that the host gave, encoded; never a card number.
    pub answer: Option<Vec<u8>>,
    pub explanation_code: String,
    pub upstream_stan: Option<i64>,
    pub received_at: i64,
    pub finished_at: Option<i64>,
    /// What the merchant pays for it, fen.
    pub fee: i64,
    /// The kind of event that this row itself is; empty where an event of its own was written.
    pub event: String,
    /// The template of the books under which it was posted, with its version; empty where it was not.
    pub entry: String,
}

pub(crate) const COLUMNS: &str = "merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, response_code, rrn, \
     auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, answer, explanation_code, \
     upstream_stan, received_at, finished_at, fee, event, entry";

pub(crate) fn read(row: &Row) -> Result<TransactionRow, Error> {
    Ok(TransactionRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        terminal_id: row.take(2)?,
        batch: row.take(3)?,
        stan: row.take(4)?,
        message_class: row.take(5)?,
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
        original_id: row.take(16)?,
        request_hash: row.take(17)?,
        answer: row.take(18)?,
        explanation_code: row.take(19)?,
        upstream_stan: row.take(20)?,
        received_at: row.take(21)?,
        finished_at: row.take(22)?,
        fee: row.take(23)?,
        event: row.take(24)?,
        entry: row.take(25)?,
    })
}

fn rows(rows: &[Row]) -> Result<Vec<TransactionRow>, Error> {
    rows.iter().map(read).collect()
}

/// Writes a new row, unless the terminal, batch, trace number and class have one; whether it was written.
pub fn insert(tx: &mut Tx<'_>, row: &TransactionRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into transactions ({COLUMNS}) values on conflict (merchant_id, terminal_id, batch, stan, message_class) \
         do nothing"
    );
    let values = values(row, row.fee, (&row.event, &row.entry));
    Ok(tx.insert_given(&sql, 26, &[values])? == 1)
}

/// Writes new rows that are known to be new, each with its fee and what it is besides.
pub(crate) fn insert_all(tx: &mut Tx<'_>, rows: &[(&TransactionRow, i64, Mark)]) -> Result<u64, Error> {
    let sql = format!("insert into transactions ({COLUMNS}) values");
    let values = rows
        .iter()
        .map(|(row, fee, mark)| values(row, *fee, (mark.event, &mark.entry)));
    tx.insert_given(&sql, 26, &values.collect::<Vec<_>>())
}

/// Which of a merchant's transactions, by id, are there.
pub(crate) fn present(tx: &mut Tx<'_>, rows: &[TransactionRow]) -> Result<HashSet<String>, Error> {
    const GIVEN: &[(&str, Kind)] = &[("merchant_id", Kind::Text), ("id", Kind::Text)];
    let keys: Vec<_> = rows.iter().map(|row| given![&row.merchant_id, &row.id]).collect();
    let sql = "select x.id from given g join transactions x on x.merchant_id = g.merchant_id and x.id = g.id";
    tx.given(GIVEN, sql, &keys)?.iter().map(|row| row.take(0)).collect()
}

fn values<'a>(row: &'a TransactionRow, fee: i64, (event, entry): (&'a str, &'a str)) -> Vec<Given<'a>> {
    given![
        &row.merchant_id,
        &row.id,
        &row.terminal_id,
        row.batch,
        row.stan,
        &row.message_class,
        &row.kind,
        row.amount,
        &row.state,
        &row.response_code,
        &row.rrn,
        &row.auth_code,
        &row.masked_card,
        &row.card_index,
        &row.card_type,
        &row.entry_mode,
        &row.original_id,
        &row.request_hash,
        &row.answer,
        &row.explanation_code,
        row.upstream_stan,
        row.received_at,
        row.finished_at,
        fee,
        event,
        entry
    ]
}

/// One transaction.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<TransactionRow>, Error> {
    let sql = format!("select {COLUMNS} from transactions where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// The transaction of a trace number.
pub fn by_trace(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id): (&str, &str),
    batch: i64,
    stan: i64,
    message_class: &str,
) -> Result<Option<TransactionRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from transactions where merchant_id = $1 and terminal_id = $2 and batch = $3 and stan = $4 \
         and message_class = $5"
    );
    tx.maybe(&sql, args![merchant_id, terminal_id, batch, stan, message_class])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Transactions of a merchant under a reference number.
pub fn by_reference(tx: &mut Tx<'_>, merchant_id: &str, rrn: &str) -> Result<Vec<TransactionRow>, Error> {
    let sql = format!("select {COLUMNS} from transactions where rrn = $2 and merchant_id = $1 order by id");
    rows(&tx.all(&sql, args![merchant_id, rrn])?)
}

/// Transactions of a merchant with an authorisation code and card, whose ids are `since` or later.
pub fn by_authorisation(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    auth_code: &str,
    card_index: &str,
    since: &str,
) -> Result<Vec<TransactionRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from transactions where merchant_id = $1 and id >= $4 and auth_code = $2 \
         and card_index = $3 order by id"
    );
    rows(&tx.all(&sql, args![merchant_id, auth_code, card_index, since])?)
}

/// The transaction that went upstream under this trace number for this terminal, the newest if the numbers went round.
pub fn by_upstream_trace(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    upstream_stan: i64,
    since: &str,
) -> Result<Option<TransactionRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from transactions where merchant_id = $1 and id >= $4 and terminal_id = $2 \
         and upstream_stan = $3 order by id desc limit 1"
    );
    tx.maybe(&sql, args![merchant_id, terminal_id, upstream_stan, since])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What a transaction ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct End<'a> {
    pub state: &'a str,
    pub response_code: &'a str,
    pub auth_code: &'a str,
    pub answer: &'a [u8],
    pub explanation_code: &'a str,
    pub at: i64,
    /// The template under which it is posted; empty where it is not.
    pub entry: &'a str,
}

/// Ends a pending transaction; false where it is pending no more. What is not approved costs nothing.
pub fn finish(tx: &mut Tx<'_>, merchant_id: &str, id: &str, end: &End<'_>) -> Result<bool, Error> {
    let ended = tx.run(
        "update transactions set state = $3, response_code = $4, auth_code = $5, answer = $6, explanation_code = $7, \
         finished_at = $8, entry = $9, fee = case when $3 = 'approved' then fee else 0 end \
         where merchant_id = $1 and id = $2 and state = 'pending'",
        args![
            merchant_id,
            id,
            end.state,
            end.response_code,
            end.auth_code,
            end.answer,
            end.explanation_code,
            end.at,
            end.entry
        ],
    )?;
    Ok(ended == 1)
}

/// Takes a transaction from one state to another; false where it is not in the first any more.
pub fn turn(tx: &mut Tx<'_>, merchant_id: &str, id: &str, from: &str, to: &str) -> Result<bool, Error> {
    let turned = tx.run(
        "update transactions set state = $4 where merchant_id = $1 and id = $2 and state = $3",
        args![merchant_id, id, from, to],
    )?;
    Ok(turned == 1)
}

/// Says which transaction a pending one refers to.
pub fn link(tx: &mut Tx<'_>, merchant_id: &str, id: &str, original_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update transactions set original_id = $3 where merchant_id = $1 and id = $2 and state = 'pending'",
        args![merchant_id, id, original_id],
    )
}

/// Takes the row lock of an original, so that two messages about it follow one another; false where it is not in `state`.
pub fn hold(tx: &mut Tx<'_>, merchant_id: &str, id: &str, state: &str) -> Result<bool, Error> {
    turn(tx, merchant_id, id, state, state)
}

/// The part of an id that says when it was made, to the millisecond: all but the random 16 characters. Ids of that moment
/// and later ones sort after it.
fn moment(id: &str) -> &str {
    id.len().checked_sub(16).and_then(|at| id.get(..at)).unwrap_or_default()
}

/// Transactions that refer to an original and took or may take effect: pending, approved, unknown.
pub fn about(tx: &mut Tx<'_>, merchant_id: &str, original: &TransactionRow) -> Result<Vec<TransactionRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from transactions where merchant_id = $1 and id >= $3 and original_id = $2 \
         and state in ('pending', 'approved', 'unknown') order by id"
    );
    rows(&tx.all(&sql, args![merchant_id, &original.id, moment(&original.id)])?)
}

/// Sum and count of the transactions of a batch, per kind, that count in its settlement.
pub fn totals(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    terminal_id: &str,
    batch: i64,
) -> Result<Vec<(String, i64, i64)>, Error> {
    tx.all(
        "select kind, cast(sum(amount) as bigint), count(*) from transactions \
         where merchant_id = $1 and terminal_id = $2 and batch = $3 and message_class = 'request' \
         and state in ('approved', 'voided', 'refunded') group by kind order by kind",
        args![merchant_id, terminal_id, batch],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?, r.take(2)?)))
    .collect()
}

/// Transactions still pending that arrived before `before`: whoever carried them has gone.
pub fn abandoned(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<TransactionRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from transactions where state in ('pending', 'unknown') and state = 'pending' \
         and received_at < $1 order by received_at, merchant_id, id limit $2"
    );
    rows(&tx.all(&sql, args![before, limit])?)
}

/// The highest reference number (twelve digits) that begins with `prefix`.
pub fn highest_reference(tx: &mut Tx<'_>, prefix: &str) -> Result<Option<String>, Error> {
    let end = format!("{prefix:9<12}");
    tx.one(
        "select max(rrn) from transactions where rrn >= $1 and rrn <= $2",
        args![prefix, end],
    )?
    .take(0)
}

/// Which transactions a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this merchant.
    pub merchant_id: String,
    /// Only of this terminal.
    pub terminal_id: String,
    /// Only in this state.
    pub state: String,
    /// Only received from this moment on (milliseconds).
    pub from: Option<i64>,
    /// Only received before this moment (milliseconds).
    pub until: Option<i64>,
    /// Only with this id or a later one: where to begin to look for what was received since a moment.
    pub since: String,
}

/// A page of transactions with their terminal numbers, newest first: those whose id is below `before` (empty: from the
/// newest).
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    before: &str,
    limit: i64,
) -> Result<Vec<(TransactionRow, String)>, Error> {
    // The alternative spelling per filter lets both engines use the merchant's index.
    let scope = if filter.merchant_id.is_empty() {
        "$1 = ''"
    } else {
        "x.merchant_id = $1"
    };
    let columns: Vec<String> = COLUMNS.split(", ").map(|c| format!("x.{}", c.trim())).collect();
    let sql = format!(
        "select {}, coalesce(t.number, '') from transactions x \
         left join terminals t on t.merchant_id = x.merchant_id and t.id = x.terminal_id \
         where {scope} and ($2 = '' or x.terminal_id = $2) and ($3 = '' or x.state = $3) and ($4 = '' or x.id < $4) \
         and x.id >= $8 and x.received_at >= $6 and x.received_at < $7 order by x.id desc limit $5",
        columns.join(", ")
    );
    let args = args![
        &filter.merchant_id,
        &filter.terminal_id,
        &filter.state,
        before,
        limit,
        filter.from.unwrap_or(i64::MIN),
        filter.until.unwrap_or(i64::MAX),
        &filter.since
    ];
    tx.all(&sql, args)?
        .iter()
        .map(|r| Ok((read(r)?, r.take(26)?)))
        .collect()
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// What nobody knows the outcome of has a reversal on its way that finds out.
pub const UNKNOWN_RESOLVED: &str = "
    select x.merchant_id || '/' || x.id, 'a reversal that waits to be sent', coalesce(r.state, 'none')
    from transactions x left join upstream_reversals r on r.merchant_id = x.merchant_id and r.transaction_id = x.id
    where x.state = 'unknown' and coalesce(r.state, 'none') <> 'queued'
    order by x.merchant_id, x.id limit 20";

/// What is voided has one approved void; what is reversed has told the network.
pub const UNDONE_ONCE: &str = "
    select place, expected, found
    from (select x.merchant_id || '/' || x.id as place, 'one approved void' as expected,
                 cast((select count(*) from transactions v where v.merchant_id = x.merchant_id and v.original_id = x.id
                   and v.state = 'approved' and v.kind in ('void', 'preauth_void', 'completion_void', 'load_cash_void')) as text) as found
          from transactions x where x.state = 'voided'
          union all
          select x.merchant_id || '/' || x.id, 'one', 'none'
          from transactions x left join upstream_reversals r
            on r.merchant_id = x.merchant_id and r.transaction_id = x.id
          where x.state = 'reversed' and r.transaction_id is null) u
    where found <> case when expected = 'one' then expected else '1' end
    order by place limit 20";

/// Voids and reversals are of their original's amount; refunds together give back no more.
pub const WITHIN_ORIGINAL: &str = "
    select place, expected, found
    from (select v.merchant_id || '/' || v.id as place, cast(x.amount as text) as expected, cast(v.amount as text) as found
          from transactions v join transactions x on x.merchant_id = v.merchant_id and x.id = v.original_id
          where v.state = 'approved' and v.kind in ('void', 'reversal', 'preauth_void', 'completion_void', 'load_cash_void')
            and v.amount <> x.amount
          union all
          select x.merchant_id || '/' || x.id, 'at most ' || cast(x.amount as text), cast(sum(v.amount) as text)
          from transactions v join transactions x on x.merchant_id = v.merchant_id and x.id = v.original_id
          where v.state = 'approved' and v.kind = 'refund'
          group by x.merchant_id, x.id, x.amount having sum(v.amount) > x.amount) w
    order by place limit 20";
