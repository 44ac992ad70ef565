#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::catalog::Catalog;

static BOOKS: LazyLock<Books> = LazyLock::new(|| Catalog::embedded().unwrap().books.clone());

/// The kinds whose fee is written below nothing: they give it back.
const BACK: [&str; 3] = ["void", "completion_void", "refund"];

fn sums(postings: &[Posting<'_>]) -> BTreeMap<String, Volume> {
    let mut sums: BTreeMap<String, Volume> = BTreeMap::new();
    for (account, volume) in postings.iter().flat_map(Posting::legs) {
        let sum = sums.entry(account.to_owned()).or_default();
        *sum = sum.plus(volume).unwrap();
    }
    sums
}

fn balance(sums: &BTreeMap<String, Volume>, account: &str) -> i64 {
    let side = BOOKS.accounts.iter().find(|row| row.code == account).unwrap().side;
    sums.get(account).copied().unwrap_or_default().balance(side).unwrap().0
}

#[test]
fn a_sale_is_owed_by_the_network_and_to_the_merchant_less_its_fee() {
    let sale = BOOKS.entry("sale.1").unwrap();
    let sums = sums(&sale.postings(Fen(10_000), Fen(60)).unwrap());
    assert_eq!(balance(&sums, "network_due"), 10_000);
    assert_eq!(balance(&sums, "merchant_payable"), 9_940);
    assert_eq!(balance(&sums, "fee_income"), 60);
}

#[test]
fn what_holds_an_amount_only_is_not_posted() {
    for kind in ["preauth", "preauth_void", "load_cash", "balance"] {
        assert!(BOOKS.in_force(kind).is_none(), "{kind}");
        assert!(BOOKS.entry(&format!("{kind}.1")).is_none(), "{kind}");
    }
}

#[test]
fn nothing_and_less_cannot_be_posted_nor_a_fee_on_the_wrong_side() {
    let sale = BOOKS.entry("sale.1").unwrap();
    let void = BOOKS.entry("void.1").unwrap();
    assert_eq!(sale.postings(Fen(0), Fen(0)), Err(PostingError::NotPositive(0)));
    assert_eq!(sale.postings(Fen(-1), Fen(0)), Err(PostingError::NotPositive(-1)));
    assert_eq!(sale.postings(Fen(100), Fen(-1)), Err(PostingError::NotPositive(-1)));
    assert_eq!(void.postings(Fen(100), Fen(1)), Err(PostingError::NotPositive(-1)));
    let one = PostingError::OneAccount("fee_income".to_owned());
    assert_eq!(Posting::new("fee_income", "fee_income", Fen(1)), Err(one));
    let least = PostingError::Money(MoneyError::TooLarge);
    assert_eq!(sale.postings(Fen(1), Fen(i64::MIN)), Err(least));
}

#[test]
fn a_volume_that_cannot_be_counted_says_so() {
    let full = Volume {
        debit: Fen(i64::MAX),
        credit: Fen(0),
    };
    let one = Volume {
        debit: Fen(1),
        credit: Fen(0),
    };
    assert_eq!(full.plus(one), Err(MoneyError::TooLarge));
    let less = Volume {
        debit: Fen(0),
        credit: Fen(i64::MIN),
    };
    assert_eq!(less.balance(Side::Debit), Err(MoneyError::TooLarge));
}

#[test]
fn names_of_entries_are_read_back_and_nothing_else_is() {
    for kind in KINDS {
        let Some(template) = BOOKS.in_force(kind) else { continue };
        let entry = BOOKS.entry(&template.code()).unwrap();
        assert_eq!((entry.kind(), entry.is_reversal()), (*kind, false));
        let reversal = BOOKS.entry(&format!("{}{REVERSAL}", template.code())).unwrap();
        assert_eq!((reversal.kind(), reversal.is_reversal()), (*kind, true));
        assert_ne!(entry.name(), reversal.name());
    }
    for code in [
        "",
        "sale",
        "sale.",
        "sale.01",
        "sale.+1",
        "sale.2",
        "sold.1",
        "sale.1.reversal.reversal",
        ".reversal",
    ] {
        assert!(BOOKS.entry(code).is_none(), "{code}");
    }
}

#[test]
fn the_highest_version_is_in_force_and_the_ones_before_are_still_read() {
    let mut books = BOOKS.clone();
    let mut second = books.in_force("sale").unwrap().clone();
    second.version = 2;
    books.templates.insert(0, second);
    assert_eq!(books.in_force("sale").unwrap().code(), "sale.2");
    assert!(books.entry("sale.1").is_some());
}

proptest! {
    #[test]
    fn whatever_is_posted_sums_to_nothing_and_its_reversal_leaves_nothing(
        kind in prop::sample::select(KINDS),
        amount in 1_i64..=i64::MAX / 4,
        fee in 0_i64..=i64::MAX / 4,
    ) {
        let Some(template) = BOOKS.in_force(kind) else { return Ok(()) };
        let fee = Fen(if BACK.contains(&kind) { -fee } else { fee });
        let posted = Entry::of(template).postings(Fen(amount), fee).unwrap();
        let all = sums(&posted).into_values().try_fold(Volume::default(), Volume::plus).unwrap();
        prop_assert_eq!(all.debit, all.credit);
        prop_assert!(all.debit.0 >= amount);

        let reversal = BOOKS.entry(&format!("{}{REVERSAL}", template.code())).unwrap();
        let back = reversal.postings(Fen(amount), fee).unwrap();
        for volume in sums(&[posted, back].concat()).into_values() {
            prop_assert_eq!(volume.debit, volume.credit);
        }
    }

    #[test]
    fn a_void_leaves_nothing_of_its_sale(amount in 1_i64..=i64::MAX / 4, fee in 0_i64..=i64::MAX / 4) {
        let sale = BOOKS.entry("sale.1").unwrap().postings(Fen(amount), Fen(fee)).unwrap();
        let void = BOOKS.entry("void.1").unwrap().postings(Fen(amount), Fen(-fee)).unwrap();
        for volume in sums(&[sale, void].concat()).into_values() {
            prop_assert_eq!(volume.debit, volume.credit);
        }
    }
}
