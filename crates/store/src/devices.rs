//! Models, and devices by serial number. A device belongs to at most one terminal; one in stock to none (`-`).

use crate::{Error, Row, Tx, args};

/// A row of `models`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ModelRow {
    pub id: String,
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// `smart`, `traditional`, `mobile`, `signature`.
    pub form: String,
    pub minimum_software: String,
    pub certified_until: Option<i64>,
}

const MODEL: &str = "id, code, name_zh, name_en, form, minimum_software, certified_until";

fn model_row(row: &Row) -> Result<ModelRow, Error> {
    Ok(ModelRow {
        id: row.take(0)?,
        code: row.take(1)?,
        name_zh: row.take(2)?,
        name_en: row.take(3)?,
        form: row.take(4)?,
        minimum_software: row.take(5)?,
        certified_until: row.take(6)?,
    })
}

/// Writes a new model; false if its code is taken.
pub fn insert_model(tx: &mut Tx<'_>, model: &ModelRow) -> Result<bool, Error> {
    let sql = format!("insert into models ({MODEL}) values ($1,$2,$3,$4,$5,$6,$7) on conflict do nothing");
    let args = args![
        &model.id,
        &model.code,
        &model.name_zh,
        &model.name_en,
        &model.form,
        &model.minimum_software,
        model.certified_until
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// One model.
pub fn model(tx: &mut Tx<'_>, id: &str) -> Result<Option<ModelRow>, Error> {
    let sql = format!("select {MODEL} from models where id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(model_row).transpose()
}

/// The model with this code.
pub fn model_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<ModelRow>, Error> {
    let sql = format!("select {MODEL} from models where code = $1");
    tx.maybe(&sql, args![code])?.as_ref().map(model_row).transpose()
}

/// Every model, by code.
pub fn models(tx: &mut Tx<'_>) -> Result<Vec<ModelRow>, Error> {
    let sql = format!("select {MODEL} from models order by code");
    tx.all(&sql, args![])?.iter().map(model_row).collect()
}

/// A row of `devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DeviceRow {
    pub id: String,
    pub serial: String,
    pub model_id: String,
    pub stage: String,
    /// `-` while it belongs to no terminal.
    pub merchant_id: String,
    pub terminal_id: String,
    pub software: String,
    pub warranty_until: Option<i64>,
    pub created_at: i64,
}

const DEVICE: &str = "id, serial, model_id, stage, merchant_id, terminal_id, software, warranty_until, created_at";

fn device_row(row: &Row) -> Result<DeviceRow, Error> {
    Ok(DeviceRow {
        id: row.take(0)?,
        serial: row.take(1)?,
        model_id: row.take(2)?,
        stage: row.take(3)?,
        merchant_id: row.take(4)?,
        terminal_id: row.take(5)?,
        software: row.take(6)?,
        warranty_until: row.take(7)?,
        created_at: row.take(8)?,
    })
}

/// Writes a new device; false if its serial number is known already.
pub fn insert(tx: &mut Tx<'_>, device: &DeviceRow) -> Result<bool, Error> {
    let sql = format!("insert into devices ({DEVICE}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9) on conflict do nothing");
    let args = args![
        &device.id,
        &device.serial,
        &device.model_id,
        &device.stage,
        &device.merchant_id,
        &device.terminal_id,
        &device.software,
        device.warranty_until,
        device.created_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// One device.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<DeviceRow>, Error> {
    let sql = format!("select {DEVICE} from devices where id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(device_row).transpose()
}

/// The device with this serial number.
pub fn by_serial(tx: &mut Tx<'_>, serial: &str) -> Result<Option<DeviceRow>, Error> {
    let sql = format!("select {DEVICE} from devices where serial = $1");
    tx.maybe(&sql, args![serial])?.as_ref().map(device_row).transpose()
}

/// Devices of a stage that belong to no terminal, by serial number, at most `limit`.
pub fn unbound(tx: &mut Tx<'_>, stage: &str, limit: i64) -> Result<Vec<DeviceRow>, Error> {
    let sql = format!(
        "select {DEVICE} from devices where merchant_id = '-' and terminal_id = '-' and stage = $1 \
         order by serial limit $2"
    );
    tx.all(&sql, args![stage, limit])?.iter().map(device_row).collect()
}

/// Gives a device that belongs to none to a terminal.
pub fn bind(tx: &mut Tx<'_>, id: &str, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update devices set merchant_id = $2, terminal_id = $3 \
         where id = $1 and merchant_id = '-' and terminal_id = '-'",
        args![id, merchant_id, terminal_id],
    )
}

/// Takes a device out of its terminal; the merchant still has it in hand.
pub fn detach(tx: &mut Tx<'_>, id: &str, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update devices set terminal_id = '-' where id = $1 and merchant_id = $2 and terminal_id = $3",
        args![id, merchant_id, terminal_id],
    )
}

/// Devices a merchant still has in hand that serve no terminal any more, by serial number.
pub fn in_hand(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<DeviceRow>, Error> {
    let sql = format!("select {DEVICE} from devices where merchant_id = $1 and terminal_id = '-' order by serial");
    tx.all(&sql, args![merchant_id])?.iter().map(device_row).collect()
}

/// Takes a device from its terminal.
pub fn release(tx: &mut Tx<'_>, id: &str, merchant_id: &str, terminal_id: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update devices set merchant_id = '-', terminal_id = '-' \
         where id = $1 and merchant_id = $2 and terminal_id = $3",
        args![id, merchant_id, terminal_id],
    )
}

/// Notes what software a device runs.
pub fn set_software(tx: &mut Tx<'_>, id: &str, software: &str) -> Result<(), Error> {
    tx.exactly_one("update devices set software = $2 where id = $1", args![id, software])
}

/// How many devices are in each stage.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    tx.all(
        "select stage, count(*) from devices group by stage order by stage",
        args![],
    )?
    .iter()
    .map(|row| Ok((row.take(0)?, row.take(1)?)))
    .collect()
}
