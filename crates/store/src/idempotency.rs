//! Answers kept under the caller's key, so that a repeated call does nothing twice.

use crate::{Error, Row, Tx, args};

/// A row of `idempotency`. `status` 0: the first call has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct IdempotencyRow {
    pub scope: String,
    pub key: String,
    pub fingerprint: String,
    pub status: i64,
    pub body: String,
    pub created_at: i64,
    pub expires_at: i64,
}

const COLUMNS: &str = "scope, key, fingerprint, status, body, created_at, expires_at";

fn read(row: &Row) -> Result<IdempotencyRow, Error> {
    Ok(IdempotencyRow {
        scope: row.take(0)?,
        key: row.take(1)?,
        fingerprint: row.take(2)?,
        status: row.take(3)?,
        body: row.take(4)?,
        created_at: row.take(5)?,
        expires_at: row.take(6)?,
    })
}

/// Claims a key that is new or has expired; false if another call holds it.
pub fn claim(tx: &mut Tx<'_>, row: &IdempotencyRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into idempotency ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7) \
         on conflict (scope, key) do update set fingerprint = excluded.fingerprint, status = excluded.status, \
           body = excluded.body, created_at = excluded.created_at, expires_at = excluded.expires_at \
         where idempotency.expires_at <= excluded.created_at"
    );
    let args = args![
        &row.scope,
        &row.key,
        &row.fingerprint,
        row.status,
        &row.body,
        row.created_at,
        row.expires_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// What stands under a key.
pub fn get(tx: &mut Tx<'_>, scope: &str, key: &str) -> Result<Option<IdempotencyRow>, Error> {
    let sql = format!("select {COLUMNS} from idempotency where scope = $1 and key = $2");
    tx.maybe(&sql, args![scope, key])?.as_ref().map(read).transpose()
}

/// Keeps the answer of the call that claimed the key.
pub fn finish(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str, answer: (i64, &str)) -> Result<(), Error> {
    tx.exactly_one(
        "update idempotency set status = $4, body = $5 \
         where scope = $1 and key = $2 and fingerprint = $3 and status = 0",
        args![scope, key, fingerprint, answer.0, answer.1],
    )
}

/// Gives a claimed key back without an answer; whether it was claimed.
pub fn release(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str) -> Result<bool, Error> {
    let sql = "delete from idempotency where scope = $1 and key = $2 and fingerprint = $3 and status = 0";
    Ok(tx.run(sql, args![scope, key, fingerprint])? == 1)
}

/// Removes what has expired, at most one day's worth at a time; how many.
pub fn sweep(tx: &mut Tx<'_>, now: i64) -> Result<u64, Error> {
    tx.run("delete from idempotency where expires_at <= $1", args![now])
}
