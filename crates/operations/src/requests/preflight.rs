//! What must be settled before a terminal is withdrawn, a merchant closes or another device takes over: told all at once,
//! item by item, with the remedy.

use domain::catalog::Catalog;
use domain::money::Fen;
use serde_json::Value;
use store::Tx;
use store::effects::{Blockers, blockers};
use store::stops::StopRow;

use super::effects;
use super::open::Open;
use crate::ctx::Ctx;
use crate::payments::authorise::fold_merchant;
use crate::refused::{Done, FieldError, Refused};

/// Kinds of request that withdraw terminals: one, or all of the merchant.
const CHECKED: [&str; 2] = ["deactivation", "closure"];

/// What is open with the merchant as a whole while a stop of a reason is in force: arrears, disputes, money that could
/// not be paid out or is held back.
#[rustfmt::skip]
const OF_MERCHANT: [(&str, &str); 6] = [
    ("contract.fees_overdue",             "arrears"),
    ("settlement.negative_balance",       "arrears"),
    ("merchant.dispute_open",             "open_disputes"),
    ("merchant.transaction_evidence_due", "open_disputes"),
    ("settlement.payout_returned",        "unpaid_payouts"),
    ("settlement.reserve_held",           "unpaid_payouts"),
];

/// One kind of open business of a terminal: `{terminal}` is its number, `{count}` how much there is of it.
struct Item {
    field: &'static str,
    count: fn(&Blockers) -> i64,
    zh: &'static str,
    en: &'static str,
}

#[rustfmt::skip]
const ITEMS: [Item; 4] = [
    Item { field: "open_batch", count: |found| found.batch,
        zh: "终端 {terminal} 的当前批次还有 {count} 笔未结算，请先在收款机上结算",
        en: "the open batch of terminal {terminal} holds {count} transaction(s); settle it at the terminal" },
    UNKNOWN,
    Item { field: "open_preauths", count: |found| found.holds,
        zh: "终端 {terminal} 有 {count} 笔预授权未完成，请先完成或撤销",
        en: "{count} pre-authorisation(s) of terminal {terminal} are open; complete or cancel them" },
    Item { field: "open_requests", count: |found| found.requests,
        zh: "终端 {terminal} 还有 {count} 项申请在办，请先办完或撤回",
        en: "{count} other request(s) about terminal {terminal} are open; finish or withdraw them" },
];

#[rustfmt::skip]
const UNKNOWN: Item =
    Item { field: "unknown_transactions", count: |found| found.unknown,
        zh: "终端 {terminal} 有 {count} 笔交易结果未知或冲正未确认，系统正在查证，查清后再办理",
        en: "the outcome of {count} transaction(s) of terminal {terminal} is being resolved; go on when that is done" };

/// Refuses a deactivation or closure that something stands in the way of.
pub(crate) fn of_kind(tx: &mut Tx<'_>, ctx: &mut Ctx, command: &Open) -> Done<()> {
    if !CHECKED.contains(&command.kind.as_str()) {
        return Ok(());
    }
    let terminal = (command.subject_kind == "terminal").then_some(command.subject_id.as_str());
    check(tx, ctx, &command.merchant, terminal, "")
}

/// Refuses while anything is open at a terminal, at any terminal of the merchant, or with the merchant itself. `request`
/// does not count itself.
pub(crate) fn check(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: Option<&str>, request: &str) -> Done<()> {
    let mut wrong = Vec::new();
    for (id, number) in effects::all_of(tx, merchant)? {
        if terminal.is_none_or(|t| t == id) {
            let found = counted(tx, ctx, merchant, &id, request)?;
            wrong.extend(told(&ITEMS, &number, &found));
        }
    }
    wrong.extend(with_merchant(tx, ctx, merchant)?);
    refuse(wrong)
}

/// Refuses while the outcome of a transaction of a terminal is not known.
pub(crate) fn unresolved(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    let number = store::terminals::get(tx, merchant, terminal)?.map_or_else(String::new, |t| t.number);
    let found = counted(tx, ctx, merchant, terminal, "")?;
    refuse(told(&[UNKNOWN], &number, &found))
}

/// What is open at a terminal, once the payments of the last second, pending ones too, stand where they are counted.
fn counted(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, request: &str) -> Done<Blockers> {
    fold_merchant(tx, ctx, merchant, terminal)?;
    Ok(blockers(tx, merchant, terminal, request)?)
}

fn refuse(wrong: Vec<FieldError>) -> Done<()> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refused::Invalid(wrong))
    }
}

fn told(rows: &[Item], number: &str, found: &Blockers) -> Vec<FieldError> {
    rows.iter()
        .map(|row| (row, (row.count)(found)))
        .filter(|(_, count)| *count > 0)
        .map(|(row, count)| {
            let filled = |text: &str| {
                text.replace("{terminal}", number)
                    .replace("{count}", &count.to_string())
            };
            FieldError::new(row.field, "open", filled(row.zh), filled(row.en))
        })
        .collect()
}

/// What is open with the merchant, in the catalogue's words.
fn with_merchant(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<Vec<FieldError>> {
    let live = store::stops::live(tx, merchant)?;
    let now = ctx.now.millis();
    let in_force = |s: &&StopRow| s.starts_at <= now && s.ends_at.is_none_or(|end| now < end);
    Ok(OF_MERCHANT
        .iter()
        .flat_map(|(reason, field)| {
            live.iter()
                .filter(in_force)
                .filter(move |s| s.reason == *reason)
                .map(move |s| (s, field))
        })
        .filter_map(|(stop, field)| owed(ctx.catalog(), stop, field))
        .collect())
}

fn owed(catalog: &Catalog, stop: &StopRow, field: &str) -> Option<FieldError> {
    let reason = catalog.reasons.get(&stop.reason)?;
    let details: Value = serde_json::from_str(&stop.details).unwrap_or_default();
    let amount = details.get("amount").and_then(Value::as_i64).map(Fen);
    let (zh, en) = amount.map_or_else(Default::default, |fen| {
        (format!("（{fen} 元）"), format!(" ({fen} yuan)"))
    });
    Some(FieldError::new(
        field,
        "open",
        format!("{}{zh}，请先办结", reason.zh.title),
        format!("{}{en}; settle this first", reason.en.title),
    ))
}
