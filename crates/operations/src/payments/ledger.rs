//! The books: every payment that took effect is an entry, posted under the template of its kind when it does.
//!
//! The transaction's row is the entry (its column `entry` names template and version), and an entry is never changed or
//! taken back. So each effect has exactly one row:
//! - a payment's own, when it is approved: by [`super::finish`], by a notice that is accepted, or by the fold;
//! - what undoes it is a payment or reversal of its own and posts the other way: a void and a refund under their own
//!   templates, with what they return of the fee; a reversal under the template of what it reverses.
//!
//! What is undone without a row of its own never took effect, and is not posted: an unknown outcome that a reversal
//! upstream resolved, a pending payment that its terminal's reversal overtook (that reversal's row posts nothing
//! either), an approval that came too late. A void that was reversed stands as reversed, its reversal's row puts back
//! what it took, and the payment it had voided is posted no second time: its entry still stands.

use std::collections::BTreeMap;

use domain::money::Fen;
use domain::posting::{self, Entry, KINDS, PostingError, Side, Volume};
use domain::time::{Date, Time, Zone};
use serde::Serialize;
use store::Tx;
use store::ledger::{self, VolumeRow};
use store::settings;
use store::transactions::TransactionRow;
use utoipa::ToSchema;

use super::limits::{number, period};
use crate::ctx::Ctx;
use crate::merchants;
use crate::refused::{Done, Refused};

/// The setting that says that everything before it is in the books.
pub const POSTED: &str = "ledger";

/// The name of the entry that a payment of a kind is when it takes effect; empty for a kind that moves no money.
pub(super) fn entry(ctx: &Ctx, kind: &str) -> String {
    let template = ctx.catalog().books.in_force(kind);
    template.map(posting::Template::code).unwrap_or_default()
}

/// The name of the entry that a reversal is of what has this entry; empty where that took no effect.
pub(crate) fn reversal(entry: &str) -> String {
    match entry {
        "" => String::new(),
        entry => format!("{entry}{}", posting::REVERSAL),
    }
}

/// Posts payments that take effect now, each on the day on which it was received.
pub(super) fn post(tx: &mut Tx<'_>, ctx: &Ctx, rows: &[&TransactionRow]) -> Done<()> {
    let books = &ctx.catalog().books;
    let mut adding = Adding::default();
    for row in rows {
        if let Some(template) = books.in_force(&row.kind) {
            let day = period(ctx, Time::from_millis(row.received_at));
            let sums = (Fen(row.amount), Fen(row.fee));
            let added = adding.post((&row.merchant_id, day), Entry::of(template), sums);
            added.map_err(|error| unfit(row, &error))?;
        }
    }
    ledger::add(tx, adding.into_rows())?;
    Ok(())
}

/// Posts a reversal, whose row has its entry, of a payment.
pub(super) fn post_back(tx: &mut Tx<'_>, ctx: &Ctx, row: &TransactionRow, original: &TransactionRow) -> Done<()> {
    let Some(entry) = ctx.catalog().books.entry(&row.entry) else {
        return Ok(());
    };
    let mut adding = Adding::default();
    let day = period(ctx, Time::from_millis(row.received_at));
    let sums = (Fen(row.amount), Fen(original.fee));
    let added = adding.post((&row.merchant_id, day), entry, sums);
    added.map_err(|error| unfit(row, &error))?;
    ledger::add(tx, adding.into_rows())?;
    Ok(())
}

fn unfit(row: &TransactionRow, error: &PostingError) -> Refused {
    Refused::Inconsistent(format!("transaction {} cannot be posted: {error}", row.id))
}

/// Postings on their way to the volumes: one row for each account and day of a merchant, however many payments.
#[derive(Default)]
struct Adding<'a> {
    rows: BTreeMap<(&'a str, &'a str, i64), Volume>,
}

impl<'a> Adding<'a> {
    fn post(
        &mut self,
        (merchant, day): (&'a str, i64),
        entry: Entry<'a>,
        (amount, fee): (Fen, Fen),
    ) -> Result<(), PostingError> {
        for posting in entry.postings(amount, fee)? {
            for (account, volume) in posting.legs() {
                let stands = self.rows.entry((merchant, account, day)).or_default();
                *stands = stands.plus(volume)?;
            }
        }
        Ok(())
    }

    fn into_rows(self) -> Vec<VolumeRow> {
        self.rows
            .into_iter()
            .map(|((merchant, account, period), volume)| VolumeRow {
                merchant_id: merchant.to_owned(),
                account: account.to_owned(),
                period,
                debit: volume.debit.0,
                credit: volume.credit.0,
            })
            .collect()
    }
}

// From history ---------------------------------------------------------------------------------------------------------

/// What the volumes should be, by the transactions' entries. An entry under no template, or one that its template cannot
/// post, is passed over, so that it shows.
pub(crate) fn recomputed(tx: &mut Tx<'_>, ctx: &Ctx) -> Done<Vec<VolumeRow>> {
    let Some((first, last)) = ledger::span(tx)? else {
        return Ok(Vec::new());
    };
    let zone = &ctx.platform.zone;
    let days = (zone.date(Time::from_millis(first)), zone.date(Time::from_millis(last)));
    let mut posted = Vec::new();
    for run in runs(zone, days) {
        let of_run = ledger::posted(tx, run.from, run.until)?;
        posted.extend(of_run.into_iter().map(|sum| (run.date(sum.day), sum)));
    }
    let mut adding = Adding::default();
    for (date, sum) in &posted {
        if let Some(entry) = ctx.catalog().books.entry(&sum.entry) {
            let place = (sum.merchant_id.as_str(), number(*date));
            // Refused before it is added to anything.
            let _ = adding.post(place, entry, (Fen(sum.amount), Fen(sum.fee)));
        }
    }
    Ok(adding.into_rows())
}

/// Local days that follow one another, each of 24 hours; or a single one that the clock's change made longer or shorter.
struct Run {
    first: Date,
    days: i32,
    from: i64,
    until: i64,
}

impl Run {
    /// The date after so many times 24 hours.
    fn date(&self, day: i64) -> Date {
        let day = i32::try_from(day).unwrap_or(i32::MAX);
        self.first.add_days(day.min(self.days - 1))
    }
}

fn runs(zone: &Zone, (first, last): (Date, Date)) -> Vec<Run> {
    const DAY: i64 = 86_400_000;
    let mut runs: Vec<Run> = Vec::new();
    let mut date = first;
    while date <= last {
        let next = date.add_days(1);
        let (from, until) = (zone.start_of(date).millis(), zone.start_of(next).millis());
        let plain = |run: &Run| run.until - run.from == i64::from(run.days) * DAY;
        match runs.last_mut().filter(|run| plain(run) && until - from == DAY) {
            Some(run) => {
                run.days += 1;
                run.until = until;
            }
            None => runs.push(Run {
                first: date,
                days: 1,
                from,
                until,
            }),
        }
        if next <= date {
            break;
        }
        date = next;
    }
    runs
}

/// Whether the books have begun: before, they say nothing of what was.
pub(crate) fn is_posting(tx: &mut Tx<'_>) -> Done<bool> {
    Ok(settings::get(tx, POSTED)?.is_some())
}

/// Begins the books, where they have not begun: gives everything that took effect before its entry, under the templates
/// of today, and adds the volumes up. Internal: before terminals are served.
pub fn start(tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<()> {
    // Another node that starts at the same moment waits here, and finds them begun.
    if !settings::replace(tx, POSTED, None, "begun")? {
        return Ok(());
    }
    for kind in KINDS {
        let entry = entry(ctx, kind);
        if !entry.is_empty() {
            ledger::enter(tx, kind, &entry)?;
        }
    }
    ledger::enter_reversals(tx, posting::REVERSAL)?;
    let rows = recomputed(tx, ctx)?;
    ledger::clear(tx)?;
    ledger::add(tx, rows)?;
    Ok(())
}

// Questions ------------------------------------------------------------------------------------------------------------

/// An account of a merchant over a span of days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountBalance {
    /// Code of the account.
    pub account: String,
    /// What it is called.
    pub name: String,
    /// On which side its balance normally stands: `debit` or `credit`.
    #[schema(value_type = String)]
    pub side: Side,
    /// Balance before the first day, fen; below nothing where it stands on the other side.
    pub opening: i64,
    /// Debited on the days, fen.
    pub debit: i64,
    /// Credited on the days, fen.
    pub credit: i64,
    /// Balance after the last day, fen.
    pub closing: i64,
}

/// The books of a merchant over a span of days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Balances {
    /// First local day, `YYYY-MM-DD`.
    pub from: String,
    /// Last local day, included.
    pub until: String,
    /// Every account of the institution's chart, in its order.
    pub accounts: Vec<AccountBalance>,
}

/// What went through a merchant's accounts, and their balances. Without days: from the first of this month until today.
pub fn balances(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, days: (Option<Date>, Option<Date>)) -> Done<Balances> {
    let agent = store::chain::of_merchant(tx, merchant)?.map(|row| row.agent_id);
    let agent = agent.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    merchants::may_see(ctx, merchant, &agent)?;
    let today = ctx.platform.zone.date(ctx.now);
    let until = days.1.unwrap_or(today);
    let from = days.0.unwrap_or_else(|| until.add_days(1 - i32::from(until.day())));
    if until < from {
        return Err(Refused::field(
            "until",
            "order",
            "截止日期不能早于起始日期。",
            "the last day is not before the first",
        ));
    }
    let sums: BTreeMap<_, _> = ledger::of_merchant(tx, merchant, (number(from), number(until)))?
        .into_iter()
        .collect();
    let accounts = ctx.catalog().books.accounts.iter().map(|account| {
        let [before, within] = sums
            .get(&account.code)
            .copied()
            .unwrap_or_default()
            .map(|(debit, credit)| Volume {
                debit: Fen(debit),
                credit: Fen(credit),
            });
        let all = before.plus(within)?;
        Ok(AccountBalance {
            account: account.code.clone(),
            name: account.name.get(ctx.lang).to_owned(),
            side: account.side,
            opening: before.balance(account.side)?.0,
            debit: within.debit.0,
            credit: within.credit.0,
            closing: all.balance(account.side)?.0,
        })
    });
    let accounts: Result<Vec<_>, domain::money::MoneyError> = accounts.collect();
    Ok(Balances {
        from: from.to_string(),
        until: until.to_string(),
        accounts: accounts.map_err(|error| Refused::Inconsistent(format!("the books of {merchant}: {error}")))?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;

    use domain::catalog::Catalog;
    use iso8583::kinds::Side as Takes;

    use super::super::rules::RULES;
    use super::*;

    #[test]
    fn every_kind_of_payment_is_posted_as_it_takes_or_gives_back() {
        let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
        assert_eq!(rules, KINDS.iter().copied().collect());
        let books = Catalog::embedded().unwrap().books.clone();
        for rule in RULES {
            let (takes, gives) = ((Fen(100), Fen(1)), (Fen(100), Fen(-1)));
            let posts = |sums: (Fen, Fen)| {
                let entry = Entry::of(books.in_force(rule.code)?);
                Some(entry.postings(sums.0, sums.1).is_ok())
            };
            let expected = match rule.kind.row().side {
                Takes::Debit => [Some(true), Some(false)],
                Takes::Credit => [Some(false), Some(true)],
                Takes::Neither => [None, None],
            };
            assert_eq!([posts(takes), posts(gives)], expected, "{}", rule.code);
        }
    }

    #[test]
    fn every_moment_falls_on_its_local_day_where_clocks_change_too() {
        let year = (Date::new(2025, 1, 1).unwrap(), Date::new(2025, 12, 31).unwrap());
        for (name, count) in [("Asia/Shanghai", 1), ("Europe/Berlin", 5)] {
            let zone = Zone::named(name).unwrap();
            let runs = runs(&zone, year);
            assert_eq!(runs.len(), count, "{name}");
            for date in (0..365).map(|n| year.0.add_days(n)) {
                let (from, next) = (zone.start_of(date).millis(), zone.start_of(date.add_days(1)).millis());
                for at in [from, next - 1] {
                    let run = runs.iter().find(|run| run.from <= at && at < run.until).unwrap();
                    assert_eq!(run.date((at - run.from) / 86_400_000), date, "{name}");
                }
            }
        }
    }
}
