//! Which bank issued a card and of what type, from the first digits of its number.

use crate::csv::{self, CsvError};
use crate::names::Text;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The type of a bank card. Fees and what a card may be used for depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardType {
    /// 借记卡: spends what is in the account.
    Debit,
    /// 贷记卡: spends the bank's credit.
    Credit,
    /// 准贷记卡: an account with a small overdraft; fees as for credit.
    SemiCredit,
    /// 预付卡.
    Prepaid,
    /// 公务卡: a credit card for official spending of public bodies; limits of its own, fees as for credit.
    PublicService,
    /// Issued under the numbers of a foreign network, and by no bank of the table.
    Foreign,
    /// Nobody knows: no number was read (a scanned code), or its first digits are not in the table. Judged strictly.
    Unknown,
}

impl CardType {
    /// All types.
    pub const ALL: [Self; 7] = [
        Self::Debit,
        Self::Credit,
        Self::SemiCredit,
        Self::Prepaid,
        Self::PublicService,
        Self::Foreign,
        Self::Unknown,
    ];

    /// How it is written in tables and JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
            Self::SemiCredit => "semi_credit",
            Self::Prepaid => "prepaid",
            Self::PublicService => "public_service",
            Self::Foreign => "foreign",
            Self::Unknown => "unknown",
        }
    }

    /// The type written like this.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.code() == code)
    }

    /// What people call it.
    pub fn label(self) -> Text {
        match self {
            Self::Debit => Text::new("借记卡", "debit card"),
            Self::Credit => Text::new("贷记卡", "credit card"),
            Self::SemiCredit => Text::new("准贷记卡", "semi-credit card"),
            Self::Prepaid => Text::new("预付卡", "prepaid card"),
            Self::PublicService => Text::new("公务卡", "public-service card"),
            Self::Foreign => Text::new("境外卡", "foreign card"),
            Self::Unknown => Text::new("卡种未知", "card of unknown type"),
        }
    }

    /// Whether takings may be paid to such a card. Only to a debit card; that the account behind it is of the first class
    /// (Ⅰ类户), only the bank can tell.
    pub const fn may_receive_settlement(self) -> bool {
        matches!(self, Self::Debit)
    }
}

/// One row of the table: cards that start with these digits and have this length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The first digits.
    pub prefix: String,
    /// How many digits the whole number has.
    pub length: usize,
    /// The issuing bank's Chinese name.
    pub bank: String,
    /// The type.
    pub card: CardType,
}

/// What the table says about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BinMatch<'a> {
    /// Issued by this bank.
    Found(&'a Bin),
    /// The first digits are a bank's, but its cards are of other lengths: most often a digit too many or too few.
    WrongLength {
        /// The lengths these first digits are issued with.
        issued: BTreeSet<usize>,
    },
    /// Not in the table: foreign, or a bank not listed yet. Not an error.
    Unknown,
}

/// The table of first digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinTable {
    rows: BTreeMap<(String, usize), Bin>,
    longest: usize,
    /// Type by how many first digits, their number, and the length of the whole: what every sale asks.
    types: BTreeMap<(usize, u64, usize), CardType>,
}

impl BinTable {
    /// Reads `bin,length,bank_zh,card_type`. The same first digits may stand there with several lengths, for one bank or
    /// two, but not twice with one length.
    pub fn parse(text: &str) -> Result<Self, CsvError> {
        let mut table = Self::default();
        for row in csv::rows(text, ["bin", "length", "bank_zh", "card_type"])? {
            let [prefix, length, bank, card] = &row.values;
            if !(2..=12).contains(&prefix.len()) || !prefix.bytes().all(|b| b.is_ascii_digit()) {
                return Err(row.wrong(0, "must be 2 to 12 digits"));
            }
            let length: usize = length
                .parse()
                .ok()
                .filter(|n| (13..=19).contains(n))
                .ok_or_else(|| row.wrong(1, "must be a number from 13 to 19"))?;
            if bank.is_empty() {
                return Err(row.wrong(2, "must name the bank"));
            }
            let card = CardType::from_code(card)
                .filter(|card| !matches!(card, CardType::Foreign | CardType::Unknown))
                .ok_or_else(|| {
                    row.wrong(
                        3,
                        "must be `debit`, `credit`, `semi_credit`, `prepaid` or `public_service`",
                    )
                })?;
            let bin = Bin {
                prefix: prefix.clone(),
                length,
                bank: bank.clone(),
                card,
            };
            table.longest = table.longest.max(prefix.len());
            if let Ok(digits) = prefix.parse() {
                table.types.insert((prefix.len(), digits, length), card);
            }
            if table.rows.insert((prefix.clone(), length), bin).is_some() {
                return Err(row.wrong(0, "stands in the table twice with this length"));
            }
        }
        Ok(table)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whose card a number is: the row with the longest first digits that match and exactly this length.
    pub fn lookup(&self, digits: &str) -> BinMatch<'_> {
        let prefixes = || {
            let longest = self.longest.min(digits.len());
            (1..=longest).rev().filter_map(|n| digits.get(..n))
        };
        for prefix in prefixes() {
            if let Some(bin) = self.rows.get(&(prefix.to_owned(), digits.len())) {
                return BinMatch::Found(bin);
            }
        }
        let issued: BTreeSet<usize> = prefixes()
            .flat_map(|prefix| self.with_prefix(prefix))
            .map(|bin| bin.length)
            .collect();
        if issued.is_empty() {
            BinMatch::Unknown
        } else {
            BinMatch::WrongLength { issued }
        }
    }

    /// The type of a card by its number, without a word about its bank. What is in no row and begins like the numbers of
    /// a foreign network (3, 4 or 5) counts as foreign, anything else as unknown.
    pub fn card_type(&self, digits: &str) -> CardType {
        let prefix = digits.get(..self.longest.min(digits.len())).unwrap_or_default();
        let Ok(mut number) = prefix.parse::<u64>() else {
            return CardType::Unknown;
        };
        for length in (2..=prefix.len()).rev() {
            if let Some(card) = self.types.get(&(length, number, digits.len())) {
                return *card;
            }
            number /= 10;
        }
        match digits.as_bytes().first() {
            Some(b'3'..=b'5') => CardType::Foreign,
            _ => CardType::Unknown,
        }
    }

    fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = &Bin> {
        let (from, to) = ((prefix.to_owned(), 0), (prefix.to_owned(), usize::MAX));
        self.rows.range(from..=to).map(|(_, bin)| bin)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn table() -> BinTable {
        BinTable::parse(include_str!("../../../catalog/bins.csv")).unwrap()
    }

    fn found<'a>(table: &'a BinTable, digits: &str) -> &'a Bin {
        match table.lookup(digits) {
            BinMatch::Found(bin) => bin,
            other => panic!("{digits}: {other:?}"),
        }
    }

    #[test]
    fn a_card_tells_its_bank_and_type() {
        let table = table();
        for (digits, bank, card) in [
            ("6222020000000000000", "中国工商银行", CardType::Debit),
            ("6225880000000001", "招商银行", CardType::Debit),
            ("62225800000000002", "交通银行", CardType::Debit),
            ("6225750000000006", "招商银行", CardType::Credit),
            ("6227520000000001", "中国银行", CardType::SemiCredit),
        ] {
            let bin = found(&table, digits);
            assert_eq!((bin.bank.as_str(), bin.card), (bank, card));
        }
        let count = |card| table.rows.values().filter(|bin| bin.card == card).count();
        assert_eq!(CardType::ALL.map(count), [51, 35, 4, 1, 1, 0, 0]);
        assert_eq!(table.len(), 92);
    }

    #[test]
    fn a_sale_learns_the_type_from_the_first_digits_and_the_length() {
        let table = table();
        for (digits, card) in [
            ("6222020000000000000", CardType::Debit),
            ("6225750000000006", CardType::Credit),
            ("6227520000000001", CardType::SemiCredit),
            ("6205140000000000", CardType::Prepaid),
            ("6283660000000000", CardType::PublicService),
            ("4000000000000002", CardType::Foreign),
            ("6222020000000000", CardType::Unknown),
            ("9999990000000000", CardType::Unknown),
            ("", CardType::Unknown),
            ("６２２２", CardType::Unknown),
        ] {
            assert_eq!(table.card_type(digits), card, "{digits}");
        }
        for bin in table.rows.values() {
            let digits = format!("{:0<1$}", bin.prefix, bin.length);
            assert_eq!(table.card_type(&digits), found(&table, &digits).card);
        }
    }

    #[test]
    fn a_digit_too_many_is_told_apart_from_a_foreign_card() {
        let table = table();
        let issued = BTreeSet::from([16]);
        assert_eq!(table.lookup("62258800000000010"), BinMatch::WrongLength { issued });
        assert_eq!(table.lookup("4000000000000002"), BinMatch::Unknown);
        assert_eq!(table.lookup(""), BinMatch::Unknown);
        assert_eq!(table.lookup("招商银行"), BinMatch::Unknown);
    }

    #[test]
    fn the_longest_first_digits_of_the_right_length_win() {
        let rows = "622309,18,甲,debit\n622309,19,乙,credit\n6223091,18,丙,debit\n62,19,丁,prepaid\n";
        let table = BinTable::parse(&format!("bin,length,bank_zh,card_type\n{rows}")).unwrap();
        assert_eq!(found(&table, "622309000000000000").bank, "甲");
        assert_eq!(found(&table, "6223090000000000000").bank, "乙");
        assert_eq!(found(&table, "622309100000000000").bank, "丙");
        // Nineteen digits: the longer first digits are issued with eighteen only.
        assert_eq!(found(&table, "6223091000000000000").bank, "乙");
        assert_eq!(found(&table, "6200000000000000000").bank, "丁");
    }

    #[test]
    fn only_a_debit_card_receives_settlement() {
        let may: Vec<_> = CardType::ALL
            .into_iter()
            .filter(|c| c.may_receive_settlement())
            .collect();
        assert_eq!(may, [CardType::Debit]);
    }

    #[test]
    fn a_bad_row_is_refused_with_its_line_and_column() {
        for (row, says) in [
            ("62a,16,甲,debit", "line 2, column `bin`"),
            ("622309,12,甲,debit", "line 2, column `length`"),
            ("622309,16,,debit", "line 2, column `bank_zh`"),
            ("622309,16,甲,gold", "line 2, column `card_type`"),
            ("622309,16,甲,debit\n622309,16,乙,debit", "line 3, column `bin`"),
        ] {
            let error = BinTable::parse(&format!("bin,length,bank_zh,card_type\n{row}")).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
