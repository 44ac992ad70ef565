//! Commits of many payments: what arrives while one is on its way to the disk goes into the next. And the folding of
//! what ended into the transactions, soon after, in the order in which rows lie.

use std::collections::HashSet;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use operations::payments::authorise;
use operations::refused::{Done, Refused};
use store::Engine;
use store::journal::{Ended, Entry};
use store::transactions::TransactionRow;
use tokio::sync::{Notify, oneshot};

use super::Gateway;

/// Payments that begin, and that end, in one commit at most.
const TOGETHER: usize = 256;
/// Commits under way at once on PostgreSQL, each on a connection of its own; SQLite has one writer.
const LANES: usize = 3;
/// Rows folded in one transaction: few on SQLite, where payments wait meanwhile.
const FOLDED: usize = 96;
const FOLDED_BESIDE: usize = 512;
/// Before a fold that failed is tried again.
const AGAIN: Duration = Duration::from_millis(250);

/// Whether a payment stands.
pub(super) type Stands = Result<bool, Refused>;

#[derive(Default)]
pub(super) struct Authoriser {
    inbox: Mutex<Inbox>,
    arrived: Notify,
    ended: Mutex<Vec<(i64, TransactionRow)>>,
    to_fold: Notify,
}

#[derive(Default)]
struct Inbox {
    entries: Vec<(Entry, oneshot::Sender<Stands>)>,
    ends: Vec<(End, oneshot::Sender<Stands>)>,
}

/// A payment's end, and its whole row as it will be folded.
struct End {
    ended: Ended,
    row: TransactionRow,
}

impl Authoriser {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, Vec<(i64, TransactionRow)>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a new payment; false where it has to be looked at alone.
    pub(super) async fn append(&self, entry: Entry) -> Stands {
        let (tell, told) = oneshot::channel();
        self.inbox().entries.push((entry, tell));
        self.arrived.notify_one();
        told.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Ends a payment; false where it was moved among the transactions meanwhile, or its batch was closed.
    pub(super) async fn end(&self, ended: Ended, row: TransactionRow) -> Stands {
        let (tell, told) = oneshot::channel();
        self.inbox().ends.push((End { ended, row }, tell));
        self.arrived.notify_one();
        told.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The next commit's work.
    fn next(&self) -> Option<Inbox> {
        let mut inbox = self.inbox();
        if inbox.entries.is_empty() && inbox.ends.is_empty() {
            return None;
        }
        let (entries, ends) = (inbox.entries.len().min(TOGETHER), inbox.ends.len().min(TOGETHER));
        let work = if entries == inbox.entries.len() && ends == inbox.ends.len() {
            take(&mut *inbox)
        } else {
            Inbox {
                entries: inbox.entries.drain(..entries).collect(),
                ends: inbox.ends.drain(..ends).collect(),
            }
        };
        Some(work)
    }
}

fn stopped() -> Refused {
    Refused::Store(store::Error::Unavailable("the gateway is stopping".to_owned()))
}

/// Commits and folds until it is dropped.
pub(super) async fn forever(gateway: Arc<Gateway>) {
    let lanes = match gateway.app.db.engine() {
        Engine::Sqlite => 1,
        Engine::Postgres => LANES,
    };
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..lanes {
        let gateway = Arc::clone(&gateway);
        all.spawn(async move {
            loop {
                gateway.authoriser.arrived.notified().await;
                while let Some(work) = gateway.authoriser.next() {
                    commit(&gateway, work).await;
                }
            }
        });
    }
    all.spawn(async move {
        loop {
            gateway.authoriser.to_fold.notified().await;
            while fold(&gateway).await {}
        }
    });
    all.join_next().await;
}

/// One commit; everybody in it is told what came of theirs.
async fn commit(gateway: &Gateway, work: Inbox) {
    let (entries, tell_entries): (Vec<Entry>, Vec<_>) = work.entries.into_iter().unzip();
    let (ends, tell_ends): (Vec<End>, Vec<_>) = work.ends.into_iter().unzip();
    let (ended, rows): (Vec<Ended>, Vec<TransactionRow>) = ends.into_iter().map(|end| (end.ended, end.row)).unzip();
    let places: Vec<i64> = entries.iter().map(|entry| entry.place).collect();
    let end_places: Vec<i64> = ended.iter().map(|end| end.place).collect();
    let committed = gateway
        .app
        .db
        .write(move |tx| authorise::commit(tx, &entries, &ended))
        .await;
    match committed {
        Ok(committed) => {
            let appended: HashSet<i64> = committed.appended.into_iter().collect();
            let ended: HashSet<i64> = committed.ended.into_iter().collect();
            let finished: Vec<_> = end_places
                .iter()
                .zip(rows)
                .filter(|(place, _)| ended.contains(place))
                .map(|(place, row)| (*place, row))
                .collect();
            gateway.app.tail.ended(finished.len());
            gateway.authoriser.ended().extend(finished);
            gateway.authoriser.to_fold.notify_one();
            tell(tell_ends, |at| Ok(at_place(&ended, end_places.get(at))));
            tell(tell_entries, |at| Ok(at_place(&appended, places.get(at))));
        }
        Err(error) => {
            tracing::error!(%error, "a commit of payments failed");
            let again = |_| Err(repeat(&error));
            tell(tell_ends, again);
            tell(tell_entries, again);
        }
    }
}

fn at_place(stand: &HashSet<i64>, place: Option<&i64>) -> bool {
    place.is_some_and(|place| stand.contains(place))
}

/// Nobody listening is fine: its connection is gone, and the row is resolved without it.
fn tell(all: Vec<oneshot::Sender<Stands>>, what: impl Fn(usize) -> Stands) {
    for (at, one) in all.into_iter().enumerate() {
        let _ = one.send(what(at));
    }
}

/// The same error once more, for each who waits.
fn repeat(error: &Refused) -> Refused {
    match error {
        Refused::Store(error) => Refused::Store(error.clone()),
        other => Refused::Inconsistent(other.to_string()),
    }
}

/// Folds a portion; false where nothing is left.
pub(super) async fn fold(gateway: &Gateway) -> bool {
    let most = match gateway.app.db.engine() {
        Engine::Sqlite => FOLDED,
        Engine::Postgres => FOLDED_BESIDE,
    };
    let portion: Arc<Vec<_>> = {
        let mut ended = gateway.authoriser.ended();
        let count = ended.len().min(most);
        Arc::new(ended.drain(..count).collect())
    };
    if portion.is_empty() {
        return false;
    }
    if let Err(error) = fold_rows(gateway, Arc::clone(&portion)).await {
        tracing::error!(%error, "ended payments could not be folded and will be tried again");
        gateway.authoriser.ended().extend(portion.iter().cloned());
        tokio::time::sleep(AGAIN).await;
        return true;
    }
    gateway.app.tail.folded(portion.len());
    true
}

async fn fold_rows(gateway: &Gateway, rows: Arc<Vec<(i64, TransactionRow)>>) -> Done<usize> {
    let mut ctx = gateway.own_ctx("fold");
    ctx.ids = gateway.app.clock.ids();
    gateway
        .app
        .db
        .write(move |tx| authorise::fold(tx, &mut ctx.clone(), &rows))
        .await
}
