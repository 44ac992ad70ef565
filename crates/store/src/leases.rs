//! Leases: who alone may do a thing for a while, told apart by a number that only grows.

use crate::{Error, Tx, args};

/// A row of `leases`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LeaseRow {
    pub name: String,
    pub holder: String,
    pub token: i64,
    pub until_at: i64,
}

/// Takes a lease that is free, has run out, or is the holder's own, until `until`; its token, or nothing if another
/// holds it. A change of holder, and a holder who was late, get a higher token: writes with the old one are refused.
pub fn acquire(tx: &mut Tx<'_>, name: &str, holder: &str, now: i64, until: i64) -> Result<Option<i64>, Error> {
    tx.maybe(
        "insert into leases (name, holder, token, until_at) values ($1, $2, 1, $4) \
         on conflict (name) do update set holder = excluded.holder, until_at = excluded.until_at, \
           token = case when leases.holder = excluded.holder and leases.until_at > $3 \
                        then leases.token else leases.token + 1 end \
         where leases.until_at <= $3 or leases.holder = excluded.holder \
         returning token",
        args![name, holder, now, until],
    )?
    .map(|row| row.take(0))
    .transpose()
}

/// Whether `token` still is the lease's: the fence before a write. It also locks the row against a change of holder
/// until the transaction ends.
pub fn holds(tx: &mut Tx<'_>, name: &str, token: i64, now: i64) -> Result<bool, Error> {
    let sql = "update leases set token = token where name = $1 and token = $2 and until_at > $3";
    Ok(tx.run(sql, args![name, token, now])? == 1)
}

/// Gives a lease back early; whether it was still held under this token.
pub fn release(tx: &mut Tx<'_>, name: &str, token: i64) -> Result<bool, Error> {
    Ok(tx.run(
        "update leases set until_at = 0 where name = $1 and token = $2",
        args![name, token],
    )? == 1)
}

/// Who holds a lease.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<LeaseRow>, Error> {
    tx.maybe(
        "select name, holder, token, until_at from leases where name = $1",
        args![name],
    )?
    .map(|row| {
        Ok(LeaseRow {
            name: row.take(0)?,
            holder: row.take(1)?,
            token: row.take(2)?,
            until_at: row.take(3)?,
        })
    })
    .transpose()
}
