#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn at(millis: i64) -> Time {
    Time::from_millis(millis)
}

#[test]
fn an_id_is_prefix_time_and_randomness() {
    let id = MerchantId::new(at(0), [0; 10]);
    assert_eq!(id.as_str(), "mch_00000000000000000000000000");
    let id = MerchantId::new(Time::MAX, [0xff; 10]);
    assert_eq!(id.as_str(), "mch_76EZ68Q8R0ZZZZZZZZZZZZZZZZ");
    // 2026-11-22T00:00:00Z is 1795305600000 ms: ten characters of time, sixteen of the bytes 00 01 … 09.
    let id = StepId::new(at(1_795_305_600_000), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(id.as_str(), "step_01M808TX00000G40R40M30E209");
}

#[test]
fn only_the_right_kind_of_id_is_read() {
    let merchant = IdSource::seeded(1).id::<MerchantId>(at(5));
    assert_eq!(merchant.as_str().parse::<MerchantId>(), Ok(merchant.clone()));
    let error = merchant.as_str().parse::<ShopId>().unwrap_err();
    assert_eq!(error.to_string(), "a shop id starts with `shp_`");
    for wrong in [
        "mch_",
        "mch_0000000000000000000000000",
        "mch_000000000000000000000000000",
        "mch_80000000000000000000000000",
        "mch_0000000000000000000000000U",
        "mch_0000000000000000000000000a",
        "mch_000000000000000000000000é",
    ] {
        assert!(
            matches!(wrong.parse::<MerchantId>(), Err(IdError::Body { .. })),
            "{wrong}"
        );
    }
    assert!(serde_json::from_str::<ShopId>(&format!("\"{merchant}\"")).is_err());
    assert_eq!(serde_json::to_string(&merchant).unwrap(), format!("\"{merchant}\""));
    assert_eq!(format!("{merchant:?}"), merchant.to_string());
}

#[test]
fn every_kind_has_its_own_prefix() {
    let prefixes: BTreeSet<_> = KINDS.iter().map(|(prefix, _)| prefix).collect();
    assert_eq!(prefixes.len(), 24);
    // No prefix begins another, so a search box can tell what it was given.
    for a in &prefixes {
        assert!(a.ends_with('_') && prefixes.iter().all(|b| a == b || !b.starts_with(**a)));
    }
}

#[test]
fn the_same_seed_gives_the_same_sequence() {
    let draw = |mut source: IdSource| {
        let ids: Vec<StopId> = (0..5).map(|n| source.id(at(n / 2))).collect();
        (ids, source.bytes::<70>(), source.below(1000))
    };
    assert_eq!(draw(IdSource::seeded(7)), draw(IdSource::seeded(7)));
    assert_ne!(draw(IdSource::seeded(7)), draw(IdSource::seeded(8)));
    assert_ne!(
        draw(IdSource::from_entropy([1; 32])),
        draw(IdSource::from_entropy([2; 32]))
    );
    let long = IdSource::seeded(7).bytes::<70>();
    assert_ne!(long[..32], long[32..64], "every block is another");
}

#[test]
fn a_source_does_not_show_what_it_started_from() {
    let source = IdSource::from_entropy([0xab; 32]);
    assert_eq!(format!("{source:?}"), "IdSource(0 blocks drawn)");
}

#[test]
fn sources_in_turn_make_ids_that_sort_by_their_turn() {
    let ids = |turn: u32| -> Vec<EventId> {
        let mut source = IdSource::seeded(u64::from(turn % 3)).in_turn(turn);
        (0..50).map(|_| source.id(at(5))).collect()
    };
    let made: Vec<EventId> = [0, 1, 2, 77, (1 << 31) - 1].into_iter().flat_map(ids).collect();
    assert!(made.is_sorted() && made.iter().collect::<BTreeSet<_>>().len() == made.len());
    assert!(
        made[249] < IdSource::seeded(1).id::<EventId>(at(6)),
        "the time comes first"
    );
}

#[test]
fn numbers_below_a_limit_reach_all_of_it_and_nothing_else() {
    let mut source = IdSource::seeded(3);
    let drawn: BTreeSet<u64> = (0..500).map(|_| source.below(6)).collect();
    assert_eq!(drawn, (0..6).collect());
    assert_eq!(source.below(0), 0);
}

#[test]
fn an_explanation_code_is_read_however_it_is_typed() {
    let code: ExplanationCode = "7K3-M9Q".parse().unwrap();
    assert_eq!((code.as_str(), code.to_string().as_str()), ("7K3M9Q", "7K3-M9Q"));
    for typed in [
        "7k3m9q",
        " 7K3 M9Q ",
        "7-K-3-M-9-Q",
        "7K3–M9Q",
        "７Ｋ３－Ｍ９Ｑ",
        "7k3--m9q\n",
    ] {
        assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
    }
    assert_eq!("OIl-ooL".parse::<ExplanationCode>().unwrap().as_str(), "011001");
    assert_eq!(
        "7K3-M9".parse::<ExplanationCode>(),
        Err(ExplanationCodeError::Length { found: 5 })
    );
    assert_eq!(
        "7K3-M9QQ".parse::<ExplanationCode>(),
        Err(ExplanationCodeError::Length { found: 7 })
    );
    assert_eq!(
        "7K3-M9U".parse::<ExplanationCode>(),
        Err(ExplanationCodeError::Character { found: 'U' })
    );
    assert_eq!(
        "7K3-M9码".parse::<ExplanationCode>(),
        Err(ExplanationCodeError::Character { found: '码' })
    );
    assert_eq!(serde_json::to_string(&code).unwrap(), "\"7K3-M9Q\"");
}

#[test]
fn numbers_of_merchants_terminals_and_devices_keep_to_their_length() {
    assert!("822290070111135".parse::<MerchantNumber>().is_ok());
    assert!(
        "82229005812000A".parse::<MerchantNumber>().is_ok(),
        "field 42 may hold letters"
    );
    let error = "82229005812001".parse::<MerchantNumber>().unwrap_err();
    assert_eq!(error.to_string(), "a merchant number has 15 characters; this has 14");
    assert!("8222900581200 1".parse::<MerchantNumber>().is_err());
    assert!("A0010000".parse::<TerminalNumber>().is_ok());
    let error = "2903-705".parse::<TerminalNumber>().unwrap_err();
    assert_eq!(error.to_string(), "a terminal number cannot contain `-` (character 5)");
    assert!("2903470".parse::<TerminalNumber>().is_err());
    let serial: SerialNumber = " 00009904sim0000000001".parse().unwrap();
    assert_eq!(serial.as_str(), "00009904SIM0000000001", "one device, one spelling");
    assert!("".parse::<SerialNumber>().is_err());
    assert!("1".repeat(51).parse::<SerialNumber>().is_err());
    assert!("序列号".parse::<SerialNumber>().is_err());
    assert_eq!("agt-001".parse::<AgentNumber>().unwrap().as_str(), "AGT-001");
    assert!("agt 001".parse::<AgentNumber>().is_err());
}

proptest! {
    #[test]
    fn ids_sort_by_time_and_within_a_source_ascend_in_one_millisecond(
        mut times in prop::collection::vec(0_i64..50, 1..200), seed: u64,
    ) {
        times.sort_unstable();
        let mut source = IdSource::seeded(seed);
        let ids: Vec<TransactionId> = times.iter().map(|t| source.id(at(*t))).collect();
        prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        for id in ids {
            prop_assert_eq!(TransactionId::parse(id.as_str()), Ok(id.clone()));
        }
    }

    #[test]
    fn random_codes_read_back(seed: u64) {
        let code = ExplanationCode::random(&mut IdSource::seeded(seed));
        prop_assert_eq!(code.to_string().parse(), Ok(code.clone()));
        prop_assert_eq!(code.as_str().to_lowercase().parse(), Ok(code));
    }

    #[test]
    fn no_typed_text_breaks_the_readers(text in "\\PC{0,60}") {
        let _ = ExplanationCode::parse(&text);
        if let Ok(serial) = SerialNumber::parse(&text) {
            prop_assert_eq!(SerialNumber::parse(serial.as_str()), Ok(serial.clone()));
        }
    }
}
