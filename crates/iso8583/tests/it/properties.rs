//! What holds for all messages and all bytes.

use super::samples::samples;
use iso8583::crypto::{DesKey, Pin, decrypt_pin, decrypt_track, encrypt_pin, encrypt_track, pin_from_clear_block};
use iso8583::fields::{Content, FIELDS, FieldSpec, Length, Shown};
use iso8583::values::{
    Balance, BatchUpload, CodeData, F53, F60, F61, KeyLayout, ReplyTexts, SettlementTotals, SignInKeys, SignInRequest,
    text,
};
use iso8583::{FrameError, Framing, HeaderForm, Message, Pan, Track2};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

/// A value that the row allows, as characters or bytes.
fn value(spec: &'static FieldSpec) -> BoxedStrategy<Vec<u8>> {
    let lengths = match spec.length {
        Length::Fixed(count) => count..=count,
        Length::Ll(most) | Length::Lll(most) => 0..=most,
    };
    match spec.content {
        Content::Digits => vec(b'0'..=b'9', lengths).boxed(),
        Content::Track => vec(prop::sample::select(b"0123456789ABCDEF".to_vec()), lengths).boxed(),
        Content::Text | Content::Binary => vec(any::<u8>(), lengths).boxed(),
    }
}

fn message() -> impl Strategy<Value = Message> {
    let rows = btree_set(0..FIELDS.len(), 0..FIELDS.len());
    let fields = rows.prop_flat_map(|rows| {
        rows.into_iter()
            .map(|row| (Just(&FIELDS[row]), value(&FIELDS[row])))
            .collect::<Vec<_>>()
    });
    ("[0-9]{4}", fields).prop_map(|(mti, fields)| {
        let mut message = Message::new(&mti).unwrap();
        for (spec, value) in fields {
            match spec.content {
                Content::Digits | Content::Track => {
                    message.set(spec.number, std::str::from_utf8(&value).unwrap()).unwrap();
                }
                Content::Text | Content::Binary => {
                    message.set_bytes(spec.number, &value).unwrap();
                }
            }
        }
        message
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(message in message()) {
        let bytes = message.encode().unwrap();
        let read = Message::decode(&bytes).unwrap();
        prop_assert!(read == message);
        prop_assert_eq!(read.encode().unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error_and_a_message_keeps_its_bytes(bytes in vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn a_damaged_dump_is_refused_or_keeps_its_bytes(
        which in any::<prop::sample::Index>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let all = samples();
        let mut bytes = which.get(&all).message_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 2).max(1));
        let (part, error) = Message::decode_partly(&bytes);
        match Message::decode(&bytes) {
            Ok(message) => {
                prop_assert!(error.is_none());
                prop_assert_eq!(message.encode().unwrap(), bytes);
            }
            Err(refusal) => {
                prop_assert_eq!(error, Some(refusal));
                prop_assert!(refusal.offset <= bytes.len());
                // The part that was read is a message in its own right.
                if let Some(part) = part {
                    prop_assert!(Message::decode(&part.encode().unwrap()).unwrap() == part);
                }
            }
        }
    }

    #[test]
    fn a_message_cut_short_is_never_accepted(message in message(), cut in any::<prop::sample::Index>()) {
        let bytes = message.encode().unwrap();
        prop_assert!(Message::decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_longer_message_is_never_accepted(message in message(), more in vec(any::<u8>(), 1..9)) {
        let bytes = [message.encode().unwrap(), more].concat();
        prop_assert!(Message::decode(&bytes).is_err());
    }

    #[test]
    fn any_stream_ends_in_frames_or_an_error_and_loses_no_byte(
        packets in vec(vec(any::<u8>(), 0..40), 0..20),
        maximum in 0usize..80,
    ) {
        let mut framing = Framing::new(HeaderForm::Absent, maximum);
        let (mut fed, mut given) = (0, 0);
        for packet in packets {
            framing.feed(&packet);
            fed += packet.len();
            loop {
                match framing.next_frame() {
                    Ok(Some(frame)) => {
                        prop_assert!(frame.encode().len() <= maximum);
                        given += 2 + frame.encode().len();
                    }
                    Ok(None) => break,
                    Err(FrameError::TooLong { length, .. }) => {
                        prop_assert!(length > maximum);
                        return Ok(());
                    }
                    Err(FrameError::TooShort { length, .. }) => given += 2 + length,
                    // How long the frame was is not told: nothing more can be counted.
                    Err(FrameError::NotATpdu) => return Ok(()),
                }
            }
        }
        prop_assert!(given <= fed);
        prop_assert_eq!(given < fed, framing.is_midway());
    }

    #[test]
    fn any_characters_are_a_value_or_an_error(text in any::<String>(), digits in "[0-9]{0,100}") {
        for text in [&text, &digits] {
            let _ = (F53::parse(text).is_ok(), F61::parse(text).is_ok(), BatchUpload::parse(text).is_ok());
            let _ = (Pan::parse(text).is_ok(), Track2::parse(text).is_ok(), Pin::parse(text).is_ok());
            if let Ok(f60) = F60::parse(text) {
                prop_assert!(text.starts_with(&f60.digits().unwrap()));
            }
            if let Ok(totals) = SettlementTotals::parse(text) {
                prop_assert_eq!(&totals.digits().unwrap(), text);
            }
        }
        prop_assert_eq!(F60::parse(&digits).is_ok(), digits.len() >= 8);
        prop_assert_eq!(F61::parse(&digits).is_ok(), digits.len() >= 12);
    }

    #[test]
    fn any_bytes_are_a_private_value_or_an_error(bytes in vec(any::<u8>(), 0..80), block in any::<[u8; 8]>()) {
        let _ = (Balance::parse(&bytes).is_ok(), CodeData::parse(&bytes).is_ok(), SignInRequest::parse(&bytes).is_ok());
        let _ = pin_from_clear_block(block, None).is_ok();
        prop_assert!(ReplyTexts::parse(&bytes).to_bytes().len() <= 63);
        for layout in [KeyLayout::Single, KeyLayout::Double, KeyLayout::DoubleWithTrack, KeyLayout::Sm4] {
            if let Ok(keys) = SignInKeys::parse(&bytes, layout) {
                prop_assert_eq!(keys.to_bytes(layout).unwrap(), bytes.as_slice());
            }
        }
    }

    #[test]
    fn every_pin_comes_back_out_of_its_block(
        digits in "[0-9]{4,12}",
        card in "[0-9]{12,19}",
        key in any::<[u8; 16]>(),
        mixed in any::<bool>(),
    ) {
        let (key, card) = (DesKey::from_random(key), Pan::parse(&card).ok().unwrap());
        let card = mixed.then_some(&card);
        let block = encrypt_pin(&key, &Pin::parse(&digits).ok().unwrap(), card);
        let opened = decrypt_pin(&key, block, card).ok().unwrap();
        prop_assert_eq!(opened.expose(), digits);
    }

    #[test]
    fn every_track_comes_back_from_encryption(track in "[0-9D]{18,104}", key in any::<[u8; 16]>()) {
        let key = DesKey::from_random(key);
        let hidden = encrypt_track(&key, &track).ok().unwrap();
        prop_assert_eq!(hidden.len(), track.len());
        let opened = decrypt_track(&key, &hidden).ok().unwrap();
        prop_assert_eq!(opened.as_str(), track);
    }

    #[test]
    fn any_text_fills_its_place_and_the_part_that_fits_comes_back(words in any::<String>(), width in 0usize..50) {
        let bytes = text::encode_fixed(&words, width);
        prop_assert_eq!(bytes.len(), width);
        let whole = text::decode(&text::encode(&words));
        prop_assert!(whole.starts_with(&text::decode(&bytes)), "{whole}");
    }

    #[test]
    fn printing_shows_no_value_that_the_table_hides(message in message()) {
        let printed = format!("{message:?}");
        for spec in FIELDS.iter().filter(|spec| spec.shown != Shown::Plain) {
            // Shorter values may stand in another field by chance.
            let Some(value) = message.bytes(spec.number).filter(|value| value.len() >= 8) else { continue };
            prop_assert!(!printed.contains(&*String::from_utf8_lossy(value)));
            prop_assert!(!printed.contains(&text::decode(value)) || text::decode(value).len() < 8);
            prop_assert!(!printed.contains(&hex::encode_upper(value)));
        }
    }
}
