//! Every reason has its terminal: one per reason that stops a sale, stopped by it alone, and those that hold back
//! something else.

use domain::stages::SubjectKind;
use domain::time::{Duration, Span, Time};
use operations::refused::Done;
use operations::stops::{self, Place};
use operations::{Actor, gates, trigger};
use serde_json::json;
use store::Tx;

use super::Seeder;
use super::merchants::{SELLING, WELL};
use super::names::HARMLESS;

/// Reasons that came about while the world was built, or that the run of dormancy brings.
const BUILT: [&str; 12] = [
    "merchant.application_incomplete",
    "merchant.application_in_review",
    "merchant.application_rejected",
    "contract.unsigned",
    "settlement.account_missing",
    "device.not_issued",
    "device.not_activated",
    "registration.not_filed",
    "registration.pending_ack",
    "registration.rejected",
    "merchant.dormant_recheck",
    "device.dormant_stopped",
];

/// Reasons with an end, in hours from now.
const ENDING: [(&str, i64); 4] = [
    ("merchant.limit_reached", 25 * 24),
    ("merchant.paused_by_owner", 60 * 24),
    ("settlement.change_cooling", 40 * 24),
    ("settlement.reserve_held", 45 * 24),
];

/// Who places a stop, by the role its reason names.
const PLACERS: [(&str, &str); 5] = [
    ("risk", "risk1"),
    ("reviewer", "reviewer2"),
    ("finance", "finance2"),
    ("devices", "devices"),
    ("desk", "desk"),
];

/// Brings every terminal under its reason, and gives two merchants a warning.
pub fn all(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    for n in 0..s.terminals.len() {
        let Some(terminal) = s.terminals.get(n).cloned() else {
            continue;
        };
        let Some(merchant) = s.merchants.get(terminal.merchant).cloned() else {
            continue;
        };
        let reason = terminal.reason;
        if !reason.is_empty() && !BUILT.contains(&reason) && reason != "merchant.dormant_stopped" {
            bring_about(tx, s, reason, &merchant.id, &terminal.id)?;
        }
        let stopped = !reason.is_empty() && stops_a_sale(s, reason);
        if let Some(known) = s.terminals.get_mut(n).filter(|_| stopped) {
            "stopped".clone_into(&mut known.told.situation);
            known.told.reason = Some(reason.to_owned());
        }
    }
    harmless(tx, s)?;
    warnings(tx, s)?;
    s.act(&Actor::system("seed"), s.now, "");
    for terminal in s.terminals.clone() {
        if let Some(merchant) = s.merchants.get(terminal.merchant).map(|m| m.id.clone()) {
            gates::refresh(tx, &s.ctx, &merchant, &terminal.id)?;
        }
    }
    Ok(())
}

/// Whether a terminal under this reason does not sell.
pub fn stops_a_sale(s: &Seeder, reason: &str) -> bool {
    let catalog = s.ctx.catalog();
    catalog
        .bit("sale")
        .is_some_and(|sale| catalog.blocked_by(reason).has(sale))
}

fn bring_about(tx: &mut Tx<'_>, s: &mut Seeder, reason: &str, merchant: &str, terminal: &str) -> Done<()> {
    // Two days at least: some merchants asked for restoration yesterday.
    let days = 2 + s.dice(8);
    let at = s.days_ago(days);
    let placer = placer(s, reason);
    s.act(&placer, at, why(reason));
    let Some((_, hours)) = ENDING.iter().find(|(code, _)| *code == reason) else {
        trigger::provoke(tx, &mut s.ctx, reason, merchant, terminal)?;
        return Ok(());
    };
    let kind = s
        .ctx
        .catalog()
        .reasons
        .get(reason)
        .map_or(SubjectKind::Merchant, |r| r.subject);
    let id = match kind {
        SubjectKind::SettlementAccount => store::parties::current_account(tx, merchant)?
            .map(|a| a.id)
            .unwrap_or_default(),
        _ => merchant.to_owned(),
    };
    let place = Place {
        merchant: merchant.to_owned(),
        kind,
        id,
        reason: reason.to_owned(),
        starts_at: None,
        ends_at: Some(s.now + Duration::hours(*hours)),
        details: json!({}),
    };
    stops::place(tx, &mut s.ctx, place)?;
    Ok(())
}

/// A person of the first role that may place it; else the system.
fn placer(s: &Seeder, reason: &str) -> Actor {
    let places = |role: &str| {
        s.ctx
            .catalog()
            .reasons
            .get(reason)
            .is_some_and(|r| r.place.iter().any(|p| p == role))
    };
    let implied = s
        .ctx
        .catalog()
        .stages
        .values()
        .any(|stage| stage.implies.as_deref() == Some(reason));
    let person = PLACERS.iter().find(|(role, _)| places(role) && !implied);
    person.map_or_else(|| Actor::system("rules"), |(_, login)| s.staff.who(login))
}

/// What the placer noted.
fn why(reason: &str) -> &'static str {
    match reason.split('.').next() {
        Some("merchant") => "巡检与资料比对 / inspection and comparison of documents",
        Some("contract") => "合同到期与费用核对 / contract and fee run",
        Some("settlement") => "出款核对 / payout check",
        Some("registration") => "清算机构比对 / comparison with the clearing organisation",
        Some("device" | "connectivity") => "机具监测 / device monitoring",
        _ => "运营决定 / decision of operations",
    }
}

/// Faults and lines that stop nothing by themselves, one each on the first terminals of merchants that sell.
fn harmless(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let hosts: Vec<_> = s
        .terminals
        .iter()
        .filter(|t| (WELL..SELLING).contains(&t.merchant))
        .take(HARMLESS.len())
        .cloned()
        .collect();
    for (reason, terminal) in HARMLESS.into_iter().zip(hosts) {
        let Some(merchant) = s.merchants.get(terminal.merchant).map(|m| m.id.clone()) else {
            continue;
        };
        s.act(&Actor::system("monitoring"), s.now - Duration::hours(5), why(reason));
        trigger::provoke(tx, &mut s.ctx, reason, &merchant, &terminal.id)?;
    }
    Ok(())
}

/// Announced stops: a licence that runs out, and terms that change.
fn warnings(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let coming: [(usize, &str, u32); 2] = [(3, "merchant.licence_expired", 26), (7, "contract.terms_changed", 20)];
    for (n, reason, days) in coming {
        let Some(merchant) = s.merchants.get(n).map(|m| m.id.clone()) else {
            continue;
        };
        let at = s.days_ago(2);
        s.act(&Actor::system("calendar"), at, "到期提醒 / reminder of a date");
        let contract = store::parties::contract(tx, &merchant)?
            .map(|c| c.id)
            .unwrap_or_default();
        let (kind, id) = match reason {
            "contract.terms_changed" => (SubjectKind::Contract, contract),
            _ => (SubjectKind::Merchant, merchant.clone()),
        };
        let starts_at: Time = s.ctx.platform.zone.add(
            s.now,
            Span {
                days,
                ..Span::default()
            },
        );
        let place = Place {
            merchant: merchant.clone(),
            kind,
            id,
            reason: reason.to_owned(),
            starts_at: Some(starts_at),
            ends_at: None,
            details: json!({}),
        };
        stops::place(tx, &mut s.ctx, place)?;
    }
    Ok(())
}
