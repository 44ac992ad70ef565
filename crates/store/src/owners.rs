//! To which merchant a thing belongs, found by its id alone.

use crate::{Error, Tx, args};

/// Where a kind of thing stands: its merchant and its id. Kinds that belong to no merchant answer `-`.
const PLACES: &[(&str, &str)] = &[
    ("merchant", "select merchant_id from merchants where merchant_id = $1"),
    ("shop", "select merchant_id from shops where id = $1"),
    ("terminal", "select merchant_id from terminals where id = $1"),
    ("contract", "select merchant_id from contracts where id = $1"),
    (
        "settlement_account",
        "select merchant_id from settlement_accounts where id = $1",
    ),
    ("registration", "select merchant_id from registrations where id = $1"),
    ("device", "select merchant_id from devices where id = $1"),
    ("request", "select merchant_id from requests where id = $1"),
    ("user", "select merchant_id from users where id = $1"),
    ("api_key", "select merchant_id from api_keys where id = $1"),
    ("agent", "select '-' from agents where id = $1"),
    ("model", "select '-' from models where id = $1"),
];

/// Whether things of this kind have a row to be found by.
pub fn has_rows(kind: &str) -> bool {
    PLACES.iter().any(|(of, _)| *of == kind)
}

/// The merchant (or `-`) of a thing; none where there is no such thing.
pub fn merchant_of(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<String>, Error> {
    match PLACES.iter().find(|(of, _)| *of == kind) {
        None => Ok(None),
        Some((_, sql)) => tx.maybe(sql, args![id])?.map(|row| row.take(0)).transpose(),
    }
}
