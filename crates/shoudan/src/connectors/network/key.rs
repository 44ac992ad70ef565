//! What tells one call from another, and a short memory of those that are over.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use iso8583::{Message, Mti};

/// Type of the answer, trace number (11), terminal (41), merchant (42). The type is in it because a reversal repeats its
/// original's trace number: the late answer to the one must not pass for the answer to the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    mti: [u8; 4],
    stan: [u8; 6],
    terminal: [u8; 8],
    merchant: [u8; 15],
}

impl Key {
    /// The key under which the answer to this request will come.
    pub(super) fn asked(request: &Message) -> Option<Self> {
        Self::of(request, request.mti().response())
    }

    /// The key of an answer.
    pub(super) fn answered(answer: &Message) -> Option<Self> {
        Self::of(answer, answer.mti())
    }

    fn of(message: &Message, mti: Mti) -> Option<Self> {
        Some(Self {
            mti: mti.as_str().as_bytes().try_into().ok()?,
            stan: message.array(11)?,
            terminal: message.array(41)?,
            merchant: message.array(42)?,
        })
    }
}

/// How many calls that are over are remembered; a power of two.
const REMEMBERED: usize = 4096;

/// Remembers some thousand keys in a fixed space: a later one takes the place of an earlier. Good for telling apart what
/// is counted, never for a decision about money.
pub(super) struct Recent {
    hasher: RandomState,
    places: Vec<u64>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            places: vec![0; REMEMBERED],
        }
    }

    fn place(&self, key: &Key) -> (usize, u64) {
        let hash = self.hasher.hash_one(key) | 1;
        let place = usize::try_from(hash >> 8).unwrap_or(0) % REMEMBERED;
        (place, hash)
    }

    pub(super) fn note(&mut self, key: &Key) {
        let (place, hash) = self.place(key);
        if let Some(slot) = self.places.get_mut(place) {
            *slot = hash;
        }
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        let (place, hash) = self.place(key);
        self.places.get(place) == Some(&hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn message(mti: &str, stan: u64) -> Message {
        let mut message = Message::new(mti).unwrap();
        message.set_number(11, stan).unwrap();
        message.set(41, "10000001").unwrap().set(42, "822290059990001").unwrap();
        message
    }

    #[test]
    fn an_answer_has_the_key_of_its_request_and_of_no_other() {
        let asked = Key::asked(&message("0200", 7)).unwrap();
        assert!(asked == Key::answered(&message("0210", 7)).unwrap());
        for (mti, stan) in [("0210", 8), ("0410", 7), ("0110", 7), ("0200", 7)] {
            assert!(asked != Key::answered(&message(mti, stan)).unwrap(), "{mti} {stan}");
        }
        let mut bare = message("0210", 7);
        bare.remove(42);
        assert!(Key::answered(&bare).is_none());
    }

    #[test]
    fn what_is_over_is_remembered_for_a_while() {
        let mut recent = Recent::new();
        let key = |stan| Key::asked(&message("0200", stan)).unwrap();
        recent.note(&key(1));
        assert!(recent.has(&key(1)) && !recent.has(&key(2)));
        (2..60_000).for_each(|stan| recent.note(&key(stan)));
        assert!(!recent.has(&key(1)), "the space is fixed");
    }
}
