//! Another device takes over a terminal: bound from stock, the former one out of use and, where the merchant still has
//! it, awaited back. What rested on the former device goes with it; the keys of the terminal are destroyed.

use domain::stages::{SubjectKind, machine};
use serde_json::json;
use store::devices::DeviceRow;
use store::{Tx, devices, registrations, terminals};

use super::super::evidence;
use super::super::preflight;
use super::super::work::{Work, as_system};
use super::{Checked, Given, device, ensure_registration, tell};
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, FieldError, Refused};
use crate::terminals::in_stock;
use crate::trace::{self, Change};
use crate::{batches, gates, keys, moves, network, stops};

/// The field that names the device to take over.
const FIELD: &str = "new_serial_number";

/// The field that names the device sent back.
const RETURNED: &str = "serial_number";

/// A device under one of these never serves again: it is retired when another takes over, not repaired.
const NEVER_AGAIN: [&str; 3] = [
    "device.tampered",
    "device.model_noncompliant",
    "device.certification_expired",
];

/// The device named must be in stock and of a model that may serve; nothing of the terminal may be unresolved.
pub(super) fn check(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, given: &Given) -> Done<Checked> {
    let terminal = device::terminal(work, step)?;
    let typed = given.get(FIELD).cloned();
    let typed = match typed {
        Some(typed) => Some(typed),
        None => evidence::find(ctx, work, FIELD)?.map(|kept| kept.expose().clone()),
    };
    fit(tx, ctx, typed.as_deref().unwrap_or_default())?;
    preflight::unresolved(tx, ctx, &work.request.merchant_id, &terminal)?;
    Ok(Checked::Fine)
}

/// The device with this serial number, if it may take over a terminal.
fn fit(tx: &mut Tx<'_>, ctx: &Ctx, serial: &str) -> Done<DeviceRow> {
    let wrong = |code: &str, zh: &str, en: &str| Refused::field(FIELD, code, zh, en);
    let found = match in_stock(tx, ctx, serial) {
        Err(Refused::NotFound { .. }) => Err(wrong(
            "unknown",
            "机具库里没有这个序列号，请照标签核对",
            "no device in the estate has this serial number; compare it with the label",
        )),
        Err(Refused::Conflict { why, .. }) => Err(wrong("not_in_stock", &why.zh, &why.en)),
        other => other,
    }?;
    let stopped = store::stops::live(tx, NOBODY)?.iter().any(|stop| {
        stop.subject_kind == SubjectKind::Model.code()
            && stop.subject_id == found.model_id
            && stop.starts_at <= ctx.now.millis()
    });
    if stopped {
        return Err(wrong(
            "model",
            "这台机具的机型已停用，请选另一种机型",
            "devices of this model are stopped; choose one of another model",
        ));
    }
    Ok(found)
}

/// Puts the new device in the former one's place, before the stages move.
pub(super) fn swap(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    let terminal = device::terminal(work, step)?;
    let merchant = work.request.merchant_id.clone();
    let serial = evidence::find(ctx, work, FIELD)?
        .map(|kept| kept.expose().clone())
        .unwrap_or_default();
    let new = fit(tx, ctx, &serial)?;
    preflight::unresolved(tx, ctx, &merchant, &terminal)?;
    let old = work.subject(SubjectKind::Device);
    close_batch(tx, ctx, &merchant, &terminal)?;
    keys::destroy(tx, ctx, &merchant, &terminal)?;
    terminals::set_signed_off(tx, &merchant, &terminal)?;
    terminals::set_activation(tx, &merchant, &terminal, None)?;
    let before = match devices::get(tx, &old)? {
        Some(old) => {
            put_out_of_use(tx, ctx, work, &old, &new.serial)?;
            old.serial
        }
        None => String::new(),
    };
    devices::bind(tx, &new.id, &merchant, &terminal)?;
    terminals::set_device(tx, &merchant, &terminal, &new.id)?;
    gates::forget(tx, SubjectKind::Device, &merchant)?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: "terminals.replace_device",
            merchant: &merchant,
            kind: SubjectKind::Terminal.code(),
            id: &terminal,
            before: format!("{old}|{before}"),
            after: format!("{}|{}", new.id, new.serial),
            details: json!({ "from": before, "to": new.serial, "request": work.request.id }),
        },
    )?;
    let data = json!({ "label": before, "serial": new.serial });
    tell(tx, ctx, work, "device.replaced", (SubjectKind::Device, &new.id), data)?;
    work.reload_chain(tx)?;
    ensure_registration(tx, ctx, work, step)?;
    tell_again(tx, ctx, work, &terminal)
}

/// The batch of the former device is closed from the host's records: the new one counts its traces from the start.
fn close_batch(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<()> {
    store::batches::hold(tx, merchant, terminal)?;
    let batch = store::batches::standing(tx, merchant, terminal)?.batch;
    let open = store::batches::get(tx, merchant, terminal, batch)?.is_some_and(|b| b.state == "open");
    if open {
        store::batches::close(tx, (merchant, terminal, batch), ctx.now.millis(), None, "", "")?;
        store::batches::advance(tx, merchant, terminal, batch, batches::next(batch))?;
    }
    Ok(())
}

/// Ends what rested on the former device and takes it out of the terminal. One the merchant has in hand stays in its
/// custody until it is sent back.
fn put_out_of_use(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, old: &DeviceRow, serial: &str) -> Done<()> {
    let (merchant, terminal) = (work.request.merchant_id.as_str(), old.terminal_id.as_str());
    let on_it = |kind: &str| [SubjectKind::Device.code(), SubjectKind::Model.code()].contains(&kind);
    let resting: Vec<_> = work
        .chain
        .stops
        .iter()
        .filter(|s| on_it(&s.subject_kind))
        .cloned()
        .collect();
    let never_again = resting.iter().any(|s| NEVER_AGAIN.contains(&s.reason.as_str()));
    let in_hand = matches!(old.stage.as_str(), "issued" | "delivered" | "in_service");
    let why = format!("the device was replaced by {serial}");
    as_system(ctx, &work.request.id, |ctx| {
        for stop in resting.iter().filter(|s| s.subject_kind == SubjectKind::Device.code()) {
            stops::end(tx, ctx, stop, &why)?;
        }
        if never_again || !in_hand {
            fire(tx, ctx, merchant, old, "retire")?;
        }
        Ok(())
    })?;
    if in_hand {
        devices::detach(tx, &old.id, merchant, terminal)?;
    } else {
        devices::release(tx, &old.id, merchant, terminal)?;
    }
    Ok(())
}

/// Moves a device on where its stage has that edge.
fn fire(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, device: &DeviceRow, event: &str) -> Done<()> {
    let kind = SubjectKind::Device;
    if machine(kind).is_some_and(|m| m.next(&device.stage, event).is_ok()) {
        moves::apply(tx, ctx, merchant, kind, &device.id, event)?;
    }
    Ok(())
}

/// A filing under way names the former device: it is sent anew. Any other is filed by the step itself.
fn tell_again(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, terminal: &str) -> Done<()> {
    let merchant = &work.request.merchant_id;
    let under_way = registrations::of_terminal(tx, merchant, terminal)?
        .is_some_and(|r| r.stage == "pending" && r.filed_at.is_some() && r.answered_at.is_none());
    if under_way {
        network::report(tx, ctx, merchant, terminal)?;
    }
    Ok(())
}

/// The serial numbers of the devices a step «send it back» can be about: what was replaced and is still in hand; where
/// nothing was, or the terminal is withdrawn, the device that serves; for a merchant that closes, all of them.
fn returnable(tx: &mut Tx<'_>, work: &Work) -> Done<Vec<String>> {
    let merchant = &work.request.merchant_id;
    let replaced: Vec<String> = devices::in_hand(tx, merchant)?.into_iter().map(|d| d.serial).collect();
    if let Some(link) = work.chain.link(SubjectKind::Device) {
        let serves = work.request.kind == "deactivation" || replaced.is_empty();
        return Ok(if serves { vec![link.label.clone()] } else { replaced });
    }
    let mut all = replaced;
    for (terminal, _) in device::all_of(tx, merchant)? {
        let serving = terminals::get(tx, merchant, &terminal)?.map(|t| t.device_id);
        if let Some(device) = devices::get(tx, &serving.unwrap_or_default())? {
            all.push(device.serial);
        }
    }
    Ok(all)
}

/// The serial number typed must be that of a device that is to come back.
pub(super) fn check_return(tx: &mut Tx<'_>, _: &mut Ctx, work: &mut Work, _: &str, given: &Given) -> Done<Checked> {
    let due = returnable(tx, work)?;
    match given.get(RETURNED) {
        Some(typed) if !due.is_empty() && !due.iter().any(|serial| serial.eq_ignore_ascii_case(typed)) => {
            Err(Refused::Invalid(vec![FieldError::new(
                RETURNED,
                "other_device",
                "这不是要退回的那台机具，请核对机身标签上的序列号",
                "this is not the device that is to come back; compare the label on it",
            )]))
        }
        _ => Ok(Checked::Fine),
    }
}

/// A replaced device that arrived belongs to nobody any more. One that still serves is taken back when its request ends.
pub(super) fn returned(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    let Some(serial) = evidence::find(ctx, work, RETURNED)? else {
        return Ok(());
    };
    let arrived = devices::in_hand(tx, &merchant)?
        .into_iter()
        .find(|d| d.serial.eq_ignore_ascii_case(serial.expose()));
    if let Some(device) = arrived {
        as_system(ctx, &work.request.id, |ctx| {
            fire(tx, ctx, &merchant, &device, "take_back")
        })?;
        devices::release(tx, &device.id, &merchant, NOBODY)?;
    }
    Ok(())
}
