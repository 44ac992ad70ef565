//! The books: what went through the accounts of merchants per local day, and the entries it follows from, which are the
//! transactions themselves.

use crate::{Error, Row, Tx, args};

/// What went through an account on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VolumeRow {
    pub merchant_id: String,
    /// An account of `postings.toml`.
    pub account: String,
    /// `YYYYMMDD`.
    pub period: i64,
    /// Fen.
    pub debit: i64,
    /// Fen.
    pub credit: i64,
}

const COLUMNS: &str = "merchant_id, account, period, debit, credit";

fn volume(row: &Row) -> Result<VolumeRow, Error> {
    Ok(VolumeRow {
        merchant_id: row.take(0)?,
        account: row.take(1)?,
        period: row.take(2)?,
        debit: row.take(3)?,
        credit: row.take(4)?,
    })
}

const INSERT: &str = "insert into volumes (merchant_id, account, period, debit, credit) values \
     on conflict (merchant_id, period, account) \
     do update set debit = volumes.debit + excluded.debit, credit = volumes.credit + excluded.credit";

/// Adds to volumes, each named once. In the order of their keys, so that two that add never wait for each other in a ring.
pub fn add(tx: &mut Tx<'_>, mut rows: Vec<VolumeRow>) -> Result<(), Error> {
    rows.sort_by(|a, b| (&a.merchant_id, a.period, &a.account).cmp(&(&b.merchant_id, b.period, &b.account)));
    let rows = rows
        .iter()
        .map(|row| args![&row.merchant_id, &row.account, row.period, row.debit, row.credit])
        .collect();
    tx.insert_many(INSERT, 5, rows)?;
    Ok(())
}

/// Debited and credited, fen.
pub type Sides = (i64, i64);

/// What went through each account of a merchant before a day, and from it until another, both included.
pub fn of_merchant(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    (from, until): (i64, i64),
) -> Result<Vec<(String, [Sides; 2])>, Error> {
    tx.all(
        "select account, cast(sum(case when period < $2 then debit else 0 end) as bigint), \
           cast(sum(case when period < $2 then credit else 0 end) as bigint), \
           cast(sum(case when period >= $2 then debit else 0 end) as bigint), \
           cast(sum(case when period >= $2 then credit else 0 end) as bigint) \
         from volumes where merchant_id = $1 and period <= $3 group by account order by account",
        args![merchant_id, from, until],
    )?
    .iter()
    .map(|row| {
        let (before, within) = ((row.take(1)?, row.take(2)?), (row.take(3)?, row.take(4)?));
        Ok((row.take(0)?, [before, within]))
    })
    .collect()
}

/// Every volume that is of anything, in the order of their keys.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<VolumeRow>, Error> {
    let sql =
        format!("select {COLUMNS} from volumes where debit <> 0 or credit <> 0 order by merchant_id, period, account");
    tx.all(&sql, args![])?.iter().map(volume).collect()
}

/// Forgets every volume, before they are added up anew.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.run("delete from volumes", args![])?;
    Ok(())
}

// Entries --------------------------------------------------------------------------------------------------------------

/// Entries of a merchant under one template on a day, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Posted {
    pub merchant_id: String,
    pub entry: String,
    /// Whole days since the moment asked from.
    pub day: i64,
    /// Fen.
    pub amount: i64,
    /// Fen; of reversals, the fees of what they reverse.
    pub fee: i64,
}

/// A reversal beside what it reverses, as `o`.
const REVERSED: &str = "left join transactions o on x.message_class = 'reversal' and o.merchant_id = x.merchant_id \
     and o.id = x.original_id";

/// Entries received between two moments, by days of 24 hours from the first.
pub fn posted(tx: &mut Tx<'_>, from: i64, until: i64) -> Result<Vec<Posted>, Error> {
    let sql = format!(
        "select x.merchant_id, x.entry, (x.received_at - $1) / 86400000, cast(sum(x.amount) as bigint), \
           cast(sum(case when x.message_class = 'reversal' then coalesce(o.fee, 0) else x.fee end) as bigint) \
         from transactions x {REVERSED} \
         where x.received_at >= $1 and x.received_at < $2 and x.entry <> '' \
         group by x.merchant_id, x.entry, (x.received_at - $1) / 86400000"
    );
    tx.all(&sql, args![from, until])?
        .iter()
        .map(|row| {
            Ok(Posted {
                merchant_id: row.take(0)?,
                entry: row.take(1)?,
                day: row.take(2)?,
                amount: row.take(3)?,
                fee: row.take(4)?,
            })
        })
        .collect()
}

/// When the first and the last entry were received; none where there is none.
pub fn span(tx: &mut Tx<'_>) -> Result<Option<(i64, i64)>, Error> {
    let row = tx.one(
        "select min(received_at), max(received_at) from transactions where entry <> ''",
        args![],
    )?;
    let (first, last): (Option<i64>, Option<i64>) = (row.take(0)?, row.take(1)?);
    Ok(first.zip(last))
}

/// Transactions alike in what decides whether they have an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Alike {
    pub message_class: String,
    pub kind: String,
    /// Whether they took effect, if only until they were undone.
    pub took_effect: bool,
    pub entry: String,
    /// Of a reversal: the entry of what it reverses.
    pub reversed: String,
    /// One of them, `merchant/id`.
    pub one: String,
}

/// What took effect. What was reversed did if it had been approved before: its answer says so still.
const TOOK_EFFECT: &str =
    "(state in ('approved', 'voided', 'refunded') or (state = 'reversed' and response_code = '00'))";

/// All transactions by what decides whether they have an entry, one of each sort.
pub fn sorts(tx: &mut Tx<'_>) -> Result<Vec<Alike>, Error> {
    let sql = format!(
        "select x.message_class, x.kind, x.effect, x.entry, coalesce(o.entry, ''), min(x.merchant_id || '/' || x.id) \
         from (select merchant_id, id, message_class, kind, entry, original_id, \
                 case when {TOOK_EFFECT} then 1 else 0 end as effect from transactions) x {REVERSED} \
         group by x.message_class, x.kind, x.effect, x.entry, coalesce(o.entry, '') \
         order by min(x.merchant_id || '/' || x.id)"
    );
    tx.all(&sql, args![])?
        .iter()
        .map(|row| {
            Ok(Alike {
                message_class: row.take(0)?,
                kind: row.take(1)?,
                took_effect: row.take::<i64>(2)? == 1,
                entry: row.take(3)?,
                reversed: row.take(4)?,
                one: row.take(5)?,
            })
        })
        .collect()
}

/// Gives payments of a kind that took effect before the books began their entry; how many.
pub fn enter(tx: &mut Tx<'_>, kind: &str, entry: &str) -> Result<u64, Error> {
    let sql = format!(
        "update transactions set entry = $2 where message_class = 'request' and kind = $1 and entry = '' and {TOOK_EFFECT}"
    );
    tx.run(&sql, args![kind, entry])
}

/// Gives reversals of what has an entry theirs: its name and `ending`.
pub fn enter_reversals(tx: &mut Tx<'_>, ending: &str) -> Result<u64, Error> {
    const ORIGINAL: &str = "from transactions o where o.merchant_id = transactions.merchant_id \
         and o.id = transactions.original_id";
    let sql = format!(
        "update transactions set entry = (select o.entry || $1 {ORIGINAL}) \
         where message_class = 'reversal' and entry = '' and exists (select 1 {ORIGINAL} and o.entry <> '')"
    );
    tx.run(&sql, args![ending])
}

// Invariants -----------------------------------------------------------------------------------------------------------

/// What a merchant's accounts were debited with on a day is what they were credited with.
pub const BALANCED: &str = "
    select merchant_id || '/' || cast(period as text), cast(sum(debit) as text) || ' on both sides',
           cast(sum(credit) as text) || ' credited'
    from volumes group by merchant_id, period having sum(debit) <> sum(credit)
    order by merchant_id, period limit 20";
