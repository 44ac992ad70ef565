//! The past of a seeded world, written in bulk. Nothing here looks at what is there already.

use crate::batches::BatchRow;
use crate::transactions::TransactionRow;
use crate::{Error, Tx, args};

/// Writes ended transactions.
pub fn transactions(tx: &mut Tx<'_>, rows: Vec<TransactionRow>) -> Result<u64, Error> {
    let values = rows.into_iter().map(|r| {
        args![
            r.merchant_id,
            r.id,
            r.terminal_id,
            r.batch,
            r.stan,
            r.message_class,
            r.kind,
            r.amount,
            r.state,
            r.response_code,
            r.rrn,
            r.auth_code,
            r.masked_card,
            r.card_index,
            r.card_type,
            r.entry_mode,
            r.original_id,
            r.request_hash,
            r.answer,
            r.explanation_code,
            r.upstream_stan,
            r.received_at,
            r.finished_at,
            r.fee,
            r.entry,
        ]
    });
    tx.insert_many(
        "insert into transactions (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state, \
         response_code, rrn, auth_code, masked_card, card_index, card_type, entry_mode, original_id, request_hash, \
         answer, explanation_code, upstream_stan, received_at, finished_at, fee, entry) values",
        25,
        values.collect(),
    )
}

/// Writes closed batches.
pub fn batches(tx: &mut Tx<'_>, rows: Vec<BatchRow>) -> Result<u64, Error> {
    let values = rows.into_iter().map(|r| {
        args![
            r.merchant_id,
            r.terminal_id,
            r.number,
            r.state,
            r.opened_at,
            r.closed_at,
            r.balanced,
            r.terminal_totals,
            r.host_totals,
        ]
    });
    tx.insert_many(
        "insert into terminal_batches (merchant_id, terminal_id, number, state, opened_at, closed_at, balanced, \
         terminal_totals, host_totals) values",
        9,
        values.collect(),
    )
}

/// Writes where a terminal stands after its past: when it sold and signed in last, and whether it still is.
pub fn terminal(
    tx: &mut Tx<'_>,
    (merchant_id, id): (&str, &str),
    (last_sale_at, signed_in_at, signed_in): (i64, i64, bool),
    batch: i64,
) -> Result<(), Error> {
    tx.exactly_one(
        "update terminals set last_sale_at = $3, signed_in_at = $4, signed_in = $5, batch = $6 \
         where merchant_id = $1 and id = $2",
        args![merchant_id, id, last_sale_at, signed_in_at, signed_in, batch],
    )
}
