//! What must hold for any bytes.

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey, decrypt_track};
use iso8583::values::downloads::{read_parameters, read_status};
use iso8583::values::{
    Balance, BatchUpload, CodeData, F53, F60, F61, KeyLayout, ReplyTexts, SettlementTotals, SignInKeys, SignInRequest,
    read_receipt,
};
use iso8583::{Frame, Framing, Header, Kind, Message, Pan, Tpdu, Track2, tlv};

use super::mutate::Chance;

/// How far bytes were followed.
#[derive(Clone, Copy, Default)]
pub struct Depth {
    /// Type and bitmap were read, and at least one field.
    pub fields: bool,
    /// Everything was read.
    pub whole: bool,
}

fn holds(truth: bool, what: &str) -> Result<(), String> {
    if truth { Ok(()) } else { Err(what.to_owned()) }
}

/// Reads the bytes in every way there is; the error says which property does not hold.
pub fn examine(bytes: &[u8]) -> Result<Depth, String> {
    let (part, error) = Message::decode_partly(bytes);
    let mut depth = Depth::default();
    match Message::decode(bytes) {
        Ok(message) => {
            depth.whole = true;
            holds(error.is_none(), "accepted whole, refused in parts")?;
            let again = message
                .encode()
                .map_err(|error| format!("cannot be written: {error}"))?;
            holds(again == bytes, "written otherwise than it came")?;
        }
        Err(refusal) => {
            holds(error == Some(refusal), "the two readings refuse differently")?;
            holds(refusal.offset <= bytes.len(), "an offset beyond the bytes")?;
        }
    }
    let Some(message) = part else { return Ok(depth) };
    let written = message
        .encode()
        .map_err(|error| format!("a part cannot be written: {error}"))?;
    let read = Message::decode(&written).map_err(|error| format!("a part cannot be read: {error}"))?;
    holds(read == message, "a part reads back as another")?;
    depth.fields = message.field_numbers().next().is_some();
    let held: usize = message
        .field_numbers()
        .filter_map(|number| message.bytes(number))
        .map(<[u8]>::len)
        .sum();
    holds(held <= bytes.len() * 2, "it holds more than came")?;
    holds(
        format!("{message:?}").len() < 40 * 64 + bytes.len() * 12,
        "it prints too much",
    )?;
    inside(&message)?;
    Ok(depth)
}

/// The insides of private fields: read, written, read again.
fn inside(message: &Message) -> Result<(), String> {
    let key = MacKey::new(MacAlgorithm::Ecb, b"sixteen bytes !!").map_err(|error| error.to_string())?;
    let kind = Kind::of(message);
    let _ = (
        message.verify(&key).is_ok(),
        kind.map(|kind| kind.missing(message)),
        Kind::reversed_by(message),
    );
    let mut sealed = message.clone();
    sealed
        .remove(64)
        .seal(&key)
        .map_err(|error| format!("cannot be sealed: {error}"))?;
    holds(sealed.verify(&key).is_ok(), "its own seal is not valid")?;
    if let Some(f60) = F60::of(message) {
        let digits = f60.digits().map_err(|error| format!("60: {error}"))?;
        holds(F60::parse(&digits) == Ok(f60), "60 reads back as another")?;
    }
    if let Some(f61) = F61::of(message) {
        let digits = f61.digits().map_err(|error| format!("61: {error}"))?;
        holds(F61::parse(&digits) == Ok(f61), "61 reads back as another")?;
    }
    if let Some(f53) = F53::of(message) {
        holds(F53::parse(&f53.digits()) == Ok(f53), "53 reads back as another")?;
    }
    let digits = message.text(48).unwrap_or_default();
    if let Ok(totals) = SettlementTotals::parse(digits) {
        holds(totals.digits().as_deref() == Ok(digits), "48: totals written otherwise")?;
    }
    if let Ok(upload) = BatchUpload::parse(digits) {
        holds(upload.0.len() <= BatchUpload::MOST, "48: more than eight details")?;
        holds(
            upload.digits().as_deref() == Ok(digits),
            "48: details written otherwise",
        )?;
    }
    for number in [35, 36] {
        let track = message.text(number).unwrap_or_default();
        let key = DesKey::from_random([7; 16]);
        if let Ok(clear) = decrypt_track(&key, track) {
            holds(clear.len() == track.len(), "a track of another length")?;
        }
        if let Ok(read) = Track2::parse(track) {
            holds(
                track.starts_with(read.pan().expose()),
                "a card number that is not the track's",
            )?;
        }
    }
    let _ = (message.pan().map(|pan| pan.masked()), message.track2().is_some());
    for number in message.field_numbers().collect::<Vec<_>>() {
        let bytes = message.bytes(number).unwrap_or_default();
        bytes_inside(number, bytes)?;
    }
    Ok(())
}

fn bytes_inside(number: u8, bytes: &[u8]) -> Result<(), String> {
    for layout in [
        KeyLayout::Single,
        KeyLayout::Double,
        KeyLayout::DoubleWithTrack,
        KeyLayout::Sm4,
    ] {
        if let Ok(keys) = SignInKeys::parse(bytes, layout) {
            holds(
                keys.to_bytes(layout).as_deref() == Ok(bytes),
                "62: keys written otherwise",
            )?;
        }
    }
    if let Ok(request) = SignInRequest::parse(bytes) {
        holds(
            request.to_bytes().as_deref() == Ok(bytes),
            "62: a sign-in written otherwise",
        )?;
    }
    holds(
        ReplyTexts::parse(bytes).to_bytes().len() <= 63,
        "63 is written too long",
    )?;
    let _ = (
        CodeData::parse(bytes).is_ok(),
        Balance::parse(bytes).is_ok(),
        read_receipt(bytes).is_ok(),
    );
    let _ = (read_parameters(bytes).is_ok(), read_status(bytes).is_ok());
    let _ = std::str::from_utf8(bytes).is_ok_and(|text| Pan::parse(text).is_ok());
    data_objects(bytes, 0).map_err(|error| format!("{number}: {error}"))
}

/// Data objects, and those within.
fn data_objects(bytes: &[u8], depth: usize) -> Result<(), String> {
    let Ok(objects) = tlv::parse(bytes) else { return Ok(()) };
    holds(objects.len() <= tlv::MOST, "more data objects than allowed")?;
    let mut written = Vec::new();
    for object in &objects {
        tlv::push(&mut written, object.tag, object.value).map_err(|error| error.to_string())?;
        if object.tag.is_constructed() && depth < 8 {
            data_objects(object.value, depth + 1)?;
        }
    }
    let again = tlv::parse(&written).map_err(|error| format!("its own objects cannot be read: {error}"))?;
    holds(again == objects, "data objects read back as others")?;
    for object in objects {
        let found = tlv::find(bytes, object.tag.number());
        holds(found.is_some(), "an object that is there is not found")?;
    }
    Ok(())
}

/// A stream of frames, cut anywhere, gives what the same stream gives at once.
pub fn examine_stream(chance: &mut Chance, messages: &[Vec<u8>]) -> Result<(), String> {
    let mut stream = Vec::new();
    for message in messages {
        let frame = Frame {
            tpdu: Tpdu::new([0, 3], [0, 0]),
            header: Header::from_hex("603100310000"),
            message: message.clone(),
        };
        frame.append_to(&mut stream).map_err(|error| error.to_string())?;
    }
    if chance.one_in(2) {
        let at = chance.below(stream.len());
        if let Some(byte) = stream.get_mut(at) {
            *byte = chance.byte();
        }
    }
    let mut whole = Framing::default();
    whole.feed(&stream);
    let at_once = taken(&mut whole);
    let mut cut = Framing::default();
    let mut in_pieces = Vec::new();
    let mut rest = stream.as_slice();
    while !rest.is_empty() {
        let (piece, later) = rest.split_at((1 + chance.below(90)).min(rest.len()));
        cut.feed(piece);
        in_pieces.extend(taken(&mut cut));
        rest = later;
        // A stream that cannot be followed says so for ever.
        if in_pieces.last().is_some_and(|last| last.contains("exceeds")) {
            break;
        }
    }
    holds(at_once == in_pieces, "a stream cut otherwise gives other frames")
}

fn taken(framing: &mut Framing) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        match framing.next_frame() {
            Ok(None) => return seen,
            Ok(Some(frame)) => seen.push(format!("{:?} {:02X?}", frame, frame.message)),
            Err(error) => {
                let text = error.to_string();
                let ended = text.contains("exceeds");
                seen.push(text);
                if ended {
                    return seen;
                }
            }
        }
    }
}
