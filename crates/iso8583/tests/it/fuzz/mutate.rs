//! Messages that are nearly right: a valid one, from the dumps or made here, with a few faults that know where its fields,
//! lengths, nibbles and data objects stand. The same seed gives the same bytes.

#![allow(
    clippy::ptr_arg,
    reason = "all faults have one type, so that they can stand in a table"
)]

use std::fmt::Write;

use iso8583::Message;
use iso8583::fields::{Content, FIELDS, FieldSpec, Length, field};

/// Chance from a seed (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Self {
        Self(seed ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let n = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    }

    /// Less than `most`; 0 where that is 0.
    pub fn below(&mut self, most: usize) -> usize {
        let most = u64::try_from(most.max(1)).unwrap_or(1);
        usize::try_from(self.next() % most).unwrap_or(0)
    }

    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.next() & 0xFF).unwrap_or(0)
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0)))
            .collect()
    }
}

/// Where a field stands in a message: its length, and its content.
#[derive(Clone)]
struct Place {
    spec: &'static FieldSpec,
    start: usize,
    content: usize,
    end: usize,
}

const HEAD: usize = 10;

fn announced(bytes: &[u8], number: u8) -> bool {
    let place = usize::from(number - 1);
    bytes
        .get(2 + place / 8)
        .is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0)
}

/// The fields as far as they can be followed.
fn places(bytes: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut at = HEAD;
    for number in (2..=64).filter(|number| announced(bytes, *number)) {
        let Some(spec) = field(number) else { break };
        let decimal = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte >> 4) * 10 + usize::from(byte & 15));
        let (head, units) = match spec.length {
            Length::Fixed(units) => (0, units),
            Length::Ll(_) => (1, decimal(bytes.get(at))),
            Length::Lll(_) => (2, decimal(bytes.get(at)) * 100 + decimal(bytes.get(at + 1))),
        };
        let packed = matches!(spec.content, Content::Digits | Content::Track);
        let (start, content) = (at, at + head);
        at = content + if packed { units.div_ceil(2) } else { units };
        if at > bytes.len() {
            break;
        }
        let end = at;
        places.push(Place {
            spec,
            start,
            content,
            end,
        });
    }
    places
}

const TYPES: [&str; 12] = [
    "0100", "0110", "0200", "0210", "0220", "0320", "0400", "0410", "0500", "0620", "0800", "0820",
];
const TAGS: [u32; 12] = [
    0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x71, 0x72, 0x86, 0xDF_8101,
];

/// Data objects as field 55 has them, some within others.
fn objects(chance: &mut Chance, depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..chance.below(6) {
        let tag = *chance.pick(&TAGS);
        let count = chance.below(20);
        let value = if matches!(tag, 0x71 | 0x72) && depth < 3 {
            objects(chance, depth + 1)
        } else {
            chance.bytes(count)
        };
        let tag = iso8583::tlv::Tag::new(tag).expect("a tag");
        if out.len() + value.len() < 200 {
            iso8583::tlv::push(&mut out, tag, &value).expect("short");
        }
    }
    out
}

/// Digits of the private fields, mostly as their parts have it.
fn private_digits(chance: &mut Chance, number: u8) -> Option<String> {
    let any = chance.below(30);
    Some(match number {
        60 => {
            let count = *chance.pick(&[8, 11, 12, 13, 14, 17, 19, any]);
            chance.digits(count)
        }
        61 => {
            let count = *chance.pick(&[12, 16, 18, 29, any.min(29)]);
            chance.digits(count)
        }
        48 if chance.one_in(2) => format!("{}{}", chance.digits(61), chance.below(5)),
        48 => {
            let count = chance.below(10);
            let mut digits = format!("{count:02}");
            for _ in 0..count.min(8) {
                let pan = format!("{:0>20}", format!("62{}", chance.digits(14)));
                let (kind, trace, amount) = (chance.below(3), chance.digits(6), chance.digits(12));
                write!(digits, "0{kind}{trace}{pan}{amount}").expect("a text takes all");
            }
            digits
        }
        53 => format!("{}{}0{}", chance.below(3), chance.below(7), "0".repeat(13)),
        2 => {
            let count = 11 + chance.below(9);
            chance.digits(count)
        }
        _ => return None,
    })
}

fn private_bytes(chance: &mut Chance, number: u8) -> Option<Vec<u8>> {
    let count = chance.below(40);
    Some(match number {
        55 => objects(chance, 0),
        62 if chance.one_in(2) => {
            let serial = chance.digits(count);
            format!("Sequence No{:02}0001{serial}", 4 + count).into_bytes()
        }
        62 => {
            let size = *chance.pick(&[24, 40, 60, count]);
            chance.bytes(size)
        }
        63 => {
            let texts: [&[u8]; 4] = [b"01 ", b"CUP", &[0xD6, 0xD5, 0xB6, 0xCB, 0x81], b"01 7K3-M9Q"];
            chance.pick(&texts).to_vec()
        }
        54 => format!("0002156C{}", chance.digits(12)).into_bytes(),
        59 => format!("A3{:03}{}", count, chance.digits(count)).into_bytes(),
        _ => return None,
    })
}

/// A valid message with some of the fields of the table.
fn valid(chance: &mut Chance) -> Vec<u8> {
    let mut message = Message::new(chance.pick::<&str>(&TYPES)).expect("a type");
    let often = 2 + chance.below(4);
    for spec in FIELDS {
        if !chance.one_in(often) {
            continue;
        }
        let count = match spec.length {
            Length::Fixed(count) => count,
            Length::Ll(most) | Length::Lll(most) => chance.below(most.min(60) + 1),
        };
        let fitting = |digits: &String| match spec.length {
            Length::Fixed(count) => digits.len() == count,
            Length::Ll(most) | Length::Lll(most) => digits.len() <= most,
        };
        let set = match spec.content {
            Content::Digits => {
                let digits = private_digits(chance, spec.number).filter(fitting);
                let digits = digits.unwrap_or_else(|| chance.digits(count));
                message.set(spec.number, &digits).map(drop)
            }
            Content::Track => {
                let (pan, rest) = (chance.digits(16), chance.digits(count.min(20)));
                message.set(spec.number, &format!("{pan}D{rest}")).map(drop)
            }
            Content::Text | Content::Binary => {
                let bytes = private_bytes(chance, spec.number).unwrap_or_else(|| chance.bytes(count));
                message.set_bytes(spec.number, &bytes).map(drop)
            }
        };
        set.unwrap_or_else(|error| panic!("field {}: {error}", spec.number));
    }
    message.encode().expect("a valid message")
}

/// What is done to a message.
type Fault = fn(&mut Chance, &mut Vec<u8>);

const FAULTS: [Fault; 12] = [
    bitmap_bit,
    length,
    nibble,
    pad,
    data_object,
    take_a_field_out,
    double_a_field,
    shorten,
    lengthen,
    any_byte,
    message_type,
    any_bit,
];

fn turn(bytes: &mut [u8], place: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= mask;
    }
}

fn bitmap_bit(chance: &mut Chance, bytes: &mut Vec<u8>) {
    // The bit of the secondary bitmap ends everything, so it is rare.
    let bit = if chance.one_in(20) { 0 } else { 1 + chance.below(63) };
    turn(bytes, 2 + bit / 8, 0x80 >> (bit % 8));
}

fn length(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let all = places(bytes);
    let variable: Vec<_> = all.iter().filter(|place| place.content > place.start).collect();
    if variable.is_empty() {
        return;
    }
    let place = chance.pick(&variable);
    let last = place.content - 1;
    let Some(old) = bytes.get(last).copied() else { return };
    let new = match chance.below(7) {
        0 => 0,
        1 => old.wrapping_add(1),
        2 => old.wrapping_sub(1),
        3 => 0x99,
        4 => old | 0x0A,
        5 => chance.byte(),
        _ => old.rotate_left(4),
    };
    bytes[last] = new;
    if last > place.start && chance.one_in(4) {
        bytes[place.start] = chance.byte() & 0x1F;
    }
}

fn nibble(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let all = places(bytes);
    let packed: Vec<_> = all
        .iter()
        .filter(|place| matches!(place.spec.content, Content::Digits | Content::Track) && place.end > place.content)
        .collect();
    if packed.is_empty() {
        return;
    }
    let place = chance.pick(&packed);
    let at = place.content + chance.below(place.end - place.content);
    let value = chance.byte() & 0x0F;
    bytes[at] = if chance.one_in(2) {
        bytes[at] & 0xF0 | value
    } else {
        bytes[at] & 0x0F | value << 4
    };
}

/// The nibble beside an odd count of digits.
fn pad(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let all = places(bytes);
    let packed: Vec<_> = all
        .iter()
        .filter(|place| matches!(place.spec.content, Content::Digits | Content::Track) && place.end > place.content)
        .collect();
    if !packed.is_empty() {
        let at = chance.pick(&packed).end - 1;
        bytes[at] = bytes[at] & 0xF0 | *chance.pick(&[0, 0x0F, 0x0D, 5]);
    }
}

/// Tags and lengths within field 55.
fn data_object(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let Some(place) = places(bytes).into_iter().find(|place| place.spec.number == 55) else {
        return;
    };
    if place.end == place.content {
        return;
    }
    let at = place.content + chance.below(place.end - place.content);
    let any = chance.byte();
    bytes[at] = *chance.pick(&[
        0x80, 0x81, 0x82, 0x83, 0x84, 0x9F, 0xDF, 0x7F, 0x1F, 0xFF, 0x00, 0x71, any,
    ]);
}

fn take_a_field_out(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let all = places(bytes);
    if all.is_empty() {
        return;
    }
    let place = chance.pick(&all);
    let bit = usize::from(place.spec.number - 1);
    bytes.drain(place.start..place.end);
    // Mostly the bitmap is told; else everything after it is read as something else.
    if !chance.one_in(4) {
        turn(bytes, 2 + bit / 8, 0x80 >> (bit % 8));
    }
}

fn double_a_field(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let all = places(bytes);
    if all.is_empty() {
        return;
    }
    let (from, to) = (chance.pick(&all).clone(), chance.pick(&all).clone());
    let copy = bytes[from.start..from.end].to_vec();
    bytes.splice(to.start..to.end, copy);
}

fn shorten(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let by = 1 + chance.below(bytes.len() / 4 + 1);
    bytes.truncate(bytes.len().saturating_sub(by));
}

fn lengthen(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let by = 1 + chance.below(12);
    bytes.extend(chance.bytes(by));
}

fn any_byte(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = chance.below(bytes.len());
    let byte = chance.byte();
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
}

fn message_type(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = chance.below(2);
    let mask = 1 << chance.below(8);
    turn(bytes, at, mask);
}

fn any_bit(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = chance.below(bytes.len());
    let mask = 1 << chance.below(8);
    turn(bytes, at, mask);
}

/// The message of a seed: none to three faults in a dump, or in a message made for it.
pub fn mutant(seed: u64, dumps: &[Vec<u8>]) -> Vec<u8> {
    let mut chance = Chance::seeded(seed);
    let mut bytes = if chance.one_in(2) && !dumps.is_empty() {
        chance.pick(dumps).clone()
    } else {
        valid(&mut chance)
    };
    damage(&mut chance, &mut bytes);
    bytes
}

/// None to three faults.
pub fn damage(chance: &mut Chance, bytes: &mut Vec<u8>) {
    for _ in 0..*chance.pick(&[0, 1, 1, 1, 2, 3]) {
        let fault = chance.pick(&FAULTS);
        fault(chance, bytes);
    }
}
