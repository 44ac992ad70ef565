#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use CardType::{Credit, Debit, Prepaid, SemiCredit};
use FeeClass::{Discount, Exempt, Standard};
use proptest::prelude::*;

const CREDIT: FeePlan = FeePlan::rate(Ppm(6_000));
const DEBIT: FeePlan = FeePlan::capped(Ppm(5_000), Fen(2_000));
const CREDIT_DISCOUNT: FeePlan = FeePlan::rate(Ppm(3_800));
const DEBIT_DISCOUNT: FeePlan = FeePlan::capped(Ppm(3_800), Fen(1_800));

fn yuan(text: &str) -> Fen {
    Fen::parse(text).unwrap()
}

fn sale(amount: &str, card: CardType, class: FeeClass, plan: FeePlan) -> FeeSplit {
    split(yuan(amount), card, class, &plan, &Tariff::REGULATED).unwrap()
}

#[test]
fn the_worked_examples_come_out_to_the_fen() {
    for (amount, card, class, plan, fees) in [
        ("1000.00", Credit, Standard, CREDIT, "6.00 4.50 0.33 1.17"),
        ("10000.00", Credit, Standard, CREDIT, "60.00 45.00 3.25 11.75"),
        ("50000.00", Credit, Standard, CREDIT, "300.00 225.00 3.25 71.75"),
        ("1000.00", Debit, Standard, DEBIT, "5.00 3.50 0.33 1.17"),
        ("3714.29", Debit, Standard, DEBIT, "18.57 13.00 1.21 4.36"),
        ("4000.00", Debit, Standard, DEBIT, "20.00 13.00 1.30 5.70"),
        ("10000.00", Debit, Standard, DEBIT, "20.00 13.00 3.25 3.75"),
        ("1000.00", Credit, Discount, CREDIT_DISCOUNT, "3.80 3.51 0.25 0.04"),
        ("5000.00", Debit, Discount, DEBIT_DISCOUNT, "18.00 10.14 1.27 6.59"),
        ("1000.00", Credit, Exempt, FeePlan::FREE, "0.00 0.00 0.00 0.00"),
        ("1000.00", Debit, Exempt, FeePlan::FREE, "0.00 0.00 0.00 0.00"),
        ("88.88", Credit, Standard, CREDIT, "0.53 0.40 0.03 0.10"),
        ("0.50", Credit, Standard, CREDIT, "0.00 0.00 0.00 0.00"),
        ("1000.00", SemiCredit, Standard, CREDIT, "6.00 4.50 0.33 1.17"),
        ("1000.00", Prepaid, Standard, DEBIT, "5.00 3.50 0.33 1.17"),
    ] {
        let FeeSplit {
            merchant,
            issuer,
            network,
            acquirer,
        } = sale(amount, card, class, plan);
        let found = format!("{merchant} {issuer} {network} {acquirer}");
        assert_eq!(found, fees, "{amount} {card:?} {class:?}");
    }
}

#[test]
fn caps_are_reached_where_they_should_be() {
    let issuer = |amount| sale(amount, Debit, Standard, DEBIT).issuer;
    assert_eq!((issuer("3714.28"), issuer("3714.29")), (Fen(1_300), Fen(1_300)));
    assert_eq!(issuer("3712.85"), Fen(1_299));
    assert_eq!(DEBIT.fee(yuan("3998.99")), Ok(Fen(1_999)));
    assert_eq!(DEBIT.fee(yuan("4000.01")), Ok(Fen(2_000)));
    let network = |amount| sale(amount, Credit, Standard, CREDIT).network;
    assert_eq!((network("9984.61"), network("10000.01")), (Fen(324), Fen(325)));
}

#[test]
fn the_discount_class_keeps_its_caps_when_the_institution_reads_it_so() {
    let tariff = Tariff {
        discount_scales_cap: false,
        ..Tariff::REGULATED
    };
    let split = split(yuan("5000.00"), Debit, Discount, &DEBIT_DISCOUNT, &tariff).unwrap();
    assert_eq!(split.issuer, Fen(1_300));
}

#[test]
fn the_relief_of_2021_is_a_factor_with_the_cap_unchanged() {
    let debit = CardTariff {
        standard_factor: Ppm(900_000),
        ..Tariff::REGULATED.debit
    };
    let tariff = Tariff {
        debit,
        ..Tariff::REGULATED
    };
    let fees = |amount| split(yuan(amount), Debit, Standard, &DEBIT, &tariff).unwrap();
    assert_eq!((fees("1000.00").issuer, fees("1000.00").network), (Fen(315), Fen(29)));
    assert_eq!(fees("10000.00").issuer, Fen(1_300));
}

#[test]
fn fixed_part_minimum_and_cap_work_together() {
    let plan: FeePlan = toml::from_str("rate_ppm = 6000\nfixed = 300\nminimum = 350\ncap = 1000").unwrap();
    for (amount, fee) in [("0.00", 0), ("10.00", 350), ("100.00", 360), ("5000.00", 1000)] {
        assert_eq!(plan.fee(yuan(amount)), Ok(Fen(fee)), "{amount}");
    }
    assert!(
        toml::from_str::<FeePlan>("rate = 6000").is_err(),
        "a misspelt key is no free plan"
    );
    assert_eq!(CREDIT.fee(Fen(i64::MAX)), Ok(Fen(55_340_232_221_128_655)));
    let absurd = FeePlan {
        rate_ppm: Ppm(2_000_000),
        ..FeePlan::FREE
    };
    assert_eq!(absurd.fee(Fen(i64::MAX)), Err(MoneyError::TooLarge));
}

#[test]
fn the_last_refund_takes_what_is_left_of_the_fee() {
    let mut sale = Refundable {
        amount: Fen(10_000),
        fee: Fen(61),
        refunded: Fen(0),
        fee_returned: Fen(0),
    };
    for (refund, share) in [(3_333, 20), (3_333, 20), (3_334, 21)] {
        let returned = sale.fee_share(Fen(refund)).unwrap();
        assert_eq!(returned, Fen(share));
        sale.refunded = sale.refunded.checked_add(Fen(refund)).unwrap();
        sale.fee_returned = sale.fee_returned.checked_add(returned).unwrap();
    }
    assert_eq!(sale.fee_share(Fen(1)), Err(RefundError::MoreThanLeft { left: Fen(0) }));
    assert_eq!(sale.fee_share(Fen(0)), Err(RefundError::NotPositive));
}

#[test]
fn categories_have_names_and_fee_classes() {
    let categories = Categories::parse(include_str!("../../../../catalog/mcc.csv")).unwrap();
    let of = |class| -> Vec<&str> {
        let of_class = categories.iter().filter(|(_, category)| category.class == class);
        of_class.map(|(code, _)| code).collect()
    };
    assert_eq!(of(Exempt), ["8062", "8211", "8220", "8398"]);
    assert_eq!(
        of(Discount),
        [
            "3998", "4111", "4112", "4121", "4131", "4511", "4784", "4900", "5300", "5411", "5541", "5542"
        ]
    );
    assert_eq!(categories.get("0742").unwrap().name.zh, "兽医服务");
    assert!(
        categories.get("742").is_none(),
        "a lost leading zero is not that category"
    );
    for (row, says) in [
        ("742,a,b,standard", "column `code`"),
        ("0742,,b,standard", "column `zh`"),
        ("0742,a,,standard", "column `en`"),
        ("0742,a,b,free", "column `fee_class`"),
        ("0742,a,b,exempt\n0742,a,b,exempt", "line 3"),
    ] {
        let error = Categories::parse(&format!("code,zh,en,fee_class\n{row}")).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

proptest! {
    #[test]
    fn the_parts_always_make_the_whole(
        fen in 0_i64..100_000_000, card in 0_usize..4, class in 0_usize..3, rate in 0_i64..20_000,
    ) {
        let class = [Standard, Discount, Exempt][class];
        let plan = FeePlan::rate(Ppm(rate));
        let fees = split(Fen(fen), CardType::ALL[card], class, &plan, &Tariff::REGULATED).unwrap();
        prop_assert_eq!(fees.merchant.0, fees.issuer.0 + fees.network.0 + fees.acquirer.0);
        prop_assert!(fees.network <= Fen(325));
    }

    #[test]
    fn refunds_in_any_pieces_return_exactly_the_fee(
        pieces in prop::collection::vec(1_i64..5_000, 1..30), fee in 0_i64..500,
    ) {
        let amount = Fen(pieces.iter().sum());
        let mut sale = Refundable { amount, fee: Fen(fee), refunded: Fen(0), fee_returned: Fen(0) };
        for piece in pieces {
            let share = sale.fee_share(Fen(piece)).unwrap();
            prop_assert!(share >= Fen(0));
            sale.refunded = sale.refunded.checked_add(Fen(piece)).unwrap();
            sale.fee_returned = sale.fee_returned.checked_add(share).unwrap();
            prop_assert!(sale.fee_returned <= sale.fee);
        }
        prop_assert_eq!(sale.fee_returned, sale.fee);
    }
}
