//! Models, stock, and the terminals: placed, registered, activated, each with a master key of its own.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use domain::time::{Duration, Time};
use operations::network::{self, Verdict};
use operations::refused::Done;
use operations::terminals::{self, NewDevice, NewModel, NewTerminal};
use operations::trace::{self, Happened};
use operations::{Actor, keys, merchants as parties, moves, requests, sealing};
use store::Tx;

use super::merchants::WELL;
use super::names::{MODELS, OF_TERMINALS, OLD_MODELS};
use super::world::Terminal;
use super::{Seeder, merchants};

/// A terminal of the seeded world.
#[derive(Clone)]
pub struct Known {
    pub merchant: usize,
    pub id: String,
    pub told: Terminal,
    /// When it was opened.
    pub opened: Time,
    /// The reason it is, or is to be brought, under; empty for none.
    pub reason: &'static str,
    /// Never sells.
    pub spare: bool,
    /// Sold last so many days ago.
    pub idle: i64,
    /// Stands in `world.json`.
    pub listed: bool,
}

/// What a terminal is to be.
#[derive(Clone, Copy)]
struct Wanted {
    merchant: usize,
    reason: &'static str,
    spare: bool,
    idle: i64,
    /// Days before now on which it is placed; the merchant's own when none.
    days: Option<i64>,
}

/// The software of every device.
const SOFTWARE: &str = "3.4.1";

/// How many devices lie in stock.
const IN_STOCK: usize = 8;

/// The reasons a terminal is under before it ever worked.
const NEVER_WORKED: [&str; 6] = [
    "device.not_issued",
    "device.not_activated",
    "device.activation_code_expired",
    "registration.not_filed",
    "registration.pending_ack",
    "registration.rejected",
];

/// Models, all terminals, and what is left in stock.
pub fn all(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let devices = s.staff.who("devices");
    let early = s.days_ago(480);
    s.act(&devices, early, "listing");
    for (code, zh, en, form, _) in MODELS {
        let new = NewModel {
            code: code.into(),
            name_zh: zh.into(),
            name_en: en.into(),
            form: form.into(),
            minimum_software: "3.2.0".into(),
            certified_until: None,
        };
        let id = terminals::create_model(tx, &mut s.ctx, new)?.to_string();
        s.models.push(id);
    }
    for wanted in wanted() {
        let known = place(tx, s, wanted)?;
        s.terminals.push(known);
    }
    let lately = s.days_ago(12);
    s.act(&devices, lately, "delivery of the maker");
    for n in 0..IN_STOCK {
        let serial = serial(900 + n, 0, "");
        receive(tx, s, &serial, 0)?;
        s.world.stock.push(serial);
    }
    Ok(())
}

/// Every terminal there is: several of each merchant that is well, one of each other, one per reason of a terminal.
fn wanted() -> Vec<Wanted> {
    let plain = |merchant| Wanted {
        merchant,
        reason: "",
        spare: false,
        idle: 0,
        days: None,
    };
    let mut all = Vec::new();
    for merchant in 0..WELL {
        let count = if merchant < 11 { 3 } else { 1 };
        all.extend((0..count).map(|_| plain(merchant)));
    }
    all.extend((WELL..super::names::TRADES.len()).map(plain));
    all.extend([1, 9].map(|merchant| Wanted {
        spare: true,
        ..plain(merchant)
    }));
    // The notice of three months goes out fifteen days ahead.
    all.push(Wanted { idle: 80, ..plain(4) });
    for (n, reason) in OF_TERMINALS.into_iter().enumerate() {
        let (merchant, idle) = match reason {
            "merchant.dormant_stopped" => (0, 400),
            "device.dormant_stopped" => (2, 200),
            "merchant.dormant_recheck" => (5, 100),
            _ => (n % 11, 0),
        };
        let days = NEVER_WORKED.contains(&reason).then_some(6);
        all.push(Wanted {
            merchant,
            reason,
            spare: false,
            idle,
            days,
        });
    }
    // A sign-in brings it back, so a program that signs in first would never see it stopped.
    all.push(Wanted {
        reason: "device.sign_in_required",
        ..plain(6)
    });
    all
}

fn place(tx: &mut Tx<'_>, s: &mut Seeder, wanted: Wanted) -> Done<Known> {
    let Some(merchant) = s.merchants.get(wanted.merchant).cloned() else {
        return Err(operations::Refused::not_found("merchant", wanted.merchant.to_string()));
    };
    let n = s.terminals.len();
    // The first day goes to the review, so a terminal is placed from the third on.
    let placed = s.days_ago(wanted.days.unwrap_or(merchant.days - 3).clamp(1, 478));
    let old = OLD_MODELS.iter().find(|(_, reason)| *reason == wanted.reason);
    let model = old.map_or(n % 4, |(model, _)| *model);
    let ending = if wanted.reason == "registration.pending_ack" {
        network::ANSWERED_LATE
    } else {
        ""
    };
    let serial = serial(n, model, ending);
    let devices = s.staff.who("devices");
    s.act(&devices, placed - Duration::hours(20), "delivery of the maker");
    let device = receive(tx, s, &serial, model)?;
    s.act(&devices, placed, "placing");
    let shop = shop(tx, s, &merchant, wanted.reason)?;
    let new = NewTerminal {
        merchant: merchant.id.clone(),
        shop,
        serial: Some(serial.clone()),
        number: None,
        spare: wanted.spare,
        mac: "ecb".into(),
    };
    let id = terminals::create(tx, &mut s.ctx, new)?.to_string();
    let key: [u8; 16] = s.ctx.ids.bytes();
    keys::install_master(tx, &mut s.ctx, &merchant.id, &id, &Secret::new(key))?;
    register(tx, s, &merchant, &id, wanted.reason, placed)?;
    activate(
        tx,
        s,
        &merchant,
        (&id, &device),
        wanted.reason,
        placed + Duration::hours(30),
    )?;
    let row = store::terminals::get(tx, &merchant.id, &id)?;
    let row = row.ok_or_else(|| operations::Refused::not_found("terminal", &id))?;
    let reason = if wanted.reason.is_empty() {
        merchant.trade.reason
    } else {
        wanted.reason
    };
    Ok(Known {
        merchant: wanted.merchant,
        told: Terminal {
            terminal_number: row.number,
            merchant_number: merchant.number.clone(),
            serial_number: serial,
            tpdu: row.tpdu,
            tmk_hex: sealing::hex(&key).to_uppercase(),
            mac: row.mac_algorithm,
            batch: row.batch,
            situation: "live".to_owned(),
            reason: None,
        },
        id,
        opened: placed + Duration::hours(30),
        reason,
        spare: wanted.spare,
        idle: wanted.idle,
        listed: wanted.reason != "device.sign_in_required",
    })
}

/// Vendor and device type of the model, then the number of the device.
fn serial(n: usize, model: usize, ending: &str) -> String {
    let head = MODELS.get(model).map_or("00005704", |m| m.4);
    format!("{head}26{:06}{ending}", 100_017 + 37 * n)
}

fn receive(tx: &mut Tx<'_>, s: &mut Seeder, serial: &str, model: usize) -> Done<String> {
    let warranty_until = Some(s.ctx.now + Duration::days(730));
    let model = s.models.get(model).cloned().unwrap_or_default();
    let new = NewDevice {
        serial: serial.to_owned(),
        model,
        software: SOFTWARE.into(),
        warranty_until,
    };
    Ok(terminals::receive(tx, &mut s.ctx, new)?.to_string())
}

/// The merchant's shop, or a branch of its own for the terminal whose shop is to close.
fn shop(tx: &mut Tx<'_>, s: &mut Seeder, merchant: &merchants::Known, reason: &str) -> Done<String> {
    if reason != "shop.closed" {
        return Ok(merchant.shop.clone());
    }
    let name = format!("{}二店", merchant.trade.short);
    let shop = parties::create_shop(tx, &mut s.ctx, &merchant.id, name, "旧商场二楼 18 号铺".to_owned())?;
    Ok(shop.to_string())
}

/// Filed and answered, unless that is what the terminal waits for.
fn register(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    merchant: &merchants::Known,
    id: &str,
    reason: &str,
    placed: Time,
) -> Done<()> {
    let desk = Actor::system("network");
    let Some(registration) = store::registrations::of_terminal(tx, &merchant.id, id)? else {
        return Ok(());
    };
    let (filed, verdict, why) = match reason {
        "registration.not_filed" => return Ok(()),
        "registration.pending_ack" => (s.now - Duration::hours(3), None, ""),
        "registration.rejected" => {
            let why = "安装地址与商户登记地址不在同一城市 / the place of use is not in the merchant's city";
            (placed + Duration::hours(3), Some(Verdict::Rejected), why)
        }
        _ => (placed + Duration::hours(3), Some(Verdict::Accepted), ""),
    };
    s.act(&desk, filed, "filing");
    network::file(tx, &mut s.ctx, &merchant.id, id)?;
    let Some(verdict) = verdict else { return Ok(()) };
    s.act(&desk, placed + Duration::hours(9), "the clearing organisation's answer");
    network::answer(tx, &mut s.ctx, &merchant.id, &registration.id, verdict, why)
}

/// Sent out, received, activated by the owner, signed in for the first time; less where the reason says so.
fn activate(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    merchant: &merchants::Known,
    (id, device): (&str, &str),
    reason: &str,
    at: Time,
) -> Done<()> {
    let owner = merchant.owner.clone();
    let devices = s.staff.who("devices");
    if reason != "device.not_issued" {
        s.act(&devices, at - Duration::hours(20), "sent by courier");
        moves::apply(tx, &mut s.ctx, &merchant.id, SubjectKind::Device, device, "issue")?;
        s.act(&owner, at - Duration::hours(1), "received");
        moves::apply(tx, &mut s.ctx, &merchant.id, SubjectKind::Device, device, "deliver")?;
    }
    s.act(&owner, at, "activated with the code");
    let inactive = ["device.not_activated", "device.activation_code_expired"].contains(&reason);
    if !inactive && reason != "device.not_issued" {
        moves::apply(tx, &mut s.ctx, &merchant.id, SubjectKind::Device, device, "activate")?;
        happened(tx, s, "device.activated", &merchant.id, ("device", device), id)?;
    }
    if !inactive {
        moves::apply(tx, &mut s.ctx, &merchant.id, SubjectKind::Terminal, id, "open")?;
    }
    if !NEVER_WORKED.contains(&reason) {
        s.act(&Actor::system("gateway"), at + Duration::minutes(4), "first sign-in");
        happened(tx, s, "terminal.signed_in", &merchant.id, ("terminal", id), id)?;
    }
    requests::event_step(tx, &mut s.ctx, &merchant.id, "terminal", id, "terminal.signed_in")
}

fn happened(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    kind: &str,
    merchant: &str,
    subject: (&str, &str),
    terminal: &str,
) -> Done<()> {
    let happened = Happened {
        kind,
        merchant,
        subject_kind: subject.0,
        subject: subject.1,
        terminal,
        data: serde_json::json!({}),
        audit: "-",
    };
    trace::event(tx, &mut s.ctx, happened)?;
    Ok(())
}
