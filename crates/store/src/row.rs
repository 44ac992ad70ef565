//! Rows as statements return them.

use crate::{Error, Value};

/// One row of an answer, detached from its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A column of a type outside the common four is kept as that type's name, and refused when it is asked for.
    columns: Vec<Result<Value, String>>,
}

impl Row {
    pub(crate) fn new(columns: Vec<Result<Value, String>>) -> Row {
        Row { columns }
    }

    /// The column at place `i` (from 0), as `T`: `i64`, `String`, `bool`, `Vec<u8>`, [`Value`], or an `Option` of one.
    ///
    /// A float is refused, as SQLite turns an overflowing sum into one. `bool` is read from 0 and 1 too, and `i64`
    /// from a `bool`, since SQLite does not tell them apart.
    pub fn take<T: FromValue>(&self, i: usize) -> Result<T, Error> {
        let wrong = |found: &str| Error::Row {
            column: i,
            expected: T::EXPECTED,
            found: found.to_owned(),
        };
        match self.columns.get(i) {
            None => Err(wrong("nothing: the row is shorter")),
            Some(Err(found)) => Err(wrong(found)),
            Some(Ok(value)) => T::from_value(value).ok_or_else(|| wrong(value.kind())),
        }
    }

    /// How many columns the row has.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether the row has no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

/// A type a column can be read as.
pub trait FromValue: Sized {
    /// What messages call it.
    const EXPECTED: &'static str;
    /// The value as this type, or nothing if it is of another.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    const EXPECTED: &'static str = "bigint";
    fn from_value(value: &Value) -> Option<i64> {
        match value {
            Value::Int(number) => Some(*number),
            Value::Bool(truth) => Some(i64::from(*truth)),
            _ => None,
        }
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "boolean";
    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Bool(truth) => Some(*truth),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "text";
    fn from_value(value: &Value) -> Option<String> {
        if let Value::Text(text) = value {
            Some(text.clone())
        } else {
            None
        }
    }
}

impl FromValue for Vec<u8> {
    const EXPECTED: &'static str = "bytea";
    fn from_value(value: &Value) -> Option<Vec<u8>> {
        if let Value::Blob(bytes) = value {
            Some(bytes.clone())
        } else {
            None
        }
    }
}

impl FromValue for Value {
    const EXPECTED: &'static str = "a common type";
    fn from_value(value: &Value) -> Option<Value> {
        Some(value.clone())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_value(value: &Value) -> Option<Option<T>> {
        if *value == Value::Null {
            Some(None)
        } else {
            T::from_value(value).map(Some)
        }
    }
}
