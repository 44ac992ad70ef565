//! A message: its type and its fields by number.

use crate::bcd;
use crate::card::mask;
use crate::error::{EncodeError, Unfit};
use crate::fields::{Content, FieldSpec, Justify, Length, Shown, field};
use crate::mti::Mti;
use crate::values::text;
use std::fmt;
use zeroize::Zeroize;

/// A message between terminal and acquirer: a type and the fields that are present.
///
/// Values are held as they read: digits as digits, text with the spaces that fill it, binary as bytes. Two messages are equal
/// when they encode to the same bytes. Memory of values is cleared when they are dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    mti: Mti,
    /// In order of field number.
    pub(crate) fields: Vec<(u8, Value)>,
}

/// What a field holds: characters for digits and text, bytes for binary.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) content: Vec<u8>,
    /// The nibble beside an odd count of digits; kept so that a message encodes to the bytes it came from.
    pub(crate) pad: u8,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.content.zeroize();
    }
}

impl Message {
    /// A message without fields. `mti` is four digits, such as `0200`.
    pub fn new(mti: &str) -> Result<Self, EncodeError> {
        Mti::parse(mti).map(Self::of_type)
    }

    /// A message without fields.
    pub fn of_type(mti: Mti) -> Self {
        Self {
            mti,
            fields: Vec::with_capacity(24),
        }
    }

    /// The beginning of an answer: the type that answers this message, and those of the named fields that it has.
    pub fn answer(&self, echoed: &[u8]) -> Self {
        let mut answer = Self::of_type(self.mti.response());
        answer.copy_from(self, echoed);
        answer
    }

    /// The message type.
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// The same fields under another type, as a reversal has them.
    pub fn with_mti(mut self, mti: Mti) -> Self {
        self.mti = mti;
        self
    }

    /// Numbers of the fields present, rising.
    pub fn field_numbers(&self) -> impl Iterator<Item = u8> + '_ {
        self.fields.iter().map(|(number, _)| *number)
    }

    /// Whether a field is present.
    pub fn has(&self, number: u8) -> bool {
        self.value(number).is_some()
    }

    pub(crate) fn value(&self, number: u8) -> Option<&Value> {
        let place = self.place(number).ok()?;
        self.fields.get(place).map(|(_, value)| value)
    }

    fn place(&self, number: u8) -> Result<usize, usize> {
        self.fields.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// Digits or text of a field, spaces included. `None` where the field is absent, binary, or holds other than ASCII
    /// (see [`Message::chinese`]).
    pub fn text(&self, number: u8) -> Option<&str> {
        if field(number)?.content == Content::Binary {
            return None;
        }
        let content = &self.value(number)?.content;
        content.is_ascii().then_some(())?;
        std::str::from_utf8(content).ok()
    }

    /// Text of a field that may hold Chinese (GBK), without the spaces at its end. Bytes that are no text become `�`.
    pub fn chinese(&self, number: u8) -> Option<String> {
        self.bytes(number).map(text::decode)
    }

    /// Content of a field: bytes of binary and text fields, ASCII characters of digits.
    pub fn bytes(&self, number: u8) -> Option<&[u8]> {
        self.value(number).map(|value| value.content.as_slice())
    }

    /// Content of a field of known size, such as a PIN block.
    pub fn array<const N: usize>(&self, number: u8) -> Option<[u8; N]> {
        self.bytes(number)?.try_into().ok()
    }

    /// Digits of a field as a number: amounts in fen, trace numbers. `None` where absent, not digits, or above `u64`.
    pub fn number(&self, number: u8) -> Option<u64> {
        (field(number)?.content == Content::Digits).then_some(())?;
        self.text(number)?.parse().ok()
    }

    /// Sets a field from characters.
    ///
    /// Digits must have the length of the table; text shorter than a place that stands left (41, 42, 43) is filled with
    /// spaces, Chinese is written as GBK; a track may use `=` or `D`. Binary fields take [`Message::set_bytes`].
    pub fn set(&mut self, number: u8, value: &str) -> Result<&mut Self, EncodeError> {
        let spec = spec_of(number)?;
        let content = match spec.content {
            Content::Digits if value.bytes().all(|c| c.is_ascii_digit()) => value.as_bytes().to_vec(),
            Content::Track => {
                track_characters(value).ok_or(EncodeError::field(number, Unfit::Content(spec.content)))?
            }
            Content::Text => text::encode(value),
            Content::Digits | Content::Binary => {
                return Err(EncodeError::field(number, Unfit::Content(spec.content)));
            }
        };
        self.put(spec, content)
    }

    /// Sets a binary or text field from bytes.
    pub fn set_bytes(&mut self, number: u8, value: &[u8]) -> Result<&mut Self, EncodeError> {
        let spec = spec_of(number)?;
        match spec.content {
            Content::Binary | Content::Text => self.put(spec, value.to_vec()),
            Content::Digits | Content::Track => Err(EncodeError::field(number, Unfit::Content(spec.content))),
        }
    }

    /// Sets a field of fixed digits from a number, with zeros before it: an amount in fen, a trace number.
    pub fn set_number(&mut self, number: u8, value: u64) -> Result<&mut Self, EncodeError> {
        let spec = spec_of(number)?;
        let (Content::Digits, Length::Fixed(width)) = (spec.content, spec.length) else {
            return Err(EncodeError::field(
                number,
                Unfit::Meaning("a field with a fixed number of digits"),
            ));
        };
        self.put(spec, format!("{value:0width$}").into_bytes())
    }

    /// Removes a field, if it is there.
    pub fn remove(&mut self, number: u8) -> &mut Self {
        if let Ok(place) = self.place(number) {
            self.fields.remove(place);
        }
        self
    }

    /// Takes over those of the named fields that `other` has, bytes and pads as they are.
    pub fn copy_from(&mut self, other: &Self, numbers: &[u8]) -> &mut Self {
        for number in numbers {
            if let Some(value) = other.value(*number) {
                self.store(*number, value.clone());
            }
        }
        self
    }

    fn put(&mut self, spec: &FieldSpec, mut content: Vec<u8>) -> Result<&mut Self, EncodeError> {
        if let (Content::Text, Length::Fixed(width), Justify::Left) = (spec.content, spec.length, spec.justify)
            && content.len() < width
        {
            content.resize(width, b' ');
        }
        let fits = match spec.length {
            Length::Fixed(count) => content.len() == count,
            Length::Ll(most) | Length::Lll(most) => content.len() <= most,
        };
        if !fits {
            let problem = Unfit::Length {
                given: content.len(),
                unit: spec.content.unit(),
                expected: spec.length,
            };
            content.zeroize();
            return Err(EncodeError::field(spec.number, problem));
        }
        self.store(spec.number, Value { content, pad: 0 });
        Ok(self)
    }

    fn store(&mut self, number: u8, value: Value) {
        match self.place(number) {
            Ok(place) => {
                if let Some(slot) = self.fields.get_mut(place) {
                    slot.1 = value;
                }
            }
            Err(place) => self.fields.insert(place, (number, value)),
        }
    }
}

fn spec_of(number: u8) -> Result<&'static FieldSpec, EncodeError> {
    field(number).ok_or(EncodeError::field(number, Unfit::UnknownField))
}

/// Characters of a track in upper case with `D` as separator; `None` if anything else is among them.
fn track_characters(value: &str) -> Option<Vec<u8>> {
    let plain = |c: u8| {
        if c == b'=' { b'D' } else { c.to_ascii_uppercase() }
    };
    value.bytes().map(plain).map(|c| bcd::nibble(c).map(|_| c)).collect()
}

/// Shows type and fields; card data, keys and other secrets only masked or by length.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.mti)?;
        f.debug_map()
            .entries(
                self.fields
                    .iter()
                    .map(|(number, value)| (number, Display(*number, value))),
            )
            .finish()
    }
}

struct Display<'a>(u8, &'a Value);

impl fmt::Debug for Display<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = &self.1.content;
        let Some(spec) = field(self.0) else {
            return f.write_str("?");
        };
        match (spec.shown, spec.content) {
            (Shown::Hidden, _) => write!(f, "<{} {}>", content.len(), spec.content.unit()),
            (Shown::Masked, _) => f.write_str(&mask(content)),
            (Shown::Plain, Content::Binary) => f.write_str(&String::from_utf8_lossy(&bcd::hex_upper(content))),
            (Shown::Plain, _) => fmt::Debug::fmt(&text::decode(content), f),
        }
    }
}
