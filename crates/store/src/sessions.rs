//! Sessions: known by the hash of their token only.

use crate::{Error, Row, Tx, args};

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SessionRow {
    pub token_hash: String,
    pub user_id: String,
    pub created_at: i64,
    /// The last use, at most a minute behind.
    pub seen_at: i64,
    /// Whatever happens, it ends here.
    pub expires_at: i64,
    pub second_factor: bool,
}

const COLUMNS: &str = "token_hash, user_id, created_at, seen_at, expires_at, second_factor";

fn read(row: &Row) -> Result<SessionRow, Error> {
    Ok(SessionRow {
        token_hash: row.take(0)?,
        user_id: row.take(1)?,
        created_at: row.take(2)?,
        seen_at: row.take(3)?,
        expires_at: row.take(4)?,
        second_factor: row.take(5)?,
    })
}

/// Writes a new session.
pub fn insert(tx: &mut Tx<'_>, session: &SessionRow) -> Result<(), Error> {
    tx.exactly_one(
        &format!("insert into sessions ({COLUMNS}) values ($1,$2,$3,$4,$5,$6)"),
        args![
            &session.token_hash,
            &session.user_id,
            session.created_at,
            session.seen_at,
            session.expires_at,
            session.second_factor
        ],
    )
}

/// The session with this token hash.
pub fn get(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<SessionRow>, Error> {
    let sql = format!("select {COLUMNS} from sessions where token_hash = $1");
    tx.maybe(&sql, args![token_hash])?.as_ref().map(read).transpose()
}

/// The sessions of a user, the last used first.
pub fn of_user(tx: &mut Tx<'_>, user_id: &str) -> Result<Vec<SessionRow>, Error> {
    let sql = format!("select {COLUMNS} from sessions where user_id = $1 order by seen_at desc, token_hash");
    tx.all(&sql, args![user_id])?.iter().map(read).collect()
}

/// Takes note of a use. The clock of another node may be behind: time never goes back here.
pub fn seen(tx: &mut Tx<'_>, token_hash: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update sessions set seen_at = $2 where token_hash = $1 and seen_at < $2",
        args![token_hash, at],
    )?;
    Ok(())
}

/// Ends a session; whether there was one.
pub fn delete(tx: &mut Tx<'_>, token_hash: &str) -> Result<bool, Error> {
    Ok(tx.run("delete from sessions where token_hash = $1", args![token_hash])? == 1)
}

/// Ends every session of a user; how many.
pub fn delete_of_user(tx: &mut Tx<'_>, user_id: &str) -> Result<u64, Error> {
    tx.run("delete from sessions where user_id = $1", args![user_id])
}

/// Removes what has expired; how many.
pub fn sweep(tx: &mut Tx<'_>, now: i64) -> Result<u64, Error> {
    tx.run("delete from sessions where expires_at <= $1", args![now])
}
