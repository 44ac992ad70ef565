//! Reversals on their way to the card network. Many are under way at once, each once, and none waits for another: one that
//! is slow holds its own place and nothing else. They leave in the order in which they became due; what came of those that
//! are back is written together.

use std::collections::HashMap;

use operations::refused::{Done, Refused};
use operations::reversals::{self, Due, Heard, UnderWay, Waiting};
use store::reversals::ReversalRow;
use tokio::task::{Id, JoinError, JoinSet};

use super::{Gateway, upstream};

/// Reversals under way at once.
const UNDER_WAY: usize = 256;
/// Attempts that are written in one transaction.
const TOGETHER: usize = 32;
/// Reversals that are read at once.
const READ: i64 = 64;

type Attempt = (ReversalRow, Heard);

#[derive(Default)]
pub(super) struct Reversing {
    calls: JoinSet<Attempt>,
    /// Those that are not to be sent: under way, or back and not written yet.
    busy: UnderWay,
    /// Which of them a task carries.
    carried: HashMap<Id, (String, String)>,
    /// Back, and not written yet.
    back: Vec<Attempt>,
    /// Whether more were due than there was room for.
    more: bool,
}

fn key(row: &ReversalRow) -> (String, String) {
    (row.merchant_id.clone(), row.transaction_id.clone())
}

impl Reversing {
    /// Waits until one is back; for ever where none is under way. Whether there is room for those that had none.
    pub(super) async fn next(&mut self) -> bool {
        let Some(joined) = self.calls.join_next_with_id().await else {
            return std::future::pending().await;
        };
        self.came(joined);
        while let Some(joined) = self.calls.try_join_next_with_id() {
            self.came(joined);
        }
        self.more && self.busy.len() - self.back.len() <= UNDER_WAY / 2
    }

    fn came(&mut self, joined: Result<(Id, Attempt), JoinError>) {
        match joined {
            Ok((id, attempt)) => {
                self.carried.remove(&id);
                self.back.push(attempt);
            }
            // It is due still, and goes again.
            Err(error) => {
                tracing::error!(%error, "a reversal's call failed");
                if let Some(key) = self.carried.remove(&error.id()) {
                    self.busy.remove(&key);
                }
            }
        }
    }

    /// Writes what came of those that are back. What could not be written stays, is written the next time, and is not sent
    /// again before.
    pub(super) async fn note(&mut self, gateway: &Gateway) -> Done<()> {
        let mut failed = None;
        let back = std::mem::take(&mut self.back);
        for some in back.chunks(TOGETHER) {
            if write(gateway, some.to_vec()).await.is_ok() {
                self.free(some);
                continue;
            }
            // One that cannot be written does not keep the others from it.
            for attempt in some {
                match write(gateway, vec![attempt.clone()]).await {
                    Ok(()) => self.free(std::slice::from_ref(attempt)),
                    Err(error) => {
                        self.back.push(attempt.clone());
                        failed = Some(error);
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn free(&mut self, attempts: &[Attempt]) {
        for (row, _) in attempts {
            self.busy.remove(&key(row));
        }
    }

    /// Sends what is due, as far as there is room.
    pub(super) async fn send(&mut self, gateway: &Gateway) -> Done<()> {
        self.more = true;
        while self.more && self.busy.len() < UNDER_WAY {
            let (ctx, busy) = (gateway.own_ctx("reversals"), self.busy.clone());
            let Waiting { due, astray } = gateway
                .app
                .read_unsettled(ctx, move |tx, ctx| reversals::due(tx, ctx, READ, &busy))
                .await?;
            self.more = i64::try_from(due.len() + astray.len()).unwrap_or(READ) >= READ;
            for row in astray {
                tracing::error!(
                    transaction = row.transaction_id,
                    "a reversal lacks its transaction; it cannot be sent"
                );
                self.busy.insert(key(&row));
                self.back
                    .push((row, Heard::Nothing("its transaction is missing".to_owned())));
            }
            for one in due {
                self.call(gateway, one);
            }
        }
        self.note(gateway).await
    }

    fn call(&mut self, gateway: &Gateway, one: Due) {
        let (acquirer, connector) = (gateway.settings.acquirer.clone(), gateway.connector.clone());
        let key = key(&one.row);
        self.busy.insert(key.clone());
        let task = self.calls.spawn(async move {
            let heard = match upstream::reversal(&one, &acquirer) {
                Some(message) => upstream::heard(connector.call(&message).await),
                None => Heard::Nothing("it cannot be written".to_owned()),
            };
            (one.row, heard)
        });
        self.carried.insert(task.id(), key);
    }
}

async fn write(gateway: &Gateway, attempts: Vec<Attempt>) -> Result<(), Refused> {
    let ctx = gateway.own_ctx("reversal");
    gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| reversals::all_heard(tx, ctx, &attempts))
        .await
}
