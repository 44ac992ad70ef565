//! What ended and is to be folded into the transactions: gathered for a moment, sorted as the rows will lie, and folded
//! in small portions, so that neighbours share pages and nobody waits long for a portion.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use store::transactions::TransactionRow;

/// An ended payment's place in the journal, and its whole row.
pub(super) type Ended = (i64, TransactionRow);

/// How long one sweep over what was gathered takes; meanwhile the next is gathered. What ends is folded within two.
const SWEEP: Duration = Duration::from_millis(400);
/// Rows in a portion, at least.
const LEAST: usize = 24;

/// Payments that ended and are not folded yet.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// For the next sweep.
    gathered: Vec<Ended>,
    /// What is left of this one, the next at the end.
    left: Vec<Ended>,
    /// Rows this one began with.
    whole: usize,
    /// Places of what this one has folded.
    folded: Vec<i64>,
    /// Places of what earlier ones have folded, the first at the end: to be taken out of the journal.
    behind: Vec<i64>,
    /// When the last portion was taken.
    last: Option<Instant>,
}

impl Sweep {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what ended.
    pub(super) fn gather(&self, ended: impl IntoIterator<Item = Ended>) {
        self.inner().gathered.extend(ended);
    }

    /// Whether anything is left to be done.
    pub(super) fn is_empty(&self) -> bool {
        let inner = self.inner();
        inner.left.is_empty() && inner.gathered.is_empty() && inner.folded.is_empty() && inner.behind.is_empty()
    }

    /// Notes what was folded and stays in the journal for now.
    pub(super) fn folded(&self, portion: &[Ended]) {
        self.inner().folded.extend(portion.iter().map(|(place, _)| *place));
    }

    /// The next places to be taken out of the journal, in the order in which its rows lie.
    pub(super) fn behind(&self, most: usize) -> Vec<i64> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        if inner.behind.is_empty() && inner.left.is_empty() {
            inner.behind = std::mem::take(&mut inner.folded);
            inner.behind.sort_unstable_by(|a, b| b.cmp(a));
        }
        let from = inner.behind.len().saturating_sub(most);
        let mut places = inner.behind.split_off(from);
        places.reverse();
        places
    }

    /// Takes back places that could not be taken out.
    pub(super) fn still_behind(&self, places: &[i64]) {
        self.inner().folded.extend(places);
    }

    /// The next portion: so much that the sweep is done in its time, or, where somebody waits for it, `most`.
    pub(super) fn portion(&self, now: Instant, most: usize, hurry: bool) -> Vec<Ended> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        if inner.left.is_empty() {
            if inner.gathered.is_empty() {
                inner.last = None;
                return Vec::new();
            }
            inner.left = std::mem::take(&mut inner.gathered);
            // In the order of the keys, from the end.
            inner
                .left
                .sort_unstable_by(|(_, a), (_, b)| (&b.merchant_id, &b.id).cmp(&(&a.merchant_id, &a.id)));
            inner.whole = inner.left.len();
        }
        let passed = inner.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        let share = inner.whole as u128 * passed.as_micros() / SWEEP.as_micros();
        let share = usize::try_from(share).unwrap_or(most);
        let count = if hurry { most } else { share.clamp(LEAST, most) };
        let from = inner.left.len().saturating_sub(count);
        let mut portion = inner.left.split_off(from);
        portion.reverse();
        portion
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(merchant: &str, id: &str) -> Ended {
        let row = TransactionRow {
            merchant_id: merchant.to_owned(),
            id: id.to_owned(),
            ..TransactionRow::default()
        };
        (0, row)
    }

    fn ids(portion: &[Ended]) -> Vec<&str> {
        portion.iter().map(|(_, row)| row.id.as_str()).collect()
    }

    #[test]
    fn a_sweep_goes_through_its_rows_in_the_order_of_their_keys() {
        let sweep = Sweep::default();
        sweep.gather([row("b", "2"), row("a", "9"), row("b", "1")]);
        assert_eq!(ids(&sweep.portion(Instant::now(), 100, false)), ["9", "1", "2"]);
        assert!(sweep.is_empty());
        assert!(sweep.portion(Instant::now(), 100, false).is_empty());
    }

    #[test]
    fn a_swept_journal_is_emptied_in_its_own_order() {
        let sweep = Sweep::default();
        sweep.gather([(3, row("a", "1").1), (1, row("b", "1").1), (2, row("c", "1").1)]);
        let portion = sweep.portion(Instant::now(), 100, false);
        assert!(sweep.behind(10).is_empty());
        sweep.folded(&portion);
        assert!(!sweep.is_empty());
        assert_eq!(sweep.behind(2), [1, 2]);
        assert_eq!(sweep.behind(2), [3]);
        assert!(sweep.is_empty());
    }

    #[test]
    fn what_ends_meanwhile_waits_for_the_next_sweep() {
        let sweep = Sweep::default();
        let many: Vec<String> = (0..100).map(|n| format!("{n:03}")).collect();
        sweep.gather(many.iter().map(|id| row("m", id)));
        let start = Instant::now();
        assert_eq!(sweep.portion(start, 60, false).len(), LEAST);
        sweep.gather([row("a", "later")]);
        // Somebody waits.
        assert_eq!(sweep.portion(start, 60, true).len(), 60);
        assert_eq!(ids(&sweep.portion(start + SWEEP, 60, false)).len(), 16);
        assert_eq!(ids(&sweep.portion(start + SWEEP, 60, false)), ["later"]);
    }

    #[test]
    fn a_portion_is_the_part_of_the_sweep_that_the_time_since_the_last_is_of_its_time() {
        let sweep = Sweep::default();
        let many: Vec<String> = (0..4000).map(|n| format!("{n:04}")).collect();
        sweep.gather(many.iter().map(|id| row("m", id)));
        let start = Instant::now();
        sweep.portion(start, 500, false);
        assert_eq!(sweep.portion(start + SWEEP / 40, 500, false).len(), 100);
        assert_eq!(sweep.portion(start + SWEEP, 500, false).len(), 500);
    }
}
