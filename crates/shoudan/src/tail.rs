//! What ended and is not folded yet. Whoever asks about transactions waits a moment for it, so that a sale is seen by the
//! first page opened after it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How long a question waits at most. Under load the folding is behind by less than a second, and a page may be too.
const PATIENCE: Duration = Duration::from_millis(150);

/// Counts of payments that ended in the journal, and of those folded into the transactions.
#[derive(Default)]
pub(crate) struct Tail {
    ended: AtomicU64,
    folded: AtomicU64,
    moved: Notify,
    awaited: AtomicUsize,
}

impl Tail {
    /// Notes payments that ended.
    pub(crate) fn ended(&self, count: usize) {
        self.ended.fetch_add(count as u64, Ordering::AcqRel);
    }

    /// Notes payments that were folded.
    pub(crate) fn folded(&self, count: usize) {
        self.folded.fetch_add(count as u64, Ordering::AcqRel);
        self.moved.notify_waiters();
    }

    /// How many wait to be folded.
    pub(crate) fn length(&self) -> u64 {
        let folded = self.folded.load(Ordering::Acquire);
        self.ended.load(Ordering::Acquire).saturating_sub(folded)
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Acquire) > 0
    }

    /// Waits until what had ended at the time of the call is folded, or patience ends.
    pub(crate) async fn settled(&self) {
        let target = self.ended.load(Ordering::Acquire);
        if self.folded.load(Ordering::Acquire) >= target {
            return;
        }
        let wait = async {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.folded.load(Ordering::Acquire) >= target {
                    return;
                }
                moved.await;
            }
        };
        self.awaited.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(&self.awaited);
        let _ = tokio::time::timeout(PATIENCE, wait).await;
        drop(waiting);
    }
}

/// Somebody who waits, also one who gives up in the middle.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
