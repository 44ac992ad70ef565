//! A call that is repeated does nothing twice: the answer is kept under the caller's key.
//!
//! `begin`, the operation and `finish` belong in one transaction: then a refusal keeps nothing, and an answer is kept
//! exactly if its effects are.

use domain::time::{Duration, Time};
use serde_json::Value;
use store::{Tx, idempotency};

use crate::refused::{Done, Refused};
use crate::sealing::sha256;

/// How long an answer is kept.
pub const KEPT_DAYS: i64 = 7;

/// How long the answer of a call is kept that moves money or changes where it goes.
pub const KEPT_DAYS_MONEY: i64 = 30;

/// The longest key a caller may choose, in characters.
pub const LONGEST_KEY: usize = 255;

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The first under this key: carry it out, then [`finish`].
    Fresh,
    /// It was carried out before; give this answer again.
    Replay {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
    /// The key was used for another call.
    Mismatch,
    /// The first call under this key has not ended.
    InProgress,
}

/// What tells one call from another: method, path and body. JSON counts by content: neither the order of keys nor
/// spaces matter.
pub fn fingerprint(method: &str, path: &str, body: &[u8]) -> String {
    let body = match serde_json::from_slice::<Value>(body) {
        Ok(value) => canonical(&value).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let mut call = format!("{} {path}\n", method.to_ascii_uppercase()).into_bytes();
    call.extend(body);
    sha256(&call)
}

/// JSON with the keys of every object in order and no spaces.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut rows: Vec<(&String, &Value)> = map.iter().collect();
            rows.sort_by_key(|(key, _)| *key);
            let rows: Vec<String> = rows
                .into_iter()
                .map(|(key, inner)| format!("{}:{}", Value::from(key.as_str()), canonical(inner)))
                .collect();
            format!("{{{}}}", rows.join(","))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// Claims `key` within `scope` (the tenant: a merchant's or key's id) for the call with this fingerprint.
pub fn begin(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str, now: Time) -> Done<Begun> {
    begin_kept(tx, scope, key, fingerprint, now, KEPT_DAYS)
}

/// [`begin`], with the days the answer is kept.
pub fn begin_kept(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str, now: Time, days: i64) -> Done<Begun> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY || key.contains('\0') {
        return Err(Refused::field(
            "Idempotency-Key",
            "length",
            "幂等键为 1 至 255 个字符。",
            "An idempotency key has 1 to 255 characters.",
        ));
    }
    let row = idempotency::IdempotencyRow {
        scope: scope.to_owned(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        status: 0,
        body: String::new(),
        created_at: now.millis(),
        expires_at: (now + Duration::days(days)).millis(),
    };
    if idempotency::claim(tx, &row)? {
        return Ok(Begun::Fresh);
    }
    let Some(kept) = idempotency::get(tx, scope, key)? else {
        // The call that held the key was undone between the two statements.
        return Ok(Begun::InProgress);
    };
    Ok(if kept.fingerprint != fingerprint {
        Begun::Mismatch
    } else if kept.status == 0 {
        Begun::InProgress
    } else {
        Begun::Replay {
            status: u16::try_from(kept.status).unwrap_or(500),
            body: kept.body,
        }
    })
}

/// Keeps the answer of a call that [`begin`] called fresh.
pub fn finish(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str, status: u16, body: &str) -> Done<()> {
    Ok(idempotency::finish(
        tx,
        scope,
        key,
        fingerprint,
        (i64::from(status), body),
    )?)
}

/// Gives a key back whose call came to nothing, where the two ends had to be in two transactions.
pub fn release(tx: &mut Tx<'_>, scope: &str, key: &str, fingerprint: &str) -> Done<bool> {
    Ok(idempotency::release(tx, scope, key, fingerprint)?)
}

/// Forgets expired answers; how many.
pub fn sweep(tx: &mut Tx<'_>, now: Time) -> Done<u64> {
    Ok(idempotency::sweep(tx, now.millis())?)
}
