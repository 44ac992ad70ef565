//! The standard agreement: which fee a payment costs, by the merchant's class and the card, as of the day on which the
//! merchant agreed.

use serde::{Deserialize, Serialize};

use super::{FeeClass, FeePlan};
use crate::cards::CardType;
use crate::catalog::{MerchantKind, Words};
use crate::limits::Entry;
use crate::money::{Fen, MoneyError, Ppm};
use crate::time::Date;

/// How a payment came in, as prices tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By card.
    Card,
    /// By a scanned code.
    Qr,
}

impl Channel {
    /// The channel of an entry.
    pub fn of(entry: Entry) -> Self {
        match entry {
            Entry::Qr => Self::Qr,
            _ => Self::Card,
        }
    }
}

/// What becomes of the fee when a payment is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefund {
    /// Its share returns to the merchant.
    Returned,
    /// It stays.
    Kept,
}

/// A row of `fees.toml`. Empty lists mean any.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeRow {
    /// Stable code.
    pub code: String,
    /// What it is called.
    pub name: Words,
    /// First day on which signing means this row, `YYYY-MM-DD`.
    pub from: String,
    /// First day on which it does no more.
    #[serde(default)]
    pub until: Option<String>,
    /// Fee classes of merchants.
    #[serde(default)]
    pub classes: Vec<FeeClass>,
    /// Kinds of merchants.
    #[serde(default)]
    pub merchants: Vec<MerchantKind>,
    /// Types of cards.
    #[serde(default)]
    pub cards: Vec<CardType>,
    /// Channels.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Rate, parts per million.
    pub rate_ppm: i64,
    /// Added per payment, fen.
    #[serde(default)]
    pub fixed: i64,
    /// The least, fen.
    #[serde(default)]
    pub minimum: Option<i64>,
    /// The most, fen.
    #[serde(default)]
    pub cap: Option<i64>,
    /// What a refund does to it.
    pub on_refund: OnRefund,
}

impl FeeRow {
    /// Rate, fixed part, minimum and cap.
    pub fn plan(&self) -> FeePlan {
        FeePlan {
            rate_ppm: Ppm(self.rate_ppm),
            fixed: Fen(self.fixed),
            minimum: self.minimum.map(Fen),
            cap: self.cap.map(Fen),
        }
    }

    fn is_of(&self, signed: Date) -> bool {
        let from = Date::parse(&self.from).is_ok_and(|from| from <= signed);
        let until = |until: &String| Date::parse(until).is_ok_and(|until| signed < until);
        from && self.until.as_ref().is_none_or(until)
    }

    fn is_for(&self, card: CardType, channel: Channel) -> bool {
        (self.cards.is_empty() || self.cards.contains(&card))
            && (self.channels.is_empty() || self.channels.contains(&channel))
    }
}

/// The rows of the standard agreement that a merchant has agreed to. Of a merchant without an agreement: none, and
/// nothing is charged.
#[derive(Clone, Debug, Default)]
pub struct Agreed(Vec<FeeRow>);

impl Agreed {
    /// What a merchant of this class and kind agreed to by signing on a day.
    pub fn on(rows: &[FeeRow], signed: Date, class: FeeClass, kind: MerchantKind) -> Self {
        let mine = |row: &&FeeRow| {
            row.is_of(signed)
                && (row.classes.is_empty() || row.classes.contains(&class))
                && (row.merchants.is_empty() || row.merchants.contains(&kind))
        };
        Self(rows.iter().filter(mine).cloned().collect())
    }

    /// Every row, in the order in which they are looked through: the first that fits a payment is what it costs.
    pub fn rows(&self) -> &[FeeRow] {
        &self.0
    }

    /// The row that a payment is charged by.
    pub fn row(&self, card: CardType, entry: Entry) -> Option<&FeeRow> {
        self.0.iter().find(|row| row.is_for(card, Channel::of(entry)))
    }

    /// What a payment costs; nothing where no row was agreed to.
    pub fn fee(&self, amount: Fen, card: CardType, entry: Entry) -> Result<Fen, MoneyError> {
        self.row(card, entry)
            .map_or(Ok(Fen::ZERO), |row| row.plan().fee(amount))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::catalog::Catalog;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn the_shipped_agreement_charges_what_the_worked_examples_say() {
        let rows = Catalog::embedded().unwrap().fees.clone();
        use CardType::{Credit, Debit, Foreign, Prepaid, PublicService, SemiCredit, Unknown};
        use FeeClass::{Discount, Exempt, Standard};
        for (amount, card, class, fee) in [
            ("1000.00", Credit, Standard, "6.00"),
            ("10000.00", Credit, Standard, "60.00"),
            ("50000.00", Credit, Standard, "300.00"),
            ("1000.00", Debit, Standard, "5.00"),
            ("3714.29", Debit, Standard, "18.57"),
            ("4000.00", Debit, Standard, "20.00"),
            ("10000.00", Debit, Standard, "20.00"),
            ("1000.00", Credit, Discount, "3.80"),
            ("5000.00", Debit, Discount, "18.00"),
            ("1000.00", Credit, Exempt, "0.00"),
            ("88.88", Credit, Standard, "0.53"),
            ("0.50", Credit, Standard, "0.00"),
            ("1000.00", SemiCredit, Standard, "6.00"),
            ("1000.00", PublicService, Standard, "6.00"),
            ("1000.00", Foreign, Standard, "6.00"),
            ("1000.00", Unknown, Standard, "6.00"),
            ("1000.00", Prepaid, Standard, "5.00"),
        ] {
            let agreed = Agreed::on(&rows, day("2026-03-02"), class, MerchantKind::SoleTrader);
            let found = agreed.fee(Fen::parse(amount).unwrap(), card, Entry::Chip).unwrap();
            assert_eq!(found, Fen::parse(fee).unwrap(), "{amount} {card:?} {class:?}");
        }
        let agreed = Agreed::on(&rows, day("2026-03-02"), Standard, MerchantKind::Micro);
        assert_eq!(agreed.fee(Fen(100_000), Unknown, Entry::Qr), Ok(Fen(380)));
    }

    #[test]
    fn a_dearer_row_binds_those_who_sign_after_it_and_nobody_else() {
        let mut rows = Catalog::embedded().unwrap().fees.clone();
        let old = rows.iter_mut().find(|row| row.code == "credit_standard").unwrap();
        let dearer = FeeRow {
            code: "credit_2026".to_owned(),
            from: "2026-04-01".to_owned(),
            rate_ppm: 6_500,
            ..old.clone()
        };
        old.until = Some("2026-04-01".to_owned());
        rows.push(dearer);
        let fee = |signed| {
            Agreed::on(&rows, day(signed), FeeClass::Standard, MerchantKind::Enterprise)
                .fee(Fen(100_000), CardType::Credit, Entry::Chip)
                .unwrap()
        };
        assert_eq!((fee("2026-03-31"), fee("2026-04-01")), (Fen(600), Fen(650)));
        assert_eq!(
            fee("2016-09-05"),
            Fen::ZERO,
            "nothing was agreed to before the first row"
        );
    }
}
