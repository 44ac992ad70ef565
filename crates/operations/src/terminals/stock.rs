//! Models, and devices as they come into stock.

use domain::ids::{DeviceId, ModelId, SerialNumber};
use domain::stages::SubjectKind;
use domain::time::Time;
use serde_json::json;
use store::Tx;
use store::devices::{self, DeviceRow, ModelRow};

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::moves;
use crate::refused::{self, Done, Refused};
use crate::trace::{self, Change, Happened};

/// A model to be listed.
#[derive(Clone, Debug)]
pub struct NewModel {
    /// Its code on the label.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// `smart`, `traditional`, `mobile`, `signature`.
    pub form: String,
    /// The oldest software that may sell.
    pub minimum_software: String,
    /// When its certification ends.
    pub certified_until: Option<Time>,
}

/// Lists a model, so that devices of it can be received.
pub fn create_model(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewModel) -> Done<ModelId> {
    ctx.need("manage_devices")?;
    let id: ModelId = ctx.ids.id(ctx.now);
    let row = ModelRow {
        id: id.to_string(),
        code: new.code,
        name_zh: new.name_zh,
        name_en: new.name_en,
        form: new.form,
        minimum_software: new.minimum_software,
        certified_until: new.certified_until.map(Time::millis),
    };
    if !devices::insert_model(tx, &row)? {
        return Err(Refused::field(
            "code",
            "taken",
            "该机型代码已存在。",
            "A model of this code is listed already.",
        ));
    }
    let change = Change {
        command: "devices.create_model",
        merchant: NOBODY,
        kind: "model",
        id: &row.id,
        before: String::new(),
        after: format!("{}|{}", row.code, row.minimum_software),
        details: json!({ "code": row.code }),
    };
    trace::audit(tx, ctx, change)?;
    Ok(id)
}

/// A device to be received into stock.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// From its label.
    pub serial: String,
    /// Model id.
    pub model: String,
    /// The software it came with.
    pub software: String,
    /// When the maker's warranty ends.
    pub warranty_until: Option<Time>,
}

/// Receives a device into stock. A serial number is received once.
pub fn receive(tx: &mut Tx<'_>, ctx: &mut Ctx, new: NewDevice) -> Done<DeviceId> {
    ctx.need("manage_devices")?;
    let serial = serial_number(&new.serial)?;
    if devices::model(tx, &new.model)?.is_none() {
        return Err(Refused::not_found("model", new.model));
    }
    let id: DeviceId = ctx.ids.id(ctx.now);
    let row = DeviceRow {
        id: id.to_string(),
        serial: serial.to_string(),
        model_id: new.model,
        stage: domain::stages::DEVICE.start.to_owned(),
        merchant_id: NOBODY.to_owned(),
        terminal_id: NOBODY.to_owned(),
        software: new.software,
        warranty_until: new.warranty_until.map(Time::millis),
        created_at: ctx.now.millis(),
    };
    if !devices::insert(tx, &row)? {
        return Err(Refused::field(
            "serial_number",
            "taken",
            "该序列号已在库。",
            "This serial number is known already.",
        ));
    }
    let change = Change {
        command: "devices.receive",
        merchant: NOBODY,
        kind: "device",
        id: &row.id,
        before: String::new(),
        after: format!("{}|{}", row.serial, row.model_id),
        details: json!({ "serial": row.serial, "model": row.model_id }),
    };
    let audit = trace::audit(tx, ctx, change)?;
    let happened = Happened {
        kind: "device.created",
        merchant: NOBODY,
        subject_kind: "device",
        subject: &row.id,
        terminal: NOBODY,
        data: json!({ "label": row.serial }),
        audit: &audit,
    };
    trace::event(tx, ctx, happened)?;
    moves::born(tx, ctx, NOBODY, SubjectKind::Device, &row.id, &row.stage)?;
    Ok(id)
}

fn serial_number(typed: &str) -> Done<SerialNumber> {
    SerialNumber::parse(typed).map_err(|e| {
        Refused::field(
            "serial_number",
            "format",
            "照机身标签逐位填写字母和数字，不含空格",
            e.to_string(),
        )
    })
}

/// The device with this serial number, which must be in stock and belong to nobody.
pub(crate) fn in_stock(tx: &mut Tx<'_>, ctx: &Ctx, typed: &str) -> Done<DeviceRow> {
    let serial = serial_number(typed)?;
    let device =
        devices::by_serial(tx, serial.as_str())?.ok_or_else(|| Refused::not_found("device", serial.as_str()))?;
    if device.terminal_id == NOBODY && device.stage == domain::stages::DEVICE.start {
        Ok(device)
    } else {
        let stage = refused::stage_words(ctx.catalog(), SubjectKind::Device, &device.stage);
        let why = domain::text!(
            format!("该机具处于「{}」，已绑定终端或不在库；请选一台在库的机具", stage.zh),
            format!(
                "it is «{}» and belongs to a terminal or has left the stock; choose one in stock",
                stage.en
            ),
        );
        Err(Refused::conflict("device", serial.as_str(), why))
    }
}
