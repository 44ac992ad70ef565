//! Logins: people with a role, and what is remembered against guessing.

use crate::{Error, Row, Tx, args};

/// A row of `users`.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct UserRow {
    pub id: String,
    pub login: String,
    /// The natural person; one person may have several logins.
    pub person_id: String,
    pub role: String,
    pub merchant_id: String,
    pub agent_id: String,
    pub display_name: String,
    /// A PHC string.
    pub password_hash: String,
    /// Sealed; none: no second factor.
    pub totp_secret: Option<Vec<u8>>,
    /// The newest step a code was accepted for; 0 before the first.
    pub totp_last_step: i64,
    pub failures: i64,
    /// No login before this moment; 0: not locked.
    pub locked_until: i64,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, login, person_id, role, merchant_id, agent_id, display_name, password_hash, totp_secret, \
                       totp_last_step, failures, locked_until, disabled_at, created_at";

fn read(row: &Row) -> Result<UserRow, Error> {
    Ok(UserRow {
        id: row.take(0)?,
        login: row.take(1)?,
        person_id: row.take(2)?,
        role: row.take(3)?,
        merchant_id: row.take(4)?,
        agent_id: row.take(5)?,
        display_name: row.take(6)?,
        password_hash: row.take(7)?,
        totp_secret: row.take(8)?,
        totp_last_step: row.take(9)?,
        failures: row.take(10)?,
        locked_until: row.take(11)?,
        disabled_at: row.take(12)?,
        created_at: row.take(13)?,
    })
}

/// Writes a new user; false if the login is taken.
pub fn insert(tx: &mut Tx<'_>, user: &UserRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into users ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) \
         on conflict (login) do nothing"
    );
    let args = args![
        &user.id,
        &user.login,
        &user.person_id,
        &user.role,
        &user.merchant_id,
        &user.agent_id,
        &user.display_name,
        &user.password_hash,
        &user.totp_secret,
        user.totp_last_step,
        user.failures,
        user.locked_until,
        user.disabled_at,
        user.created_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// The user with this id.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<UserRow>, Error> {
    let sql = format!("select {COLUMNS} from users where id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(read).transpose()
}

/// The user with this login.
pub fn by_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<UserRow>, Error> {
    let sql = format!("select {COLUMNS} from users where login = $1");
    tx.maybe(&sql, args![login])?.as_ref().map(read).transpose()
}

/// Every user of a merchant (or `-`), by login.
pub fn of_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<UserRow>, Error> {
    let sql = format!("select {COLUMNS} from users where merchant_id = $1 order by login");
    tx.all(&sql, args![merchant_id])?.iter().map(read).collect()
}

/// Counts one more failure and, from the `limit`th on, locks the login until `until` and counts anew; the moment it
/// is locked until, or 0. One statement, so that guesses in parallel all count.
pub fn failed(tx: &mut Tx<'_>, id: &str, limit: i64, now: i64, until: i64) -> Result<Option<i64>, Error> {
    tx.maybe(
        "update users set locked_until = case when failures + 1 >= $2 then $3 else locked_until end, \
           failures = case when failures + 1 >= $2 then 0 else failures + 1 end \
         where id = $1 and locked_until <= $4 returning locked_until",
        args![id, limit, until, now],
    )?
    .map(|row| row.take(0))
    .transpose()
}

/// Clears the count of failures and takes note of the accepted step, which must be newer than the last one; 0: the
/// login had no second factor. False if a code of that step was accepted before, or the login was locked meanwhile.
pub fn logged_in(tx: &mut Tx<'_>, id: &str, totp_step: i64, now: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "update users set failures = 0, locked_until = 0, \
           totp_last_step = case when cast($2 as bigint) > totp_last_step then cast($2 as bigint) else totp_last_step end \
         where id = $1 and (cast($2 as bigint) = 0 or cast($2 as bigint) > totp_last_step) and locked_until <= $3 and disabled_at is null",
        args![id, totp_step, now],
    )?;
    Ok(changed == 1)
}

/// Replaces the password's hash.
pub fn set_password(tx: &mut Tx<'_>, id: &str, password_hash: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update users set password_hash = $2 where id = $1",
        args![id, password_hash],
    )
}

/// Closes a login that is open.
pub fn disable(tx: &mut Tx<'_>, id: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update users set disabled_at = $2 where id = $1 and disabled_at is null",
        args![id, at],
    )
}
