//! Single values the whole platform shares, such as the offset of the test clock.

use crate::{Error, Tx, args};

/// The value under a key.
pub fn get(tx: &mut Tx<'_>, key: &str) -> Result<Option<String>, Error> {
    tx.maybe("select value from settings where key = $1", args![key])?
        .map(|row| row.take(0))
        .transpose()
}

/// Writes a value, replacing the one before.
pub fn put(tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), Error> {
    tx.exactly_one(
        "insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value",
        args![key, value],
    )
}

/// Replaces a value only if it is still `before` (none: only if there is none); whether it was.
pub fn replace(tx: &mut Tx<'_>, key: &str, before: Option<&str>, value: &str) -> Result<bool, Error> {
    let changed = match before {
        None => tx.run(
            "insert into settings (key, value) values ($1, $2) on conflict (key) do nothing",
            args![key, value],
        ),
        Some(before) => tx.run(
            "update settings set value = $2 where key = $1 and value = $3",
            args![key, value, before],
        ),
    };
    Ok(changed? == 1)
}
