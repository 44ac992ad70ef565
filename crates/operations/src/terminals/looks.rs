//! Looking at terminals, for those who may see their merchant.

use domain::ids::SerialNumber;
use domain::names::Lang;
use domain::stages::SubjectKind;
use store::terminals::{self, TerminalRow};
use store::{Tx, devices, parties};

use crate::chain::{self, NOBODY};
use crate::ctx::Ctx;
use crate::explain;
use crate::merchants;
use crate::refused::{Done, Refused};
use crate::views::{DeviceView, Page, Paging, ShopView, TerminalView};

/// Which terminals a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Merchant id.
    pub merchant: String,
    /// Shop id.
    pub shop: String,
    /// Stage code.
    pub stage: String,
}

/// A terminal as look-ups find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Merchant id.
    pub merchant: String,
    /// Terminal id.
    pub terminal: String,
}

/// The terminal with this number. Internal: tells nothing but the two ids.
pub fn by_number(tx: &mut Tx<'_>, number: &str) -> Done<Option<Found>> {
    Ok(terminals::by_number(tx, number.trim())?.map(|(merchant, terminal)| Found { merchant, terminal }))
}

/// The terminal a device serves; none where the device is unknown or serves none. Internal.
pub fn by_serial(tx: &mut Tx<'_>, serial: &str) -> Done<Option<Found>> {
    let Ok(serial) = SerialNumber::parse(serial) else {
        return Ok(None);
    };
    Ok(devices::by_serial(tx, serial.as_str())?
        .filter(|d| d.terminal_id != NOBODY)
        .map(|d| Found {
            merchant: d.merchant_id,
            terminal: d.terminal_id,
        }))
}

/// A device by its serial number, for staff.
pub fn device(tx: &mut Tx<'_>, ctx: &mut Ctx, serial: &str) -> Done<DeviceView> {
    ctx.need("read_all")?;
    let row = devices::by_serial(tx, serial)?.ok_or_else(|| Refused::not_found("device", serial))?;
    let model = devices::model(tx, &row.model_id)?;
    let terminal = if row.terminal_id == NOBODY {
        None
    } else {
        terminals::get(tx, &row.merchant_id, &row.terminal_id)?.map(|terminal| terminal.number)
    };
    let stage = (SubjectKind::Device, row.stage.clone());
    Ok(DeviceView {
        stage_name: ctx
            .catalog()
            .stages
            .get(&stage)
            .map_or_else(|| row.stage.clone(), |s| s.name.get(ctx.lang).to_owned()),
        model: model.map_or_else(
            String::new,
            |m| if ctx.lang == Lang::Zh { m.name_zh } else { m.name_en },
        ),
        serial: row.serial,
        stage: row.stage,
        software: row.software,
        terminal,
    })
}

/// A terminal by merchant and id.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<TerminalView> {
    let row = terminals::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("terminal", id))?;
    let owner = parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    merchants::may_see(ctx, merchant, &owner.agent_id).map_err(|_| Refused::not_found("terminal", id))?;
    seen(tx, ctx, row, &owner)
}

/// A page of the terminals the actor may see.
pub fn list(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<TerminalView>> {
    let (own_merchant, agent_id) = merchants::reach(ctx)?;
    if !own_merchant.is_empty() && !filter.merchant.is_empty() && filter.merchant != own_merchant {
        return Ok(Page {
            data: Vec::new(),
            has_more: false,
            next_cursor: None,
        });
    }
    let wanted = terminals::Filter {
        merchant_id: if own_merchant.is_empty() {
            filter.merchant.clone()
        } else {
            own_merchant
        },
        agent_id,
        shop_id: filter.shop.clone(),
        stage: filter.stage.clone(),
    };
    let after = paging
        .cursor
        .as_deref()
        .and_then(|c| c.split_once('.'))
        .unwrap_or(("", ""));
    let limit = paging.limit.clamp(1, 200);
    let mut rows = terminals::list(tx, &wanted, after, limit + 1)?;
    let has_more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next_cursor = rows
        .last()
        .filter(|_| has_more)
        .map(|r| format!("{}.{}", r.merchant_id, r.id));
    let mut data = Vec::with_capacity(rows.len());
    let mut owner: Option<parties::MerchantRow> = None;
    for row in rows {
        if owner.as_ref().is_none_or(|o| o.merchant_id != row.merchant_id) {
            owner = parties::merchant(tx, &row.merchant_id)?;
        }
        if let Some(owner) = &owner {
            data.push(seen(tx, ctx, row, owner)?);
        }
    }
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

fn seen(tx: &mut Tx<'_>, ctx: &Ctx, row: TerminalRow, owner: &parties::MerchantRow) -> Done<TerminalView> {
    let chain = chain::of_terminal(tx, &row.merchant_id, &row.id)?;
    let shop = parties::shop(tx, &row.merchant_id, &row.shop_id)?;
    let device = devices::get(tx, &row.device_id)?;
    let model = match &device {
        Some(device) => devices::model(tx, &device.model_id)?,
        None => None,
    };
    let stage = (SubjectKind::Terminal, row.stage.clone());
    let no_shop = || ShopView {
        id: row.shop_id.clone(),
        name: String::new(),
        address: String::new(),
        stage: String::new(),
    };
    Ok(TerminalView {
        merchant_number: owner.number.clone(),
        merchant_name: owner.name.clone(),
        shop: shop.map_or_else(no_shop, merchants::shop_view),
        stage_name: ctx
            .catalog()
            .stages
            .get(&stage)
            .map_or_else(String::new, |s| s.name.get(ctx.lang).to_owned()),
        serial: device.map(|d| d.serial).unwrap_or_default(),
        model: model.map_or_else(
            String::new,
            |m| if ctx.lang == Lang::Zh { m.name_zh } else { m.name_en },
        ),
        standing: explain::standing(ctx, &chain, explain::DEFAULT_CAPABILITY).to_owned(),
        id: row.id,
        number: row.number,
        merchant_id: row.merchant_id,
        stage: row.stage,
        spare: row.spare,
        software: row.software,
        batch: row.batch,
        signed_in: row.signed_in,
        signed_in_at: row.signed_in_at,
        last_sale_at: row.last_sale_at,
        opened_at: row.opened_at,
    })
}
