//! API keys: known by their hash only.

use crate::{Error, Row, Tx, args};

/// A row of `api_keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ApiKeyRow {
    pub key_hash: String,
    pub id: String,
    pub name: String,
    pub role: String,
    pub merchant_id: String,
    /// Who answers for it.
    pub user_id: String,
    pub created_at: i64,
    pub disabled_at: Option<i64>,
}

const COLUMNS: &str = "key_hash, id, name, role, merchant_id, user_id, created_at, disabled_at";

fn read(row: &Row) -> Result<ApiKeyRow, Error> {
    Ok(ApiKeyRow {
        key_hash: row.take(0)?,
        id: row.take(1)?,
        name: row.take(2)?,
        role: row.take(3)?,
        merchant_id: row.take(4)?,
        user_id: row.take(5)?,
        created_at: row.take(6)?,
        disabled_at: row.take(7)?,
    })
}

/// Writes a new key.
pub fn insert(tx: &mut Tx<'_>, key: &ApiKeyRow) -> Result<(), Error> {
    tx.exactly_one(
        &format!("insert into api_keys ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8)"),
        args![
            &key.key_hash,
            &key.id,
            &key.name,
            &key.role,
            &key.merchant_id,
            &key.user_id,
            key.created_at,
            key.disabled_at
        ],
    )
}

/// The key with this hash, unless it is disabled.
pub fn active(tx: &mut Tx<'_>, key_hash: &str) -> Result<Option<ApiKeyRow>, Error> {
    let sql = format!("select {COLUMNS} from api_keys where key_hash = $1 and disabled_at is null");
    tx.maybe(&sql, args![key_hash])?.as_ref().map(read).transpose()
}

/// A key by its id, whether it works or not.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<ApiKeyRow>, Error> {
    let sql = format!("select {COLUMNS} from api_keys where id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(read).transpose()
}

/// Every key of a merchant (or `-`), newest first.
pub fn of_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<ApiKeyRow>, Error> {
    let sql = format!("select {COLUMNS} from api_keys where merchant_id = $1 order by id desc");
    tx.all(&sql, args![merchant_id])?.iter().map(read).collect()
}

/// Disables a key that works.
pub fn disable(tx: &mut Tx<'_>, id: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update api_keys set disabled_at = $2 where id = $1 and disabled_at is null",
        args![id, at],
    )
}
