#![allow(clippy::unwrap_used)]
use super::*;

/// A request with the marks of a row: type, 3, 22, 25, 60.
fn request(mti: &str, marks: &str) -> Message {
    let mut message = Message::new(mti).unwrap();
    for mark in marks.split_whitespace() {
        let (number, value) = mark.split_once('=').unwrap();
        message.set(number.parse().unwrap(), value).unwrap();
    }
    message
}

fn of(mti: &str, marks: &str) -> Option<Kind> {
    Kind::of(&request(mti, marks))
}

#[test]
fn financial_messages_are_told_by_four_marks() {
    let sale = "3=000000 22=021 25=00 60=2200000100060";
    assert_eq!(of("0200", sale), Some(Kind::Sale));
    assert_eq!(of("0220", sale), None);
    assert_eq!(of("0200", "3=200000 22=021 25=00 60=2300000100060"), Some(Kind::Void));
    assert_eq!(
        of("0200", "3=000000 22=021 25=06 60=2000000100060"),
        Some(Kind::Completion)
    );
    assert_eq!(
        of("0100", "3=030000 22=021 25=06 60=1000000100060"),
        Some(Kind::PreAuth)
    );
    assert_eq!(of("0220", "3=200000 22=012 25=00 60=2500000100060"), Some(Kind::Refund));
    assert_eq!(
        of("0200", "3=310000 22=021 25=00 60=0100000100060"),
        Some(Kind::Balance)
    );
}

#[test]
fn a_mark_that_fits_no_row_gives_none() {
    for marks in [
        "3=010000 22=021 25=00 60=2200000100060",
        "3=000000 22=021 25=64 60=2200000100060",
        "3=000000 22=021 25=00 60=9900000100060",
        "3=000000 22=021 25=00",
        "22=021 25=00 60=2200000100060",
        "",
    ] {
        assert_eq!(of("0200", marks), None, "{marks}");
    }
    assert_eq!(of("0210", "3=000000 22=021 25=00 60=2200000100060"), None);
}

#[test]
fn management_messages_are_told_by_their_code() {
    for code in ["001", "003", "004", "006"] {
        assert_eq!(of("0800", &format!("60=00000001{code}")), Some(Kind::SignIn), "{code}");
    }
    assert_eq!(of("0820", "60=00000001002"), Some(Kind::SignOff));
    assert_eq!(of("0820", "60=00000001301"), Some(Kind::Echo));
    assert_eq!(of("0800", "60=00000001301"), None);
    assert_eq!(of("0500", "60=00000001201"), Some(Kind::Settle));
    assert_eq!(of("0320", "60=00000001201"), Some(Kind::BatchUpload));
    assert_eq!(of("0320", "60=00000001207"), Some(Kind::BatchEndBalanced));
    assert_eq!(of("0820", "60=07000001301"), Some(Kind::Signature));
    for download in ["96000001400", "00000001420", "00000001960"] {
        assert_eq!(of("0800", &format!("60={download}")), Some(Kind::MasterKeyDownload));
    }
    assert_eq!(of("0320", "3=200000 60=2500000100060"), Some(Kind::BatchNotice));
    assert_eq!(of("0320", "60=00000001777"), None);
    assert_eq!(of("0800", "60=00000001777"), None);
}

#[test]
fn a_sale_by_scanned_code_is_told_from_a_sale_by_card() {
    assert_eq!(of("0200", "3=000000 22=032 25=00 60=2200000100060"), Some(Kind::QrSale));
    assert_eq!(of("0200", "3=000000 25=00 60=2200000100060"), Some(Kind::Sale));
}

#[test]
fn a_reversal_names_what_it_undoes() {
    let reversed = |marks| Kind::reversed_by(&request("0400", marks));
    assert_eq!(reversed("3=000000 22=021 25=00 60=2200000100060"), Some(Kind::Sale));
    assert_eq!(reversed("3=000000 22=032 25=00 60=2200000100060"), Some(Kind::QrSale));
    assert_eq!(reversed("3=200000 22=012 25=00 60=2300000100060"), Some(Kind::Void));
    assert_eq!(reversed("3=030000 22=021 25=06 60=1000000100060"), Some(Kind::PreAuth));
    // Refunds and balances are never reversed.
    assert_eq!(reversed("3=200000 22=012 25=00 60=2500000100060"), None);
    assert_eq!(reversed("3=310000 22=021 25=00 60=0100000100060"), None);
    assert_eq!(
        Kind::reversed_by(&request("0200", "3=000000 25=00 60=2200000100060")),
        None
    );
}

#[test]
fn a_message_with_the_marks_of_a_row_is_of_its_kind() {
    for row in &KINDS {
        let marks = match row.key {
            Key::Financial {
                processing,
                condition,
                transaction,
                scanned,
            } => {
                let mode = if scanned { "032" } else { "051" };
                vec![format!(
                    "3={processing}0000 22={mode} 25={condition} 60={transaction:02}0000010006"
                )]
            }
            Key::Management(codes) => codes.iter().map(|code| format!("60=00000001{code:03}")).collect(),
            Key::Code(codes) => codes.iter().map(|code| format!("60=96000001{code:03}")).collect(),
            Key::Type(transaction) => vec![format!("60={transaction:02}000001800")],
            Key::Detail => vec!["3=200000 60=2500000100060".to_owned()],
            Key::Mti => vec![String::new()],
        };
        for marks in marks {
            assert_eq!(of(row.request, &marks), Some(row.kind), "{marks}");
        }
    }
}

#[test]
fn no_two_rows_fit_the_same_message() {
    for (place, row) in KINDS.iter().enumerate() {
        for other in &KINDS[place + 1..] {
            let same_codes = match (row.key, other.key) {
                (Key::Management(codes), Key::Management(others)) => codes.iter().any(|code| others.contains(code)),
                (key, other) => key == other,
            };
            assert!(
                row.request != other.request || !same_codes,
                "{:?} {:?}",
                row.kind,
                other.kind
            );
        }
    }
}

#[test]
fn rows_ask_for_what_their_keys_and_macs_need() {
    for row in &KINDS {
        assert!(row.mandatory.contains(&60), "{:?}", row.kind);
        assert_eq!(row.mandatory.contains(&64), row.mac, "{:?}", row.kind);
        assert_eq!(
            crate::Mti::parse(row.request).map(crate::Mti::is_response),
            Ok(false),
            "{:?}",
            row.kind
        );
        if let Key::Financial { .. } = row.key {
            assert!(
                [3, 25].iter().all(|number| row.mandatory.contains(number)),
                "{:?}",
                row.kind
            );
        }
        let in_table = |number: &u8| crate::fields::field(*number).is_some();
        assert!(row.mandatory.iter().chain(row.echoed).all(in_table), "{:?}", row.kind);
    }
}

#[test]
fn notices_and_queries_are_not_reversed_and_what_moves_money_is_settled() {
    let reversed: Vec<Kind> = KINDS.iter().filter(|row| row.reversible).map(|row| row.kind).collect();
    assert!(
        [Kind::Sale, Kind::Void, Kind::PreAuth, Kind::QrSale]
            .iter()
            .all(|kind| reversed.contains(kind))
    );
    assert!(
        [Kind::Refund, Kind::Balance, Kind::CompletionNotice]
            .iter()
            .all(|kind| !reversed.contains(kind))
    );
    assert_eq!(Kind::Sale.row().side, Side::Debit);
    assert_eq!(Kind::Void.row().side, Side::Credit);
    assert_eq!(Kind::PreAuth.row().side, Side::Neither);
}

#[test]
fn missing_fields_are_named() {
    let mut message = request("0200", "3=000000 22=021 25=00 41=10000001 60=2200000100060");
    assert_eq!(Kind::Sale.missing(&message), [2, 4, 11, 42, 49, 53, 64]);
    message.set(35, "6228480000000000018D3012201").unwrap();
    assert!(!Kind::Sale.missing(&message).contains(&2));
    message.remove(35).set(22, "032").unwrap();
    assert!(!Kind::Reversal.missing(&message).contains(&2));
}
