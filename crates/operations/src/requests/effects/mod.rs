//! What a step does beyond stages and stops, as a table: most steps do nothing more. A check runs when a person carries
//! the step out, `before` ahead of the stage moves, `after` behind them.

mod account;
mod agent;
mod contract;
mod data;
mod device;
mod exchange;
mod loading;
mod pause;

use std::collections::BTreeMap;

use domain::ids::RegistrationId;
use domain::money::Fen;
use domain::stages::{REGISTRATION, SubjectKind};
use serde_json::{Value, json};
use store::Tx;
use store::registrations::{self, RegistrationRow};

pub use account::micro_deposit;
pub(crate) use account::money_words;
pub(crate) use contract::SIGNATURE;
pub use contract::{Agreement, agreement};
pub(crate) use data::{is_data, is_kept, on_record};
pub(crate) use device::all_of;
pub use device::new_activation_code;
pub use loading::{Machine, machine_of, machines_stamp};

use super::evidence;
use super::work::{Work, as_system, list_of};
use super::{close, preflight};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Happened};
use crate::{merchants, network};

/// Values by field code, as typed into the step now.
type Given = BTreeMap<String, String>;

/// What a check found.
pub(crate) enum Checked {
    /// The step may go on.
    Fine,
    /// It may go on, and these words are for whoever carried it out, once and nowhere kept.
    Tell(String),
    /// It is not finished; the remark (a key of [`REMARKS`]) says what is missing.
    Wait(String),
}

type Check = fn(&mut Tx<'_>, &mut Ctx, &mut Work, &str, &Given) -> Done<Checked>;
type Act = fn(&mut Tx<'_>, &mut Ctx, &mut Work, &str) -> Done<()>;

/// One row: the step and what it does.
struct Effect(&'static str, Option<Check>, Option<Act>, Option<Act>);

#[rustfmt::skip]
const EFFECTS: &[Effect] = &[
    //      step                        check                              before                      after
    Effect("verify_identity",           None,                              None,                       Some(verified)),
    Effect("prove_account_ownership",   Some(account::check_ownership),    None,                       Some(account::proven)),
    Effect("change_settlement_account", Some(account::check_change),       None,                       Some(account::propose)),
    Effect("make_account_effective",    Some(account::check_boundary),     Some(account::switch),      Some(account::effective)),
    Effect("undo_change",               None,                              None,                       Some(account::undo)),
    Effect("cancel_closure",            None,                              None,                       Some(cancel_closure)),
    Effect("assign_agent",              Some(agent::check),                Some(agent::hand_over),     None),
    Effect("complete_training",         None,                              None,                       Some(trained)),
    Effect("wait_for_review",           None,                              None,                       Some(reviewed)),
    Effect("sign_contract",             Some(contract::check),             Some(contract::draft),      Some(contract::signed)),
    Effect("sign_amendment",            Some(contract::check),             Some(contract::draft),      Some(contract::signed)),
    Effect("plan_pause",                Some(pause::check),                None,                       Some(pause::begin)),
    Effect("pay_arrears",               None,                              None,                       Some(paid)),
    Effect("top_up_balance",            None,                              None,                       Some(paid)),
    Effect("re_register_terminal",      None,                              Some(ensure_registration),  None),
    Effect("request_replacement",       Some(exchange::check),             Some(exchange::swap),       None),
    Effect("issue_replacement",         Some(exchange::check),             Some(exchange::swap),       None),
    Effect("inject_keys",               Some(loading::load),               None,                       None),
    Effect("request_activation_code",   Some(device::issue_code),          None,                       None),
    Effect("activate_device",           Some(device::check_code),          None,                       Some(device::activated)),
    Effect("return_device",             Some(exchange::check_return),      None,                       Some(exchange::returned)),
    Effect("report_found",              Some(device::check_serial),        None,                       None),
    Effect("destroy_keys",              None,                              Some(nothing_open),         Some(device::destroy_keys)),
];

/// Steps the system carries out itself as soon as it can: nobody has to press anything.
const AUTOMATIC: [&str; 2] = ["re_register_terminal", "make_account_effective"];

/// Remarks of the system, kept as keys so that each reader reads them in their language. `{n}` stands behind a colon.
pub(crate) const REMARKS: [(&str, &str, &str); 4] = [
    (
        "@deposit_sent",
        "已向该账户打入一笔不足一元的款项，请按银行到账记录填写金额后再提交。",
        "We sent less than one yuan to this account. Enter the amount the bank shows, then submit again.",
    ),
    (
        "@deposit_wrong",
        "金额与打款记录不一致，还可以填写 {n} 次，请核对银行到账记录。",
        "The amount is not what was sent. {n} more tries; compare it with what the bank shows.",
    ),
    (
        "@deposit_spent",
        "已五次填错，这笔验证款作废。四小时后可以重新打款验证，请先核对账号。",
        "Five wrong answers: this test payment no longer counts. A new one can be sent in four hours; check the number first.",
    ),
    (
        "@cause_gone",
        "原因已经不存在，没有要办的事了。",
        "The cause is gone; there is nothing left to do.",
    ),
];

/// A remark in words: a key of [`REMARKS`], or what a person wrote.
pub(crate) fn remark_words(ctx: &Ctx, remark: &str) -> String {
    let (key, n) = remark.split_once(':').unwrap_or((remark, ""));
    match REMARKS.iter().find(|r| r.0 == key) {
        Some((_, zh, en)) => domain::text!(*zh, *en).get(ctx.lang).replace("{n}", n),
        None => remark.to_owned(),
    }
}

fn row(step: &str) -> Option<&'static Effect> {
    EFFECTS.iter().find(|e| e.0 == step)
}

/// Checks a step somebody carries out.
pub(crate) fn check(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, given: &Given) -> Done<Checked> {
    match row(step).and_then(|e| e.1) {
        Some(check) => check(tx, ctx, work, step, given),
        None => Ok(Checked::Fine),
    }
}

/// What must be there before the stages move.
pub(crate) fn before(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    row(step)
        .and_then(|e| e.2)
        .map_or(Ok(()), |act| act(tx, ctx, work, step))
}

/// What follows: corrected data of any form, then the step's own effect.
pub(crate) fn after(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    data::correct(tx, ctx, work, step)?;
    row(step)
        .and_then(|e| e.3)
        .map_or(Ok(()), |act| act(tx, ctx, work, step))
}

/// The subject a stage move of a step is for: the one of the chain, but the new account where one takes over.
pub(crate) fn target(work: &Work, step: &str, kind: SubjectKind) -> String {
    match (&work.details.account, kind) {
        (Some(account), SubjectKind::SettlementAccount) if step == "make_account_effective" => account.clone(),
        _ => work.subject(kind),
    }
}

/// Whether a field may be left out: the amount is asked for after something was sent, and without an agent the
/// institution serves the merchant itself.
pub(crate) fn may_be_blank(field: &str) -> bool {
    matches!(field, "verification_amount" | agent::FIELD)
}

/// Whether the system carries a step out itself.
pub(crate) fn is_automatic(step: &str) -> bool {
    AUTOMATIC.contains(&step)
}

/// Whether a step the system carries out itself can be carried out now.
pub(crate) fn is_ready(tx: &mut Tx<'_>, ctx: &Ctx, work: &mut Work, step: &str) -> Done<bool> {
    match step {
        "make_account_effective" => account::is_boundary(tx, ctx, work),
        _ => Ok(true),
    }
}

/// Whether an event about one subject completes a step: a change reported for several terminals is complete when the
/// last of them was answered.
pub(crate) fn is_complete(tx: &mut Tx<'_>, work: &Work, step: &str, subject_id: &str) -> Done<bool> {
    if step != "report_change" || work.chain.terminal.is_some() {
        return Ok(true);
    }
    let waiting = registrations::of_merchant(tx, &work.request.merchant_id)?;
    Ok(!waiting
        .iter()
        .any(|r| r.id != subject_id && r.filed_at.is_some() && r.answered_at.is_none()))
}

/// What happens when a step's turn comes: a change is reported to the clearing organisation. Whether it is complete at
/// once, because there is nothing to report.
pub(crate) fn begun(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &Work, step: &str) -> Done<bool> {
    if step != "report_change" {
        return Ok(false);
    }
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    let told: Vec<_> = registrations::of_merchant(tx, &merchant)?
        .into_iter()
        .filter(|r| matches!(r.stage.as_str(), "accepted" | "pending"))
        .filter(|r| work.chain.terminal.as_ref().is_none_or(|t| *t == r.terminal_id))
        .collect();
    as_system(ctx, &request, |ctx| {
        for registration in &told {
            network::report(tx, ctx, &merchant, &registration.terminal_id)?;
        }
        Ok(told.is_empty())
    })
}

/// Whether the request is an application of a merchant, which a refusal rejects and a return sends back.
pub(crate) fn is_application(work: &Work) -> bool {
    work.step("submit_application").is_some()
}

/// What concluding does beyond the moves of the kind: an appeal that succeeded lifts what it disputed, a closure
/// withdraws every terminal.
pub(crate) fn concluded(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    match work.request.kind.as_str() {
        "appeal" => {
            let disputed: Vec<_> = work
                .chain
                .stops
                .iter()
                .filter(|s| work.choices.contains_key(&s.reason))
                .cloned()
                .collect();
            for stop in disputed {
                if store::stops::get(tx, &stop.merchant_id, &stop.id)?.is_some_and(|s| s.lifted_at.is_none()) {
                    crate::stops::end(tx, ctx, &stop, "the appeal succeeded")?;
                }
            }
            Ok(())
        }
        "closure" => device::withdraw_all(tx, ctx, &work.request.merchant_id),
        _ => Ok(()),
    }
}

/// What giving a request up takes back.
pub(crate) fn given_up(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work) -> Done<()> {
    account::give_up(tx, ctx, work)
}

/// Writes an event about a subject of the request's chain.
fn tell(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    work: &Work,
    kind: &str,
    subject: (SubjectKind, &str),
    data: Value,
) -> Done<()> {
    trace::event(
        tx,
        ctx,
        Happened {
            kind,
            merchant: &work.request.merchant_id,
            subject_kind: subject.0.code(),
            subject: subject.1,
            terminal: work.chain.terminal.as_deref().unwrap_or("-"),
            data,
            audit: "-",
        },
    )?;
    Ok(())
}

/// Identity was verified: a clock of dormancy of every terminal of the merchant starts anew.
fn verified(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    for (terminal, _) in all_of(tx, &merchant)? {
        crate::terminals::note_verified(tx, ctx, &merchant, &terminal)?;
    }
    Ok(())
}

fn trained(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    tell(
        tx,
        ctx,
        work,
        "training.completed",
        (SubjectKind::Merchant, &merchant),
        json!({}),
    )
}

/// An application that was approved opens the merchant.
fn reviewed(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    if !is_application(work) {
        return Ok(());
    }
    let merchant = work.request.merchant_id.clone();
    merchants::note_active(tx, ctx, &merchant)
}

/// Taking a closure back withdraws the request that carries it out.
fn cancel_closure(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let merchant = work.request.merchant_id.clone();
    if let Some(row) = store::requests::find_open(tx, &merchant, "closure", ("merchant", &merchant))? {
        let mut closure = Work::of(tx, row)?;
        close::withdraw(tx, ctx, &mut closure, "the owner took the closure back")?;
    }
    Ok(())
}

/// The amount due stands in the stops the step serves; that much was paid.
fn paid(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str) -> Done<()> {
    let serves = work.step(step).map(|s| list_of(&s.serves)).unwrap_or_default();
    let due = work
        .chain
        .stops
        .iter()
        .filter(|s| serves.contains(&s.reason))
        .try_fold(0_i64, |sum, stop| {
            let details: Value = serde_json::from_str(&stop.details).unwrap_or(Value::Null);
            sum.checked_add(details.get("amount").and_then(Value::as_i64).unwrap_or(0))
        });
    let stated = evidence::find(ctx, work, "paid_amount")?.and_then(|text| Fen::parse(text.expose()).ok());
    let amount = match (due, stated) {
        (Some(0), Some(stated)) => stated.0,
        (Some(due), _) => due,
        (None, _) => return Err(Refused::Inconsistent("the amounts due in the stops overflow".into())),
    };
    let merchant = work.request.merchant_id.clone();
    tell(
        tx,
        ctx,
        work,
        "payment.received",
        (SubjectKind::Merchant, &merchant),
        json!({ "amount": amount, "step": step }),
    )
}

/// A terminal without a registration gets one, not filed yet.
fn ensure_registration(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let Some(terminal) = work.chain.terminal.clone() else {
        return Ok(());
    };
    if !work.subject(SubjectKind::Registration).is_empty() {
        return Ok(());
    }
    let id: RegistrationId = ctx.ids.id(ctx.now);
    let merchant = work.request.merchant_id.clone();
    let row = RegistrationRow {
        merchant_id: merchant.clone(),
        id: id.to_string(),
        terminal_id: terminal,
        version: 0,
        stage: REGISTRATION.start.to_owned(),
        serial: work.chain.label(SubjectKind::Device, ctx.lang),
        shop_id: work.subject(SubjectKind::Shop),
        settlement_account_id: work.subject(SubjectKind::SettlementAccount),
        filed_at: None,
        answered_at: None,
        answer: String::new(),
        created_at: ctx.now.millis(),
    };
    registrations::insert(tx, &row)?;
    let why = work.request.id.clone();
    as_system(ctx, &why, |ctx| {
        crate::moves::born(
            tx,
            ctx,
            &merchant,
            SubjectKind::Registration,
            id.as_str(),
            REGISTRATION.start,
        )
    })?;
    work.reload_chain(tx)
}

/// Keys are destroyed only where nothing is open any more: sales went on until now.
fn nothing_open(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let terminal = work.chain.terminal.clone();
    preflight::check(
        tx,
        ctx,
        &work.request.merchant_id,
        terminal.as_deref(),
        &work.request.id,
    )
}
