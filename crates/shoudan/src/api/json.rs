//! JSON read strictly: an object that names a key twice is refused, not read as its last (or first) value, because
//! whoever checked it on the way may have read the other.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is not JSON; where and why.
    Unreadable(String),
    /// An object names this key twice; its path, as `fields.name`.
    Twice(String),
}

/// The value of a text.
pub fn value(text: &[u8]) -> Result<Value, NotTaken> {
    let mut twice = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = Strict {
        path: String::new(),
        twice: &mut twice,
    }
    .deserialize(&mut reader)
    .and_then(|value| reader.end().map(|()| value));
    match (read, twice) {
        (_, Some(path)) => Err(NotTaken::Twice(path)),
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(NotTaken::Unreadable(error.to_string())),
    }
}

/// Reads one value at a path, and notes the first key that comes twice.
struct Strict<'t> {
    path: String,
    twice: &'t mut Option<String>,
}

impl Strict<'_> {
    fn under(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        loop {
            let seed = Strict {
                path: self.under(&all.len().to_string()),
                twice: &mut *self.twice,
            };
            match seq.next_element_seed(seed)? {
                Some(value) => all.push(value),
                None => return Ok(Value::Array(all)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = self.under(&key);
            if all.contains_key(&key) {
                *self.twice = Some(path);
                return Err(A::Error::custom("a key comes twice"));
            }
            let seed = Strict {
                path,
                twice: &mut *self.twice,
            };
            all.insert(key, map.next_value_seed(seed)?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_twice_is_named_with_its_path() {
        let twice = |text: &str| match value(text.as_bytes()) {
            Err(NotTaken::Twice(path)) => path,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(twice(r#"{"reason":"a","why":"b","reason":"c"}"#), "reason");
        assert_eq!(twice(r#"{"fields":{"name":"a","name":"a"}}"#), "fields.name");
        assert_eq!(twice(r#"{"items":[{"code":1},{"code":1,"code":2}]}"#), "items.1.code");
        // The same key, written with an escape.
        assert_eq!(twice(r#"{"why":"a","wh\u0079":"b"}"#), "why");
    }

    #[test]
    fn everything_else_reads_as_always() {
        for text in [
            r#"{"a":null,"b":[true,-1,18446744073709551615,1.5,"文"],"c":{"a":{}}}"#,
            "[]",
            "7",
        ] {
            assert_eq!(value(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()));
        }
        for text in ["{", "{} {}", "", r#"{"a":1,}"#] {
            assert!(matches!(value(text.as_bytes()), Err(NotTaken::Unreadable(_))), "{text}");
        }
    }
}
