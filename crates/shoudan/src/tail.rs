//! What ended and is not folded yet. Whoever asks about transactions waits a moment for it, so that a sale is seen by the
//! first page opened after it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How long a question waits at most. Under load the folding is behind by less than a second, and a page may be too.
const PATIENCE: Duration = Duration::from_millis(40);

/// Counts of payments that ended in the journal, and of those folded into the transactions.
#[derive(Default)]
pub(crate) struct Tail {
    ended: AtomicU64,
    folded: AtomicU64,
    moved: Notify,
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
        let _ = tokio::time::timeout(PATIENCE, wait).await;
    }
}
