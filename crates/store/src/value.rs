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
        Given::from(self).kind()
    }
}

/// A borrowed [`Value`]: what statements over many rows take, as they would copy every text only to hand it on.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Given<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
    Bool(bool),
}

impl Given<'_> {
    /// The name used in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Given::Null => "null",
            Given::Int(_) => "bigint",
            Given::Text(_) => "text",
            Given::Blob(_) => "bytea",
            Given::Bool(_) => "boolean",
        }
    }
}

/// One row of what a statement over many rows is given, as a `Vec<Given>`: integers, references to texts, bytes and
/// options of these.
#[macro_export]
macro_rules! given {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Given::from($value)),*] };
}

impl<'a> From<&'a Value> for Given<'a> {
    fn from(value: &'a Value) -> Given<'a> {
        match value {
            Value::Null => Given::Null,
            Value::Int(number) => Given::Int(*number),
            Value::Text(text) => Given::Text(text),
            Value::Blob(bytes) => Given::Blob(bytes),
            Value::Bool(truth) => Given::Bool(*truth),
        }
    }
}

macro_rules! borrowed {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(impl<'a> From<$type> for Given<'a> {
            fn from($value: $type) -> Given<'a> { $made }
        })*
    };
}

borrowed! {
    i64 => |v| Given::Int(v);
    bool => |v| Given::Bool(v);
    Option<i64> => |v| v.map_or(Given::Null, Given::Int);
    &'a str => |v| Given::Text(v);
    &'a String => |v| Given::Text(v);
    &'a [u8] => |v| Given::Blob(v);
    &'a Option<String> => |v| v.as_deref().map_or(Given::Null, Given::Text);
    &'a Option<Vec<u8>> => |v| v.as_deref().map_or(Given::Null, Given::Blob);
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Given::from(self).fmt(f)
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Text(text) => write!(f, "text({} bytes)", text.len()),
            Given::Blob(bytes) => write!(f, "bytea({} bytes)", bytes.len()),
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
