//! What can be wrong with bytes that came in, and with values that are to go out.
//!
//! Neither kind ever repeats what it read: a refused message may hold a card number.

use crate::fields::{Content, Length};
use std::fmt;
use thiserror::Error;

/// Where in a message something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The message type, the first two bytes.
    Mti,
    /// The bitmap, eight bytes.
    Bitmap,
    /// A field, by its number.
    Field(u8),
    /// A part of a private field, by its usual name such as `60.2`.
    Part(&'static str),
    /// After the last field that the bitmap names.
    End,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mti => f.write_str("message type"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Field(number) => write!(f, "field {number}"),
            Self::Part(name) => write!(f, "field {name}"),
            Self::End => f.write_str("end of message"),
        }
    }
}

/// Why a message, or a private field of one, could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{path}, at byte {offset}: {problem}")]
pub struct DecodeError {
    /// What was being read.
    pub path: Path,
    /// How far reading had come: bytes from the message type on, or characters from the start of a private field.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl DecodeError {
    pub(crate) fn new(path: Path, offset: usize, problem: Problem) -> Self {
        Self { path, offset, problem }
    }
}

/// The ways in which bytes fail to be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The data ends too early.
    #[error("{needed} more bytes expected, {available} left")]
    Truncated {
        /// Bytes that had to follow.
        needed: usize,
        /// Bytes that did follow.
        available: usize,
    },
    /// A length prefix holds a nibble above nine.
    #[error("the length is not decimal")]
    LengthNotDecimal,
    /// A length prefix asks for more than the field may hold.
    #[error("length {length} exceeds the maximum {maximum}")]
    TooLong {
        /// Length found.
        length: usize,
        /// Longest length allowed.
        maximum: usize,
    },
    /// A value holds something that its content forbids.
    #[error("the value must be {0}")]
    Content(Content),
    /// A value is well-formed but means nothing in its place.
    #[error("expected {0}")]
    Meaning(&'static str),
    /// Bit 1 is set; the dialect has no secondary bitmap.
    #[error("a secondary bitmap is not used in this dialect")]
    SecondaryBitmap,
    /// The bitmap names a field that the table does not have.
    #[error("this field does not exist in the dialect")]
    UnknownField,
    /// Bytes follow the last field.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

/// Why a value cannot be put into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct EncodeError {
    /// The field, or part of one, that was to be set.
    pub path: Path,
    /// What is wrong with the value.
    pub problem: Unfit,
}

impl EncodeError {
    pub(crate) fn new(path: Path, problem: Unfit) -> Self {
        Self { path, problem }
    }

    pub(crate) fn field(number: u8, problem: Unfit) -> Self {
        Self::new(Path::Field(number), problem)
    }
}

/// The ways in which a value does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The table has no such field.
    #[error("no such field in this dialect; fields are 2 to 64 as listed in `fields::FIELDS`")]
    UnknownField,
    /// The value holds something that the content of the field forbids.
    #[error("the value must be {0}")]
    Content(Content),
    /// The value has the wrong length.
    #[error("{given} {unit} given, {expected} expected")]
    Length {
        /// Units given.
        given: usize,
        /// The unit that is counted.
        unit: &'static str,
        /// What the table asks for.
        expected: Length,
    },
    /// A number or word outside what its place can hold.
    #[error("expected {0}")]
    Meaning(&'static str),
}
