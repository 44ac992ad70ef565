//! Where the fields of an encoded message stand.

use std::ops::Range;

use iso8583::fields::{Content, Length, field};

/// Bytes of type and bitmap.
const HEAD: usize = 10;

/// The places of the fields of one message, lengths included, by the field table.
pub struct Places {
    ends: [u16; 65],
    starts: [u16; 65],
}

fn bit(number: usize) -> u64 {
    1u64.rotate_right(u32::try_from(number).unwrap_or(0))
}

fn bitmap(message: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(message.get(2..HEAD)?.try_into().ok()?))
}

impl Places {
    /// Reads where everything is; none where the bytes do not fit the table or something is left over.
    pub fn of(message: &[u8]) -> Option<Self> {
        let bits = bitmap(message)?;
        let mut places = Self {
            starts: [0; 65],
            ends: [0; 65],
        };
        let mut at = HEAD;
        let decimal = |byte: &u8| usize::from(byte >> 4) * 10 + usize::from(byte & 15);
        for number in (2..=64).filter(|number| bits & bit(*number) != 0) {
            let spec = field(u8::try_from(number).ok()?)?;
            let start = at;
            let (head, units) = match spec.length {
                Length::Fixed(units) => (0, units),
                Length::Ll(_) => (1, decimal(message.get(at)?)),
                Length::Lll(_) => (2, decimal(message.get(at)?) * 100 + decimal(message.get(at + 1)?)),
            };
            at += head
                + match spec.content {
                    Content::Digits | Content::Track => units.div_ceil(2),
                    Content::Text | Content::Binary => units,
                };
            *places.starts.get_mut(number)? = u16::try_from(start).ok()?;
            *places.ends.get_mut(number)? = u16::try_from(at).ok()?;
        }
        (at == message.len()).then_some(places)
    }

    /// Where a field stands, its length before it included; none where it is absent.
    pub fn range(&self, number: usize) -> Option<Range<usize>> {
        let (start, end) = (self.starts.get(number)?, self.ends.get(number)?);
        (*end > 0).then(|| usize::from(*start)..usize::from(*end))
    }

    /// The bytes of a field of `message`, its length before it included.
    pub fn field<'a>(&self, message: &'a [u8], number: usize) -> Option<&'a [u8]> {
        message.get(self.range(number)?)
    }
}

/// What an answer repeats of its request.
const REPEATED: [usize; 12] = [2, 3, 4, 11, 14, 25, 32, 37, 41, 42, 49, 60];

/// Writes the answer of a network that approves whatever it is asked: the fields an answer repeats, and `own` fields
/// with their lengths before them. `own` and the repeated ones must not overlap. Appends to `out`; none where the request
/// cannot be read.
pub fn answer_to(request: &[u8], own: &[(usize, &[u8])], out: &mut Vec<u8>) -> Option<()> {
    let places = Places::of(request)?;
    let mut bits = own.iter().fold(0, |bits, (number, _)| bits | bit(*number));
    for number in REPEATED {
        if places.range(number).is_some() {
            bits |= bit(number);
        }
    }
    // 0200 becomes 0210: the third digit of the type goes up by one.
    out.extend([*request.first()?, request.get(1)?.wrapping_add(0x10)]);
    out.extend(bits.to_be_bytes());
    for number in (2..=64).filter(|number| bits & bit(*number) != 0) {
        match own.iter().find(|(mine, _)| *mine == number) {
            Some((_, bytes)) => out.extend(*bytes),
            None => out.extend(places.field(request, number)?),
        }
    }
    Some(())
}
