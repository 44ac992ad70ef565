//! Signatures of card holders, and what chips made of issuers' scripts; both belong to a transaction.

use crate::{Error, Tx, args};

/// A row of `signatures`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SignatureRow {
    pub merchant_id: String,
    pub transaction_id: String,
    /// The picture as the terminal sent it, sealed.
    pub sealed: Vec<u8>,
    /// Bytes of the picture, and their digest.
    pub size: i64,
    pub sha256: String,
    /// JSON object: what stood above the signature.
    pub receipt: String,
    pub received_at: i64,
}

/// Writes a signature unless the transaction has one; whether it was written.
pub fn insert(tx: &mut Tx<'_>, row: &SignatureRow) -> Result<bool, Error> {
    let written = tx.run(
        "insert into signatures (merchant_id, transaction_id, sealed, size, sha256, receipt, received_at) \
         values ($1,$2,$3,$4,$5,$6,$7) on conflict (merchant_id, transaction_id) do nothing",
        args![
            &row.merchant_id,
            &row.transaction_id,
            &row.sealed,
            row.size,
            &row.sha256,
            &row.receipt,
            row.received_at
        ],
    )?;
    Ok(written == 1)
}

/// The signature of a transaction.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str) -> Result<Option<SignatureRow>, Error> {
    let row = tx.maybe(
        "select merchant_id, transaction_id, sealed, size, sha256, receipt, received_at from signatures \
         where merchant_id = $1 and transaction_id = $2",
        args![merchant_id, transaction_id],
    )?;
    row.map(|r| {
        Ok(SignatureRow {
            merchant_id: r.take(0)?,
            transaction_id: r.take(1)?,
            sealed: r.take(2)?,
            size: r.take(3)?,
            sha256: r.take(4)?,
            receipt: r.take(5)?,
            received_at: r.take(6)?,
        })
    })
    .transpose()
}

/// Writes the result of a script, hex; a repeat changes nothing.
pub fn insert_script(
    tx: &mut Tx<'_>,
    (merchant_id, transaction_id): (&str, &str),
    result: &str,
    verification: &str,
    at: i64,
) -> Result<bool, Error> {
    let written = tx.run(
        "insert into script_results (merchant_id, transaction_id, result, verification, received_at) \
         values ($1,$2,$3,$4,$5) on conflict (merchant_id, transaction_id) do nothing",
        args![merchant_id, transaction_id, result, verification, at],
    )?;
    Ok(written == 1)
}

/// Result of the script and verification results (hex) of a transaction.
pub fn script(tx: &mut Tx<'_>, merchant_id: &str, transaction_id: &str) -> Result<Option<(String, String)>, Error> {
    let row = tx.maybe(
        "select result, verification from script_results where merchant_id = $1 and transaction_id = $2",
        args![merchant_id, transaction_id],
    )?;
    row.map(|r| Ok((r.take(0)?, r.take(1)?))).transpose()
}
