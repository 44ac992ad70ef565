#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::cards::{BinMatch, BinTable};
use crate::ids::{MerchantNumber, SerialNumber, TerminalNumber};
use crate::names::Lang;
use crate::time::Date;
use IdentifierError as E;
use IdentifierWarning as W;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn today() -> Date {
    Date::new(2026, 11, 22).unwrap()
}

/// The values of one section of the test data, each with whether it stands under `valid`.
fn samples(section: &str) -> BTreeMap<String, bool> {
    let all: serde_json::Value = serde_json::from_str(include_str!("../../testdata/ids.json")).unwrap();
    let mut values = BTreeMap::new();
    for kind in ["valid", "invalid"] {
        for sample in all[section][kind].as_array().unwrap() {
            let value = sample["value"].as_str().unwrap().to_owned();
            values.insert(value, kind == "valid");
        }
    }
    assert!(values.len() >= 4, "{section}");
    values
}

/// Every sample under `valid` is read without error; every other gives what `exceptions` says of it, and nothing of
/// the exceptions is left over.
fn judge<T: PartialEq + std::fmt::Debug>(section: &str, exceptions: &[(&str, T)], fine: T, judge: impl Fn(&str) -> T) {
    let samples = samples(section);
    for (value, valid) in &samples {
        let expected = exceptions.iter().find(|(sample, _)| sample == value);
        match expected {
            Some((_, expected)) => assert_eq!(judge(value), *expected, "{section} {value}"),
            None if *valid => assert_eq!(judge(value), fine, "{section} {value}"),
            None => panic!("{section} {value}: nothing expected of it"),
        }
    }
    for (value, _) in exceptions {
        assert!(samples.contains_key(*value), "{section} {value} is no sample");
    }
}

fn length(least: usize, most: usize, found: usize) -> E {
    E::Length { least, most, found }
}

fn character(position: usize, found: char, allowed: Letters) -> E {
    E::Character {
        position,
        found,
        allowed,
    }
}

const fn check(expected: Option<char>) -> E {
    E::CheckDigit { expected }
}

#[test]
fn unified_codes() {
    judge(
        "uscc",
        &[
            ("913301020000000006", Ok(vec![W::Placeholder])),
            ("91310115XX0000010Y", Ok(vec![W::InnerCheck])),
            ("91310115XX0000019U", Err(check(Some('T')))),
            ("91310115XX0000019T0", Err(length(18, 18, 19))),
            ("91310115XXO000019T", Err(character(11, 'O', Letters::UnifiedCode))),
            ("92404305XX0000027G", Err(check(Some('H')))),
        ],
        Ok(vec![]),
        |value| UnifiedCode::parse(value).map(|code| code.warnings()),
    );
    for known in [
        "91110108551385082Q",
        "9144030071526726XG",
        "91330100799655058B",
        "914403001922038216",
        "91110000802100433B",
        "91440300708461136T",
    ] {
        assert_eq!(
            UnifiedCode::parse(known).map(|code| code.warnings()),
            Ok(vec![]),
            "{known}"
        );
    }
    assert!(matches!(
        UnifiedCode::parse("91310000132221180F"),
        Err(E::CheckDigit { .. })
    ));
}

#[test]
fn a_unified_code_tells_its_parts() {
    let code = UnifiedCode::parse(" 92110108xx0000035u ").unwrap();
    assert_eq!(code.as_str(), "92110108XX0000035U");
    assert_eq!((code.area(), code.subject()), ("110108", "XX0000035"));
    assert!(code.is_sole_trader());
    assert_eq!(code.kind().unwrap().zh, "个体工商户");
    assert_eq!(code.province().unwrap().en, "Beijing");
    assert_eq!(UnifiedCode::parse("９２110108XX0000035U"), Ok(code));
}

#[test]
fn resident_ids() {
    judge(
        "resident_id",
        &[
            ("31010119900307000X", Err(check(None))),
            ("310101200102290004", Err(E::Date)),
            ("310101209912310004", Err(E::FutureDate)),
            ("31010119900307000", Err(length(18, 18, 17))),
            // Wrong in the file for its small x, which is made right.
            ("11010519491231002x", Ok(())),
            // A minor: the form is right, an age rule refuses it.
            ("310101201512010006", Ok(())),
        ],
        Ok(()),
        |value| ResidentId::parse(value, today()).map(|_| ()),
    );
    let parse = |text| ResidentId::parse(text, today());
    assert!(parse("440524188001010014").is_ok());
    assert_eq!(parse("310101199002300003"), Err(E::Date));
    assert_eq!(parse("990101199003070000"), Err(E::Province));
    assert_eq!(parse("110105491231002"), Err(E::FirstGeneration));
    assert_eq!(parse("1101051949123X0024"), Err(character(14, 'X', Letters::Digits)));
    assert_eq!(
        parse("11010519491231002A"),
        Err(character(18, 'A', Letters::DigitsThenX))
    );
    assert_eq!(parse(" "), Err(E::Empty));
}

#[test]
fn age_counts_full_years() {
    let age = |id: &str, day: &str| {
        let id = ResidentId::parse(id, today()).unwrap();
        id.age_on(Date::parse(day).unwrap())
    };
    assert_eq!(age("330106200712010001", "2025-11-30"), 17);
    assert_eq!(age("330106200712010001", "2025-12-01"), 18);
    assert_eq!(age("440305200002290002", "2018-02-28"), 17);
    assert_eq!(age("440305200002290002", "2018-03-01"), 18);
    assert_eq!(age("440305200002290002", "1999-01-01"), 0);
}

#[test]
fn bank_cards() {
    judge(
        "bank_card",
        &[
            ("6222020000000000001", Err(check(None))),
            ("6222 0200", Err(length(13, 19, 8))),
            ("0000000000000000", Err(E::Placeholder)),
            // Fine as numbers; the table of first digits refuses them, see below.
            ("62258800000000010", Ok(())),
            ("6227520000000001", Ok(())),
        ],
        Ok(()),
        |value| BankCard::parse(value).map(|_| ()),
    );
    let grouped = BankCard::parse("6222 0200-0000 0000 000").unwrap();
    assert_eq!(grouped.expose(), "6222020000000000000");
    assert_eq!(grouped.last_four(), "0000");
    assert!(BankCard::parse("4000000000000002").is_ok(), "a foreign card");
    assert_eq!(
        BankCard::parse("622202000000000000a"),
        Err(character(19, 'A', Letters::Digits))
    );
}

#[test]
fn which_cards_may_receive_settlement() {
    let table = BinTable::parse(include_str!("../../../../catalog/bins.csv")).unwrap();
    let may = |number: &str| match table.lookup(BankCard::parse(number).unwrap().expose()) {
        BinMatch::Found(bin) => Some(bin.card.may_receive_settlement()),
        BinMatch::WrongLength { .. } | BinMatch::Unknown => None,
    };
    for (value, valid) in samples("bank_card") {
        let expected = match value.as_str() {
            "6227520000000001" | "6225750000000006" | "6226000000000005" => Some(false),
            "62258800000000010" => None,
            _ if valid => Some(true),
            _ => continue,
        };
        assert_eq!(may(&value), expected, "{value}");
    }
}

#[test]
fn bank_branches() {
    judge(
        "cnaps",
        &[
            ("308584000014", Ok(vec![W::CheckDigit { expected: '3' }])),
            ("30858400001", Err(length(12, 12, 11))),
            ("999584000018", Ok(vec![W::UnknownBank])),
        ],
        Ok(vec![]),
        |value| BankBranch::parse(value).map(|branch| branch.warnings()),
    );
    let head_office = BankBranch::parse("308584000013").unwrap();
    assert_eq!(head_office.warnings(), []);
    assert_eq!(head_office.bank().unwrap().zh, "招商银行");
    assert_eq!(head_office.city(), "5840");
    // The one published number whose check digit does not fit is accepted.
    assert!(matches!(
        BankBranch::parse("314653617115").unwrap().warnings()[..],
        [W::CheckDigit { .. }]
    ));
    assert_eq!(BankBranch::parse("000000000000"), Err(E::Placeholder));
}

#[test]
fn merchant_numbers_are_explained_and_never_rejected() {
    judge(
        "merchant_no",
        &[
            ("82229005812001", vec![W::OtherPlan]),
            ("82229005812000A", vec![W::OtherPlan]),
            ("000290058120001", vec![W::NoAcquirer]),
        ],
        vec![],
        |value| read_merchant_number(value).warnings,
    );
    let parts = read_merchant_number("822290070111135").parts.unwrap();
    assert_eq!((parts.acquirer.as_str(), parts.mcc.as_str()), ("822", "7011"));
    assert_eq!((parts.city.as_str(), parts.sequence.as_str()), ("2900", "1135"));
    assert_eq!(parts.city_name.unwrap().zh, "上海");
    assert_eq!(read_merchant_number("8983102500071141").warnings, [W::OtherPlan]);
    assert_eq!(read_merchant_number("收单商户").parts, None);
    assert!(MerchantNumber::parse("82229005812000A").is_ok());
}

#[test]
fn terminal_numbers() {
    judge(
        "terminal_no",
        &[("2903470", false), ("2903-705", false)],
        true,
        |value| TerminalNumber::parse(value).is_ok(),
    );
}

#[test]
fn serial_numbers_are_explained_and_never_rejected() {
    judge(
        "terminal_sn",
        &[
            ("00005799280117638929", vec![W::UnknownDeviceType]),
            ("ABCDEF02280117638929", vec![W::NoVendor]),
            // Small letters become capitals: one device, one spelling.
            ("00009904sim0000000001", vec![]),
        ],
        vec![],
        |value| read_serial_number(&SerialNumber::parse(value).unwrap()).warnings,
    );
    let serial = SerialNumber::parse("00005702280117638929").unwrap();
    let parts = read_serial_number(&serial).parts.unwrap();
    assert_eq!(
        (parts.vendor.as_str(), parts.serial.as_str()),
        ("000057", "280117638929")
    );
    assert_eq!(parts.device_type.unwrap().name.zh, "传统 POS");
    for short in ["1", "00005702"] {
        let serial = SerialNumber::parse(short).unwrap();
        assert_eq!(read_serial_number(&serial).warnings, [W::NoVendor]);
    }
}

#[test]
fn mobile_numbers() {
    judge(
        "mobile",
        &[
            ("12800000000", Err(E::MobilePrefix)),
            // Wrong in the file as they stand; the country code and the spaces are taken off first.
            ("+8613800000000", Ok("13800000000".to_owned())),
            ("138 0000 0000", Ok("13800000000".to_owned())),
            ("13800000000", Ok("13800000000".to_owned())),
            ("17000000000", Ok("17000000000".to_owned())),
        ],
        Err(E::Empty),
        |value| Mobile::parse(value).map(|mobile| mobile.expose().to_owned()),
    );
    assert_eq!(Mobile::parse("1380000000"), Err(length(11, 11, 10)));
    assert_eq!(Mobile::parse("20000000000"), Err(E::MobilePrefix));
    assert_eq!(Mobile::parse("1380000000O"), Err(character(11, 'O', Letters::Digits)));
}

#[test]
fn areas_and_categories() {
    judge(
        "admin_division",
        &[
            ("990000", Err(E::Province)),
            // No such county; only the province is in our table.
            ("310199", Ok(())),
        ],
        Ok(()),
        check_area_code,
    );
    judge(
        "mcc",
        &[
            ("742", Err(length(4, 4, 3))),
            ("58A2", Err(character(3, 'A', Letters::Digits))),
        ],
        Ok(()),
        |value| Mcc::parse(value).map(|_| ()),
    );
}

#[test]
fn names_compare_equal_however_their_dot_was_typed() {
    let name = PersonName::parse("买买提·艾力").unwrap();
    for typed in ["买买提•艾力", "买买提・艾力", " 买买提．艾力 ", "买买提.艾力"] {
        assert!(PersonName::parse(typed).unwrap() == name, "{typed}");
    }
    assert_eq!(PersonName::parse("Anna  Li").unwrap().expose(), "Anna Li");
    assert_eq!(PersonName::parse("张").unwrap_err(), length(2, 50, 1));
    assert_eq!(PersonName::parse("张3").unwrap_err(), character(2, '3', Letters::Name));
    assert_eq!(name.masked(), "买**");
}

#[test]
fn what_identifies_a_person_never_prints() {
    let id = ResidentId::parse("11010519491231002X", today()).unwrap();
    let card = BankCard::parse("6222020000000000000").unwrap();
    let mobile = Mobile::parse("13800000000").unwrap();
    let name = PersonName::parse("张三").unwrap();
    assert_eq!(
        format!("{id:?} {card:?} {mobile:?} {name:?}"),
        "ResidentId(***) BankCard(***) Mobile(***) PersonName(***)"
    );
    assert_eq!(
        [id.masked(), card.masked(), mobile.masked(), name.masked()],
        ["110***********002X", "622202*********0000", "138****0000", "张*"]
    );
}

#[test]
fn mistakes_are_explained_in_both_languages() {
    for (error, zh, en) in [
        (
            length(18, 18, 17),
            "应为 18 位，现在是 17 位",
            "must have 18 characters; this has 17",
        ),
        (
            character(11, 'O', Letters::UnifiedCode),
            "第 11 位“O”不对：这里只有数字和大写字母，但没有 I、O、S、V、Z，是不是数字 0？",
            "character 11, `O`, cannot stand there: only digits and capital letters except I, O, S, V, Z; is it the digit 0?",
        ),
        (
            check(Some('T')),
            "校验不通过：如果前面各位无误，最后一位应为 T，请逐位核对",
            "the check character does not fit: if all others are right, the last must be T; compare them one by one",
        ),
    ] {
        assert_eq!(
            (error.message(Lang::Zh).as_str(), error.message(Lang::En).as_str()),
            (zh, en)
        );
        assert_eq!(error.to_string(), en);
    }
    assert_eq!(E::Date.key(), "identifier.date");
    assert_eq!(W::UnknownBank.message(Lang::Zh), "银行代码不在表中");
}

/// A number with its last character chosen so that it passes.
fn completed<T>(body: &str, ends: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<String> {
    ends.chars()
        .map(|c| format!("{body}{c}"))
        .filter(|text| parse(text).is_some())
        .collect()
}

proptest! {
    #[test]
    fn every_unified_body_has_one_check_character_and_a_wrong_character_is_noticed(
        body in "9[123]31[0-9]{4}[0-9A-HJ-NP-RT-UW-Y]{9}", place in 0_usize..17, other in 0_usize..31,
    ) {
        let codes = completed(&body, "0123456789ABCDEFGHJKLMNPQRTUWXY", |t| UnifiedCode::parse(t).ok());
        prop_assert_eq!(codes.len(), 1);
        let mut wrong: Vec<char> = codes[0].chars().collect();
        let other = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().nth(other).unwrap();
        prop_assume!(wrong[place] != other);
        wrong[place] = other;
        let noticed = matches!(UnifiedCode::parse(&String::from_iter(wrong)), Err(E::CheckDigit { .. }));
        prop_assert!(noticed);
    }

    #[test]
    fn a_resident_id_with_two_digits_swapped_is_noticed(
        body in "310101(19[5-9][0-9])(0[1-9])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", place in 0_usize..16,
    ) {
        let ids = completed(&body, "0123456789X", |t| ResidentId::parse(t, today()).ok());
        prop_assert_eq!(ids.len(), 1);
        let mut swapped: Vec<char> = ids[0].chars().collect();
        prop_assume!(swapped[place] != swapped[place + 1]);
        swapped.swap(place, place + 1);
        prop_assert!(ResidentId::parse(&String::from_iter(swapped), today()).is_err());
    }

    #[test]
    fn a_card_number_with_one_wrong_digit_is_noticed(
        body in "62[0-9]{10,16}", place in 0_usize..12, shift in 1_u32..10,
    ) {
        let cards = completed(&body, "0123456789", |t| BankCard::parse(t).ok());
        prop_assert_eq!(cards.len(), 1);
        let mut wrong: Vec<char> = cards[0].chars().collect();
        let digit = (wrong[place].to_digit(10).unwrap() + shift) % 10;
        wrong[place] = char::from_digit(digit, 10).unwrap();
        prop_assert_eq!(BankCard::parse(&String::from_iter(wrong)), Err(check(None)));
    }

    #[test]
    fn every_branch_body_has_one_check_digit(body in "102[0-9]{8}") {
        let fine = completed(&body, "0123456789", |t| {
            BankBranch::parse(t).ok().filter(|branch| branch.warnings().is_empty())
        });
        prop_assert_eq!(fine.len(), 1);
    }

    #[test]
    fn no_typed_text_breaks_the_readers(text in "\\PC{0,30}") {
        let _ = UnifiedCode::parse(&text).map(|code| code.warnings());
        let _ = ResidentId::parse(&text, today());
        let _ = BankCard::parse(&text);
        let _ = BankBranch::parse(&text).map(|branch| branch.warnings());
        let _ = (Mobile::parse(&text), PersonName::parse(&text), Mcc::parse(&text));
        let _ = (read_merchant_number(&text), check_area_code(&text));
        if let Ok(serial) = SerialNumber::parse(&text) {
            read_serial_number(&serial);
        }
    }
}
