//! Reversals that cannot be believed, and are not answered at once.
//!
//! Known terminals drop a reversal on any answer, a refusal too, and send one that gets no answer up to four times
//! (iso8583.md, 6). One that only arrived damaged is good the next time; so the first three in a row get no answer, and
//! the fourth is told what is wrong with it: then its terminal has the wrong keys or numbers and must hear of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Doubtful reversals of a terminal in a row that get no answer.
const UNANSWERED: u8 = 3;
/// Terminals remembered; beyond, all are forgotten.
const MOST: usize = 10_000;
/// How a message is refused that could not be read, or believed. 96 is our own failure: nothing is known of it.
const DOUBTFUL: [&str; 7] = ["03", "12", "30", "40", "96", "97", "A0"];

#[derive(Default)]
pub(super) struct Doubts(Mutex<HashMap<String, u8>>);

impl Doubts {
    /// Whether a reversal from the terminal with this number may be answered with this code.
    pub(super) fn may_tell(&self, number: &str, code: &str) -> bool {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !DOUBTFUL.contains(&code) {
            doubts.remove(number);
            return true;
        }
        if doubts.len() >= MOST {
            doubts.clear();
        }
        let before = doubts.entry(number.to_owned()).or_insert(0);
        if *before < UNANSWERED || code == "96" {
            *before = before.saturating_add(1).min(UNANSWERED);
            return false;
        }
        doubts.remove(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_reversal_is_told_so_at_the_fourth_time_and_a_good_one_ends_the_doubt() {
        let doubts = Doubts::default();
        assert_eq!(
            [(); 5].map(|()| doubts.may_tell("1", "A0")),
            [false, false, false, true, false]
        );
        assert!(!doubts.may_tell("2", "30"));
        assert!(doubts.may_tell("2", "00") && doubts.may_tell("2", "25"));
        assert_eq!(
            [(); 4].map(|()| doubts.may_tell("2", "A0")),
            [false, false, false, true]
        );
        assert!([(); 9].iter().all(|()| !doubts.may_tell("3", "96")));
    }
}
