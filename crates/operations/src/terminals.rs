//! Terminals: placing one in a shop with a device from stock, looking at them, and what a sign-in or a sale changes.

mod looks;
mod stock;

pub use looks::{Filter, Found, by_number, by_serial, device, list, view};
pub(crate) use stock::in_stock;
pub use stock::{NewDevice, NewModel, create_model, receive};

use domain::ids::{RegistrationId, TerminalId, TerminalNumber};
use domain::stages::SubjectKind;
use domain::time::Time;
use serde_json::json;
use store::registrations::RegistrationRow;
use store::terminals::TerminalRow;
use store::{Tx, devices, parties, registrations, terminals};

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::dormancy;
use crate::moves;
use crate::refused::{Done, FieldError, Refused};
use crate::trace::{self, Change, Happened};

/// The destination and origin addresses terminals use unless told otherwise.
pub const TPDU: &str = "6000030000";

/// A terminal to be placed.
#[derive(Clone, Debug)]
pub struct NewTerminal {
    /// Merchant id.
    pub merchant: String,
    /// Shop id of that merchant.
    pub shop: String,
    /// Serial number of a device in stock; none: a device is chosen later.
    pub serial: Option<String>,
    /// Its 8-character number; none: the next free one of the merchant's province.
    pub number: Option<String>,
    /// Kept for when another fails.
    pub spare: bool,
    /// How its messages are authenticated: `ecb` unless the device wants another.
    pub mac: String,
}

/// Places a terminal in a shop: its number, the device's binding and a registration to be filed. It is born `draft`,
/// the registration `not_filed`. For those who manage devices or merchants, and for agents with their merchants.
pub fn create(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewTerminal) -> Done<TerminalId> {
    let merchant =
        parties::merchant(tx, &new.merchant)?.ok_or_else(|| Refused::not_found("merchant", &new.merchant))?;
    let as_agent = merchant.agent_id != NOBODY && ctx.actor.agent == merchant.agent_id && ctx.may("act_agent");
    if !as_agent && !ctx.may("manage_merchants") {
        ctx.need("manage_devices")?;
    }
    if parties::shop(tx, &new.merchant, &new.shop)?.is_none() {
        return Err(Refused::not_found("shop", new.shop));
    }
    let device = match new.serial.as_deref() {
        Some(serial) => Some(in_stock(tx, ctx, serial)?),
        None => None,
    };
    let id: TerminalId = ctx.ids.id(ctx.now);
    let mut row = TerminalRow {
        merchant_id: new.merchant,
        id: id.to_string(),
        number: String::new(),
        shop_id: new.shop,
        device_id: device.as_ref().map_or_else(|| NOBODY.to_owned(), |d| d.id.clone()),
        stage: domain::stages::TERMINAL.start.to_owned(),
        spare: new.spare,
        mac_algorithm: new.mac,
        tpdu: TPDU.to_owned(),
        opened_at: None,
        last_sale_at: None,
        verified_at: None,
        signed_in: false,
        signed_in_at: None,
        batch: 1,
        software: device.as_ref().map(|d| d.software.clone()).unwrap_or_default(),
        activation_hash: None,
        activation_expires_at: None,
        created_at: ctx.now.millis(),
    };
    insert(tx, &mut row, new.number.as_deref(), &merchant.province)?;
    if let Some(device) = &device {
        devices::bind(tx, &device.id, &row.merchant_id, &row.id)?;
    }
    told(tx, ctx, &row)?;
    moves::born(tx, ctx, &row.merchant_id, SubjectKind::Terminal, &row.id, &row.stage)?;
    register(tx, ctx, &row, device.map(|d| d.serial).unwrap_or_default())?;
    Ok(id)
}

/// Writes the row under the wanted number, or the next one of the province: two digits and six of a sequence.
fn insert(tx: &mut Tx<'_>, row: &mut TerminalRow, wanted: Option<&str>, province: &str) -> Done<()> {
    if let Some(typed) = wanted {
        let number = TerminalNumber::parse(typed)
            .map_err(|e| Refused::field("terminal_number", "format", "终端号为 8 位字母或数字", e.to_string()))?;
        row.number = number.to_string();
        if terminals::insert(tx, row)? {
            return Ok(());
        }
        let taken = FieldError::new(
            "terminal_number",
            "taken",
            "该终端号已被使用",
            "another terminal has this number",
        );
        return Err(Refused::Invalid(vec![taken]));
    }
    let highest = terminals::highest_number(tx, province)?;
    let mut next: u32 = highest.and_then(|n| n.get(2..)?.parse().ok()).unwrap_or(0) + 1;
    while next <= 999_999 {
        row.number = format!("{province}{next:06}");
        if terminals::insert(tx, row)? {
            return Ok(());
        }
        next += 1;
    }
    Err(Refused::conflict(
        "terminal number",
        province,
        domain::text!(
            "该省的终端号已用完，请指定一个",
            "all numbers of this province are taken; name one"
        ),
    ))
}

fn told(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &TerminalRow) -> Done<()> {
    let change = Change {
        command: "terminals.create",
        merchant: &row.merchant_id,
        kind: "terminal",
        id: &row.id,
        before: String::new(),
        after: format!("{}|{}|{}|{}", row.number, row.shop_id, row.device_id, row.spare),
        details: json!({ "number": row.number, "shop": row.shop_id, "device": row.device_id, "spare": row.spare }),
    };
    let audit = trace::audit(tx, ctx, change)?;
    happened(tx, ctx, "terminal.created", row, json!({ "label": row.number }), &audit)
}

fn register(tx: &mut Tx<'_>, ctx: &mut Ctx, terminal: &TerminalRow, serial: String) -> Done<()> {
    let id: RegistrationId = ctx.ids.id(ctx.now);
    let account = parties::current_account(tx, &terminal.merchant_id)?;
    let row = RegistrationRow {
        merchant_id: terminal.merchant_id.clone(),
        id: id.to_string(),
        terminal_id: terminal.id.clone(),
        version: 0,
        stage: domain::stages::REGISTRATION.start.to_owned(),
        serial,
        shop_id: terminal.shop_id.clone(),
        settlement_account_id: account.map_or_else(|| NOBODY.to_owned(), |a| a.id),
        filed_at: None,
        answered_at: None,
        answer: String::new(),
        created_at: ctx.now.millis(),
    };
    registrations::insert(tx, &row)?;
    moves::born(
        tx,
        ctx,
        &row.merchant_id,
        SubjectKind::Registration,
        &row.id,
        &row.stage,
    )
}

fn happened(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    kind: &str,
    row: &TerminalRow,
    data: serde_json::Value,
    audit: &str,
) -> Done<()> {
    let happened = Happened {
        kind,
        merchant: &row.merchant_id,
        subject_kind: "terminal",
        subject: &row.id,
        terminal: &row.id,
        data,
        audit,
    };
    trace::event(tx, ctx, happened)?;
    Ok(())
}

fn known(tx: &mut Tx<'_>, merchant: &str, terminal: &str) -> Done<TerminalRow> {
    terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))
}

/// Notes an approved sale: the clock of inactivity starts anew, and announced dormancy stops are cancelled. Internal,
/// on the hot path: two statements unless a notice can have been given.
pub fn note_sale(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, at: Time) -> Done<()> {
    let row = known(tx, merchant, terminal)?;
    terminals::set_sold(tx, merchant, terminal, at.millis())?;
    let idle_since = row.last_sale_at.or(row.opened_at).map(Time::from_millis);
    if idle_since.is_some_and(|since| dormancy::may_be_announced(ctx, since, at)) {
        dormancy::cancel_announced(tx, ctx, &row)?;
    }
    Ok(())
}

/// Notes the last sales of many terminals: (merchant, terminal) and when. Of one business day the first is noted, as
/// dormancy counts in days: a row would otherwise be written anew with every sale.
pub(crate) fn note_sales(tx: &mut Tx<'_>, ctx: &mut Ctx, sold: &[((&str, &str), Time)]) -> Done<()> {
    let zone = &ctx.platform.zone;
    let day = |at: Time| zone.start_of(zone.date(at)).millis();
    let rows: Vec<_> = sold
        .iter()
        .map(|((m, t), at)| (*m, *t, at.millis(), day(*at)))
        .collect();
    let before = terminals::set_all_sold(tx, &rows)?;
    for ((merchant, terminal), at) in sold {
        let since = before.get(&((*merchant).to_owned(), (*terminal).to_owned()));
        let since = since.copied().flatten().map(Time::from_millis);
        if since.is_some_and(|since| dormancy::may_be_announced(ctx, since, *at)) {
            let row = known(tx, merchant, terminal)?;
            dormancy::cancel_announced(tx, ctx, &row)?;
        }
    }
    Ok(())
}

/// Notes a completed verification of identity and business: it counts for the rungs that such a proof resets.
/// Internal: the review that accepted it is the evidence.
pub fn note_verified(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    Ok(terminals::set_verified(tx, merchant, terminal, ctx.now.millis())?)
}

/// How far a terminal's activation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Its device is in service.
    Done,
    /// A code is out and counts until then (milliseconds).
    Waiting(i64),
    /// The last code ended then.
    Expired(i64),
    /// No code is out.
    NoCode,
}

/// How far a terminal's activation is. Internal: the caller has checked who asks.
pub fn activation(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<Activation> {
    let row = known(tx, merchant, terminal)?;
    let device = devices::get(tx, &row.device_id)?;
    if row.stage == "live" && device.is_some_and(|d| d.stage == "in_service") {
        return Ok(Activation::Done);
    }
    Ok(match row.activation_expires_at {
        Some(until) if ctx.now.millis() < until => Activation::Waiting(until),
        Some(ended) => Activation::Expired(ended),
        None => Activation::NoCode,
    })
}
