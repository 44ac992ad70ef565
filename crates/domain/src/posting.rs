//! The books: which accounts there are, and how a payment is posted to them. Both are tables of the catalogue
//! (`postings.toml`); here is what follows from them.
//!
//! An **entry** is what one payment is in the books, under one version of its kind's template. It consists of
//! **postings**, and a posting has two legs of one amount, so nothing that can be written here is out of balance.

use serde::{Deserialize, Serialize};

use crate::catalog::Words;
use crate::money::{Fen, MoneyError};

#[cfg(test)]
mod tests;

/// The kinds of payments: each needs a template, if only one without postings.
pub const KINDS: &[&str] = &[
    "sale",
    "qr_sale",
    "void",
    "refund",
    "preauth",
    "preauth_void",
    "completion",
    "completion_void",
    "load_specified",
    "load_cash",
    "load_other",
    "load_cash_void",
    "completion_notice",
    "offline_sale",
    "chip_offline",
    "offline_adjust",
    "tip_adjust",
];

/// What follows the name of a template in the name of a reversal's entry: `sale.1.reversal`.
pub const REVERSAL: &str = ".reversal";

/// On which side the balance of an account normally stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// 借: what others owe.
    Debit,
    /// 贷: what is owed to others, and income.
    Credit,
}

/// A row of the chart of accounts. Every merchant has each of them by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Stable code; stored volumes name it.
    pub code: String,
    /// What it is called.
    pub name: Words,
    /// Where its balance normally stands.
    pub side: Side,
}

/// How much a posting is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The payment's amount.
    Amount,
    /// What its merchant pays for it.
    Fee,
    /// What its merchant gets back: the fee of a payment that undoes another is written below nothing.
    FeeReturned,
}

/// A posting as a template has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The account the value goes to.
    pub debit: String,
    /// The account the value comes from.
    pub credit: String,
    /// How much.
    pub of: Measure,
}

/// How a kind of payment is posted: a row of `postings.toml`, never changed once something was posted under it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The kind of payment.
    pub kind: String,
    /// From 1.
    pub version: u32,
    /// What its entries are called.
    pub name: Words,
    /// What the entries of reversals of it are called; a kind that posts nothing has none.
    #[serde(default)]
    pub reversal: Option<Words>,
    /// What is posted; nothing where it moves no money.
    #[serde(default)]
    pub postings: Vec<Rule>,
}

impl Template {
    /// Its name in rows: `sale.1`.
    pub fn code(&self) -> String {
        format!("{}.{}", self.kind, self.version)
    }
}

/// The tables of the books.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The chart of accounts, in the order of the file.
    pub accounts: Vec<Account>,
    /// How kinds of payments are posted, in the order of the file.
    pub templates: Vec<Template>,
}

impl Books {
    /// The template under which a payment of a kind is posted now: the highest version. None for a kind that moves no
    /// money, or is unknown.
    pub fn in_force(&self, kind: &str) -> Option<&Template> {
        let of_kind = self.templates.iter().filter(|template| template.kind == kind);
        let newest = of_kind.max_by_key(|template| template.version)?;
        (!newest.postings.is_empty()).then_some(newest)
    }

    /// The entry that a row names: `sale.1`, or `sale.1.reversal`.
    pub fn entry(&self, code: &str) -> Option<Entry<'_>> {
        let (name, reversed) = match code.strip_suffix(REVERSAL) {
            Some(name) => (name, true),
            None => (code, false),
        };
        let (kind, version) = name.rsplit_once('.')?;
        let version = version.parse::<u32>().ok().filter(|n| n.to_string() == version)?;
        let template = self
            .templates
            .iter()
            .find(|template| template.version == version && template.kind == kind)?;
        (!template.postings.is_empty()).then_some(Entry { template, reversed })
    }
}

/// How one payment is posted.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'t> {
    template: &'t Template,
    reversed: bool,
}

impl<'t> Entry<'t> {
    /// The entry of a payment under a template.
    pub const fn of(template: &'t Template) -> Self {
        Self {
            template,
            reversed: false,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &'t Words {
        let reversal = self.template.reversal.as_ref().filter(|_| self.reversed);
        reversal.unwrap_or(&self.template.name)
    }

    /// The kind of payment that it is an entry of, or of a reversal of.
    pub fn kind(&self) -> &'t str {
        &self.template.kind
    }

    /// Whether it posts what a payment had posted the other way.
    pub const fn is_reversal(&self) -> bool {
        self.reversed
    }

    /// The postings of a payment of this amount and fee. Those of a reversal are what the reversed payment's were (its
    /// amount, its fee), the other way.
    ///
    /// # Errors
    /// An amount that is not above nothing, or a fee on the wrong side of it.
    pub fn postings(&self, amount: Fen, fee: Fen) -> Result<Vec<Posting<'t>>, PostingError> {
        let returned = fee.checked_neg()?;
        let mut postings = Vec::with_capacity(self.template.postings.len());
        for rule in &self.template.postings {
            let measured = match rule.of {
                Measure::Amount => amount,
                Measure::Fee => fee,
                Measure::FeeReturned => returned,
            };
            if measured == Fen::ZERO && rule.of != Measure::Amount {
                continue;
            }
            let (to, from) = if self.reversed {
                (&rule.credit, &rule.debit)
            } else {
                (&rule.debit, &rule.credit)
            };
            postings.push(Posting::new(from, to, measured)?);
        }
        Ok(postings)
    }
}

/// Why something cannot be posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    /// Nothing, or less.
    #[error("{0} fen cannot be posted: a posting is of more than nothing, and its legs say which way")]
    NotPositive(i64),
    /// One account on both sides.
    #[error("account «{0}» cannot be on both sides of a posting")]
    OneAccount(String),
    /// Beyond what can be counted.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// An amount on its way from one account to another. There is no one-sided one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting<'t> {
    from: &'t str,
    to: &'t str,
    amount: Fen,
}

impl<'t> Posting<'t> {
    /// Debits `to` and credits `from`.
    ///
    /// # Errors
    /// An amount that is not above nothing; the same account twice.
    pub fn new(from: &'t str, to: &'t str, amount: Fen) -> Result<Self, PostingError> {
        if amount <= Fen::ZERO {
            return Err(PostingError::NotPositive(amount.0));
        }
        if from == to {
            return Err(PostingError::OneAccount(from.to_owned()));
        }
        Ok(Self { from, to, amount })
    }

    /// Both legs: the account and what is added to its volume.
    pub const fn legs(&self) -> [(&'t str, Volume); 2] {
        let (debit, credit) = (self.amount, self.amount);
        [
            (
                self.to,
                Volume {
                    debit,
                    credit: Fen::ZERO,
                },
            ),
            (
                self.from,
                Volume {
                    debit: Fen::ZERO,
                    credit,
                },
            ),
        ]
    }
}

/// What went through an account: kept instead of a balance, which it gives and which does not give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// What it was debited with.
    pub debit: Fen,
    /// What it was credited with.
    pub credit: Fen,
}

impl Volume {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            debit: self.debit.checked_add(other.debit)?,
            credit: self.credit.checked_add(other.credit)?,
        })
    }

    /// What stands on an account whose balance is normally on `side`; below nothing where it is on the other.
    pub fn balance(self, side: Side) -> Result<Fen, MoneyError> {
        match side {
            Side::Debit => self.debit.checked_sub(self.credit),
            Side::Credit => self.credit.checked_sub(self.debit),
        }
    }
}
