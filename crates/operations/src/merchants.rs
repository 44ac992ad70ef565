//! Merchants: taking one on record with everything that belongs to it, looking at one, and lists of them.
//!
//! A merchant is born `applying`, its shop `open`, its contract a `draft`, its settlement account `missing`; what brings
//! it on is moves and requests, never this file.

mod agents;
mod checks;
mod looks;

pub use agents::{NewAgent, create_agent};
pub use checks::{categories, fold};
pub use looks::{Filter, by_number, called, list, may_see, view};
pub(crate) use looks::{reach, shop_view};

pub use domain::catalog::MerchantKind as Kind;
use domain::ids::{ContractId, MerchantId, SettlementAccountId, ShopId};
use domain::secret::SecretString;
use domain::stages::SubjectKind;
use domain::time::Span;
use serde_json::json;
use store::Tx;
use store::parties::{self, AccountRow, ContractRow, MerchantRow, ShopRow};

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::moves;
use crate::private;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};

/// The first three digits of every merchant number: this institution as an acquirer.
pub const ACQUIRER: &str = "822";

/// The terms a new contract is drawn up under.
pub const TERMS: &str = "2026-1";

/// The account takings are to be paid to.
#[derive(Clone)]
pub struct NewAccount {
    /// In whose name.
    pub holder: SecretString,
    /// Card or account number.
    pub number: SecretString,
    /// Bank and branch, in words.
    pub bank: String,
    /// A company's account rather than a person's card.
    pub corporate: bool,
}

/// A merchant to be taken on record. Texts as typed; [`create`] checks them all.
#[derive(Clone)]
pub struct NewMerchant {
    /// `micro`, `sole_trader` or `enterprise`.
    pub kind: String,
    /// As registered; a micro merchant's is its principal's name with a trade.
    pub name: String,
    /// What a slip shows.
    pub short_name: String,
    /// Unified social credit code; none for a micro merchant.
    pub uscc: Option<String>,
    /// Category code, four digits.
    pub mcc: String,
    /// Province, two digits (GB/T 2260).
    pub province: String,
    /// City, in words.
    pub city: String,
    /// The city's financial code, four digits, as in branch numbers: part of the merchant number.
    pub city_code: String,
    /// Agent id, or `-` for direct service.
    pub agent: String,
    /// Legal representative or principal.
    pub representative_name: SecretString,
    /// Their resident identity number.
    pub representative_id: SecretString,
    /// Whom to call.
    pub contact_name: SecretString,
    /// Mobile number.
    pub contact_phone: SecretString,
    /// The first shop's name.
    pub shop_name: String,
    /// The first shop's address.
    pub address: String,
    /// None: to be named later.
    pub account: Option<NewAccount>,
}

/// Takes a merchant on record, with its first shop, a contract to be signed and, if named, a settlement account. All
/// wrong fields are told at once. For staff who manage merchants, and for agents their own.
pub fn create(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewMerchant) -> Done<MerchantId> {
    let as_agent = new.agent != NOBODY && ctx.actor.agent == new.agent && ctx.may("act_agent");
    if !as_agent {
        ctx.need("manage_merchants")?;
    }
    if new.agent != NOBODY && parties::agent(tx, &new.agent)?.is_none() {
        return Err(Refused::not_found("agent", new.agent));
    }
    let clean = checks::check(ctx, &new)?;
    let id: MerchantId = ctx.ids.id(ctx.now);
    let mut row = MerchantRow {
        merchant_id: id.to_string(),
        number: String::new(),
        kind: clean.kind.code().to_owned(),
        search_name: fold(&new.name),
        name: new.name,
        short_name: new.short_name,
        uscc: clean.uscc,
        mcc: new.mcc,
        region_id: new.province.clone(),
        province: new.province,
        city: new.city,
        agent_id: new.agent,
        stage: domain::stages::MERCHANT.start.to_owned(),
        version: 1,
        risk_level: "normal".to_owned(),
        created_at: ctx.now.millis(),
        activated_at: None,
    };
    number(tx, &mut row, &new.city_code)?;
    let audit = trace::audit(tx, ctx, born(&row))?;
    let happened = Happened {
        kind: "merchant.created",
        merchant: id.as_str(),
        subject_kind: "merchant",
        subject: id.as_str(),
        terminal: NOBODY,
        data: json!({ "label": row.name, "number": row.number, "kind": row.kind }),
        audit: &audit,
    };
    trace::event(tx, ctx, happened)?;
    moves::born(tx, ctx, id.as_str(), SubjectKind::Merchant, id.as_str(), &row.stage)?;
    for (field, value) in clean.private {
        keep(tx, ctx, id.as_str(), ("merchant", id.as_str()), field, &value)?;
    }
    shop(tx, ctx, &row, new.shop_name, new.address)?;
    contract(tx, ctx, &row)?;
    if let Some((account, values)) = clean.account {
        open_account(tx, ctx, id.as_str(), account, values)?;
    }
    Ok(id)
}

/// Gives a merchant the next number of its city and category and writes it. Two clerks at the same moment may draw the
/// same number; the later one draws again.
fn number(tx: &mut Tx<'_>, row: &mut MerchantRow, city_code: &str) -> Done<()> {
    let prefix = format!("{ACQUIRER}{city_code}{}", row.mcc);
    let highest = parties::highest_number(tx, &prefix)?;
    let mut next: u32 = highest.and_then(|n| n.get(11..)?.parse().ok()).unwrap_or(0) + 1;
    while next <= 9999 {
        row.number = format!("{prefix}{next:04}");
        if parties::insert_merchant(tx, row)? {
            return Ok(());
        }
        next += 1;
    }
    Err(Refused::conflict(
        "merchant number",
        prefix,
        domain::text!(
            "该城市该类别的 9999 个商户编号已用完",
            "all 9999 numbers of this city and category are taken"
        ),
    ))
}

fn born(row: &MerchantRow) -> Change<'_> {
    Change {
        command: "merchants.create",
        merchant: &row.merchant_id,
        kind: "merchant",
        id: &row.merchant_id,
        before: String::new(),
        after: format!("{}|{}|{}|{}|{}", row.number, row.kind, row.name, row.mcc, row.agent_id),
        details: json!({ "number": row.number, "kind": row.kind, "mcc": row.mcc, "agent": row.agent_id }),
    }
}

fn keep(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    owner: (&str, &str),
    field: &str,
    value: &SecretString,
) -> Done<()> {
    let masked = private::mask(field, value.expose());
    private::put(tx, ctx, merchant, owner.0, owner.1, field, value, &masked)
}

/// Opens another shop of a merchant; its id. Internal: the caller has checked who asks.
pub fn create_shop(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, name: String, address: String) -> Done<ShopId> {
    let row = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    shop(tx, ctx, &row, name, address)
}

fn shop(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &MerchantRow, name: String, address: String) -> Done<ShopId> {
    let id: ShopId = ctx.ids.id(ctx.now);
    let row = ShopRow {
        merchant_id: merchant.merchant_id.clone(),
        id: id.to_string(),
        name,
        address,
        province: merchant.province.clone(),
        city: merchant.city.clone(),
        latitude_e6: None,
        longitude_e6: None,
        stage: domain::stages::SHOP.start.to_owned(),
        created_at: ctx.now.millis(),
    };
    parties::insert_shop(tx, &row)?;
    told(tx, ctx, "shop.created", &row.merchant_id, ("shop", &row.id), &row.name)?;
    moves::born(tx, ctx, &row.merchant_id, SubjectKind::Shop, &row.id, &row.stage)?;
    Ok(id)
}

fn contract(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &MerchantRow) -> Done<()> {
    let id: ContractId = ctx.ids.id(ctx.now);
    let row = ContractRow {
        merchant_id: merchant.merchant_id.clone(),
        id: id.to_string(),
        number: format!("SD-{}-01", merchant.number),
        terms_version: TERMS.to_owned(),
        stage: domain::stages::CONTRACT.start.to_owned(),
        signed_at: None,
        expires_at: None,
        created_at: ctx.now.millis(),
    };
    parties::insert_contract(tx, &row)?;
    told(
        tx,
        ctx,
        "contract.created",
        &row.merchant_id,
        ("contract", &row.id),
        &row.number,
    )?;
    moves::born(tx, ctx, &row.merchant_id, SubjectKind::Contract, &row.id, &row.stage)
}

/// The values kept sealed for an account.
type AccountValues = Vec<(&'static str, SecretString)>;

/// Records an account as the merchant's current one; it counts only once verified.
fn open_account(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    account: (String, bool),
    values: AccountValues,
) -> Done<()> {
    let id: SettlementAccountId = ctx.ids.id(ctx.now);
    let row = AccountRow {
        merchant_id: merchant.to_owned(),
        id: id.to_string(),
        version: 1,
        bank: account.0,
        account_kind: if account.1 { "corporate" } else { "personal" }.to_owned(),
        stage: domain::stages::SETTLEMENT_ACCOUNT.start.to_owned(),
        is_current: true,
        effective_at: None,
        created_at: ctx.now.millis(),
    };
    parties::insert_account(tx, &row)?;
    for (field, value) in values {
        keep(tx, ctx, merchant, ("settlement_account", &row.id), field, &value)?;
    }
    told(
        tx,
        ctx,
        "settlement_account.created",
        merchant,
        ("settlement_account", &row.id),
        &row.bank,
    )?;
    moves::born(tx, ctx, merchant, SubjectKind::SettlementAccount, &row.id, &row.stage)
}

/// Audit entry and event of something of a merchant that is new.
fn told(tx: &mut Tx<'_>, ctx: &mut Ctx, kind: &str, merchant: &str, subject: (&str, &str), label: &str) -> Done<()> {
    let change = Change {
        command: kind,
        merchant,
        kind: subject.0,
        id: subject.1,
        before: String::new(),
        after: label.to_owned(),
        details: json!({ "label": label }),
    };
    let audit = trace::audit(tx, ctx, change)?;
    let happened = Happened {
        kind,
        merchant,
        subject_kind: subject.0,
        subject: subject.1,
        terminal: NOBODY,
        data: json!({ "label": label }),
        audit: &audit,
    };
    trace::event(tx, ctx, happened)?;
    Ok(())
}

/// What follows when a merchant becomes active: the day is noted and told. Internal: after the move `approve`.
pub fn note_active(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    let row = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    if row.activated_at.is_some() {
        return Ok(());
    }
    parties::set_activated(tx, merchant, ctx.now.millis())?;
    told(
        tx,
        ctx,
        "merchant.activated",
        merchant,
        ("merchant", merchant),
        &row.name,
    )
}

/// How long a contract runs unless both sides end it, in calendar months.
pub(crate) const CONTRACT_MONTHS: u32 = 36;

/// What follows when a contract is signed: from when and until when it runs. Internal: after the move `sign`.
pub fn note_signed(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    let row = parties::contract(tx, merchant)?.ok_or_else(|| Refused::not_found("contract", merchant))?;
    let until = ctx.platform.zone.add(ctx.now, Span::months(CONTRACT_MONTHS));
    parties::set_signed(tx, merchant, &row.id, ctx.now.millis(), Some(until.millis()))?;
    told(tx, ctx, "contract.signed", merchant, ("contract", &row.id), &row.number)
}
