//! What terminals say of their own state.

use domain::ids::EventId;
use serde_json::{Map, Value, json};
use store::Tx;
use store::health::{self, HealthRow};

use crate::ctx::Ctx;
use crate::payments::{Decline, Ruling};
use crate::refused::{Done, Refused};
use crate::session::Line;
use crate::trace::{self, Happened};

/// Takes a report of state (field 62 of a status upload). One that says what the one before said only lengthens it; a part
/// that has stopped working is told on the time-line.
pub fn report(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, report: Option<&[u8]>) -> Done<Ruling<()>> {
    let Ok(values) = iso8583::values::downloads::read_status(report.unwrap_or_default()) else {
        return Ok(Err(Decline::code(ctx, "30")));
    };
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    let faults = faults(ctx, &values);
    let flags: Map<String, Value> = values
        .into_iter()
        .map(|(tag, value)| (tag, Value::from(value)))
        .collect();
    let row = store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    let id: EventId = ctx.ids.id(ctx.now);
    let now = HealthRow {
        merchant_id: merchant.to_owned(),
        id: id.to_string(),
        terminal_id: terminal.to_owned(),
        device_id: row.device_id,
        flags: Value::Object(flags).to_string(),
        faults: json!(faults).to_string(),
        first_at: ctx.now.millis(),
        last_at: ctx.now.millis(),
        times: 1,
    };
    let before = health::of_terminal(tx, merchant, terminal, 1)?.into_iter().next();
    match &before {
        Some(before) if (&before.flags, &before.device_id) == (&now.flags, &now.device_id) => {
            health::lengthen(tx, before, ctx.now.millis())?;
        }
        _ => health::insert(tx, &now)?,
    }
    let known: Vec<String> = before
        .filter(|before| before.device_id == now.device_id)
        .and_then(|before| serde_json::from_str(&before.faults).ok())
        .unwrap_or_default();
    for tag in faults.iter().filter(|tag| !known.contains(tag)) {
        tell_fault(tx, ctx, &now, tag)?;
    }
    Ok(Ok(()))
}

/// The tags of parts that do not work, by the table of flags.
fn faults(ctx: &Ctx, values: &[(String, String)]) -> Vec<String> {
    let table = &ctx.catalog().downloads.status_flags;
    let broken = |(tag, value): &&(String, String)| table.get(tag).is_some_and(|flag| flag.working != *value);
    values.iter().filter(broken).map(|(tag, _)| tag.clone()).collect()
}

fn tell_fault(tx: &mut Tx<'_>, ctx: &mut Ctx, report: &HealthRow, tag: &str) -> Done<()> {
    let reason = ctx
        .catalog()
        .downloads
        .status_flags
        .get(tag)
        .and_then(|flag| flag.reason.clone())
        .unwrap_or_default();
    let (kind, subject) = match report.device_id.as_str() {
        "-" | "" => ("terminal", report.terminal_id.as_str()),
        device => ("device", device),
    };
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "device.fault_reported",
            merchant: &report.merchant_id,
            subject_kind: kind,
            subject,
            terminal: &report.terminal_id,
            data: json!({ "reason": reason, "flag": tag }),
            audit: "-",
        },
    )?;
    Ok(())
}

/// The latest reports of a terminal, newest first.
pub fn of_terminal(tx: &mut Tx<'_>, merchant: &str, terminal: &str, limit: i64) -> Done<Vec<HealthRow>> {
    Ok(health::of_terminal(tx, merchant, terminal, limit)?)
}

/// The latest reports of a device wherever it stood, newest first.
pub fn of_device(tx: &mut Tx<'_>, device: &str, limit: i64) -> Done<Vec<HealthRow>> {
    Ok(health::of_device(tx, device, limit)?)
}

/// A span of reports that said the same.
pub use store::health::HealthRow as Report;

/// The parts of a report by name, in the asked language, each with whether it works. Values that are no flag of a part
/// (time-outs and the like) are left aside.
pub fn parts(ctx: &Ctx, report: &Report) -> Vec<(String, bool)> {
    let flags: std::collections::BTreeMap<String, String> = serde_json::from_str(&report.flags).unwrap_or_default();
    let table = &ctx.catalog().downloads.status_flags;
    flags
        .iter()
        .filter_map(|(tag, value)| Some((table.get(tag)?, value)))
        .map(|(flag, value)| (flag.name.get(ctx.lang).to_owned(), flag.working == *value))
        .collect()
}
