//! Counters of what was taken: they follow from the transactions, and are added to as those change.

use std::collections::BTreeMap;

use domain::cards::CardType;
use domain::catalog::MerchantKind;
use domain::limits::{By, Counter, Entry, Total, is_in_force};
use domain::time::Time;
use store::Tx;
use store::counters::{self, CounterRow, Taken};
use store::transactions::TransactionRow;

use super::REQUEST;
use super::limits::{Key, is_counted, number, period};
use super::rules::by_code;
use crate::ctx::Ctx;
use crate::refused::Done;

/// What became of a payment that was, or is, taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It stands: add it up.
    Taken,
    /// It was reversed: as if it had never been.
    Reversed,
    /// It was voided: gone from the counters that give back.
    Voided,
    /// Its void was reversed: back where it was taken from.
    Restored,
}

/// Adds up what became of payments, each on the day on which it was received.
pub(super) fn count(tx: &mut Tx<'_>, ctx: &Ctx, moves: &[(&TransactionRow, Became)]) -> Done<()> {
    let of = |row: &TransactionRow| Taken {
        merchant_id: row.merchant_id.clone(),
        terminal_id: row.terminal_id.clone(),
        kind: row.kind.clone(),
        state: row.state.clone(),
        card_index: row.card_index.clone(),
        card_type: row.card_type.clone(),
        entry_mode: row.entry_mode.clone(),
        amount: row.amount,
        count: 1,
        day: 0,
    };
    let counted = moves.iter().filter(|(row, _)| row.message_class == REQUEST);
    let taken: Vec<(Taken, i64, Became)> = counted
        .map(|(row, became)| (of(row), period(ctx, Time::from_millis(row.received_at)), *became))
        .collect();
    let mut adding = Adding::new(tx, ctx, taken.iter().map(|row| &row.0))?;
    for (row, day, became) in &taken {
        let (sign, all) = match became {
            Became::Taken => (1, true),
            Became::Reversed => (-1, true),
            Became::Voided => (-1, false),
            Became::Restored => (1, false),
        };
        adding.take(ctx, row, *day, sign, |counter| all || counter.gives_back);
    }
    counters::add(tx, adding.into_rows())?;
    Ok(())
}

/// Takes a payment that was voided or reversed in its turn back out, or in again; `undone` as it was before.
pub(super) fn undone(tx: &mut Tx<'_>, ctx: &Ctx, undone: &TransactionRow, became: Became) -> Done<()> {
    let took_effect = matches!(undone.state.as_str(), "approved" | "voided" | "refunded");
    if took_effect {
        count(tx, ctx, &[(undone, became)])
    } else {
        Ok(())
    }
}

/// Sums on their way to the counters.
pub(super) struct Adding {
    pub(super) rows: BTreeMap<(Key, i64), Total>,
    /// Kind and identity of the merchants for which a counter asks.
    identities: BTreeMap<String, (MerchantKind, Option<String>)>,
}

impl Adding {
    pub(super) fn new<'t>(tx: &mut Tx<'_>, ctx: &Ctx, rows: impl IntoIterator<Item = &'t Taken>) -> Done<Self> {
        let mut merchants: Vec<&str> = rows
            .into_iter()
            .filter(|row| counters_for(ctx, row).any(asks_merchant))
            .map(|row| row.merchant_id.as_str())
            .collect();
        merchants.sort_unstable();
        merchants.dedup();
        let identities = counters::identities(tx, &merchants)?
            .into_iter()
            .filter_map(|(merchant, kind, identity)| Some((merchant, (MerchantKind::parse(&kind)?, identity))))
            .collect();
        Ok(Self {
            rows: BTreeMap::new(),
            identities,
        })
    }

    pub(super) fn take(&mut self, ctx: &Ctx, row: &Taken, day: i64, sign: i64, wanted: impl Fn(&Counter) -> bool) {
        for counter in counters_for(ctx, row).filter(|counter| wanted(counter)) {
            let known = self.identities.get(&row.merchant_id);
            let fits = |kind: &MerchantKind| counter.merchants.is_empty() || counter.merchants.contains(kind);
            if asks_merchant(counter) && !known.is_some_and(|(kind, _)| fits(kind)) {
                continue;
            }
            let place = (
                row.merchant_id.as_str(),
                row.terminal_id.as_str(),
                row.card_index.as_str(),
            );
            let identity = known.and_then(|(_, identity)| identity.as_deref());
            let Some(key) = Key::new((&counter.code, counter.by), place, identity) else {
                continue;
            };
            let one = Total {
                amount: row.amount.saturating_mul(sign),
                count: row.count.saturating_mul(sign),
            };
            let stands = self.rows.entry((key, day)).or_default();
            *stands = stands.plus(one);
        }
    }

    fn into_rows(self) -> Vec<CounterRow> {
        let changed = self.rows.into_iter().filter(|(_, total)| *total != Total::default());
        changed
            .map(|((key, period), total)| CounterRow {
                merchant_id: key.merchant,
                scope: key.scope,
                key: key.of,
                period,
                amount: total.amount,
                count: total.count,
            })
            .collect()
    }
}

/// Whether a counter depends on more of the merchant than its id.
fn asks_merchant(counter: &Counter) -> bool {
    counter.by == By::Identity || !counter.merchants.is_empty()
}

/// The counters in force that add such a payment up, the kind of merchant aside.
fn counters_for<'c>(ctx: &'c Ctx, row: &Taken) -> impl Iterator<Item = &'c Counter> + use<'c> {
    let tables = &ctx.catalog().limits;
    let counted = by_code(&row.kind).is_some_and(is_counted);
    let card = CardType::from_code(&row.card_type).unwrap_or(CardType::Unknown);
    let entry = Entry::of(&row.entry_mode);
    let wanted = move |counter: &&Counter| counted && counter.counts(card, entry);
    let kept = |counter: &&Counter| is_in_force(&tables.limits, &counter.code);
    tables.counters.iter().filter(wanted).filter(kept)
}

// From history ---------------------------------------------------------------------------------------------------------

/// What the counters of this month should stand on, by the transactions.
pub(crate) fn recomputed(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<CounterRow>> {
    let zone = &ctx.platform.zone;
    let today = zone.date(ctx.now);
    let mut adding = Adding {
        rows: BTreeMap::new(),
        identities: BTreeMap::new(),
    };
    let first = today.add_days(1 - i32::from(today.day()));
    for day in (0..i32::from(today.day())).map(|n| first.add_days(n)) {
        let (from, until) = (zone.start_of(day).millis(), zone.start_of(day.add_days(1)).millis());
        let stands = counters::stands(tx, from, until)?;
        adding.identities.extend(Adding::new(tx, ctx, &stands)?.identities);
        for row in &stands {
            adding.take(ctx, row, number(day), 1, |counter| {
                row.state != "voided" || !counter.gives_back
            });
        }
    }
    Ok(adding.into_rows())
}

/// The first day of this month as counters name it.
pub(crate) fn month(ctx: &Ctx) -> i64 {
    period(ctx, ctx.now) / 100 * 100
}

/// Adds the counters of this month up anew. Internal: when counting begins, and after the tables changed what is counted.
pub fn recount(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<()> {
    let rows = recomputed(tx, ctx)?;
    counters::clear(tx, month(ctx))?;
    counters::add(tx, rows)?;
    store::settings::put(tx, COUNTED_AS, &tables(ctx))?;
    Ok(())
}

/// The setting that says what the counters were last added up by.
const COUNTED_AS: &str = "counters";

/// What decides what is counted, in short.
fn tables(ctx: &Ctx) -> String {
    let tables = &ctx.catalog().limits;
    let kept = tables
        .counters
        .iter()
        .filter(|counter| is_in_force(&tables.limits, &counter.code));
    let text: Vec<String> = kept.map(|counter| format!("{counter:?}")).collect();
    crate::sealing::sha256(text.join("\n").as_bytes())
}

/// Whether the counters stand for what these tables count: not before counting began, nor after the tables changed.
pub(crate) fn is_counting(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<bool> {
    Ok(store::settings::get(tx, COUNTED_AS)?.as_deref() == Some(tables(ctx).as_str()))
}

/// Begins to count, where these tables have not been counted by yet. Internal: before terminals are served.
pub fn start(tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<()> {
    if is_counting(tx, ctx)? {
        Ok(())
    } else {
        recount(tx, ctx)
    }
}
