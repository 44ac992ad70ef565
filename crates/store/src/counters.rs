//! Counters of what was taken per local day, and the limits that merchants and terminals have of their own.

use crate::{Error, Kind, Row, Tx, args, given};

/// What is added to a counter, or stands on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CounterRow {
    pub merchant_id: String,
    pub scope: String,
    pub key: String,
    /// `YYYYMMDD`.
    pub period: i64,
    /// Fen.
    pub amount: i64,
    pub count: i64,
}

const INSERT: &str = "insert into counters (merchant_id, scope, key, period, amount, count) values \
     on conflict (merchant_id, scope, key, period) \
     do update set amount = counters.amount + excluded.amount, count = counters.count + excluded.count";

/// Adds to counters, each named once. In the order of their keys, so that two that add never wait for each other in a ring.
pub fn add(tx: &mut Tx<'_>, mut rows: Vec<CounterRow>) -> Result<(), Error> {
    rows.sort_by(|a, b| {
        (&a.merchant_id, &a.scope, &a.key, a.period).cmp(&(&b.merchant_id, &b.scope, &b.key, b.period))
    });
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            given![
                &row.merchant_id,
                &row.scope,
                &row.key,
                row.period,
                row.amount,
                row.count
            ]
        })
        .collect();
    tx.insert_given(INSERT, 6, &rows)?;
    Ok(())
}

/// Amount and count of one counter: on a day, and in its month up to that day. With `hold` nobody else changes the day's
/// until this transaction ends.
pub fn totals(
    tx: &mut Tx<'_>,
    (merchant_id, scope, key): (&str, &str, &str),
    period: i64,
    hold: bool,
) -> Result<[(i64, i64); 2], Error> {
    if hold {
        let row = CounterRow {
            merchant_id: merchant_id.to_owned(),
            scope: scope.to_owned(),
            key: key.to_owned(),
            period,
            amount: 0,
            count: 0,
        };
        add(tx, vec![row])?;
    }
    let row = tx.one(
        "select cast(coalesce(sum(case when period = $4 then amount else 0 end), 0) as bigint), \
           cast(coalesce(sum(case when period = $4 then count else 0 end), 0) as bigint), \
           cast(coalesce(sum(amount), 0) as bigint), cast(coalesce(sum(count), 0) as bigint) \
         from counters where merchant_id = $1 and scope = $2 and key = $3 and period >= $5 and period <= $4",
        args![merchant_id, scope, key, period, period / 100 * 100],
    )?;
    Ok([(row.take(0)?, row.take(1)?), (row.take(2)?, row.take(3)?)])
}

/// A payment, or several alike, as counters see them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Taken {
    pub merchant_id: String,
    pub terminal_id: String,
    pub kind: String,
    pub state: String,
    pub card_index: String,
    pub card_type: String,
    pub entry_mode: String,
    /// Fen.
    pub amount: i64,
    pub count: i64,
    /// Whole days since the moment asked from.
    pub day: i64,
}

fn taken(row: &Row) -> Result<Taken, Error> {
    Ok(Taken {
        merchant_id: row.take(0)?,
        terminal_id: row.take(1)?,
        kind: row.take(2)?,
        state: row.take(3)?,
        card_index: row.take(4)?,
        card_type: row.take(5)?,
        entry_mode: row.take(6)?,
        amount: row.take(7)?,
        count: row.take(8)?,
        day: row.take(9)?,
    })
}

/// What of the journal took, or may take, effect and is not among the transactions.
const NOT_COPIED: &str = "state <> 'declined' and not exists (select 1 from transactions x \
     where x.merchant_id = journal.merchant_id and x.id = journal.id)";

/// Payments of a merchant that are on their way or not added up yet, but for one: pending ones, and with `journal` also
/// those in the journal, which only the process that appended them looks at.
pub fn under_way(tx: &mut Tx<'_>, merchant_id: &str, but: &str, journal: bool) -> Result<Vec<Taken>, Error> {
    const COLUMNS: &str = "merchant_id, terminal_id, kind, state, card_index, card_type, entry_mode, amount, \
         cast(1 as bigint), cast(0 as bigint)";
    let of = |table: &str, states: &str| {
        format!("select {COLUMNS} from {table} where merchant_id = $1 and id <> $2 and {states}")
    };
    let mut rows = tx.all(
        &of("transactions", "state in ('pending', 'unknown') and state = 'pending'"),
        args![merchant_id, but],
    )?;
    if journal {
        rows.extend(tx.all(&of("journal", NOT_COPIED), args![merchant_id, but])?);
    }
    rows.iter().map(taken).collect()
}

/// What stands of payments received between two moments, alike ones together, by days of 24 hours from the first.
pub fn stands(tx: &mut Tx<'_>, from: i64, until: i64) -> Result<Vec<Taken>, Error> {
    tx.all(
        "select merchant_id, terminal_id, kind, state, card_index, card_type, entry_mode, cast(sum(amount) as bigint), \
           count(*), (received_at - $1) / 86400000 from transactions \
         where received_at >= $1 and received_at < $2 and message_class = 'request' \
           and state in ('approved', 'voided', 'refunded') \
         group by merchant_id, terminal_id, kind, state, card_index, card_type, entry_mode, (received_at - $1) / 86400000",
        args![from, until],
    )?
    .iter()
    .map(taken)
    .collect()
}

/// Every counter from a day on that stands on something, in the order of their keys.
pub fn since(tx: &mut Tx<'_>, period: i64) -> Result<Vec<CounterRow>, Error> {
    tx.all(
        "select merchant_id, scope, key, period, amount, count from counters \
         where period >= $1 and (amount <> 0 or count <> 0) order by merchant_id, scope, key, period",
        args![period],
    )?
    .iter()
    .map(|row| {
        Ok(CounterRow {
            merchant_id: row.take(0)?,
            scope: row.take(1)?,
            key: row.take(2)?,
            period: row.take(3)?,
            amount: row.take(4)?,
            count: row.take(5)?,
        })
    })
    .collect()
}

/// Forgets the counters from a day on, before they are added up anew.
pub fn clear(tx: &mut Tx<'_>, period: i64) -> Result<(), Error> {
    tx.run("delete from counters where period >= $1", args![period])?;
    Ok(())
}

// Overrides ------------------------------------------------------------------------------------------------------------

/// Limits that a merchant or one of its terminals has of its own: terminal (or `-`), limit, the most. The merchant's
/// first.
pub fn overrides(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<(String, String, i64)>, Error> {
    let mut rows: Vec<(String, String, i64)> = tx
        .all(
            "select terminal_id, limit_code, most from limit_overrides where merchant_id = $1",
            args![merchant_id],
        )?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect::<Result<_, Error>>()?;
    rows.sort_by(|a, b| (a.0 != "-", &a.0, &a.1).cmp(&(b.0 != "-", &b.0, &b.1)));
    Ok(rows)
}

/// Sets a limit of one's own, or takes it away (`most` none). Who speaks at the merchant's terminals is read anew.
pub fn set_override(
    tx: &mut Tx<'_>,
    (merchant_id, terminal_id, limit): (&str, &str, &str),
    most: Option<i64>,
    (by, at): (&str, i64),
) -> Result<(), Error> {
    match most {
        Some(most) => tx.exactly_one(
            "insert into limit_overrides (merchant_id, terminal_id, limit_code, most, set_by, set_at) \
             values ($1,$2,$3,$4,$5,$6) on conflict (merchant_id, terminal_id, limit_code) \
             do update set most = excluded.most, set_by = excluded.set_by, set_at = excluded.set_at",
            args![merchant_id, terminal_id, limit, most, by, at],
        )?,
        None => {
            tx.run(
                "delete from limit_overrides where merchant_id = $1 and terminal_id = $2 and limit_code = $3",
                args![merchant_id, terminal_id, limit],
            )?;
        }
    }
    tx.run(
        "update terminals set line_version = line_version + 1 where merchant_id = $1",
        args![merchant_id],
    )?;
    Ok(())
}

/// Kind of merchant, and the keyed index of the identity it stands on, of many merchants.
pub fn identities(tx: &mut Tx<'_>, merchants: &[&str]) -> Result<Vec<(String, String, Option<String>)>, Error> {
    let given: Vec<_> = merchants.iter().map(|id| given![*id]).collect();
    tx.given(
        &[("merchant_id", Kind::Text)],
        "select m.merchant_id, m.kind, p.blind_index from given g \
         join merchants m on m.merchant_id = g.merchant_id \
         left join private_values p on p.merchant_id = m.merchant_id and p.owner_kind = 'merchant' \
           and p.owner_id = m.merchant_id and p.field = 'representative_id'",
        &given,
    )?
    .iter()
    .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
    .collect()
}

/// Merchants that stand on an identity.
pub fn merchants_of(tx: &mut Tx<'_>, identity: &str) -> Result<Vec<String>, Error> {
    tx.all(
        "select merchant_id from private_values where field = 'representative_id' and blind_index = $1 \
         and owner_kind = 'merchant' order by merchant_id",
        args![identity],
    )?
    .iter()
    .map(|row| row.take(0))
    .collect()
}
