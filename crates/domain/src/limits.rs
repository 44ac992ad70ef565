//! How much may be taken: on one sale, with one card, at one terminal, by one merchant or one identity, in a day or a
//! month. What is counted and what the maxima are, the catalogue says (`limits.toml`); here is how it is judged.

use serde::{Deserialize, Serialize};

use crate::cards::CardType;
use crate::catalog::{MerchantKind, Words};

/// How a card came in: the first two digits of field 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Its number was typed.
    Manual,
    /// Its magnetic stripe was read.
    Stripe,
    /// Its chip was read, by contact.
    Chip,
    /// Its chip was read, without contact.
    Contactless,
    /// A code was scanned.
    Qr,
    /// Not said, or by other means.
    Other,
}

impl Entry {
    /// The entry that field 22 tells.
    pub fn of(entry_mode: &str) -> Self {
        match entry_mode.get(..2) {
            Some("01") => Self::Manual,
            Some("02") => Self::Stripe,
            Some("03") => Self::Qr,
            Some("05") => Self::Chip,
            Some("07" | "96") => Self::Contactless,
            _ => Self::Other,
        }
    }
}

/// Whose takings a counter adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// One card's, at one merchant.
    Card,
    /// One terminal's.
    Terminal,
    /// One merchant's.
    Merchant,
    /// Those of all merchants that stand on one identity document.
    Identity,
}

/// Over what a limit reaches. Days and months are local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One sale.
    Transaction,
    /// One day.
    Day,
    /// One month.
    Month,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Fen.
    Amount,
    /// Sales.
    Count,
}

/// What is added up: a row of `limits.toml`. Empty lists mean any.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Stable code; the `scope` of stored counters.
    pub code: String,
    /// Whose takings.
    pub by: By,
    /// Kinds of merchants.
    #[serde(default)]
    pub merchants: Vec<MerchantKind>,
    /// Types of cards.
    #[serde(default)]
    pub cards: Vec<CardType>,
    /// Ways in.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// Whether a void of the same day takes its sale out again. A reversal always does.
    pub gives_back: bool,
}

impl Counter {
    /// Whether a sale with such a card is added up, the merchant's kind aside.
    pub fn counts(&self, card: CardType, entry: Entry) -> bool {
        any_or(&self.cards, card) && any_or(&self.entries, entry)
    }
}

/// The most there may be: a row of `limits.toml`. Empty lists mean any.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Stable code; overrides name it.
    pub code: String,
    /// What it is called.
    pub name: Words,
    /// Over what it reaches.
    pub per: Per,
    /// The counter it bounds, for days and months.
    #[serde(default)]
    pub counter: Option<String>,
    /// What is measured.
    pub measure: Measure,
    /// The most, in fen or sales; none: not in force.
    #[serde(default)]
    pub most: Option<i64>,
    /// The reason that a refusal names.
    pub reason: String,
    /// Whether a merchant or terminal may be given another. What regulation fixes may not.
    pub adjustable: bool,
    /// Kinds of merchants.
    #[serde(default)]
    pub merchants: Vec<MerchantKind>,
    /// Types of cards.
    #[serde(default)]
    pub cards: Vec<CardType>,
    /// Ways in.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

fn any_or<T: PartialEq + Copy>(list: &[T], one: T) -> bool {
    list.is_empty() || list.contains(&one)
}

/// What a sale has that limits ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Fen.
    pub amount: i64,
    /// Type of card.
    pub card: CardType,
    /// How it came in.
    pub entry: Entry,
}

/// A limit as it holds at one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Code of the limit.
    pub limit: String,
    /// The reason that a refusal names.
    pub reason: String,
    /// The most, in fen or sales.
    pub most: i64,
    per: Per,
    measure: Measure,
    cards: u16,
    entries: u16,
}

impl Bound {
    fn of(limit: &Limit, most: i64) -> Self {
        Self {
            limit: limit.code.clone(),
            reason: limit.reason.clone(),
            most,
            per: limit.per,
            measure: limit.measure,
            cards: mask(limit.cards.iter().map(|card| *card as u16)),
            entries: mask(limit.entries.iter().map(|entry| *entry as u16)),
        }
    }

    fn is_for(&self, sale: &Sale) -> bool {
        self.cards & (1 << sale.card as u16) != 0 && self.entries & (1 << sale.entry as u16) != 0
    }
}

/// A set of small numbers; of none: everything.
fn mask(numbers: impl Iterator<Item = u16>) -> u16 {
    match numbers.fold(0, |set, number| set | (1 << number)) {
        0 => u16::MAX,
        set => set,
    }
}

/// What stands on a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Fen.
    pub amount: i64,
    /// Sales.
    pub count: i64,
}

impl Total {
    /// With another added.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            amount: self.amount.saturating_add(other.amount),
            count: self.count.saturating_add(other.count),
        }
    }

    /// With another taken away.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            amount: self.amount.saturating_sub(other.amount),
            count: self.count.saturating_sub(other.count),
        }
    }

    /// One sale.
    pub const fn one(amount: i64) -> Self {
        Self { amount, count: 1 }
    }

    fn of(self, measure: Measure) -> i64 {
        match measure {
            Measure::Amount => self.amount,
            Measure::Count => self.count,
        }
    }
}

/// A counter that bounds a terminal, with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// Code of the counter.
    pub counter: String,
    /// Whose takings it adds up.
    pub by: By,
    cards: u16,
    entries: u16,
    bounds: Vec<Bound>,
}

impl Bounded {
    /// Whether a sale is added up here, and one of the limits is for it.
    pub fn is_for(&self, sale: &Sale) -> bool {
        let counted = self.cards & (1 << sale.card as u16) != 0 && self.entries & (1 << sale.entry as u16) != 0;
        counted && self.bounds.iter().any(|bound| bound.is_for(sale))
    }

    /// The limit that a sale would break on top of what stands.
    pub fn broken(&self, sale: &Sale, day: Total, month: Total) -> Option<&Bound> {
        self.bounds.iter().filter(|bound| bound.is_for(sale)).find(|bound| {
            let stands = match bound.per {
                Per::Month => month,
                Per::Day | Per::Transaction => day,
            };
            stands.plus(Total::one(sale.amount)).of(bound.measure) > bound.most
        })
    }
}

/// The limits of one terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    single: Vec<Bound>,
    /// Those over days and months, by counter.
    pub counted: Vec<Bounded>,
}

impl Limits {
    /// The limits of a terminal of a merchant of `kind`; `most` gives what overrides say of a limit (by code).
    pub fn of(counters: &[Counter], limits: &[Limit], kind: MerchantKind, most: impl Fn(&str) -> Option<i64>) -> Self {
        let bound = |limit: &Limit| {
            let given = most(&limit.code).filter(|_| limit.adjustable);
            Some(Bound::of(limit, given.or(limit.most)?))
        };
        let mine = || limits.iter().filter(|limit| any_or(&limit.merchants, kind));
        let counted = counters
            .iter()
            .filter(|counter| any_or(&counter.merchants, kind) && is_in_force(limits, &counter.code))
            .map(|counter| Bounded {
                counter: counter.code.clone(),
                by: counter.by,
                cards: mask(counter.cards.iter().map(|card| *card as u16)),
                entries: mask(counter.entries.iter().map(|entry| *entry as u16)),
                bounds: mine()
                    .filter(|limit| limit.counter.as_ref() == Some(&counter.code))
                    .filter_map(bound)
                    .collect(),
            })
            .filter(|bounded| !bounded.bounds.is_empty())
            .collect();
        Self {
            single: mine()
                .filter(|limit| limit.per == Per::Transaction)
                .filter_map(bound)
                .collect(),
            counted,
        }
    }

    /// The limit that a sale breaks by itself.
    pub fn broken_alone(&self, sale: &Sale) -> Option<&Bound> {
        let total = Total::one(sale.amount);
        self.single
            .iter()
            .find(|bound| bound.is_for(sale) && total.of(bound.measure) > bound.most)
    }
}

/// Whether a counter is kept at all: some limit of the tables bounds it. An override of one that is not in force has
/// nothing to count with, and is refused.
pub fn is_in_force(limits: &[Limit], counter: &str) -> bool {
    limits
        .iter()
        .any(|limit| limit.counter.as_deref() == Some(counter) && limit.most.is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::catalog::Catalog;

    const CREDIT: Sale = Sale {
        amount: 60_000,
        card: CardType::Credit,
        entry: Entry::Chip,
    };

    fn limits(kind: MerchantKind) -> Limits {
        let catalog = Catalog::embedded().unwrap();
        Limits::of(&catalog.limits.counters, &catalog.limits.limits, kind, |_| None)
    }

    fn identity(limits: &Limits) -> &Bounded {
        limits
            .counted
            .iter()
            .find(|bounded| bounded.by == By::Identity)
            .unwrap()
    }

    #[test]
    fn a_micro_merchant_takes_a_thousand_yuan_of_credit_a_day_and_ten_thousand_a_month() {
        let limits = limits(MerchantKind::Micro);
        let bounded = identity(&limits);
        let stands = |amount| Total { amount, count: 1 };
        assert!(bounded.is_for(&CREDIT));
        assert_eq!(bounded.broken(&CREDIT, stands(40_000), stands(40_000)), None);
        let broken = |day, month| {
            bounded
                .broken(&CREDIT, stands(day), stands(month))
                .map(|b| b.reason.as_str())
        };
        assert_eq!(broken(40_001, 40_001), Some("limit.micro_credit"));
        assert_eq!(broken(0, 940_000), None);
        assert_eq!(broken(0, 940_001), Some("limit.micro_credit_month"));
        for card in [
            CardType::SemiCredit,
            CardType::PublicService,
            CardType::Foreign,
            CardType::Unknown,
        ] {
            assert!(bounded.is_for(&Sale { card, ..CREDIT }), "{card:?} counts as credit");
        }
        assert!(!bounded.is_for(&Sale {
            card: CardType::Debit,
            ..CREDIT
        }));
    }

    #[test]
    fn regulation_binds_micro_merchants_alone_and_no_override_loosens_it() {
        for kind in [MerchantKind::SoleTrader, MerchantKind::Enterprise] {
            assert!(limits(kind).counted.iter().all(|bounded| bounded.by != By::Identity));
        }
        let stripe = Sale {
            amount: 1,
            entry: Entry::Stripe,
            card: CardType::Debit,
        };
        let alone = |kind| limits(kind).broken_alone(&stripe).map(|b| b.reason.clone());
        assert_eq!(alone(MerchantKind::Micro).as_deref(), Some("limit.stripe"));
        assert_eq!(alone(MerchantKind::SoleTrader), None);
        let catalog = Catalog::embedded().unwrap();
        let loose = Limits::of(
            &catalog.limits.counters,
            &catalog.limits.limits,
            MerchantKind::Micro,
            |_| Some(i64::MAX),
        );
        assert_eq!(identity(&loose), identity(&limits(MerchantKind::Micro)));
        assert!(loose.broken_alone(&stripe).is_some());
    }

    #[test]
    fn an_unknown_card_is_judged_more_strictly_than_a_known_one() {
        let limits = limits(MerchantKind::SoleTrader);
        let sale = |card, amount| Sale {
            amount,
            card,
            entry: Entry::Chip,
        };
        assert_eq!(limits.broken_alone(&sale(CardType::Credit, 500_001)), None);
        for card in [CardType::Unknown, CardType::Foreign] {
            assert_eq!(limits.broken_alone(&sale(card, 500_000)), None);
            assert!(limits.broken_alone(&sale(card, 500_001)).is_some());
        }
        assert_eq!(limits.broken_alone(&sale(CardType::Debit, 5_000_000)), None);
        assert!(limits.broken_alone(&sale(CardType::Debit, 5_000_001)).is_some());
    }

    #[test]
    fn field_22_tells_how_a_card_came_in() {
        let told: Vec<Entry> = ["011", "022", "032", "051", "071", "961", "921", "", "é"]
            .into_iter()
            .map(Entry::of)
            .collect();
        use Entry::{Chip, Contactless, Manual, Other, Qr, Stripe};
        assert_eq!(
            told,
            [Manual, Stripe, Qr, Chip, Contactless, Contactless, Other, Other, Other]
        );
    }
}
