//! Counters of what was taken, against the transactions they follow from.

use std::collections::BTreeMap;

use store::Tx;
use store::counters::{self, CounterRow};

use super::Finding;
use crate::ctx::Ctx;
use crate::payments::counting::{is_counting, month, recomputed};
use crate::refused::Done;

/// Findings told at most.
const MOST: usize = 20;

/// This month's counters are what the transactions add up to. Before counting began there is nothing to compare.
pub(super) fn counters(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    if !is_counting(tx, ctx)? {
        return Ok(Vec::new());
    }
    let mut stands = by_key(counters::since(tx, month(ctx))?);
    let mut found = Vec::new();
    for (key, expected) in by_key(recomputed(tx, ctx)?) {
        let is = stands.remove(&key).unwrap_or_default();
        if is != expected {
            found.push(finding(key, expected, is));
        }
    }
    found.extend(stands.into_iter().map(|(key, is)| finding(key, (0, 0), is)));
    found.truncate(MOST);
    Ok(found)
}

type Key = (String, String, String, i64);

fn by_key(rows: Vec<CounterRow>) -> BTreeMap<Key, (i64, i64)> {
    rows.into_iter()
        .map(|row| {
            (
                (row.merchant_id, row.scope, row.key, row.period),
                (row.amount, row.count),
            )
        })
        .collect()
}

fn finding((merchant, scope, key, period): Key, expected: (i64, i64), is: (i64, i64)) -> Finding {
    let words = |(amount, count)| format!("{amount} in {count}");
    (format!("{merchant}/{scope}/{key}/{period}"), words(expected), words(is))
}
