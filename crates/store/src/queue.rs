//! A bounded queue between callers and the threads that own connections.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs wait here; a full queue refuses rather than grows.
pub(crate) struct Queue<J> {
    inside: Mutex<Inside<J>>,
    changed: Condvar,
    limit: usize,
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
        }
    }

    /// Puts a job in line, or gives it back if the line is full or closed.
    pub(crate) fn push(&self, job: J) -> Result<(), J> {
        let mut inside = self.lock();
        if inside.closed || inside.waiting.len() >= self.limit {
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
        Some(inside.waiting.drain(..count).collect())
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
