//! Every dump of `tests/samples.json`: bytes in, fields as another decoder read them, the same bytes out.

use iso8583::crypto::{MacAlgorithm, MacKey};
use iso8583::fields::{Content, Length, field};
use iso8583::{Frame, Framing, Header, HeaderForm, Message, Tpdu};
use serde_json::Value;
use std::sync::LazyLock;

pub static SAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../samples.json")).expect("samples.json is JSON"));

pub struct Sample {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub entry: &'static Value,
}

impl Sample {
    fn decoded(&self) -> &'static Value {
        &self.entry["decoded"]
    }

    /// Bytes after the length, if the dump has one.
    fn body(&self) -> &[u8] {
        if self.decoded()["length_prefix"].is_null() {
            &self.bytes
        } else {
            &self.bytes[2..]
        }
    }

    pub fn message_bytes(&self) -> &[u8] {
        if self.decoded()["tpdu"].is_null() {
            self.body()
        } else {
            &self.body()[11..]
        }
    }

    pub fn message(&self) -> Message {
        Message::decode(self.message_bytes()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

pub fn samples() -> Vec<Sample> {
    let groups = ["published", "constructed"].into_iter();
    groups
        .flat_map(|group| SAMPLES[group].as_array().expect("a list"))
        .map(|entry| Sample {
            name: entry["name"].as_str().expect("a name"),
            bytes: hex::decode(entry["hex"].as_str().expect("hex")).expect("hex"),
            entry,
        })
        .collect()
}

pub fn sample(name: &str) -> Sample {
    samples()
        .into_iter()
        .find(|sample| sample.name == name)
        .expect("a sample of this name")
}

#[test]
fn there_are_as_many_dumps_as_the_facts_list() {
    assert_eq!(samples().len(), 32);
}

#[test]
fn every_dump_comes_out_byte_for_byte_as_it_went_in() {
    for sample in samples() {
        let encoded = sample.message().encode().expect("encodes");
        assert_eq!(
            hex::encode_upper(encoded),
            hex::encode_upper(sample.message_bytes()),
            "{}",
            sample.name
        );
    }
}

#[test]
fn every_field_reads_as_an_independent_decoder_read_it() {
    for sample in samples() {
        let message = sample.message();
        assert_eq!(
            message.mti(),
            sample.decoded()["mti"].as_str().expect("mti"),
            "{}",
            sample.name
        );
        let expected = sample.decoded()["fields"].as_object().expect("fields");
        let numbers: Vec<String> = message.field_numbers().map(|number| number.to_string()).collect();
        assert_eq!(numbers.len(), expected.len(), "{}", sample.name);
        for number in numbers {
            let place = format!("{} field {number}", sample.name);
            let seen = as_json(&message, number.parse().expect("a number"), &expected[&number]);
            assert_eq!(seen, expected[&number], "{place}");
        }
    }
}

/// A field in the notation of the sample file: variable digits with their pad nibble and their count, three fixed digits with
/// the pad set off by a bar.
fn as_json(message: &Message, number: u8, like: &Value) -> Value {
    let spec = field(number).expect("in the table");
    let bytes = message.bytes(number).expect("present");
    let text = || {
        message
            .chinese(number)
            .map(|text| format!("{text:<width$}", width = bytes.len()))
    };
    match (spec.content, spec.length) {
        (Content::Digits, Length::Fixed(3)) if number == 22 => format!("{}|0", text().unwrap()).into(),
        (Content::Digits, Length::Fixed(3)) => format!("0|{}", text().unwrap()).into(),
        (Content::Digits | Content::Track, Length::Fixed(_)) => text().into(),
        (Content::Digits | Content::Track, _) => {
            let mut digits = text().unwrap();
            digits.extend((digits.len() % 2 == 1).then_some('0'));
            serde_json::json!({ "len": bytes.len(), "bcd": digits })
        }
        (Content::Text | Content::Binary, Length::Fixed(_)) if like.as_str() == text().as_deref() => text().into(),
        (Content::Text | Content::Binary, Length::Fixed(_)) => hex::encode_upper(bytes).into(),
        (Content::Text | Content::Binary, _) if like.get("text").is_some() => {
            serde_json::json!({ "len": bytes.len(), "text": text() })
        }
        (Content::Text | Content::Binary, _) => {
            serde_json::json!({ "len": bytes.len(), "hex": hex::encode_upper(bytes) })
        }
    }
}

#[test]
fn frames_of_the_dumps_read_and_come_out_as_they_went_in() {
    for sample in samples() {
        let (Some(tpdu), Some(header)) = (sample.decoded()["tpdu"].as_str(), sample.decoded()["header"].as_str())
        else {
            continue;
        };
        let frame = Frame::decode(sample.body(), HeaderForm::SixBytes).expect(sample.name);
        assert_eq!(frame.tpdu, Tpdu::from_hex(tpdu).unwrap(), "{}", sample.name);
        assert_eq!(frame.header, Header::from_hex(header), "{}", sample.name);
        assert_eq!(frame.encode(), sample.body(), "{}", sample.name);
        if sample.body().len() != sample.bytes.len() {
            assert_eq!(frame.to_wire().unwrap(), sample.bytes, "{}", sample.name);
        }
    }
}

#[test]
fn all_dumps_with_a_length_sent_as_one_stream_come_apart_again() {
    let framed: Vec<Sample> = samples()
        .into_iter()
        .filter(|sample| sample.body().len() != sample.bytes.len())
        .collect();
    let mut framing = Framing::default();
    let mut received = Vec::new();
    for packet in framed
        .iter()
        .flat_map(|sample| sample.bytes.clone())
        .collect::<Vec<u8>>()
        .chunks(61)
    {
        framing.feed(packet);
        while let Some(frame) = framing.next_frame().unwrap() {
            received.push(frame.message);
        }
    }
    let sent: Vec<&[u8]> = framed.iter().map(Sample::message_bytes).collect();
    assert_eq!(received, sent);
    assert!(!framing.is_midway());
}

#[test]
fn macs_of_the_constructed_messages_belong_to_their_bytes() {
    let mak = hex::decode(SAMPLES["constructed_keys"]["MAK"].as_str().unwrap()).unwrap();
    let key = MacKey::new(MacAlgorithm::Ecb, &mak).unwrap();
    let mut checked = 0;
    for sample in samples() {
        let Some(mac) = sample.entry["mac_ascii"].as_str() else {
            continue;
        };
        let message = sample.message();
        assert_eq!(message.verify(&key), Ok(()), "{}", sample.name);
        assert_eq!(message.bytes(64), Some(mac.as_bytes()), "{}", sample.name);

        let mut sealed_anew = message.clone();
        sealed_anew.remove(64).seal(&key).unwrap();
        assert!(sealed_anew == message, "{}", sample.name);

        let mut changed = message.clone();
        changed.set_number(11, message.number(11).unwrap() + 1).unwrap();
        assert!(changed.verify(&key).is_err(), "{}", sample.name);
        checked += 1;
    }
    assert_eq!(checked, 6);
}

#[test]
fn no_dump_shows_card_data_when_printed() {
    for sample in samples() {
        let message = sample.message();
        let printed = format!("{message:?}");
        for number in [2, 35, 36, 48, 52, 55, 59, 62] {
            let Some(bytes) = message.bytes(number).filter(|bytes| bytes.len() > 4) else {
                continue;
            };
            let text = String::from_utf8_lossy(bytes).into_owned();
            assert!(!printed.contains(&text), "{} field {number}", sample.name);
            assert!(
                !printed.contains(&hex::encode_upper(bytes)),
                "{} field {number}",
                sample.name
            );
        }
    }
    let printed = format!("{:?}", sample("sale_req_swipe_pin").message());
    assert!(printed.contains("2: 622848*********0018"), "{printed}");
    assert!(printed.contains("35: <37 digits>"), "{printed}");
    assert!(printed.contains("52: <8 bytes>"), "{printed}");
    assert!(printed.contains("41: \"10000001\""), "{printed}");
}
