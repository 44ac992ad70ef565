//! A bounded queue between callers and the threads that own connections.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The largest batch of each row of a histogram; a last row counts the larger ones.
pub const BATCHES: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// What a queue has seen since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Jobs in line now.
    pub waiting: u64,
    /// Jobs that found the line full.
    pub refused: u64,
    /// Jobs that were taken.
    pub taken: u64,
    /// How many batches were of a size: one row per entry of [`BATCHES`], and one for larger ones.
    pub batches: [u64; BATCHES.len() + 1],
}

#[derive(Default)]
struct Counts {
    refused: AtomicU64,
    taken: AtomicU64,
    batches: [AtomicU64; BATCHES.len() + 1],
}

/// Jobs wait here; a full queue refuses rather than grows.
pub(crate) struct Queue<J> {
    inside: Mutex<Inside<J>>,
    changed: Condvar,
    limit: usize,
    counts: Counts,
}

struct Inside<J> {
    waiting: VecDeque<J>,
    closed: bool,
}

impl<J> Queue<J> {
    pub(crate) fn new(limit: usize) -> Queue<J> {
        Queue {
            inside: Mutex::new(Inside {
                waiting: VecDeque::new(),
                closed: false,
            }),
            changed: Condvar::new(),
            limit,
            counts: Counts::default(),
        }
    }

    /// Puts a job in line, or gives it back if the line is full or closed.
    pub(crate) fn push(&self, job: J) -> Result<(), J> {
        let mut inside = self.lock();
        if inside.closed || inside.waiting.len() >= self.limit {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return Err(job);
        }
        inside.waiting.push_back(job);
        drop(inside);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work and takes up to `most` jobs in order; nothing once the queue is closed and empty.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<J>> {
        let mut inside = self.lock();
        while inside.waiting.is_empty() {
            if inside.closed {
                return None;
            }
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        let count = inside.waiting.len().min(most);
        self.count(count);
        Some(inside.waiting.drain(..count).collect())
    }

    fn count(&self, jobs: usize) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        let row = BATCHES.iter().position(|&most| jobs <= most).unwrap_or(BATCHES.len());
        self.counts.taken.fetch_add(jobs, Ordering::Relaxed);
        if let Some(batches) = self.counts.batches.get(row) {
            batches.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What it has seen.
    pub(crate) fn stats(&self) -> QueueStats {
        let seen = |count: &AtomicU64| count.load(Ordering::Relaxed);
        QueueStats {
            waiting: u64::try_from(self.lock().waiting.len()).unwrap_or(u64::MAX),
            refused: seen(&self.counts.refused),
            taken: seen(&self.counts.taken),
            batches: std::array::from_fn(|row| self.counts.batches.get(row).map_or(0, seen)),
        }
    }

    /// Takes no more jobs; those in line are still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inside<J>> {
        // No code that can panic runs under this lock, so a poisoned one is still whole.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_tells_what_it_took_and_turned_away() {
        let queue = Queue::new(3);
        for job in 0..5 {
            let _ = queue.push(job);
        }
        assert_eq!((queue.stats().waiting, queue.stats().refused), (3, 2));
        assert_eq!(queue.take(10), Some(vec![0, 1, 2]));
        queue.push(5).unwrap();
        queue.take(10);
        let seen = queue.stats();
        assert_eq!((seen.waiting, seen.taken), (0, 4));
        // One batch of one, one of three: the row of up to four.
        assert_eq!(seen.batches, [1, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
}
