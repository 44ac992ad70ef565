//! Sensitive values: sealed, masked, and found by blind index. Nothing here can open one.

use crate::{Error, Row, Tx, args};

/// A row of `private_values`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PrivateRow {
    pub merchant_id: String,
    pub owner_kind: String,
    pub owner_id: String,
    pub field: String,
    pub sealed: Vec<u8>,
    pub blind_index: String,
    pub masked: String,
    pub changed_at: i64,
}

const COLUMNS: &str = "merchant_id, owner_kind, owner_id, field, sealed, blind_index, masked, changed_at";

fn read(row: &Row) -> Result<PrivateRow, Error> {
    Ok(PrivateRow {
        merchant_id: row.take(0)?,
        owner_kind: row.take(1)?,
        owner_id: row.take(2)?,
        field: row.take(3)?,
        sealed: row.take(4)?,
        blind_index: row.take(5)?,
        masked: row.take(6)?,
        changed_at: row.take(7)?,
    })
}

/// Writes a value, replacing the one before.
pub fn put(tx: &mut Tx<'_>, value: &PrivateRow) -> Result<(), Error> {
    tx.exactly_one(
        &format!(
            "insert into private_values ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8) \
             on conflict (merchant_id, owner_kind, owner_id, field) do update set sealed = excluded.sealed, \
               blind_index = excluded.blind_index, masked = excluded.masked, changed_at = excluded.changed_at"
        ),
        args![
            &value.merchant_id,
            &value.owner_kind,
            &value.owner_id,
            &value.field,
            &value.sealed,
            &value.blind_index,
            &value.masked,
            value.changed_at
        ],
    )
}

/// One value.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, owner: (&str, &str), field: &str) -> Result<Option<PrivateRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from private_values \
         where merchant_id = $1 and owner_kind = $2 and owner_id = $3 and field = $4"
    );
    tx.maybe(&sql, args![merchant_id, owner.0, owner.1, field])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Field and masked value of everything kept of an owner.
pub fn masked(tx: &mut Tx<'_>, merchant_id: &str, owner: (&str, &str)) -> Result<Vec<(String, String)>, Error> {
    let sql = "select field, masked from private_values \
               where merchant_id = $1 and owner_kind = $2 and owner_id = $3 order by field";
    tx.all(sql, args![merchant_id, owner.0, owner.1])?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Merchant, owner kind and owner id of the values with this index, at most 50.
pub fn find(tx: &mut Tx<'_>, field: &str, blind_index: &str) -> Result<Vec<(String, String, String)>, Error> {
    let sql = "select merchant_id, owner_kind, owner_id from private_values \
               where field = $1 and blind_index = $2 order by merchant_id, owner_kind, owner_id limit 50";
    tx.all(sql, args![field, blind_index])?
        .iter()
        .map(|row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect()
}
