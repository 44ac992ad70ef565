//! What must be settled before a terminal is withdrawn: told all at once, item by item, with the remedy.

use store::Tx;
use store::effects::Blockers;

use super::effects;
use super::open::Open;
use crate::refused::{Done, FieldError, Refused};

/// Kind of request and what it withdraws: one terminal, or all of the merchant.
const CHECKED: [&str; 2] = ["deactivation", "closure"];

/// Refuses a deactivation or closure that something stands in the way of.
pub(crate) fn of_kind(tx: &mut Tx<'_>, command: &Open) -> Done<()> {
    if !CHECKED.contains(&command.kind.as_str()) {
        return Ok(());
    }
    let terminal = (command.subject_kind == "terminal").then_some(command.subject_id.as_str());
    check(tx, &command.merchant, terminal, "")
}

/// Refuses while anything is open at a terminal, or at any terminal of the merchant. `request` does not count itself.
pub(crate) fn check(tx: &mut Tx<'_>, merchant: &str, terminal: Option<&str>, request: &str) -> Done<()> {
    let mut wrong = Vec::new();
    for (id, number) in effects::all_of(tx, merchant)? {
        if terminal.is_none_or(|t| t == id) {
            let found = store::effects::blockers(tx, merchant, &id, request)?;
            wrong.extend(told(&number, found));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refused::Invalid(wrong))
    }
}

fn told(number: &str, found: Blockers) -> Vec<FieldError> {
    let rows = [
        (
            "open_batch",
            found.batch,
            format!(
                "终端 {number} 的当前批次还有 {} 笔未结算，请先在收款机上结算",
                found.batch
            ),
            format!(
                "the open batch of terminal {number} holds {} transaction(s); settle it at the terminal",
                found.batch
            ),
        ),
        (
            "unknown_transactions",
            found.unknown,
            format!(
                "终端 {number} 有 {} 笔交易结果未知或冲正未确认，系统正在查证，查清后再办理",
                found.unknown
            ),
            format!(
                "the outcome of {} transaction(s) of terminal {number} is being resolved; go on when that is done",
                found.unknown
            ),
        ),
        (
            "open_preauths",
            found.holds,
            format!("终端 {number} 有 {} 笔预授权未完成，请先完成或撤销", found.holds),
            format!(
                "{} pre-authorisation(s) of terminal {number} are open; complete or cancel them",
                found.holds
            ),
        ),
        (
            "open_requests",
            found.requests,
            format!("终端 {number} 还有 {} 项申请在办，请先办完或撤回", found.requests),
            format!(
                "{} other request(s) about terminal {number} are open; finish or withdraw them",
                found.requests
            ),
        ),
    ];
    rows.into_iter()
        .filter(|(_, count, _, _)| *count > 0)
        .map(|(field, _, zh, en)| FieldError::new(field, "open", zh, en))
        .collect()
}
