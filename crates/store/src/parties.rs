//! Agents, merchants, and what a merchant has one or several of: shops, contracts, settlement accounts. Stages are
//! written here once, at birth; afterwards only [`crate::moves`] writes them.

use crate::{Error, Row, Tx, args};

/// A row of `agents`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AgentRow {
    pub id: String,
    pub number: String,
    pub name: String,
    pub province: String,
    pub stage: String,
    pub created_at: i64,
}

const AGENT: &str = "id, number, name, province, stage, created_at";

fn agent_row(row: &Row) -> Result<AgentRow, Error> {
    Ok(AgentRow {
        id: row.take(0)?,
        number: row.take(1)?,
        name: row.take(2)?,
        province: row.take(3)?,
        stage: row.take(4)?,
        created_at: row.take(5)?,
    })
}

/// Writes a new agent; false if its number is taken.
pub fn insert_agent(tx: &mut Tx<'_>, agent: &AgentRow) -> Result<bool, Error> {
    let sql = format!("insert into agents ({AGENT}) values ($1,$2,$3,$4,$5,$6) on conflict do nothing");
    let args = args![
        &agent.id,
        &agent.number,
        &agent.name,
        &agent.province,
        &agent.stage,
        agent.created_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// One agent.
pub fn agent(tx: &mut Tx<'_>, id: &str) -> Result<Option<AgentRow>, Error> {
    let sql = format!("select {AGENT} from agents where id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(agent_row).transpose()
}

/// Every agent, by number.
pub fn agents(tx: &mut Tx<'_>) -> Result<Vec<AgentRow>, Error> {
    let sql = format!("select {AGENT} from agents order by number");
    tx.all(&sql, args![])?.iter().map(agent_row).collect()
}

/// A row of `merchants`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct MerchantRow {
    pub merchant_id: String,
    pub number: String,
    pub kind: String,
    pub name: String,
    pub short_name: String,
    /// The name as [`crate::parties`] searches it: folded by the caller.
    pub search_name: String,
    /// Unified social credit code; `-` for micro merchants.
    pub uscc: String,
    pub mcc: String,
    pub province: String,
    pub city: String,
    pub region_id: String,
    pub agent_id: String,
    pub stage: String,
    pub version: i64,
    pub risk_level: String,
    pub created_at: i64,
    pub activated_at: Option<i64>,
}

const MERCHANT: &str = "merchant_id, number, kind, name, short_name, search_name, uscc, mcc, province, city, \
                        region_id, agent_id, stage, version, risk_level, created_at, activated_at";

fn merchant_row(row: &Row) -> Result<MerchantRow, Error> {
    Ok(MerchantRow {
        merchant_id: row.take(0)?,
        number: row.take(1)?,
        kind: row.take(2)?,
        name: row.take(3)?,
        short_name: row.take(4)?,
        search_name: row.take(5)?,
        uscc: row.take(6)?,
        mcc: row.take(7)?,
        province: row.take(8)?,
        city: row.take(9)?,
        region_id: row.take(10)?,
        agent_id: row.take(11)?,
        stage: row.take(12)?,
        version: row.take(13)?,
        risk_level: row.take(14)?,
        created_at: row.take(15)?,
        activated_at: row.take(16)?,
    })
}

fn merchant_rows(rows: &[Row]) -> Result<Vec<MerchantRow>, Error> {
    rows.iter().map(merchant_row).collect()
}

/// Writes a new merchant; false if its number is taken.
pub fn insert_merchant(tx: &mut Tx<'_>, merchant: &MerchantRow) -> Result<bool, Error> {
    let sql = format!(
        "insert into merchants ({MERCHANT}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17) \
         on conflict do nothing"
    );
    let args = args![
        &merchant.merchant_id,
        &merchant.number,
        &merchant.kind,
        &merchant.name,
        &merchant.short_name,
        &merchant.search_name,
        &merchant.uscc,
        &merchant.mcc,
        &merchant.province,
        &merchant.city,
        &merchant.region_id,
        &merchant.agent_id,
        &merchant.stage,
        merchant.version,
        &merchant.risk_level,
        merchant.created_at,
        merchant.activated_at
    ];
    Ok(tx.run(&sql, args)? == 1)
}

/// One merchant.
pub fn merchant(tx: &mut Tx<'_>, id: &str) -> Result<Option<MerchantRow>, Error> {
    let sql = format!("select {MERCHANT} from merchants where merchant_id = $1");
    tx.maybe(&sql, args![id])?.as_ref().map(merchant_row).transpose()
}

/// The highest merchant number that begins with these digits.
pub fn highest_number(tx: &mut Tx<'_>, prefix: &str) -> Result<Option<String>, Error> {
    tx.one(
        "select max(number) from merchants where number >= $1 and number < $2",
        args![prefix, format!("{prefix}~")],
    )?
    .take(0)
}

/// Notes since when a merchant is active, once.
pub fn set_activated(tx: &mut Tx<'_>, id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update merchants set activated_at = $2 where merchant_id = $1 and activated_at is null",
        args![id, at],
    )?;
    Ok(())
}

/// Writes corrected data of a merchant whose version is still `version`; its stage and agent are left alone.
pub fn correct_merchant(tx: &mut Tx<'_>, merchant: &MerchantRow) -> Result<(), Error> {
    tx.exactly_one(
        "update merchants set name = $3, short_name = $4, search_name = $5, uscc = $6, mcc = $7, province = $8, \
           city = $9, risk_level = $10, version = version + 1 where merchant_id = $1 and version = $2",
        args![
            &merchant.merchant_id,
            merchant.version,
            &merchant.name,
            &merchant.short_name,
            &merchant.search_name,
            &merchant.uscc,
            &merchant.mcc,
            &merchant.province,
            &merchant.city,
            &merchant.risk_level
        ],
    )
}

/// Hands a merchant to another agent, or to direct service (`-`).
pub fn set_agent(tx: &mut Tx<'_>, id: &str, agent: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update merchants set agent_id = $2, version = version + 1 where merchant_id = $1",
        args![id, agent],
    )
}

/// Which merchants a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct MerchantFilter {
    /// Only this one.
    pub merchant_id: String,
    pub agent_id: String,
    pub stage: String,
    pub kind: String,
    /// Only those whose search name begins so; folded as `search_name` is.
    pub name: String,
}

/// A page of merchants in id order: those after `after` (empty: from the first).
pub fn merchants(tx: &mut Tx<'_>, filter: &MerchantFilter, after: &str, limit: i64) -> Result<Vec<MerchantRow>, Error> {
    let sql = format!(
        "select {MERCHANT} from merchants where merchant_id > $1 and ($2 = '' or merchant_id = $2) \
         and ($3 = '' or agent_id = $3) and ($4 = '' or stage = $4) and ($5 = '' or kind = $5) \
         and ($6 = '' or (search_name >= $6 and search_name < $7)) order by merchant_id limit $8"
    );
    let args = args![
        after,
        &filter.merchant_id,
        &filter.agent_id,
        &filter.stage,
        &filter.kind,
        &filter.name,
        beyond(&filter.name),
        limit
    ];
    merchant_rows(&tx.all(&sql, args)?)
}

/// Merchants whose search name begins with `prefix`, by name: the index alone answers.
pub fn merchants_by_name(tx: &mut Tx<'_>, prefix: &str, limit: i64) -> Result<Vec<MerchantRow>, Error> {
    let sql = format!(
        "select {MERCHANT} from merchants where search_name >= $1 and search_name < $2 \
         order by search_name, merchant_id limit $3"
    );
    merchant_rows(&tx.all(&sql, args![prefix, beyond(prefix), limit])?)
}

/// Merchants with this unified code, at most `limit`.
pub fn merchants_by_uscc(tx: &mut Tx<'_>, uscc: &str, limit: i64) -> Result<Vec<MerchantRow>, Error> {
    let sql = format!("select {MERCHANT} from merchants where uscc = $1 order by merchant_id limit $2");
    merchant_rows(&tx.all(&sql, args![uscc, limit])?)
}

/// A text beyond every text that begins with `prefix` (both engines compare by bytes).
fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// A row of `shops`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ShopRow {
    pub merchant_id: String,
    pub id: String,
    pub name: String,
    pub address: String,
    pub province: String,
    pub city: String,
    /// Millionths of a degree.
    pub latitude_e6: Option<i64>,
    pub longitude_e6: Option<i64>,
    pub stage: String,
    pub created_at: i64,
}

const SHOP: &str = "merchant_id, id, name, address, province, city, latitude_e6, longitude_e6, stage, created_at";

fn shop_row(row: &Row) -> Result<ShopRow, Error> {
    Ok(ShopRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        name: row.take(2)?,
        address: row.take(3)?,
        province: row.take(4)?,
        city: row.take(5)?,
        latitude_e6: row.take(6)?,
        longitude_e6: row.take(7)?,
        stage: row.take(8)?,
        created_at: row.take(9)?,
    })
}

/// Writes a new shop.
pub fn insert_shop(tx: &mut Tx<'_>, shop: &ShopRow) -> Result<(), Error> {
    let sql = format!("insert into shops ({SHOP}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)");
    let args = args![
        &shop.merchant_id,
        &shop.id,
        &shop.name,
        &shop.address,
        &shop.province,
        &shop.city,
        shop.latitude_e6,
        shop.longitude_e6,
        &shop.stage,
        shop.created_at
    ];
    tx.exactly_one(&sql, args)
}

/// One shop.
pub fn shop(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<ShopRow>, Error> {
    let sql = format!("select {SHOP} from shops where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?
        .as_ref()
        .map(shop_row)
        .transpose()
}

/// Every shop of a merchant.
pub fn shops(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Vec<ShopRow>, Error> {
    let sql = format!("select {SHOP} from shops where merchant_id = $1 order by id");
    tx.all(&sql, args![merchant_id])?.iter().map(shop_row).collect()
}

/// Writes where a shop is now.
pub fn set_address(tx: &mut Tx<'_>, merchant_id: &str, id: &str, address: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update shops set address = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, address],
    )
}

/// A row of `contracts`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContractRow {
    pub merchant_id: String,
    pub id: String,
    pub number: String,
    pub terms_version: String,
    pub stage: String,
    pub signed_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub created_at: i64,
}

const CONTRACT: &str = "merchant_id, id, number, terms_version, stage, signed_at, expires_at, created_at";

/// Writes a new contract.
pub fn insert_contract(tx: &mut Tx<'_>, contract: &ContractRow) -> Result<(), Error> {
    let sql = format!("insert into contracts ({CONTRACT}) values ($1,$2,$3,$4,$5,$6,$7,$8)");
    let args = args![
        &contract.merchant_id,
        &contract.id,
        &contract.number,
        &contract.terms_version,
        &contract.stage,
        contract.signed_at,
        contract.expires_at,
        contract.created_at
    ];
    tx.exactly_one(&sql, args)
}

/// A merchant's newest contract.
pub fn contract(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Option<ContractRow>, Error> {
    let sql = format!("select {CONTRACT} from contracts where merchant_id = $1 order by id desc limit 1");
    let Some(row) = tx.maybe(&sql, args![merchant_id])? else {
        return Ok(None);
    };
    Ok(Some(ContractRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        number: row.take(2)?,
        terms_version: row.take(3)?,
        stage: row.take(4)?,
        signed_at: row.take(5)?,
        expires_at: row.take(6)?,
        created_at: row.take(7)?,
    }))
}

/// Notes when a contract was signed and until when it runs.
pub fn set_signed(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64, expires_at: Option<i64>) -> Result<(), Error> {
    tx.exactly_one(
        "update contracts set signed_at = $3, expires_at = $4 where merchant_id = $1 and id = $2",
        args![merchant_id, id, at, expires_at],
    )
}

/// A row of `settlement_accounts`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AccountRow {
    pub merchant_id: String,
    pub id: String,
    pub version: i64,
    pub bank: String,
    /// `corporate` or `personal`.
    pub account_kind: String,
    pub stage: String,
    pub is_current: bool,
    pub effective_at: Option<i64>,
    pub created_at: i64,
}

const ACCOUNT: &str = "merchant_id, id, version, bank, account_kind, stage, is_current, effective_at, created_at";

fn account_row(row: &Row) -> Result<AccountRow, Error> {
    Ok(AccountRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        version: row.take(2)?,
        bank: row.take(3)?,
        account_kind: row.take(4)?,
        stage: row.take(5)?,
        is_current: row.take(6)?,
        effective_at: row.take(7)?,
        created_at: row.take(8)?,
    })
}

/// Writes a new settlement account; a second current one violates `settlement_accounts_current`.
pub fn insert_account(tx: &mut Tx<'_>, account: &AccountRow) -> Result<(), Error> {
    let sql = format!("insert into settlement_accounts ({ACCOUNT}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)");
    let args = args![
        &account.merchant_id,
        &account.id,
        account.version,
        &account.bank,
        &account.account_kind,
        &account.stage,
        account.is_current,
        account.effective_at,
        account.created_at
    ];
    tx.exactly_one(&sql, args)
}

/// One settlement account.
pub fn account(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<AccountRow>, Error> {
    let sql = format!("select {ACCOUNT} from settlement_accounts where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?
        .as_ref()
        .map(account_row)
        .transpose()
}

/// The account a merchant's takings are paid to.
pub fn current_account(tx: &mut Tx<'_>, merchant_id: &str) -> Result<Option<AccountRow>, Error> {
    let sql = format!("select {ACCOUNT} from settlement_accounts where merchant_id = $1 and is_current");
    tx.maybe(&sql, args![merchant_id])?
        .as_ref()
        .map(account_row)
        .transpose()
}

/// Makes another of a merchant's accounts the one its takings are paid to.
pub fn make_current(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64) -> Result<(), Error> {
    tx.run(
        "update settlement_accounts set is_current = false where merchant_id = $1 and is_current and id <> $2",
        args![merchant_id, id],
    )?;
    tx.exactly_one(
        "update settlement_accounts set is_current = true, effective_at = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, at],
    )
}

/// Notes since when an account is paid to.
pub fn set_effective(tx: &mut Tx<'_>, merchant_id: &str, id: &str, at: i64) -> Result<(), Error> {
    tx.exactly_one(
        "update settlement_accounts set effective_at = $3 where merchant_id = $1 and id = $2",
        args![merchant_id, id, at],
    )
}
