//! What of the limits is used, in memory: what this process alone takes is judged without asking the database. Counters
//! are read once, on first touch; whatever is taken is added before anything else happens, and given back where it comes
//! to nothing. Where in doubt a counter stands too high, never too low.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::limits::Total;

use super::begin::Attempt;
use super::limits::{Key, Standing, is_counted, is_judged};
use crate::session::Line;

/// Counters remembered; beyond, those at rest are read anew.
const MOST: usize = 200_000;

/// What is used, for one process.
#[derive(Default)]
pub struct Used(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Raised with everything that makes a reading out of date.
    generation: u64,
    counters: HashMap<Key, Remembered>,
}

struct Remembered {
    /// Which reading this began with.
    generation: u64,
    /// `YYYYMMDD`.
    period: i64,
    day: Total,
    month: Total,
    /// Payments on their way.
    flying: u32,
    /// Something changed that is not known here: read it anew when nothing is on its way.
    doubtful: bool,
}

impl Remembered {
    /// Goes on to a later day.
    fn roll(&mut self, period: i64) {
        if period > self.period {
            if period / 100 != self.period / 100 {
                self.month = Total::default();
            }
            self.day = Total::default();
            self.period = period;
        }
    }
}

/// What came of asking.
pub enum Reserved {
    /// No limit over time bounds this payment.
    Free,
    /// It is within its limits, and counted from now on.
    Held(Hold),
    /// It would go beyond a limit: the reason.
    Over(String),
    /// A counter has to be read first: see [`Used::learn`], with this number.
    Unread(u64),
}

/// A payment's part of its limits. Dropped, it stays used.
pub struct Hold {
    used: Arc<Used>,
    keys: Vec<(Key, u64)>,
    period: i64,
    amount: i64,
    returned: bool,
}

impl Hold {
    /// The payment came to nothing.
    pub fn give_back(mut self) {
        self.returned = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut inner = self.used.inner();
        let mut gone = false;
        for (key, generation) in &self.keys {
            let Some(counter) = inner.counters.get_mut(key).filter(|c| c.generation == *generation) else {
                continue;
            };
            counter.flying = counter.flying.saturating_sub(1);
            if self.returned {
                let one = Total::one(self.amount);
                if counter.period == self.period {
                    counter.day = counter.day.minus(one);
                }
                if counter.period / 100 == self.period / 100 {
                    counter.month = counter.month.minus(one);
                }
            }
            if counter.doubtful && counter.flying == 0 {
                inner.counters.remove(key);
                gone = true;
            }
        }
        inner.generation += u64::from(gone);
    }
}

impl Used {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a payment's part of its limits on a day, wholly or not at all.
    pub fn reserve(self: &Arc<Self>, line: &Line, attempt: &Attempt, period: i64) -> Reserved {
        if !is_judged(attempt.rule) || !is_counted(attempt.rule) {
            return Reserved::Free;
        }
        let sale = attempt.sale();
        let mut keys = Vec::new();
        let mut guard = self.inner();
        let inner = &mut *guard;
        for bounded in line.terms.limits.counted.iter().filter(|bounded| bounded.is_for(&sale)) {
            let Some(key) = Key::at(bounded, line, &attempt.card_index) else {
                continue;
            };
            let Some(counter) = inner.counters.get_mut(&key) else {
                return Reserved::Unread(inner.generation);
            };
            counter.roll(period);
            if let Some(bound) = bounded.broken(&sale, counter.day, counter.month) {
                return Reserved::Over(bound.reason.clone());
            }
            keys.push((key, counter.generation));
        }
        if keys.is_empty() {
            return Reserved::Free;
        }
        let one = Total::one(attempt.amount);
        for (key, _) in &keys {
            if let Some(counter) = inner.counters.get_mut(key) {
                counter.day = counter.day.plus(one);
                counter.month = counter.month.plus(one);
                counter.flying += 1;
            }
        }
        drop(guard);
        Reserved::Held(Hold {
            used: Arc::clone(self),
            keys,
            period,
            amount: attempt.amount,
            returned: false,
        })
    }

    /// Remembers what was read of counters after [`Reserved::Unread`] gave `generation`; a reading that something has
    /// overtaken is passed over, and asked for again.
    pub fn learn(&self, generation: u64, period: i64, read: Vec<Standing>) {
        let mut inner = self.inner();
        if inner.generation != generation {
            return;
        }
        if inner.counters.len() >= MOST {
            inner.counters.retain(|_, counter| counter.flying > 0);
            inner.generation += 1;
        }
        let generation = inner.generation;
        for (key, day, month) in read {
            inner.counters.entry(key).or_insert(Remembered {
                generation,
                period,
                day,
                month,
                flying: 0,
                doubtful: false,
            });
        }
    }

    /// Something at a line changed what stands on its counters (a void, a reversal, a notice): they are read anew.
    pub fn doubt(&self, line: &Line, card: &str) {
        let keys: Vec<Key> = line
            .terms
            .limits
            .counted
            .iter()
            .filter_map(|bounded| Key::at(bounded, line, card))
            .collect();
        let mut inner = self.inner();
        inner.generation += 1;
        for key in keys {
            match inner.counters.get_mut(&key) {
                Some(counter) if counter.flying > 0 => counter.doubtful = true,
                Some(_) => {
                    inner.counters.remove(&key);
                }
                None => {}
            }
        }
    }
}
