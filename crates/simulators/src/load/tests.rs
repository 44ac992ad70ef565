//! What is patched is what would have been encoded.
#![allow(clippy::unwrap_used)]

use iso8583::values::F60;
use iso8583::{Frame, HeaderForm, Kind, Message, Pan, ProcessingRequest};

use super::*;

fn decoded(wire: &[u8]) -> (Frame, Message) {
    let frame = Frame::decode(&wire[2..], HeaderForm::SixBytes).unwrap();
    let message = Message::decode(&frame.message).unwrap();
    (frame, message)
}

#[test]
fn a_patched_sale_decodes_as_the_sale_it_claims_to_be_and_its_mac_holds() {
    let crowd = Crowd { seed: 7 };
    let key = crowd.mac_key(123_456).unwrap();
    let mut sale = Sale::new().unwrap();
    sale.stand_at(123_456);
    let (_, message) = decoded(sale.of(42, 1999, 31, &key));
    assert_eq!(Kind::of(&message), Some(Kind::Sale));
    assert!(Kind::Sale.missing(&message).is_empty());
    assert_eq!((message.number(11), message.number(4)), (Some(42), Some(1999)));
    assert_eq!(message.text(41), Some("10123456"));
    assert_eq!(message.text(42), Some("822100154112345"));
    assert_eq!(F60::of(&message).map(|f60| f60.batch), Some(BATCH));
    let pan = Pan::parse(message.text(2).unwrap()).unwrap();
    assert_eq!(message.track2().unwrap().pan().expose(), pan.expose());
    assert!(pan.luhn_ok(), "the check digit of {}", pan.expose());
    assert!(message.verify(&key).is_ok());
    assert!(message.verify(&crowd.mac_key(1).unwrap()).is_err());
}

#[test]
fn places_are_where_the_codec_reads_the_fields() {
    let key = Crowd { seed: 7 }.mac_key(0).unwrap();
    let mut sale = Sale::new().unwrap();
    let (frame, message) = decoded(sale.of(42, 1999, 31, &key));
    let places = Places::of(&frame.message).unwrap();
    for number in message.field_numbers() {
        let bytes = places.field(&frame.message, number.into()).unwrap();
        let alone = {
            let mut alone = Message::of_type(message.mti());
            alone.copy_from(&message, &[number]);
            alone.encode().unwrap()
        };
        assert_eq!(bytes, &alone[10..], "field {number}");
    }
    assert!(Places::of(&frame.message[..frame.message.len() - 1]).is_none());
}

#[test]
fn the_answer_of_the_approving_network_is_one_that_a_terminal_believes() {
    let key = Crowd { seed: 7 }.mac_key(0).unwrap();
    let mut sale = Sale::new().unwrap();
    let (frame, request) = decoded(sale.of(42, 1999, 31, &key));
    let mut bytes = Vec::new();
    answer_to(&frame.message, &[(38, b"123456"), (39, b"00")], &mut bytes).unwrap();
    assert_eq!(sale.read(&bytes), Answer::Approved);
    let mut answer = Message::decode(&bytes).unwrap();
    assert_eq!(answer.mti(), request.mti().response());
    answer.set(39, "51").unwrap();
    assert_eq!(sale.read(&answer.encode().unwrap()), Answer::Code(*b"51"));
    answer.set_number(11, 43).unwrap();
    assert_eq!(sale.read(&answer.encode().unwrap()), Answer::Stranger);
    answer.seal(&key).unwrap();
    let framed = frame.reply(answer.encode().unwrap(), ProcessingRequest::Nothing);
    assert!(Sale::is_genuine(&framed.message, &key));
}

#[test]
fn keys_differ_between_terminals_kinds_and_seeds() {
    let (one, other) = (Crowd { seed: 1 }, Crowd { seed: 2 });
    let mut keys = vec![one.key(0, Key::Mac), one.key(1, Key::Mac), other.key(0, Key::Mac)];
    keys.extend([one.key(0, Key::Master), one.key(0, Key::Pin), one.key(1, Key::Pin)]);
    assert_eq!(keys[0], one.key(0, Key::Mac));
    for (n, key) in keys.iter().enumerate() {
        assert!(!keys[..n].contains(key), "key {n}");
    }
}
