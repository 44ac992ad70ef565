//! The gateway's own work: sends reversals until the network answers, takes note of late answers, and gives up
//! transactions whose process has gone.

use std::sync::Arc;

use domain::time::Duration;
use operations::payments::authorise;
use operations::refused::Done;
use operations::reversals;
use store::Engine;
use tokio::sync::broadcast::error::RecvError;

use super::reversing::Reversing;
use super::{Gateway, numbers};
use crate::connectors::network::Late;

/// The places of all nodes.
const EVERYWHERE: (i64, i64) = (0, i64::MAX);
/// Transactions given up in one transaction.
const PORTION: i64 = 200;

/// Transactions that the process before left pending: on SQLite all of them, beside other nodes those of this node, whose
/// places and reference numbers nobody else gives out. What other nodes left waits until no call can still carry it.
pub(super) async fn recover_at_start(gateway: &Gateway) -> Done<()> {
    let before = gateway.app.now() + Duration::millis(1);
    let node = gateway.settings.node % 10;
    let (places, whose) = match gateway.app.db.engine() {
        Engine::Sqlite => (EVERYWHERE, None),
        Engine::Postgres => (numbers::places(node), Some(node)),
    };
    fold_left(gateway, places, before).await?;
    loop {
        let count = recover(gateway, whose, before).await?;
        if count == 0 {
            return Ok(());
        }
        tracing::warn!(
            count,
            "transactions left pending by an earlier process will be reversed"
        );
    }
}

/// Folds what processes that have gone left in the journal.
async fn fold_left(gateway: &Gateway, places: (i64, i64), before: domain::time::Time) -> Done<()> {
    loop {
        let ctx = gateway.own_ctx("fold");
        let folded = gateway
            .app
            .write_unsettled(ctx, move |tx, ctx| {
                authorise::fold_left(tx, ctx, places, before, PORTION)
            })
            .await?;
        if i64::try_from(folded).unwrap_or(0) < PORTION {
            return Ok(());
        }
    }
}

/// How long a transaction can be under way.
fn longest(gateway: &Gateway) -> Duration {
    let timeout = i64::try_from(gateway.connector.timeout().as_millis()).unwrap_or(60_000);
    Duration::millis(timeout.saturating_mul(3).saturating_add(30_000))
}

/// Gives up what is pending since before a moment, of one node or of all; how many.
async fn recover(gateway: &Gateway, node: Option<u8>, before: domain::time::Time) -> Done<usize> {
    let question = move |tx: &mut store::Tx<'_>| store::transactions::abandoned(tx, before.millis(), 1);
    let any = gateway
        .app
        .db
        .read(move |tx| question(tx).map_err(operations::Refused::from))
        .await?;
    if any.is_empty() {
        return Ok(0);
    }
    let ctx = gateway.own_ctx("recover");
    let count = gateway
        .app
        .write_unsettled(ctx, move |tx, ctx| match node {
            Some(node) => reversals::recover_own(tx, ctx, node, before, PORTION),
            None => reversals::recover(tx, ctx, before, PORTION),
        })
        .await?;
    gateway.reversal_queued.notify_one();
    Ok(count)
}

/// Works until it is dropped.
pub(super) async fn forever(gateway: Arc<Gateway>) {
    let mut late = gateway.connector.late_answers();
    let mut often = tokio::time::interval(gateway.settings.resolve_every);
    often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut reversing = Reversing::default();
    loop {
        let look = tokio::select! {
            _ = often.tick() => {
                let before = gateway.app.now() - longest(&gateway);
                if left(&gateway, before).await {
                    tell("folding", fold_left(&gateway, EVERYWHERE, before).await);
                }
                tell("recovering", recover(&gateway, None, before).await.map(|_| ()));
                true
            }
            () = gateway.reversal_queued.notified() => true,
            room = reversing.next() => room,
            answer = late.recv() => match answer {
                Ok(answer) => {
                    tell("a late answer", note(&gateway, answer).await);
                    true
                }
                Err(RecvError::Lagged(_)) => false,
                Err(RecvError::Closed) => return,
            },
        };
        tell("noting reversals", reversing.note(&gateway).await);
        if look && gateway.connector.is_connected() {
            tell("reversing", reversing.send(&gateway).await);
        }
    }
}

/// Whether the journal holds anything that old, of any node.
async fn left(gateway: &Gateway, before: domain::time::Time) -> bool {
    let question = move |tx: &mut store::Tx<'_>| store::journal::oldest(tx).map_err(operations::Refused::from);
    match gateway.app.db.read(question).await {
        Ok(oldest) => oldest.is_some_and(|at| at < before.millis()),
        Err(error) => {
            tracing::error!(%error, "the journal could not be read");
            false
        }
    }
}

fn tell(what: &str, result: Done<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "the gateway's own work failed: {what}");
    }
}

async fn note(gateway: &Gateway, late: Late) -> Done<()> {
    tracing::warn!(
        terminal = late.terminal_number,
        code = late.code,
        "the card network answered late"
    );
    let ctx = gateway.own_ctx("late answer");
    let noted = gateway.app.write_unsettled(ctx, move |tx, ctx| {
        reversals::late(tx, ctx, &late.terminal_number, (late.stan, &late.rrn), &late.code)
    });
    noted.await
}
