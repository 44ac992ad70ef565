//! Reversals that came before their originals. Nothing of them is written; for a while the original, should it still come,
//! is refused, so that the terminal and the books agree.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Terminal id, batch, trace number.
pub(super) type Key = (String, i64, i64);

/// How long an original may still come.
const REMEMBERED: Duration = Duration::from_mins(10);
/// Beyond this many, those that are too old are dropped.
const MANY: usize = 1000;

#[derive(Default)]
pub(super) struct Overtaken(Mutex<HashMap<Key, Instant>>);

impl Overtaken {
    fn keys(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a reversal before its original is looked for: then either the reversal finds the original, or the original
    /// finds this note.
    pub(super) fn note(&self, key: Key) {
        let mut keys = self.keys();
        if keys.len() >= MANY {
            keys.retain(|_, since| since.elapsed() < REMEMBERED);
        }
        keys.insert(key, Instant::now());
    }

    /// Takes the note back: the original was there.
    pub(super) fn found(&self, key: &Key) {
        self.keys().remove(key);
    }

    /// Whether an original was reversed before it came.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.keys().get(key).is_some_and(|since| since.elapsed() < REMEMBERED)
    }
}
