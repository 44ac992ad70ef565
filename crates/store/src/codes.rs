//! Explanation codes: six random characters printed with a decline, short-lived, that resolve to an explanation.

use crate::{Error, Tx, args};

/// A row of `explanation_codes`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CodeRow {
    pub code: String,
    pub merchant_id: String,
    pub terminal_id: String,
    pub capability: String,
    pub reason: String,
    pub transaction_id: String,
    pub at: i64,
    pub expires_at: i64,
}

const COLUMNS: &str = "code, merchant_id, terminal_id, capability, reason, transaction_id, at, expires_at";

/// Writes a code unless it is taken by one that has not expired; says whether it was written.
pub fn insert(tx: &mut Tx<'_>, row: &CodeRow) -> Result<bool, Error> {
    tx.run(
        "delete from explanation_codes where code = $1 and expires_at <= $2",
        args![&row.code, row.at],
    )?;
    let sql = format!(
        "insert into explanation_codes ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8) on conflict (code) do nothing"
    );
    let args = args![
        &row.code,
        &row.merchant_id,
        &row.terminal_id,
        &row.capability,
        &row.reason,
        &row.transaction_id,
        row.at,
        row.expires_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// The code, expired or not.
pub fn get(tx: &mut Tx<'_>, code: &str) -> Result<Option<CodeRow>, Error> {
    let sql = format!("select {COLUMNS} from explanation_codes where code = $1");
    let row = tx.maybe(&sql, args![code])?;
    row.map(|r| {
        Ok(CodeRow {
            code: r.take(0)?,
            merchant_id: r.take(1)?,
            terminal_id: r.take(2)?,
            capability: r.take(3)?,
            reason: r.take(4)?,
            transaction_id: r.take(5)?,
            at: r.take(6)?,
            expires_at: r.take(7)?,
        })
    })
    .transpose()
}
