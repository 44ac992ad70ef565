//! What the clearing organisation was told of a terminal, and what it answered. One row per terminal; `version` counts
//! the filings.

use crate::{Error, Row, Tx, args};

/// A row of `registrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RegistrationRow {
    pub merchant_id: String,
    pub id: String,
    pub terminal_id: String,
    pub version: i64,
    pub stage: String,
    pub serial: String,
    pub shop_id: String,
    pub settlement_account_id: String,
    pub filed_at: Option<i64>,
    pub answered_at: Option<i64>,
    /// The clearing organisation's words; empty before the first.
    pub answer: String,
    pub created_at: i64,
}

const COLUMNS: &str = "merchant_id, id, terminal_id, version, stage, serial, shop_id, settlement_account_id, filed_at, \
                       answered_at, answer, created_at";

fn read(row: &Row) -> Result<RegistrationRow, Error> {
    Ok(RegistrationRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        terminal_id: row.take(2)?,
        version: row.take(3)?,
        stage: row.take(4)?,
        serial: row.take(5)?,
        shop_id: row.take(6)?,
        settlement_account_id: row.take(7)?,
        filed_at: row.take(8)?,
        answered_at: row.take(9)?,
        answer: row.take(10)?,
        created_at: row.take(11)?,
    })
}

/// Writes a new registration; a second one of the same terminal violates `registrations_by_terminal`.
pub fn insert(tx: &mut Tx<'_>, registration: &RegistrationRow) -> Result<(), Error> {
    let sql = format!("insert into registrations ({COLUMNS}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)");
    let args = args![
        &registration.merchant_id,
        &registration.id,
        &registration.terminal_id,
        registration.version,
        &registration.stage,
        &registration.serial,
        &registration.shop_id,
        &registration.settlement_account_id,
        registration.filed_at,
        registration.answered_at,
        &registration.answer,
        registration.created_at
    ];
    tx.exactly_one(&sql, args)
}

/// One registration.
pub fn get(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<RegistrationRow>, Error> {
    let sql = format!("select {COLUMNS} from registrations where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?.as_ref().map(read).transpose()
}

/// The registration of a terminal.
pub fn of_terminal(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Option<RegistrationRow>, Error> {
    let sql = format!("select {COLUMNS} from registrations where merchant_id = $1 and terminal_id = $2");
    tx.maybe(&sql, args![merchant_id, terminal_id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Every registration of a merchant.
pub fn of_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<RegistrationRow>, Error> {
    let sql = format!("select {COLUMNS} from registrations where merchant_id = $1 order by id");
    tx.all(&sql, args![merchant_id])?.iter().map(read).collect()
}

/// Registrations that became pending after their last filing was answered, or without any: still to be sent.
pub fn unsent(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<RegistrationRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from registrations where stage = 'pending' and (filed_at is null or answered_at is not null) \
         order by merchant_id, id limit $1"
    );
    tx.all(&sql, args![limit])?.iter().map(read).collect()
}

/// Registrations filed at or before `before` that have no answer yet, oldest first.
pub fn unanswered(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<RegistrationRow>, Error> {
    let sql = format!(
        "select {COLUMNS} from registrations where filed_at <= $1 and answered_at is null \
         order by filed_at, merchant_id, id limit $2"
    );
    tx.all(&sql, args![before, limit])?.iter().map(read).collect()
}

/// Notes a filing: what is told now, under the next version; an answer to an earlier one no longer counts.
pub fn filed(tx: &mut Tx<'_>, filing: &RegistrationRow, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update registrations set version = version + 1, serial = $4, shop_id = $5, settlement_account_id = $6, \
           filed_at = $7, answered_at = null, answer = '' where merchant_id = $1 and id = $2 and version = $3",
        args![
            &filing.merchant_id,
            &filing.id,
            filing.version,
            &filing.serial,
            &filing.shop_id,
            &filing.settlement_account_id,
            at
        ],
    )
}

/// Notes the answer to the filing of this version.
pub fn answered(tx: &mut Tx<'_>, filing: &RegistrationRow, at: i64, answer: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update registrations set answered_at = $4, answer = $5 \
         where merchant_id = $1 and id = $2 and version = $3 and answered_at is null",
        args![&filing.merchant_id, &filing.id, filing.version, at, answer],
    )
}

/// Terminals with another live registration of the same serial number: what the clearing organisation would refuse.
pub fn same_serial(tx: &mut Tx<'_>, serial: &str, but: (&str, &str)) -> Result<Vec<(String, String)>, Error> {
    tx.all(
        "select merchant_id, terminal_id from registrations where serial = $1 and stage in ('pending', 'accepted') \
         and not (merchant_id = $2 and id = $3) order by merchant_id, terminal_id limit 10",
        args![serial, but.0, but.1],
    )?
    .iter()
    .map(|row| Ok((row.take(0)?, row.take(1)?)))
    .collect()
}
