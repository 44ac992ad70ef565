//! Arguments of statements.

use std::fmt;

/// One argument of a statement, or one column of a row: the four types both engines share, and null.
///
/// `Debug` shows kinds and lengths only, as a value may be a person's.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Null of any type.
    Null,
    /// `bigint`: money in fen, milliseconds, counts.
    Int(i64),
    /// `text`. A NUL character is refused, as PostgreSQL cannot hold it.
    Text(String),
    /// `bytea`.
    Blob(Vec<u8>),
    /// `boolean` (0 or 1 on SQLite).
    Bool(bool),
}

/// The type of a column of [`crate::Tx::given`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bigint`.
    Int,
    /// `text`.
    Text,
    /// `bytea`.
    Blob,
    /// `boolean`.
    Bool,
}

impl Value {
    /// The name used in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "bigint",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytea",
            Value::Bool(_) => "boolean",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "text({} bytes)", text.len()),
            Value::Blob(bytes) => write!(f, "bytea({} bytes)", bytes.len()),
            other => f.write_str(other.kind()),
        }
    }
}

/// The arguments `$1`, `$2`, … of a statement, as a `Vec<Value>`.
///
/// Takes what [`Value`] can be made from: integers up to 64 bits signed, `&str`, `&String`, `String`, bytes, `bool`,
/// options of these, and references to them.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Value::from($value)),*] };
}

macro_rules! from {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(
            impl From<$type> for Value {
                fn from($value: $type) -> Value { $made }
            }

            impl From<Option<$type>> for Value {
                fn from(value: Option<$type>) -> Value { value.map_or(Value::Null, Value::from) }
            }
        )*
    };
}

from! {
    i64 => |v| Value::Int(v);
    i32 => |v| Value::Int(v.into());
    u32 => |v| Value::Int(v.into());
    u16 => |v| Value::Int(v.into());
    u8 => |v| Value::Int(v.into());
    &i64 => |v| Value::Int(*v);
    bool => |v| Value::Bool(v);
    &bool => |v| Value::Bool(*v);
    &str => |v| Value::Text(v.to_owned());
    &&str => |v| Value::Text((*v).to_owned());
    String => |v| Value::Text(v);
    &String => |v| Value::Text(v.clone());
    Vec<u8> => |v| Value::Blob(v);
    &Vec<u8> => |v| Value::Blob(v.clone());
    &[u8] => |v| Value::Blob(v.to_vec());
    &Value => |v| v.clone();
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Value {
        Value::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Value {
        Value::Blob(bytes.to_vec())
    }
}

macro_rules! from_reference_to_option {
    ($($type:ty)*) => {
        $(impl From<&Option<$type>> for Value {
            fn from(value: &Option<$type>) -> Value { value.as_ref().map_or(Value::Null, Value::from) }
        })*
    };
}

from_reference_to_option! { i64 bool String Vec<u8> }
