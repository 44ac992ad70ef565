//! BER-TLV as in field 55: tags of up to three bytes, lengths of up to two bytes more than one.
//!
//! A constructed value (71, 72 …) is given as it is; read it again to get inside.

use std::fmt;
use thiserror::Error;

/// A tag of one to three bytes, such as `9F26`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

impl Tag {
    /// A tag from its bytes read as one number: `Tag::new(0x9F26)`. `None` where those bytes are no single tag.
    pub const fn new(number: u32) -> Option<Self> {
        let [zero, a, b, c] = number.to_be_bytes();
        let fits = match (zero, a, b, c) {
            (0, 0, 0, 0) => false,
            (0, 0, 0, one) => one & 0x1F != 0x1F,
            (0, 0, first, last) => first & 0x1F == 0x1F && last & 0x80 == 0,
            (0, first, middle, last) => first & 0x1F == 0x1F && middle & 0x80 != 0 && last & 0x80 == 0,
            _ => false,
        };
        if fits { Some(Self(number)) } else { None }
    }

    /// The bytes of the tag read as one number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Whether the value consists of further data objects.
    pub const fn is_constructed(self) -> bool {
        let [_, a, b, c] = self.0.to_be_bytes();
        let first = if a != 0 {
            a
        } else if b != 0 {
            b
        } else {
            c
        };
        first & 0x20 != 0
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.to_be_bytes().into_iter().skip_while(|byte| *byte == 0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why bytes are no data objects. Never repeats a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TlvError {
    /// A tag does not end.
    #[error("the tag at byte {0} is longer than three bytes, or cut off")]
    Tag(usize),
    /// A length is of indefinite form, longer than two bytes, or cut off.
    #[error("the length at byte {0} is not one of up to 65535 bytes")]
    Length(usize),
    /// A value is longer than what is left.
    #[error("{tag}: {needed} bytes of value expected, {available} left")]
    Value {
        /// Tag of the value.
        tag: Tag,
        /// Bytes that its length asks for.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// More data objects than any chip transaction has.
    #[error("more than {MOST} data objects")]
    TooMany,
    /// A value too long to be written.
    #[error("{0}: a value of more than 65535 bytes")]
    TooLong(Tag),
}

/// The most data objects that are read from one field.
pub const MOST: usize = 128;

/// One data object. No `Debug`: values may be card data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its tag.
    pub tag: Tag,
    /// Its value.
    pub value: &'a [u8],
}

/// Reads data objects, one after the other. Zero bytes between them are skipped, as EMV has it.
pub fn parse(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    let mut rest = skip_zeros(bytes);
    while !rest.is_empty() {
        if objects.len() == MOST {
            return Err(TlvError::TooMany);
        }
        let (object, after) = object(rest, bytes.len() - rest.len())?;
        objects.push(object);
        rest = skip_zeros(after);
    }
    Ok(objects)
}

/// The value of the first data object with this tag; `None` where it is absent or the bytes before it are damaged.
pub fn find(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    let mut rest = skip_zeros(bytes);
    while !rest.is_empty() {
        let (object, after) = object(rest, 0).ok()?;
        if object.tag.number() == tag {
            return Some(object.value);
        }
        rest = skip_zeros(after);
    }
    None
}

/// Appends one data object, with the shortest form of its length.
pub fn push(out: &mut Vec<u8>, tag: Tag, value: &[u8]) -> Result<(), TlvError> {
    let length = u16::try_from(value.len()).map_err(|_| TlvError::TooLong(tag))?;
    let [high, low] = length.to_be_bytes();
    out.extend(tag.bytes());
    match (high, low) {
        (0, ..=0x7F) => out.push(low),
        (0, _) => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend(value);
    Ok(())
}

fn skip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn object(bytes: &[u8], offset: usize) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let (tag, rest) = read_tag(bytes).ok_or(TlvError::Tag(offset))?;
    let at_length = offset + bytes.len() - rest.len();
    let (needed, rest) = read_length(rest).ok_or(TlvError::Length(at_length))?;
    let cut_off = TlvError::Value {
        tag,
        needed,
        available: rest.len(),
    };
    let (value, rest) = rest.split_at_checked(needed).ok_or(cut_off)?;
    Ok((Tlv { tag, value }, rest))
}

fn read_tag(bytes: &[u8]) -> Option<(Tag, &[u8])> {
    (1..=3).find_map(|count| {
        let (tag, rest) = bytes.split_at_checked(count)?;
        let number = tag.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        Tag::new(number).map(|tag| (tag, rest))
    })
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ ..=0x7F, rest @ ..] => Some((usize::from(*short), rest)),
        [0x81, length, rest @ ..] => Some((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Some((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn tag(number: u32) -> Tag {
        Tag::new(number).unwrap()
    }

    fn as_pairs(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, TlvError> {
        Ok(parse(bytes)?
            .into_iter()
            .map(|object| (object.tag.number(), object.value.to_vec()))
            .collect())
    }

    #[test]
    fn the_chip_data_of_a_reply_reads() {
        let bytes = [0x9F, 0x36, 0x02, 0x03, 0x1E, 0x91, 0x02, 0x30, 0x30];
        assert_eq!(
            as_pairs(&bytes).unwrap(),
            [(0x9F36, vec![0x03, 0x1E]), (0x91, vec![0x30, 0x30])]
        );
        assert_eq!(find(&bytes, 0x91), Some(&[0x30, 0x30][..]));
        assert_eq!(find(&bytes, 0x9F26), None);
    }

    #[test]
    fn only_whole_tags_are_tags() {
        for number in [0x82, 0x9F26, 0xFF01, 0x00DF_8101] {
            assert!(Tag::new(number).is_some(), "{number:X}");
        }
        for number in [0, 0x9F, 0x8201, 0x9F81, 0x009F_2601, 0x009F_8181, 0x0100_9F26] {
            assert!(Tag::new(number).is_none(), "{number:X}");
        }
        assert!(tag(0x71).is_constructed() && tag(0xFF20).is_constructed());
        assert!(!tag(0x9F26).is_constructed() && !tag(0x82).is_constructed());
    }

    #[test]
    fn what_is_damaged_is_refused_with_its_place() {
        assert_eq!(as_pairs(&[0x9F]), Err(TlvError::Tag(0)));
        assert_eq!(as_pairs(&[0x82, 0x00, 0x9F, 0x81, 0x81, 0x81]), Err(TlvError::Tag(2)));
        assert_eq!(as_pairs(&[0x82]), Err(TlvError::Length(1)));
        assert_eq!(as_pairs(&[0x82, 0x80]), Err(TlvError::Length(1)));
        assert_eq!(as_pairs(&[0x82, 0x83, 0, 0, 1, 0]), Err(TlvError::Length(1)));
        let cut_off = TlvError::Value {
            tag: tag(0x82),
            needed: 2,
            available: 1,
        };
        assert_eq!(as_pairs(&[0x82, 0x02, 0x7C]), Err(cut_off));
        assert_eq!(as_pairs(&[0x82, 0x00].repeat(MOST + 1)), Err(TlvError::TooMany));
    }

    #[test]
    fn zeros_between_objects_mean_nothing() {
        assert_eq!(
            as_pairs(&[0, 0, 0x82, 1, 7, 0, 0x91, 0, 0]).unwrap(),
            [(0x82, vec![7]), (0x91, vec![])]
        );
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, head) in [
            (0x7F, vec![0x82, 0x7F]),
            (0x80, vec![0x82, 0x81, 0x80]),
            (0x100, vec![0x82, 0x82, 1, 0]),
        ] {
            let mut out = Vec::new();
            push(&mut out, tag(0x82), &vec![1; length]).unwrap();
            assert!(out.starts_with(&head), "{length}");
            assert_eq!(out.len(), head.len() + length);
        }
        assert!(push(&mut Vec::new(), tag(0x82), &vec![0; 65_536]).is_err());
    }

    proptest! {
        #[test]
        fn objects_read_as_they_were_written(
            objects in proptest::collection::vec(
                (prop::sample::select(vec![0x82, 0x95, 0x9F26, 0x9F10, 0x00DF_8101]), proptest::collection::vec(any::<u8>(), 0..300)),
                0..20,
            ),
        ) {
            let mut bytes = Vec::new();
            for (number, value) in &objects {
                push(&mut bytes, tag(*number), value).unwrap();
            }
            prop_assert_eq!(as_pairs(&bytes).unwrap(), objects);
        }

        #[test]
        fn any_bytes_are_objects_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(objects) = parse(&bytes) {
                let taken: usize = objects.iter().map(|object| object.value.len()).sum();
                prop_assert!(taken <= bytes.len());
                for object in objects {
                    prop_assert!(find(&bytes, object.tag.number()).is_some());
                }
            }
        }
    }
}
