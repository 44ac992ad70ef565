//! The books, against the transactions that are their entries.

use std::collections::{BTreeMap, BTreeSet};

use domain::posting::Books;
use store::Tx;
use store::ledger::{self, Alike, VolumeRow};

use super::Finding;
use crate::ctx::Ctx;
use crate::payments::ledger::{is_posting, recomputed, reversal};
use crate::refused::Done;

/// Findings told at most.
const MOST: usize = 20;

/// Volumes are what the entries add up to. Days of a merchant that do not balance are told by another rule.
pub(super) fn volumes(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    if !is_posting(tx)? {
        return Ok(Vec::new());
    }
    let is = ledger::all(tx)?;
    let mut days: BTreeMap<(String, i64), i128> = BTreeMap::new();
    for row in &is {
        *days.entry((row.merchant_id.clone(), row.period)).or_default() +=
            i128::from(row.debit) - i128::from(row.credit);
    }
    let odd: BTreeSet<(String, i64)> = days.into_iter().filter(|day| day.1 != 0).map(|day| day.0).collect();
    let mut stands = by_key(is);
    let mut found = Vec::new();
    for (key, expected) in by_key(recomputed(tx, ctx)?) {
        let is = stands.remove(&key).unwrap_or_default();
        if is != expected {
            found.push((key, expected, is));
        }
    }
    found.extend(stands.into_iter().map(|(key, is)| (key, (0, 0), is)));
    let told = found
        .into_iter()
        .filter(|((merchant, _, period), ..)| !odd.contains(&(merchant.clone(), *period)));
    Ok(told.take(MOST).map(finding).collect())
}

type Key = (String, String, i64);
type Sides = (i64, i64);

fn by_key(rows: Vec<VolumeRow>) -> BTreeMap<Key, Sides> {
    rows.into_iter()
        .map(|row| ((row.merchant_id, row.account, row.period), (row.debit, row.credit)))
        .collect()
}

fn finding(((merchant, account, period), expected, is): (Key, Sides, Sides)) -> Finding {
    let words = |(debit, credit)| format!("debit {debit}, credit {credit}");
    (format!("{merchant}/{account}/{period}"), words(expected), words(is))
}

/// Every entry names a template of the catalogue.
pub(super) fn templates(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    let mut sorts = ledger::sorts(tx)?;
    sorts.retain(|sort| !sort.entry.is_empty() && ctx.catalog().books.entry(&sort.entry).is_none());
    let named = |sort: Alike| (sort.one, "a template of the catalogue".to_owned(), sort.entry);
    Ok(sorts.into_iter().take(MOST).map(named).collect())
}

/// What took effect has an entry of its kind, a reversal that of what it reverses, and nothing else has one.
pub(super) fn entries(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<Finding>> {
    if !is_posting(tx)? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for sort in ledger::sorts(tx)? {
        if let Some(expected) = missed(&ctx.catalog().books, &sort) {
            found.push((sort.one, expected, sort.entry));
        }
    }
    found.truncate(MOST);
    Ok(found)
}

/// What a transaction's entry should be, where it is not.
fn missed(books: &Books, sort: &Alike) -> Option<String> {
    let nothing = || "no entry".to_owned();
    match (sort.message_class.as_str(), sort.entry.as_str()) {
        ("reversal", entry) => {
            let expected = reversal(&sort.reversed);
            (entry != expected).then_some(expected)
        }
        ("request", "") => {
            let mut versions = books
                .templates
                .iter()
                .filter(|template| template.kind == sort.kind)
                .peekable();
            let posts = versions.peek().is_some() && versions.all(|template| !template.postings.is_empty());
            (sort.took_effect && posts).then(|| format!("an entry of {}", sort.kind))
        }
        ("request", _) if !sort.took_effect => Some(nothing()),
        ("request", entry) => {
            let kind = entry.rsplit_once('.').map(|(kind, _)| kind);
            (kind != Some(&sort.kind)).then(|| format!("an entry of {}", sort.kind))
        }
        (_, "") => None,
        _ => Some(nothing()),
    }
}
