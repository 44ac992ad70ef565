//! Transactions as people read them.

use domain::cards::CardType;
use domain::ids::TransactionId;
use domain::names::Lang;
use domain::time::Time;
use store::Tx;
pub use store::transactions::Filter;
use store::transactions::{self, TransactionRow};

use super::rules::by_code;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::views::{Page, Paging, TransactionView};

/// Name of each state, Chinese then English.
const STATES: &[(&str, &str, &str)] = &[
    ("pending", "处理中", "in progress"),
    ("approved", "成功", "approved"),
    ("declined", "未成功", "declined"),
    ("unknown", "结果待查", "outcome unknown"),
    ("voided", "已撤销", "voided"),
    ("reversed", "已冲正", "reversed"),
    ("refunded", "已退货", "refunded"),
];

/// Every state a transaction can be in: code and name.
pub fn states(lang: Lang) -> Vec<(String, String)> {
    STATES
        .iter()
        .map(|(code, zh, en)| ((*code).to_owned(), if lang == Lang::Zh { *zh } else { *en }.to_owned()))
        .collect()
}

/// The first id that a transaction received at a moment (milliseconds) can have: ids sort by the time of their making,
/// which is that at which the message came.
pub(crate) fn first_id(at: i64) -> String {
    TransactionId::new(Time::from_millis(at), [0; 10]).as_str().to_owned()
}

/// A page of transactions, newest first. A merchant sees its own, an agent those of its merchants one at a time, staff all.
pub fn list(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<TransactionView>> {
    if !ctx.may("read_all") {
        let agent = store::chain::of_merchant(tx, &filter.merchant_id)?.map(|row| row.agent_id);
        ctx.need_merchant(
            &filter.merchant_id,
            agent.as_deref().unwrap_or("-"),
            "read_own",
            "read_all",
        )?;
    }
    let limit = paging.limit.clamp(1, 200);
    let filter = Filter {
        since: filter.from.map(first_id).unwrap_or_default(),
        ..filter.clone()
    };
    // Nothing later than the span is looked at, and nothing that earlier pages showed.
    let end = filter.until.map(first_id);
    let before = match (
        paging.cursor.as_deref().filter(|cursor| !cursor.is_empty()),
        end.as_deref(),
    ) {
        (Some(cursor), Some(end)) => cursor.min(end),
        (cursor, end) => cursor.or(end).unwrap_or_default(),
    };
    let mut rows = transactions::list(tx, &filter, before, limit + 1)?;
    let has_more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next_cursor = if has_more {
        rows.last().map(|(row, _)| row.id.clone())
    } else {
        None
    };
    Ok(Page {
        data: rows.iter().map(|(row, number)| words(ctx, row, number)).collect(),
        has_more,
        next_cursor,
    })
}

/// One transaction.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<TransactionView> {
    allowed(tx, ctx, merchant, id)?;
    let row = transactions::get(tx, merchant, id)?.ok_or_else(|| Refused::not_found("transaction", id))?;
    known(tx, ctx, &row)
}

/// Refuses who may not see a merchant's transactions, as if there were none.
pub(super) fn allowed(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, id: &str) -> Done<()> {
    let missing = || Refused::not_found("transaction", id);
    let chain = store::chain::of_merchant(tx, merchant)?.ok_or_else(missing)?;
    ctx.need_merchant(merchant, &chain.agent_id, "read_own", "read_all")
        .map_err(|_| missing())
}

/// A transaction in words. Internal: whoever calls has checked who asks.
pub(crate) fn known(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow) -> Done<TransactionView> {
    let part = store::chain::of_terminal(tx, &row.merchant_id, &row.terminal_id)?.and_then(|chain| chain.terminal);
    Ok(words(
        ctx,
        row,
        &part.map(|part| part.terminal_number).unwrap_or_default(),
    ))
}

fn pick(ctx: &Ctx, zh: &str, en: &str) -> String {
    if ctx.lang == Lang::Zh { zh } else { en }.to_owned()
}

/// What a kind of transaction is called.
pub(super) fn kind_name(ctx: &Ctx, kind: &str) -> String {
    match by_code(kind) {
        Some(rule) => pick(ctx, rule.names.0, rule.names.1),
        None => pick(ctx, "冲正", "Reversal"),
    }
}

/// What a state is called.
pub(super) fn state_name(ctx: &Ctx, state: &str) -> String {
    let row = STATES.iter().find(|row| row.0 == state);
    row.map_or_else(|| state.to_owned(), |row| pick(ctx, row.1, row.2))
}

fn words(ctx: &Ctx, row: &TransactionRow, terminal_number: &str) -> TransactionView {
    TransactionView {
        id: row.id.clone(),
        terminal_number: terminal_number.to_owned(),
        kind: row.kind.clone(),
        kind_name: kind_name(ctx, &row.kind),
        amount: row.amount,
        state: row.state.clone(),
        state_name: state_name(ctx, &row.state),
        response_code: row.response_code.clone(),
        rrn: row.rrn.clone(),
        masked_card: row.masked_card.clone(),
        stan: row.stan,
        batch: row.batch,
        card_type: CardType::from_code(&row.card_type)
            .filter(|_| !row.masked_card.is_empty())
            .map(|card| card.label().get(ctx.lang).to_owned())
            .unwrap_or_default(),
        fee: row.fee,
        explanation_code: row.explanation_code.clone(),
        at: row.received_at,
    }
}
