#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod play;

use std::time::Duration;

use iso8583::crypto::{DesKey, Pin, encrypt_pin};
use iso8583::{Frame, Header, Kind, Message, Pan, Tpdu};

use super::{CardScript, Network, NetworkScript, Outcome, Standing};
use crate::wire::exchange;

const CARD: &str = "6217000000000000018";
const ZONE_KEY: &str = "0123456789ABCDEFFEDCBA9876543210";

fn script(outcome: Outcome) -> NetworkScript {
    let card = CardScript {
        pan: CARD.into(),
        pin: Some("123456".into()),
        outcome,
    };
    NetworkScript {
        zone_key: ZONE_KEY.into(),
        cards: vec![card],
        ..NetworkScript::default()
    }
}

async fn network(outcome: Outcome) -> Network {
    Network::bind("127.0.0.1:0", script(outcome)).await.unwrap()
}

fn sale(stan: u64) -> Message {
    let mut message = Message::new("0200").unwrap();
    message
        .set(2, CARD)
        .unwrap()
        .set(3, "000000")
        .unwrap()
        .set_number(4, 1234)
        .unwrap();
    message
        .set_number(11, stan)
        .unwrap()
        .set(22, "021")
        .unwrap()
        .set(25, "00")
        .unwrap();
    message
        .set(41, "10000001")
        .unwrap()
        .set(42, "822290059990001")
        .unwrap()
        .set(49, "156")
        .unwrap();
    message
        .set(53, "2600000000000000")
        .unwrap()
        .set(60, "2200000100060")
        .unwrap();
    message
}

fn reversal(stan: u64) -> Message {
    let mut message = sale(stan).with_mti(Message::new("0400").unwrap().mti());
    message.remove(2).set(39, "98").unwrap();
    message
}

fn framed(message: &Message) -> Frame {
    Frame {
        tpdu: Tpdu::from_hex("6000040000").unwrap(),
        header: Header::from_hex("603100310000"),
        message: message.encode().unwrap(),
    }
}

async fn ask(network: &Network, message: &Message) -> Option<Message> {
    let frame = framed(message);
    let patience = Duration::from_millis(500);
    let answer = exchange(&network.address().to_string(), &frame, patience).await.ok()?;
    Some(Message::decode(&answer.message).unwrap())
}

async fn code(network: &Network, message: &Message) -> String {
    ask(network, message)
        .await
        .expect("an answer")
        .text(39)
        .unwrap()
        .to_owned()
}

fn standings(network: &Network) -> Vec<Standing> {
    network.book().iter().map(|entry| entry.standing).collect()
}

#[tokio::test]
async fn the_script_decides_by_the_card() {
    let network = network(Outcome::Decline { code: "51".into() }).await;
    assert_eq!(code(&network, &sale(1)).await, "51");
    network.set_script(script(Outcome::Approve));
    let approved = ask(&network, &sale(2)).await.unwrap();
    assert_eq!(
        (approved.text(39), approved.text(38).map(str::len), approved.number(4)),
        (Some("00"), Some(6), Some(1234))
    );
    network.set_script(script(Outcome::WrongAmount));
    assert_ne!(ask(&network, &sale(3)).await.unwrap().number(4), Some(1234));
    network.set_script(script(Outcome::Silent));
    assert!(ask(&network, &sale(4)).await.is_none());
    network.set_script(script(Outcome::Drop));
    assert!(ask(&network, &sale(5)).await.is_none());
    assert_eq!(
        standings(&network),
        [
            Standing::Declined,
            Standing::Approved,
            Standing::Approved,
            Standing::Approved,
            Standing::Approved
        ]
    );
}

#[tokio::test]
async fn a_pin_is_checked_under_the_zone_key() {
    let network = network(Outcome::Approve).await;
    let key = DesKey::from_hex(ZONE_KEY).unwrap();
    let pan = Pan::parse(CARD).ok();
    for (stan, pin, expected) in [(1, "123456", "00"), (2, "654321", "55")] {
        let mut message = sale(stan);
        message
            .set_bytes(52, &encrypt_pin(&key, &Pin::parse(pin).ok().unwrap(), pan.as_ref()))
            .unwrap();
        assert_eq!(code(&network, &message).await, expected);
    }
    let mut garbled = sale(3);
    garbled.set_bytes(52, b"garbled!").unwrap();
    assert_eq!(code(&network, &garbled).await, "99");
}

#[tokio::test]
async fn a_reversal_undoes_its_original_whichever_comes_first() {
    let network = network(Outcome::Approve).await;
    assert_eq!(code(&network, &sale(1)).await, "00");
    assert_eq!(code(&network, &sale(1)).await, "00", "a repeat is answered alike");
    assert_eq!(code(&network, &reversal(1)).await, "00");
    assert_eq!(code(&network, &sale(1)).await, "94");
    assert_eq!(code(&network, &reversal(2)).await, "00");
    assert_eq!(code(&network, &sale(2)).await, "94");
    assert_eq!(standings(&network), [Standing::Reversed, Standing::Reversed]);
}

#[tokio::test]
async fn one_trace_number_with_two_reference_numbers_is_two_sales() {
    let network = network(Outcome::Approve).await;
    let named = |mut message: Message, rrn: &str| {
        message.set(37, rrn).unwrap();
        message
    };
    for rrn in ["061510170001", "061510170002", "061510170001"] {
        let told = ask(&network, &named(sale(1), rrn)).await.unwrap();
        assert_eq!((told.text(39), told.text(37)), (Some("00"), Some(rrn)));
    }
    assert_eq!(code(&network, &named(reversal(1), "061510170001")).await, "00");
    assert_eq!(standings(&network), [Standing::Reversed, Standing::Approved]);
    assert_eq!(code(&network, &named(reversal(1), "061510170009")).await, "00");
    assert_eq!(standings(&network)[1], Standing::Approved, "it belongs to neither");
}

#[tokio::test]
async fn a_void_needs_an_original_and_its_reversal_gives_it_back() {
    let network = network(Outcome::Approve).await;
    assert_eq!(code(&network, &sale(1)).await, "00");
    let void = |stan| {
        let mut message = sale(stan);
        message.set(3, "200000").unwrap().set(37, "000000000000").unwrap();
        message
            .set(60, "2300000100060")
            .unwrap()
            .set(61, "0000010000010302")
            .unwrap();
        message
    };
    assert_eq!(Kind::of(&void(2)), Some(Kind::Void));
    assert_eq!(code(&network, &void(2)).await, "00");
    assert_eq!(code(&network, &void(3)).await, "25");
    assert_eq!(
        standings(&network),
        [Standing::Voided, Standing::Approved, Standing::Declined]
    );
    assert_eq!(code(&network, &reversal(2)).await, "00");
    assert_eq!(
        standings(&network),
        [Standing::Approved, Standing::Reversed, Standing::Declined]
    );
}

#[test]
fn a_script_reads_as_it_is_written() {
    let text = r#"{"zone_key":"00","cards":[{"pan":"6217000000000000018","outcome":{"do":"late","ms":300}}],
                   "default":{"do":"decline","code":"05"}}"#;
    let script: NetworkScript = serde_json::from_str(text).unwrap();
    assert_eq!(script.outcome(Some(CARD)), &Outcome::Late { ms: 300 });
    assert_eq!(script.outcome(None), &Outcome::Decline { code: "05".into() });
    assert!(serde_json::from_str::<NetworkScript>(r#"{"cards":[],"defualt":{"do":"approve"}}"#).is_err());
}
