//! Limits: what a terminal's merchant may take, judged from the counters; and the counters themselves, which follow from
//! the transactions. Many payments at once are judged in memory (see [`super::used`]), one alone from its rows.

use domain::catalog::MerchantKind;
use domain::fees::{Agreed, FeeClass};
use domain::limits::{Bounded, By, Entry, Limits, Sale, Total};
use domain::time::{Date, Time};
use iso8583::Kind;
use iso8583::kinds::Side;
use store::Tx;
use store::counters;
use store::transactions::TransactionRow;

use super::begin::Attempt;
use super::counting::Adding;
pub use super::counting::{recount, start};
pub use super::overrides::{LimitView, OwnLimit, look, set_override};
use super::rules::Rule;
use crate::chain::NOBODY;
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::session::Line;

/// What a terminal's merchant may take and has agreed to pay.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Its limits.
    pub limits: Limits,
    /// What its payments cost.
    pub agreed: Agreed,
    /// Keyed index of the identity its merchant stands on.
    pub identity: Option<String>,
}

/// The terms of a terminal, from the catalogue, its merchant's contract and what was set for it alone.
pub fn terms(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<Terms> {
    let standing = store::fees::standing(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    let kind = MerchantKind::parse(&standing.kind)
        .ok_or_else(|| Refused::Inconsistent(format!("merchant {merchant} is of the kind «{}»", standing.kind)))?;
    let catalog = ctx.catalog();
    let own = counters::overrides(tx, merchant)?;
    // The merchant's come first, so that the terminal's wins.
    let most = |limit: &str| {
        let mine = own.iter().filter(|row| row.0 == NOBODY || row.0 == terminal);
        mine.filter(|row| row.1 == limit).map(|row| row.2).next_back()
    };
    let class = catalog
        .categories
        .get(&standing.mcc)
        .map_or(FeeClass::Standard, |category| category.class);
    let signed = standing
        .signed_at
        .map(|at| ctx.platform.zone.date(Time::from_millis(at)));
    Ok(Terms {
        limits: Limits::of(&catalog.limits.counters, &catalog.limits.limits, kind, most),
        agreed: signed.map_or_else(Agreed::default, |on| Agreed::on(&catalog.fees, on, class, kind)),
        identity: standing.identity,
    })
}

/// Whether payments of a kind take money from a card for the merchant, and so are added up and cost a fee.
pub(super) fn is_counted(rule: &Rule) -> bool {
    rule.kind.row().side == Side::Debit
}

/// Whether a payment of a kind may be refused for a limit: not what has happened already.
pub(super) fn is_judged(rule: &Rule) -> bool {
    !rule.is_notice() && (is_counted(rule) || rule.kind == Kind::PreAuth)
}

/// Whose takings, under which counter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Merchant id, or `-` where several stand together.
    pub merchant: String,
    /// Code of the counter.
    pub scope: String,
    /// A card's index, a terminal, an identity, or `-`.
    pub of: String,
}

impl Key {
    /// The key of a counter; none where there is nobody whose takings it could add up.
    pub(super) fn new(
        (scope, by): (&str, By),
        (merchant, terminal, card): (&str, &str, &str),
        identity: Option<&str>,
    ) -> Option<Self> {
        let (merchant, of) = match by {
            By::Card if card.is_empty() => return None,
            By::Card => (merchant, card),
            By::Terminal => (merchant, terminal),
            By::Merchant => (merchant, NOBODY),
            By::Identity => (NOBODY, identity?),
        };
        Some(Self {
            merchant: merchant.to_owned(),
            scope: scope.to_owned(),
            of: of.to_owned(),
        })
    }

    /// The key under which a counter stands for a payment at a line.
    pub(super) fn at(bounded: &Bounded, line: &Line, card: &str) -> Option<Self> {
        let place = (line.merchant.as_str(), line.terminal.as_str(), card);
        Self::new((&bounded.counter, bounded.by), place, line.terms.identity.as_deref())
    }

    fn parts(&self) -> (&str, &str, &str) {
        (&self.merchant, &self.scope, &self.of)
    }
}

/// A local day as counters name it, `YYYYMMDD`.
pub fn period(ctx: &Ctx, at: Time) -> i64 {
    number(ctx.platform.zone.date(at))
}

pub(super) fn number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

/// What stands on a counter: that day, and that month.
pub type Standing = (Key, Total, Total);

/// What stands on the counters that bound a payment at a line, with what is on its way. `journal`: also what is only
/// appended, by this process.
pub fn standing(tx: &mut Tx<'_>, ctx: &Ctx, line: &Line, attempt: &Attempt) -> Done<Vec<Standing>> {
    added_up(
        tx,
        ctx,
        (line, attempt),
        "",
        Look {
            journal: true,
            hold: false,
        },
    )
}

#[derive(Clone, Copy)]
struct Look {
    journal: bool,
    hold: bool,
}

fn added_up(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (line, attempt): (&Line, &Attempt),
    but: &str,
    look: Look,
) -> Done<Vec<Standing>> {
    let sale = attempt.sale();
    let mine = line.terms.limits.counted.iter().filter(|bounded| bounded.is_for(&sale));
    let mut keys: Vec<(Key, By)> = mine
        .filter_map(|bounded| Some((Key::at(bounded, line, &attempt.card_index)?, bounded.by)))
        .collect();
    // In one order, so that two payments never wait for each other in a ring.
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    let day = period(ctx, ctx.now);
    let mut all = Vec::with_capacity(keys.len());
    for (key, _) in &keys {
        let [day, month] = counters::totals(tx, key.parts(), day, look.hold)?;
        let total = |(amount, count)| Total { amount, count };
        all.push((key.clone(), total(day), total(month)));
    }
    let merchants = match (&line.terms.identity, keys.iter().any(|(_, by)| *by == By::Identity)) {
        (Some(identity), true) => counters::merchants_of(tx, identity)?,
        _ => vec![line.merchant.clone()],
    };
    let mut waiting = Vec::new();
    for merchant in &merchants {
        waiting.extend(counters::under_way(tx, merchant, but, look.journal)?);
    }
    let mut adding = Adding::new(tx, ctx, &waiting)?;
    for one in &waiting {
        adding.take(ctx, one, day, 1, |_| true);
    }
    for row in adding.rows.into_iter().map(|(key, total)| (key.0, total)) {
        if let Some(stands) = all.iter_mut().find(|stands| stands.0 == row.0) {
            stands.1 = stands.1.plus(row.1);
            stands.2 = stands.2.plus(row.1);
        }
    }
    Ok(all)
}

/// The reason for which a payment is refused by a limit. Holds the counters that it asks, so that no two payments take the
/// same rest.
pub(super) fn objection(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    line: &Line,
    attempt: &Attempt,
    row: &TransactionRow,
) -> Done<Option<String>> {
    if attempt.over.is_some() || !is_judged(attempt.rule) {
        return Ok(attempt.over.clone());
    }
    let sale = attempt.sale();
    if let Some(bound) = line.terms.limits.broken_alone(&sale) {
        return Ok(Some(bound.reason.clone()));
    }
    if !is_counted(attempt.rule) {
        return Ok(None);
    }
    let look = Look {
        journal: false,
        hold: true,
    };
    let stands = added_up(tx, ctx, (line, attempt), &row.id, look)?;
    let broken = line
        .terms
        .limits
        .counted
        .iter()
        .filter(|b| b.is_for(&sale))
        .find_map(|bounded| {
            let key = Key::at(bounded, line, &attempt.card_index)?;
            let (_, day, month) = stands.iter().find(|stands| stands.0 == key)?;
            bounded.broken(&sale, *day, *month)
        });
    Ok(broken.map(|bound| bound.reason.clone()))
}

impl Attempt {
    /// How its card came in.
    pub fn entry(&self) -> Entry {
        Entry::of(&self.entry_mode)
    }

    /// What limits ask of it.
    pub fn sale(&self) -> Sale {
        Sale {
            amount: self.amount,
            card: self.card,
            entry: self.entry(),
        }
    }
}
