//! Commits of many payments: what arrives while one is on its way to the disk goes into the next. And the folding of
//! what ended into the transactions, soon after, in the order in which rows lie.

use std::collections::HashSet;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use operations::Ctx;
use operations::payments::authorise::{self, Committed};
use operations::refused::{Done, Refused};
use store::journal::{Ended, Entry};
use store::transactions::TransactionRow;
use store::{Engine, Tx};
use tokio::sync::{Notify, oneshot};

use super::Gateway;
use super::sweep::{self, Sweep};

/// Payments that begin, and that end, in one commit at most.
const TOGETHER: usize = 256;
/// Commits under way at once on PostgreSQL, each on a connection of its own; SQLite has one writer.
const LANES: usize = 3;
/// Rows folded in one transaction at most: few on SQLite, where payments wait meanwhile.
const FOLDED: usize = 192;
const FOLDED_BESIDE: usize = 1024;
/// Rows taken out of the journal with one commit at most.
const FORGOTTEN: usize = 256;
/// Between two portions while nothing else happens.
const BETWEEN: Duration = Duration::from_millis(4);
/// Before a fold that failed is tried again.
const AGAIN: Duration = Duration::from_millis(250);

/// Whether a payment stands.
pub(super) type Stands = Result<bool, Refused>;

#[derive(Default)]
pub(super) struct Authoriser {
    inbox: Mutex<Inbox>,
    arrived: Notify,
    sweep: Sweep,
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
    match gateway.app.db.engine() {
        Engine::Sqlite => with_one_writer(&gateway).await,
        Engine::Postgres => with_many(gateway).await,
    }
}

/// SQLite has one writer: each commit folds a portion too, so that folding costs no commit of its own.
async fn with_one_writer(gateway: &Gateway) {
    let authoriser = &gateway.authoriser;
    loop {
        let work = authoriser.next();
        let chore = Chore {
            portion: authoriser
                .sweep
                .portion(Instant::now(), FOLDED, gateway.app.tail.is_awaited()),
            behind: authoriser.sweep.behind(FORGOTTEN),
        };
        let idle = work.is_none();
        if idle && chore.is_empty() {
            tokio::select! {
                () = authoriser.arrived.notified() => {}
                () = authoriser.to_fold.notified() => {}
            }
            continue;
        }
        let done = match work {
            Some(work) => commit(gateway, work, chore).await,
            None => chores(gateway, chore).await,
        };
        paused(done).await;
        if idle && !authoriser.sweep.is_empty() && !gateway.app.tail.is_awaited() {
            let _ = tokio::time::timeout(BETWEEN, authoriser.arrived.notified()).await;
        }
    }
}

/// PostgreSQL: several commits under way, and the folding beside them.
async fn with_many(gateway: Arc<Gateway>) {
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let gateway = Arc::clone(&gateway);
        all.spawn(async move {
            loop {
                gateway.authoriser.arrived.notified().await;
                while let Some(work) = gateway.authoriser.next() {
                    commit(&gateway, work, Chore::default()).await;
                }
            }
        });
    }
    all.spawn(async move {
        let authoriser = &gateway.authoriser;
        loop {
            let hurry = gateway.app.tail.is_awaited();
            let chore = Chore {
                portion: authoriser.sweep.portion(Instant::now(), FOLDED_BESIDE, hurry),
                behind: Vec::new(),
            };
            if chore.is_empty() {
                authoriser.to_fold.notified().await;
            } else {
                paused(chores(&gateway, chore).await).await;
            }
            if !gateway.app.tail.is_awaited() {
                tokio::time::sleep(BETWEEN).await;
            }
        }
    });
    all.join_next().await;
}

/// After a fold that failed nothing is tried for a moment.
async fn paused(done: bool) {
    if !done {
        tokio::time::sleep(AGAIN).await;
    }
}

/// Folds all that is left, when the gateway stops.
pub(super) async fn fold_rest(gateway: &Gateway) {
    let sweep = &gateway.authoriser.sweep;
    loop {
        let chore = Chore {
            portion: sweep.portion(Instant::now(), FOLDED_BESIDE, true),
            behind: sweep.behind(FOLDED_BESIDE),
        };
        if chore.is_empty() {
            return;
        }
        paused(chores(gateway, chore).await).await;
    }
}

/// What is done beside the payments.
#[derive(Default)]
struct Chore {
    /// To be folded.
    portion: Vec<sweep::Ended>,
    /// Folded before, and to be taken out of the journal now.
    behind: Vec<i64>,
}

impl Chore {
    fn is_empty(&self) -> bool {
        self.portion.is_empty() && self.behind.is_empty()
    }

    /// Its context. Ids are drawn only where something may need one, so that on a test clock they do not depend on when the
    /// journal is emptied.
    fn ctx(&self, gateway: &Gateway) -> Ctx {
        let mut ctx = gateway.own_ctx("fold");
        if !self.portion.is_empty() {
            ctx.ids = gateway.app.clock.ids();
        }
        ctx
    }

    fn do_it(&self, tx: &mut Tx<'_>, ctx: &mut Ctx) -> Done<()> {
        authorise::fold(tx, ctx, &self.portion)?;
        authorise::forget(tx, &self.behind)
    }

    /// What follows once it is kept.
    fn done(&self, gateway: &Gateway) {
        if gateway.app.db.engine() == Engine::Sqlite {
            gateway.authoriser.sweep.folded(&self.portion);
        }
        gateway.app.tail.folded(self.portion.len());
    }

    /// Nothing of it was kept: it waits for the next sweep.
    fn again(&self, gateway: &Gateway, error: &Refused) {
        tracing::error!(%error, "ended payments could not be folded and will be tried again");
        gateway.authoriser.sweep.gather(self.portion.iter().cloned());
        gateway.authoriser.sweep.still_behind(&self.behind);
    }
}

/// One commit; everybody in it is told what came of theirs. With it a portion is folded; false where that failed, and
/// will be tried again.
async fn commit(gateway: &Gateway, work: Inbox, chore: Chore) -> bool {
    let (entries, tell_entries): (Vec<Entry>, Vec<_>) = work.entries.into_iter().unzip();
    let (ends, tell_ends): (Vec<End>, Vec<_>) = work.ends.into_iter().unzip();
    let (ended, rows): (Vec<Ended>, Vec<TransactionRow>) = ends.into_iter().map(|end| (end.ended, end.row)).unzip();
    let places: Vec<i64> = entries.iter().map(|entry| entry.place).collect();
    let end_places: Vec<i64> = ended.iter().map(|end| end.place).collect();
    let (committed, folded) = write(gateway, entries, ended, chore).await;
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
            gateway.authoriser.sweep.gather(finished);
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
    folded
}

/// Writes payments and does a chore in one transaction; where the chore is refused, the payments alone.
async fn write(gateway: &Gateway, entries: Vec<Entry>, ended: Vec<Ended>, chore: Chore) -> (Done<Committed>, bool) {
    if chore.is_empty() {
        let alone = move |tx: &mut Tx<'_>| authorise::commit(tx, &entries, &ended);
        return (gateway.app.db.write(alone).await, true);
    }
    let (payments, chore) = (Arc::new((entries, ended)), Arc::new(chore));
    let refused = Arc::new(AtomicBool::new(false));
    let both = {
        let (payments, refused, chore) = (Arc::clone(&payments), Arc::clone(&refused), Arc::clone(&chore));
        let ctx = chore.ctx(gateway);
        move |tx: &mut Tx<'_>| {
            let committed = authorise::commit(tx, &payments.0, &payments.1)?;
            let done = chore.do_it(tx, &mut ctx.clone());
            refused.store(done.is_err(), Ordering::Relaxed);
            done.map(|()| committed)
        }
    };
    match gateway.app.db.write(both).await {
        Ok(committed) => {
            chore.done(gateway);
            (Ok(committed), true)
        }
        Err(error) => {
            chore.again(gateway, &error);
            if !refused.load(Ordering::Relaxed) {
                return (Err(error), false);
            }
            // Nothing of it was kept: the payments do not suffer for the chore.
            let alone = move |tx: &mut Tx<'_>| authorise::commit(tx, &payments.0, &payments.1);
            (gateway.app.db.write(alone).await, false)
        }
    }
}

/// Does a chore by itself; false where that failed, and will be tried again.
async fn chores(gateway: &Gateway, chore: Chore) -> bool {
    let ctx = chore.ctx(gateway);
    let chore = Arc::new(chore);
    let to_do = Arc::clone(&chore);
    let write = move |tx: &mut Tx<'_>| to_do.do_it(tx, &mut ctx.clone());
    match gateway.app.db.write(write).await {
        Ok(()) => {
            chore.done(gateway);
            true
        }
        Err(error) => {
            chore.again(gateway, &error);
            false
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
