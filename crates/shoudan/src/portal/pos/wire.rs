//! A frame taken apart: every part with its name, its bytes and what it says.

use domain::names::Lang;
use iso8583::fields::{Content, Shown, field};
use iso8583::values::text;
use iso8583::{Frame, HeaderForm, Message};

use crate::portal::words::pos as w;

/// One part of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `F39`, or empty for what is no field.
    pub tag: String,
    /// Its name.
    pub name: String,
    /// Its bytes in hex, `··` where they are not shown.
    pub hex: String,
    /// What it says.
    pub value: String,
}

/// A frame with its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Message type, `0200`.
    pub kind: String,
    /// Bytes on the wire.
    pub size: usize,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the terminal sent.
    pub sent: Taken,
    /// What the host answered; none: nothing came.
    pub received: Option<Taken>,
    /// How long it took, milliseconds.
    pub took: i64,
}

/// Takes a frame apart, its two bytes of length included. What cannot be read stands in one part at the end.
pub fn take_apart(lang: Lang, bytes: &[u8]) -> Taken {
    let mut taken = Taken {
        kind: String::new(),
        size: bytes.len(),
        parts: Vec::new(),
    };
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else {
        return unreadable(lang, taken, bytes);
    };
    let Ok(frame) = Frame::decode(rest, HeaderForm::SixBytes) else {
        return unreadable(lang, taken, bytes);
    };
    let plain = |name: String, bytes: &[u8], value: String| Part {
        tag: String::new(),
        name,
        hex: hex(bytes),
        value,
    };
    let tpdu = frame.tpdu.bytes();
    taken.parts.push(plain(
        w::P_LENGTH.get(lang).into(),
        length,
        u16::from_be_bytes(*length).to_string(),
    ));
    taken
        .parts
        .push(plain(w::P_TPDU.get(lang).into(), &tpdu, frame.tpdu.to_string()));
    if let Some(header) = frame.header {
        taken
            .parts
            .push(plain(w::P_HEADER.get(lang).into(), &header.bytes(), header.to_string()));
    }
    let (message, error) = Message::decode_partly(&frame.message);
    let Some(message) = message else {
        return unreadable(lang, taken, &frame.message);
    };
    taken.kind = message.mti().to_string();
    let head = frame.message.get(..2).unwrap_or_default();
    let bitmap = frame.message.get(2..10).unwrap_or_default();
    taken
        .parts
        .push(plain(w::P_TYPE.get(lang).into(), head, taken.kind.clone()));
    let present: Vec<String> = message.field_numbers().map(|n| n.to_string()).collect();
    taken
        .parts
        .push(plain(w::P_BITMAP.get(lang).into(), bitmap, present.join(" ")));
    let fields: Vec<u8> = message.field_numbers().collect();
    taken
        .parts
        .extend(fields.into_iter().map(|number| part(lang, &message, number)));
    if let Some(error) = error {
        taken
            .parts
            .push(plain(w::UNREADABLE.get(lang).into(), &[], error.to_string()));
    }
    taken
}

fn unreadable(lang: Lang, mut taken: Taken, bytes: &[u8]) -> Taken {
    taken.parts.push(Part {
        tag: String::new(),
        name: w::UNREADABLE.get(lang).into(),
        hex: hex(bytes),
        value: String::new(),
    });
    taken
}

/// One field: the bytes it takes on the wire are those of a message that has it alone, after type and bitmap.
fn part(lang: Lang, message: &Message, number: u8) -> Part {
    let mut alone = Message::of_type(message.mti());
    alone.copy_from(message, &[number]);
    let encoded = alone.encode().unwrap_or_default();
    let bytes = encoded.get(10..).unwrap_or_default();
    let spec = field(number);
    let name = spec.map_or_else(String::new, |s| if lang == Lang::Zh { s.zh } else { s.en }.to_owned());
    let tag = format!("F{number}");
    let shown = spec.map_or(Shown::Hidden, |s| s.shown);
    match shown {
        Shown::Plain => Part {
            tag,
            name,
            hex: hex(bytes),
            value: value(message, number),
        },
        Shown::Masked => Part {
            tag,
            name,
            hex: dots(bytes.len()),
            value: masked(message, number),
        },
        Shown::Hidden => Part {
            tag,
            name,
            hex: dots(bytes.len()),
            value: w::hidden(lang, bytes.len()),
        },
    }
}

fn value(message: &Message, number: u8) -> String {
    let bytes = message.bytes(number).unwrap_or_default();
    match field(number).map(|s| s.content) {
        Some(Content::Binary) | None => hex(bytes),
        Some(Content::Text) => text::decode(bytes),
        Some(Content::Digits | Content::Track) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn masked(message: &Message, number: u8) -> String {
    let bytes = message.bytes(number).unwrap_or_default();
    let last = bytes.len().saturating_sub(4);
    bytes
        .iter()
        .enumerate()
        .map(|(i, b)| if i < 6 || i >= last { char::from(*b) } else { '*' })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02X}")).collect();
    pairs.join(" ")
}

fn dots(count: usize) -> String {
    vec!["··"; count].join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use iso8583::{Header, Tpdu};

    use super::*;

    fn frame() -> Vec<u8> {
        let mut sale = Message::new("0200").unwrap();
        sale.set(2, "6222021234567890123").unwrap();
        sale.set(3, "000000").unwrap();
        sale.set_number(4, 1_234).unwrap();
        sale.set_bytes(52, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        let frame = Frame {
            tpdu: Tpdu::from_hex("6000030000").unwrap(),
            header: Header::from_hex("603100310000"),
            message: sale.encode().unwrap(),
        };
        frame.to_wire().unwrap()
    }

    #[test]
    fn the_parts_are_the_frame() {
        let bytes = frame();
        let taken = take_apart(Lang::Zh, &bytes);
        let count: usize = taken.parts.iter().map(|part| part.hex.split(' ').count()).sum();
        assert_eq!(
            (taken.kind.as_str(), taken.size, count),
            ("0200", bytes.len(), bytes.len())
        );
        let amount = taken.parts.iter().find(|part| part.tag == "F4").unwrap();
        assert_eq!(
            (amount.hex.as_str(), amount.value.as_str()),
            ("00 00 00 00 12 34", "000000001234")
        );
    }

    #[test]
    fn card_and_pin_are_not_shown() {
        let all = format!("{:?}", take_apart(Lang::En, &frame()));
        assert!(!all.contains("6222021234567890123") && !all.contains("62 22 02 12") && !all.contains("01 02 03 04"));
        assert!(all.contains("622202*********0123"));
    }

    #[test]
    fn what_is_no_frame_is_shown_as_it_came() {
        let taken = take_apart(Lang::En, b"GET / HTTP");
        assert_eq!(taken.parts.len(), 1);
        assert!(taken.parts[0].hex.starts_with("47 45 54"));
    }
}
