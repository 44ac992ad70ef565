//! The only writer of a stage: a conditional update that must touch exactly one row, and the transition beside it.

use crate::{Error, Tx, args};

/// Where a kind keeps its stage: table, id column, and whether `merchant_id` leads its key.
const HOMES: [(&str, &str, &str, bool); 8] = [
    ("merchant", "merchants", "merchant_id", false),
    ("agent", "agents", "id", false),
    ("contract", "contracts", "id", true),
    ("settlement_account", "settlement_accounts", "id", true),
    ("shop", "shops", "id", true),
    ("terminal", "terminals", "id", true),
    ("registration", "registrations", "id", true),
    ("device", "devices", "id", false),
];

fn home(kind: &str) -> Option<(&'static str, String)> {
    let (_, table, id, scoped) = HOMES.into_iter().find(|h| h.0 == kind)?;
    let key = if scoped {
        format!("merchant_id = $1 and {id} = $2")
    } else {
        format!("$1 = $1 and {id} = $2")
    };
    Some((table, key))
}

/// The stage a subject is in; none where there is no such subject.
pub fn stage(tx: &mut Tx<'_>, kind: &str, merchant_id: &str, id: &str) -> Result<Option<String>, Error> {
    let Some((table, key)) = home(kind) else {
        return Ok(None);
    };
    let sql = format!("select stage from {table} where {key}");
    tx.maybe(&sql, args![merchant_id, id])?.map(|r| r.take(0)).transpose()
}

/// One move of one subject.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Move<'a> {
    pub merchant_id: &'a str,
    pub kind: &'a str,
    pub id: &'a str,
    pub from: &'a str,
    pub event: &'a str,
    pub to: &'a str,
    pub actor: &'a str,
    pub reason: &'a str,
    pub at: i64,
    pub audit_id: &'a str,
}

/// Writes the new stage where the old one still stands, and the transition. [`Error::NotOne`] when it does not.
pub fn write(tx: &mut Tx<'_>, m: &Move<'_>) -> Result<(), Error> {
    if let Some((table, key)) = home(m.kind) {
        let sql = format!("update {table} set stage = $3 where {key} and stage = $4");
        tx.exactly_one(&sql, args![m.merchant_id, m.id, m.to, m.from])?;
    }
    tx.exactly_one(
        "insert into transitions (merchant_id, subject_kind, subject_id, n, from_stage, event, to_stage, actor, \
         reason, at, audit_id) values ($1, $2, $3, (select coalesce(max(n), 0) + 1 from transitions \
         where merchant_id = $1 and subject_kind = $2 and subject_id = $3), $4, $5, $6, $7, $8, $9, $10)",
        args![
            m.merchant_id,
            m.kind,
            m.id,
            m.from,
            m.event,
            m.to,
            m.actor,
            m.reason,
            m.at,
            m.audit_id
        ],
    )
}

/// The stage a subject was in at `at` and when it entered it, from its transitions; none where it has none by then.
pub fn stage_at(
    tx: &mut Tx<'_>,
    merchant_id: &str,
    kind: &str,
    id: &str,
    at: i64,
) -> Result<Option<(String, i64)>, Error> {
    let row = tx.maybe(
        "select to_stage, at from transitions where merchant_id = $1 and subject_kind = $2 and subject_id = $3 \
         and at <= $4 order by n desc limit 1",
        args![merchant_id, kind, id, at],
    )?;
    if let Some(row) = row {
        return Ok(Some((row.take(0)?, row.take(1)?)));
    }
    let first = tx.maybe(
        "select from_stage, at from transitions where merchant_id = $1 and subject_kind = $2 and subject_id = $3 \
         order by n limit 1",
        args![merchant_id, kind, id],
    )?;
    first.map(|row| Ok((row.take(0)?, row.take(1)?))).transpose()
}
