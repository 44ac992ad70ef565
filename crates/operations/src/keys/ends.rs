//! What ends a key: its terminal or device goes, it is old, the device says that it holds another, or its parent changes.

use std::sync::Arc;

use domain::stages::SubjectKind;
use domain::time::Duration;
use serde_json::json;
use store::Tx;

use super::{KeyKind, destroy, destroy_rows, place, retire_working};
use crate::chain::NOBODY;
use crate::ctx::{Actor, Ctx};
use crate::refused::{Done, Refused};
use crate::requests;
use crate::stops::{self, Place};
use crate::trace::{self, Change, Happened};

/// How long working keys serve; then the terminal signs in again. Terminals sign in daily; this is for those that do not.
pub const WORKING_AGE: Duration = Duration::days(45);
/// How many messages a MAC key deals with before the terminal has to sign in again.
pub const WORKING_USES: u64 = 1_000_000;

/// The stages whose beginning destroys the keys of a terminal: the machine, or the terminal, is out of our hands.
const ENDS: [(SubjectKind, &str); 4] = [
    (SubjectKind::Device, "lost"),
    (SubjectKind::Device, "returned"),
    (SubjectKind::Device, "retired"),
    (SubjectKind::Terminal, "withdrawn"),
];

/// The reason a terminal without usable keys stops for.
const KEYS_INVALID: &str = "device.keys_invalid";

/// Hears of every stage that is entered, and destroys keys where that ends them.
pub(crate) fn stage_entered(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (kind, merchant, id): (SubjectKind, &str, &str),
    stage: &str,
) -> Done<()> {
    if !ENDS.contains(&(kind, stage)) {
        return Ok(());
    }
    let (merchant, terminal) = match kind {
        SubjectKind::Device => match store::devices::get(tx, id)? {
            Some(device) if device.terminal_id != NOBODY => (device.merchant_id, device.terminal_id),
            _ => return Ok(()),
        },
        _ => (merchant.to_owned(), id.to_owned()),
    };
    let serves = store::terminals::get(tx, &merchant, &terminal)?
        .is_some_and(|row| kind == SubjectKind::Terminal || row.device_id == id);
    if serves && destroy_rows(tx, ctx, &merchant, &terminal)? > 0 {
        destroy(tx, ctx, &merchant, &terminal)?;
        store::terminals::set_signed_off(tx, &merchant, &terminal)?;
    }
    Ok(())
}

/// Retires working keys that have served their time, and former ones; how many terminals have to sign in again.
pub fn sweep(tx: &mut Tx<'_>, ctx: &mut Ctx, at_once: i64) -> Done<u64> {
    super::former::sweep(tx, ctx, at_once)?;
    let made = (ctx.now - WORKING_AGE).millis();
    let worn = store::keys::worn(tx, made, at_once)?;
    for (merchant, terminal) in &worn {
        wear_out(tx, ctx, merchant, terminal)?;
    }
    Ok(u64::try_from(worn.len()).unwrap_or(0))
}

/// Retires the working keys of a terminal that have served their time, or dealt with [`WORKING_USES`] messages.
pub fn wear_out(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    retire_working(tx, ctx, merchant, terminal)?;
    store::terminals::set_signed_off(tx, merchant, terminal)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.worn",
            merchant,
            kind: "terminal",
            id: terminal,
            before: "signed in".to_owned(),
            after: "signed off".to_owned(),
            details: json!({}),
        },
    )?;
    tell(tx, ctx, (merchant, terminal), "terminal.keys_worn", json!({}), &audit)
}

/// Hears from a device which check value its master key has. Where it is not ours the terminal stops and an alarm is told:
/// false. Internal: whoever hears from devices calls it.
pub fn confirm(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, reported: &str) -> Done<bool> {
    let Some(row) = store::keys::current(tx, merchant, terminal, KeyKind::Tmk.code())? else {
        missing(tx, ctx, merchant, terminal)?;
        return Ok(false);
    };
    let reported = spelled(reported)?;
    let agrees = agrees(&row.kcv, &reported);
    // A shorter spelling of the same value is kept as ours.
    let kept = if agrees { row.kcv.clone() } else { reported.clone() };
    store::keys::report(tx, merchant, terminal, &kept)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.confirm",
            merchant,
            kind: "terminal",
            id: terminal,
            before: row.reported_kcv,
            after: kept,
            details: json!({ "host": row.kcv, "device": reported, "agrees": agrees }),
        },
    )?;
    if !agrees {
        let data = json!({ "host": row.kcv, "device": reported });
        tell(tx, ctx, (merchant, terminal), "terminal.keys_mismatch", data, &audit)?;
        retire_working(tx, ctx, merchant, terminal)?;
        store::terminals::set_signed_off(tx, merchant, terminal)?;
        missing(tx, ctx, merchant, terminal)?;
    }
    Ok(agrees)
}

/// A check value of six or eight hexadecimal digits, upper case.
pub(super) fn spelled(given: &str) -> Done<String> {
    let text = given.trim().to_ascii_uppercase();
    let fits = matches!(text.len(), 6 | 8) && text.chars().all(|c| c.is_ascii_hexdigit());
    if fits {
        return Ok(text);
    }
    Err(Refused::field(
        "kcv",
        "check_value",
        "校验值应为 6 位或 8 位十六进制数字",
        "a check value has 6 or 8 hexadecimal digits",
    ))
}

/// Whether our check value (eight digits) and a given one (six or eight) are the same.
pub(super) fn agrees(ours: &str, given: &str) -> bool {
    ours.get(..given.len()).is_some_and(|beginning| beginning == given)
}

/// Whether the device does not contradict our master key.
pub fn is_confirmed(tx: &mut Tx<'_>, merchant: &str, terminal: &str) -> Done<bool> {
    let row = store::keys::current(tx, merchant, terminal, KeyKind::Tmk.code())?;
    Ok(row.is_some_and(|row| row.reported_kcv.is_empty() || row.reported_kcv == row.kcv))
}

/// The device that a terminal's keys are loaded into, and whose it is; none where it has none.
fn machine(tx: &mut Tx<'_>, merchant: &str, terminal: &str) -> Done<Option<(String, String)>> {
    let row = store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    if row.device_id == NOBODY {
        return Ok(None);
    }
    let device = store::devices::get(tx, &row.device_id)?;
    let owner = device.map_or_else(|| merchant.to_owned(), |device| device.merchant_id);
    Ok(Some((row.device_id, owner)))
}

/// Stops a terminal whose keys are missing or not the device's: nothing is accepted until keys are loaded. Whether there is
/// such a stop now; a terminal without a device has nothing to load them into.
pub fn missing(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<bool> {
    let Some((device, owner)) = machine(tx, merchant, terminal)? else {
        return Ok(false);
    };
    let subject = (SubjectKind::Device.code(), device.as_str());
    if store::stops::find_live(tx, &owner, subject, KEYS_INVALID)?.is_some() {
        return Ok(true);
    }
    let caller = std::mem::replace(&mut ctx.actor, Actor::system("keys"));
    let placed = stops::place(
        tx,
        ctx,
        Place {
            merchant: owner,
            kind: SubjectKind::Device,
            id: device,
            reason: KEYS_INVALID.to_owned(),
            starts_at: None,
            ends_at: None,
            details: json!({}),
        },
    );
    ctx.actor = caller;
    placed.map(|_| true)
}

/// Ends that stop where there is one: its custodians have loaded the device's keys. What remains is to sign in.
pub(super) fn loaded(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    let Some((device, owner)) = machine(tx, merchant, terminal)? else {
        return Ok(());
    };
    let subject = (SubjectKind::Device.code(), device.as_str());
    let Some(stop) = store::stops::find_live(tx, &owner, subject, KEYS_INVALID)? else {
        return Ok(());
    };
    let caller = std::mem::replace(&mut ctx.actor, Actor::system("keys"));
    let ended = stops::end(tx, ctx, &stop, "its master key was entered in components")
        .and_then(|()| requests::refresh(tx, ctx, merchant));
    ctx.actor = caller;
    ended
}

/// A stretch of keys that was put under the current parent.
pub struct Moved {
    /// Where to go on: merchant, terminal, kind. None: all are done.
    pub next: Option<(String, String, String)>,
    /// How many were moved.
    pub moved: u64,
}

/// Puts current and former keys, from a place in their order on, under the current parent of the key module. Asked again after a
/// break it goes on where it stopped, as keys that stand under the current parent are left alone.
pub fn rewrap(tx: &mut Tx<'_>, ctx: &mut Ctx, after: (&str, &str, &str), at_once: i64) -> Done<Moved> {
    ctx.need("manage_keys")?;
    let module = Arc::clone(&ctx.platform.keys);
    let rows = store::keys::current_after(tx, after, at_once)?;
    let full = i64::try_from(rows.len()).is_ok_and(|found| found == at_once);
    let last = rows.last().filter(|_| full);
    let until = last.map(|row| (row.merchant_id.as_str(), row.terminal_id.as_str(), row.kind.as_str()));
    let former = store::keys::former_between(tx, after, until)?;
    let mut moved = 0;
    for row in rows.iter().chain(&former) {
        let kind = KeyKind::of_code(&row.kind)
            .ok_or_else(|| Refused::Inconsistent(format!("a key of the kind «{}»", row.kind)))?;
        let place = place(&row.merchant_id, &row.terminal_id, kind, row.version);
        if let Some(block) = module.rewrap(&place, &row.sealed, &mut ctx.ids)? {
            moved += u64::from(store::keys::replace_block(tx, row, &block)?);
        }
    }
    if moved > 0 {
        let parent = module.parent()?.map(|byte| format!("{byte:02x}")).concat();
        trace::audit(
            tx,
            ctx,
            Change {
                command: "keys.rewrap",
                merchant: NOBODY,
                kind: "key_module",
                id: module.name(),
                before: String::new(),
                after: parent.clone(),
                details: json!({ "moved": moved, "parent": parent }),
            },
        )?;
    }
    let next = until.map(|(merchant, terminal, kind)| (merchant.to_owned(), terminal.to_owned(), kind.to_owned()));
    Ok(Moved { next, moved })
}

pub(super) fn tell(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (merchant, terminal): (&str, &str),
    kind: &str,
    data: serde_json::Value,
    audit: &str,
) -> Done<()> {
    let happened = Happened {
        kind,
        merchant,
        subject_kind: "terminal",
        subject: terminal,
        terminal,
        data,
        audit,
    };
    trace::event(tx, ctx, happened).map(|_| ())
}
