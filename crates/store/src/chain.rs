//! The chain of subjects a terminal or merchant hangs on, read in one statement.

use crate::{Error, Row, Tx, args};

/// The ids and stages of a chain. Absent subjects are none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ChainRow {
    pub merchant_id: String,
    pub merchant_number: String,
    pub merchant_name: String,
    pub merchant_stage: String,
    pub merchant_kind: String,
    pub region_id: String,
    pub agent_id: String,
    pub agent_name: Option<String>,
    pub agent_stage: Option<String>,
    pub contract_id: Option<String>,
    pub contract_number: Option<String>,
    pub contract_stage: Option<String>,
    pub account_id: Option<String>,
    pub account_bank: Option<String>,
    pub account_stage: Option<String>,
    pub terminal: Option<TerminalPart>,
}

/// The part of a chain below the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TerminalPart {
    pub terminal_id: String,
    pub terminal_number: String,
    pub terminal_stage: String,
    pub shop_id: String,
    pub shop_name: Option<String>,
    pub shop_stage: Option<String>,
    pub registration_id: Option<String>,
    pub registration_stage: Option<String>,
    pub device_id: Option<String>,
    pub serial: Option<String>,
    pub device_stage: Option<String>,
    pub model_id: Option<String>,
    pub model_name_zh: Option<String>,
    pub model_name_en: Option<String>,
}

const MERCHANT_COLUMNS: &str = "m.merchant_id, m.number, m.name, m.stage, m.region_id, m.agent_id, a.name, a.stage, \
    c.id, c.number, c.stage, s.id, s.bank, s.stage, m.kind";

const MERCHANT_JOINS: &str = "left join agents a on a.id = m.agent_id \
    left join contracts c on c.merchant_id = m.merchant_id \
      and c.id = (select max(x.id) from contracts x where x.merchant_id = m.merchant_id) \
    left join settlement_accounts s on s.merchant_id = m.merchant_id and s.is_current";

fn merchant_part(row: &Row) -> Result<ChainRow, Error> {
    Ok(ChainRow {
        merchant_id: row.take(0)?,
        merchant_number: row.take(1)?,
        merchant_name: row.take(2)?,
        merchant_stage: row.take(3)?,
        region_id: row.take(4)?,
        agent_id: row.take(5)?,
        agent_name: row.take(6)?,
        agent_stage: row.take(7)?,
        contract_id: row.take(8)?,
        contract_number: row.take(9)?,
        contract_stage: row.take(10)?,
        account_id: row.take(11)?,
        account_bank: row.take(12)?,
        account_stage: row.take(13)?,
        merchant_kind: row.take(14)?,
        terminal: None,
    })
}

/// The chain down to the merchant.
pub fn of_merchant(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Option<ChainRow>, Error> {
    let sql = format!("select {MERCHANT_COLUMNS} from merchants m {MERCHANT_JOINS} where m.merchant_id = $1");
    tx.maybe(&sql, args![merchant_id])?
        .as_ref()
        .map(merchant_part)
        .transpose()
}

/// The whole chain of a terminal.
pub fn of_terminal(tx: &mut Tx<'_>, merchant_id: &str, terminal_id: &str) -> Result<Option<ChainRow>, Error> {
    let sql = format!(
        "select {MERCHANT_COLUMNS}, t.id, t.number, t.stage, t.shop_id, h.name, h.stage, r.id, r.stage, \
         d.id, d.serial, d.stage, d.model_id, o.name_zh, o.name_en \
         from terminals t join merchants m on m.merchant_id = t.merchant_id {MERCHANT_JOINS} \
         left join shops h on h.merchant_id = t.merchant_id and h.id = t.shop_id \
         left join registrations r on r.merchant_id = t.merchant_id and r.terminal_id = t.id \
         left join devices d on d.id = t.device_id left join models o on o.id = d.model_id \
         where t.merchant_id = $1 and t.id = $2"
    );
    let Some(row) = tx.maybe(&sql, args![merchant_id, terminal_id])? else {
        return Ok(None);
    };
    let mut chain = merchant_part(&row)?;
    chain.terminal = Some(TerminalPart {
        terminal_id: row.take(15)?,
        terminal_number: row.take(16)?,
        terminal_stage: row.take(17)?,
        shop_id: row.take(18)?,
        shop_name: row.take(19)?,
        shop_stage: row.take(20)?,
        registration_id: row.take(21)?,
        registration_stage: row.take(22)?,
        device_id: row.take(23)?,
        serial: row.take(24)?,
        device_stage: row.take(25)?,
        model_id: row.take(26)?,
        model_name_zh: row.take(27)?,
        model_name_en: row.take(28)?,
    });
    Ok(Some(chain))
}

/// Merchant and terminal id of a terminal number.
pub fn terminal_by_number(tx: &mut Tx<'_>, number: &str) -> Result<Option<(String, String)>, Error> {
    let row = tx.maybe(
        "select merchant_id, terminal_id from terminal_numbers where number = $1",
        args![number],
    )?;
    row.map(|r| Ok((r.take(0)?, r.take(1)?))).transpose()
}

/// Device id, merchant and terminal (each `-` when unbound) of a serial number.
pub fn device_by_serial(tx: &mut Tx<'_>, serial: &str) -> Result<Option<(String, String, String)>, Error> {
    let row = tx.maybe(
        "select id, merchant_id, terminal_id from devices where serial = $1",
        args![serial],
    )?;
    row.map(|r| Ok((r.take(0)?, r.take(1)?, r.take(2)?))).transpose()
}

/// Merchant id of a 15-character merchant number.
pub fn merchant_by_number(tx: &mut Tx<'_>, number: &str) -> Result<Option<String>, Error> {
    tx.maybe("select merchant_id from merchants where number = $1", args![number])?
        .map(|r| r.take(0))
        .transpose()
}

/// Terminals (merchant, id, number, serial or `-`) that hang on a subject, in number order, from after `after`.
pub fn terminals_under(
    tx: &mut Tx<'_>,
    kind: &str,
    id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String, String)>, Error> {
    let condition = match kind {
        "platform" | "network" => "$1 = $1",
        "region" => "m.region_id = $1",
        "agent" => "m.agent_id = $1",
        "merchant" => "t.merchant_id = $1",
        "contract" => "exists (select 1 from contracts x where x.merchant_id = t.merchant_id and x.id = $1)",
        "settlement_account" => {
            "exists (select 1 from settlement_accounts x where x.merchant_id = t.merchant_id and x.id = $1 and x.is_current)"
        }
        "shop" => "t.shop_id = $1",
        "terminal" => "t.id = $1",
        "registration" => {
            "exists (select 1 from registrations x where x.merchant_id = t.merchant_id and x.terminal_id = t.id and x.id = $1)"
        }
        "device" => "t.device_id = $1",
        "model" => "exists (select 1 from devices x where x.id = t.device_id and x.model_id = $1)",
        _ => return Ok(Vec::new()),
    };
    let sql = format!(
        "select t.merchant_id, t.id, t.number from terminals t join merchants m on m.merchant_id = t.merchant_id \
         where {condition} and t.number > $2 order by t.number limit $3"
    );
    tx.all(&sql, args![id, after, limit])?
        .iter()
        .map(|r| Ok((r.take(0)?, r.take(1)?, r.take(2)?)))
        .collect()
}
