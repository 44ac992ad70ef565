//! The registration of terminals with the clearing organisation: what is told, and what its answer changes. Until there
//! is a connector, [`answer_due`] answers as the organisation would.

use domain::stages::SubjectKind;
use domain::time::Duration;
use serde_json::json;
use store::registrations::{self, RegistrationRow};
use store::{Tx, devices, parties, terminals};

use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::moves;
use crate::refused::{self, Done, Refused};
use crate::requests;
use crate::stops::{self, Place};
use crate::trace::{self, Change, Happened};

/// How long the simulated organisation takes to answer.
pub const ANSWERS_AFTER: Duration = Duration::minutes(2);

/// A serial number that ends so is one the simulated organisation knows from another acquirer.
pub const TAKEN_ELSEWHERE: &str = "TAKEN";

/// One that ends so is answered late, after [`LATE`].
pub const ANSWERED_LATE: &str = "LATE";

/// What it may take at most, by the rules of the organisation.
pub const LATE: Duration = Duration::days(2);

/// What the clearing organisation says to a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything agrees.
    Accepted,
    /// Something does not; the words say what.
    Rejected,
}

/// Files a terminal's registration, for the first time or anew: its stage becomes `pending`. Internal: a step, a job
/// or the seeded world decides that it is time.
pub fn file(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    let row = of_terminal(tx, merchant, terminal)?;
    let event = if row.stage == "accepted" { "refile" } else { "file" };
    moves::apply(tx, ctx, merchant, SubjectKind::Registration, &row.id, event)?;
    send(tx, ctx, row)
}

/// Reports what changed of a terminal while its registration stays accepted. Internal, as [`file`].
pub fn report(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    let row = of_terminal(tx, merchant, terminal)?;
    if row.stage == "accepted" || row.stage == "pending" {
        send(tx, ctx, row)
    } else {
        let stage = refused::stage_words(ctx.catalog(), SubjectKind::Registration, &row.stage);
        let why = domain::text!(
            format!("该登记处于「{}」，只有已登记的才能更正；请先报送", stage.zh),
            format!(
                "it is «{}»; only one that is registered can be corrected, this one must be filed",
                stage.en
            ),
        );
        Err(Refused::conflict("registration", row.id, why))
    }
}

fn of_terminal(tx: &mut Tx<'_>, merchant: &str, terminal: &str) -> Done<RegistrationRow> {
    registrations::of_terminal(tx, merchant, terminal)?
        .ok_or_else(|| Refused::not_found("registration of terminal", terminal))
}

/// Tells the organisation serial number, shop and settlement account as they are now.
fn send(tx: &mut Tx<'_>, ctx: &mut Ctx, row: RegistrationRow) -> Done<()> {
    let terminal = terminals::get(tx, &row.merchant_id, &row.terminal_id)?
        .ok_or_else(|| Refused::not_found("terminal", &row.terminal_id))?;
    let device = devices::get(tx, &terminal.device_id)?;
    let account = parties::current_account(tx, &row.merchant_id)?;
    let told = RegistrationRow {
        serial: device.map(|d| d.serial).unwrap_or_default(),
        shop_id: terminal.shop_id,
        settlement_account_id: account.map_or_else(|| NOBODY.to_owned(), |a| a.id),
        ..row.clone()
    };
    registrations::filed(tx, &told, ctx.now.millis())?;
    let audit = audit(
        tx,
        ctx,
        "network.file",
        &row,
        &told,
        json!({ "version": row.version + 1 }),
    )?;
    happened(
        tx,
        ctx,
        "registration.submitted",
        &row,
        json!({ "version": row.version + 1 }),
        &audit,
    )
}

/// Takes the organisation's answer to the open filing of a registration. Acceptance brings the terminal into the
/// network and carries on what waits for it; a refusal says why.
pub fn answer(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    registration: &str,
    verdict: Verdict,
    why: &str,
) -> Done<()> {
    let row = registrations::get(tx, merchant, registration)?
        .ok_or_else(|| Refused::not_found("registration", registration))?;
    if row.filed_at.is_none() || row.answered_at.is_some() {
        return Err(Refused::conflict(
            "registration",
            registration,
            domain::text!(
                "没有等待答复的报送，请先报送",
                "no filing waits for an answer; file it first"
            ),
        ));
    }
    registrations::answered(tx, &row, ctx.now.millis(), why)?;
    let kind = match verdict {
        Verdict::Accepted => "registration.accepted",
        Verdict::Rejected => "registration.rejected",
    };
    let told = RegistrationRow {
        answer: why.to_owned(),
        ..row.clone()
    };
    let audit = audit(
        tx,
        ctx,
        "network.answer",
        &row,
        &told,
        json!({ "verdict": kind, "version": row.version }),
    )?;
    let data = if why.is_empty() {
        json!({})
    } else {
        json!({ "answer": why })
    };
    happened(tx, ctx, kind, &row, data, &audit)?;
    match verdict {
        Verdict::Accepted => accepted(tx, ctx, &row),
        Verdict::Rejected => rejected(tx, ctx, &row, why),
    }
}

/// The steps that wait for the answer fire the move themselves, with what else they bring about; without one it is
/// fired here.
fn accepted(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &RegistrationRow) -> Done<()> {
    terminals::set_opened(tx, &row.merchant_id, &row.terminal_id, ctx.now.millis())?;
    requests::event_step(
        tx,
        ctx,
        &row.merchant_id,
        "registration",
        &row.id,
        "registration.accepted",
    )?;
    if stage(tx, row)? == "pending" {
        moves::apply(tx, ctx, &row.merchant_id, SubjectKind::Registration, &row.id, "accept")?;
    }
    Ok(())
}

/// A refused filing leaves the terminal unregistered; a refused correction leaves it registered with what no longer
/// agrees, which stops it too.
fn rejected(tx: &mut Tx<'_>, ctx: &mut Ctx, row: &RegistrationRow, why: &str) -> Done<()> {
    const DIFFERS: &str = "registration.element_changed";
    if stage(tx, row)? == "pending" {
        moves::apply(tx, ctx, &row.merchant_id, SubjectKind::Registration, &row.id, "reject")?;
        return Ok(());
    }
    if store::stops::find_live(tx, &row.merchant_id, ("registration", &row.id), DIFFERS)?.is_some() {
        return Ok(());
    }
    let place = Place {
        merchant: row.merchant_id.clone(),
        kind: SubjectKind::Registration,
        id: row.id.clone(),
        reason: DIFFERS.to_owned(),
        starts_at: None,
        ends_at: None,
        details: json!({ "answer": why }),
    };
    stops::place(tx, ctx, place)?;
    Ok(())
}

fn stage(tx: &mut Tx<'_>, row: &RegistrationRow) -> Done<String> {
    let found = store::moves::stage(tx, "registration", &row.merchant_id, &row.id)?;
    found.ok_or_else(|| Refused::not_found("registration", &row.id))
}

/// Notes that a registration whose stage was moved on was sent. Internal.
pub(crate) fn note_sent(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, registration: &str) -> Done<()> {
    let row = registrations::get(tx, merchant, registration)?
        .ok_or_else(|| Refused::not_found("registration", registration))?;
    send(tx, ctx, row)
}

/// Notes the acceptance of a registration whose stage was moved on; where it was never sent, only the entry. Internal.
pub(crate) fn note_accepted(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, registration: &str) -> Done<()> {
    let row = registrations::get(tx, merchant, registration)?
        .ok_or_else(|| Refused::not_found("registration", registration))?;
    if row.filed_at.is_some() && row.answered_at.is_none() {
        registrations::answered(tx, &row, ctx.now.millis(), "")?;
        let audit = audit(tx, ctx, "network.answer", &row, &row, json!({ "version": row.version }))?;
        happened(tx, ctx, "registration.accepted", &row, json!({}), &audit)?;
    }
    terminals::set_opened(tx, merchant, &row.terminal_id, ctx.now.millis())?;
    Ok(())
}

/// What [`answer_due`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Registrations that became pending without having been sent, and were sent now.
    pub sent: usize,
    /// Filings accepted.
    pub accepted: usize,
    /// Filings refused.
    pub rejected: usize,
}

/// Plays the clearing organisation for filings old enough: it accepts unless another live registration has the same
/// serial number, or the number is planted as another acquirer's. At most `limit` filings.
pub fn answer_due(tx: &mut Tx<'_>, ctx: &mut Ctx, limit: i64) -> Done<Answered> {
    let mut done = Answered::default();
    for row in registrations::unsent(tx, limit)? {
        send(tx, ctx, row)?;
        done.sent += 1;
    }
    let late = (ctx.now - LATE).millis();
    for row in registrations::unanswered(tx, (ctx.now - ANSWERS_AFTER).millis(), limit)? {
        if row.serial.ends_with(ANSWERED_LATE) && row.filed_at.is_some_and(|at| at > late) {
            continue;
        }
        let twice = registrations::same_serial(tx, &row.serial, (&row.merchant_id, &row.id))?;
        if row.serial.ends_with(TAKEN_ELSEWHERE) || (!row.serial.is_empty() && !twice.is_empty()) {
            let why = "该序列号已由其他商户或机构登记 / this serial number is registered by another party";
            answer(tx, ctx, &row.merchant_id, &row.id, Verdict::Rejected, why)?;
            done.rejected += 1;
        } else {
            answer(tx, ctx, &row.merchant_id, &row.id, Verdict::Accepted, "")?;
            done.accepted += 1;
        }
    }
    Ok(done)
}

fn audit(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    command: &str,
    before: &RegistrationRow,
    after: &RegistrationRow,
    details: serde_json::Value,
) -> Done<String> {
    let state = |row: &RegistrationRow| {
        format!(
            "{}|{}|{}|{}|{}",
            row.version, row.serial, row.shop_id, row.settlement_account_id, row.answer
        )
    };
    trace::audit(
        tx,
        ctx,
        Change {
            command,
            merchant: &before.merchant_id,
            kind: "registration",
            id: &before.id,
            before: state(before),
            after: state(after),
            details,
        },
    )
}

fn happened(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    kind: &str,
    row: &RegistrationRow,
    data: serde_json::Value,
    audit: &str,
) -> Done<()> {
    let happened = Happened {
        kind,
        merchant: &row.merchant_id,
        subject_kind: "registration",
        subject: &row.id,
        terminal: &row.terminal_id,
        data,
        audit,
    };
    trace::event(tx, ctx, happened)?;
    Ok(())
}
