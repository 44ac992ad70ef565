//! Keys of terminals, sealed. One current key per terminal and kind; earlier ones keep their number and check value only.

use crate::{Error, Row, Tx, args};

/// A row of `terminal_keys`.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct KeyRow {
    pub merchant_id: String,
    pub terminal_id: String,
    /// `tmk`, `pik`, `mak` or `tdk`.
    pub kind: String,
    pub version: i64,
    /// The key, sealed; empty once destroyed.
    pub sealed: Vec<u8>,
    /// Check value, eight hex digits.
    pub kcv: String,
    pub fingerprint: String,
    pub created_at: i64,
}

const COLUMNS: &str = "merchant_id, terminal_id, kind, version, sealed, kcv, fingerprint, created_at";

fn read(row: &Row) -> Result<KeyRow, Error> {
    Ok(KeyRow {
        merchant_id: row.take(0)?,
        terminal_id: row.take(1)?,
        kind: row.take(2)?,
        version: row.take(3)?,
        sealed: row.take(4)?,
        kcv: row.take(5)?,
        fingerprint: row.take(6)?,
        created_at: row.take(7)?,
    })
}

/// The current key of a kind.
pub fn current(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kind: &str) -> Result<Option<KeyRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from terminal_keys where merchant_id = $1 and terminal_id = $2 and kind = $3 \
         and state = 'current'"
    );
    tx.maybe(&sql, args![merchant_id, terminal_id, kind])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The highest version of every kind a terminal has had.
pub fn versions(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Vec<(String, i64)>, Error> {
    tx.all(
        "select kind, max(version) from terminal_keys where merchant_id = $1 and terminal_id = $2 group by kind",
        args![merchant_id, terminal_id],
    )?
    .iter()
    .map(|r| Ok((r.take(0)?, r.take(1)?)))
    .collect()
}

/// Writes a key as the current one of its kind. Retire the one before first: a second current one violates
/// `terminal_keys_current`.
pub fn insert(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), Error> {
    let sql = format!("insert into terminal_keys ({COLUMNS}, state) values ($1,$2,$3,$4,$5,$6,$7,$8,'current')");
    let args = args![
        &key.merchant_id,
        &key.terminal_id,
        &key.kind,
        key.version,
        &key.sealed,
        &key.kcv,
        &key.fingerprint,
        key.created_at
    ];
    tx.exactly_one(&sql, args)
}

/// Retires the current key of a kind and destroys its bytes; how many there were (0 or 1).
pub fn retire(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str, kind: &str, at: i64) -> Result<u64, Error> {
    tx.run(
        "update terminal_keys set state = 'retired', sealed = $4, destroyed_at = $5 \
         where merchant_id = $1 and terminal_id = $2 and kind = $3 and state = 'current'",
        args![merchant_id, terminal_id, kind, Vec::<u8>::new(), at],
    )
}

/// Claims a master key's fingerprint for a terminal: false where another terminal holds a key with it.
pub fn claim(tx: &mut Tx<'_>, fingerprint: &str, merchant_id: &str, terminal_id: &str) -> Result<bool, Error> {
    tx.run(
        "insert into key_fingerprints (fingerprint, merchant_id, terminal_id) values ($1, $2, $3) \
         on conflict (fingerprint) do nothing",
        args![fingerprint, merchant_id, terminal_id],
    )?;
    let row = tx.one(
        "select merchant_id, terminal_id from key_fingerprints where fingerprint = $1",
        args![fingerprint],
    )?;
    Ok(row.take::<String>(0)? == merchant_id && row.take::<String>(1)? == terminal_id)
}
