//! The gateway's own work: sends reversals until the network answers, takes note of late answers, and gives up
//! transactions whose process has gone.

use std::sync::Arc;

use domain::time::Duration;
use operations::payments::authorise;
use operations::refused::Done;
use operations::reversals::{self, Due};
use store::Engine;
use tokio::sync::broadcast::error::RecvError;

use super::{Gateway, numbers, upstream};
use crate::connectors::network::Late;

/// The places of all nodes.
const EVERYWHERE: (i64, i64) = (0, i64::MAX);
/// Reversals sent in one round.
const ROUND: i64 = 32;
/// Transactions given up in one transaction.
const PORTION: i64 = 200;

/// Transactions that the process before left pending. Beside other nodes only those that no network call can still carry.
pub(super) async fn recover_at_start(gateway: &Gateway) -> Done<()> {
    let now = gateway.app.now();
    let before = match gateway.app.db.engine() {
        Engine::Sqlite => now + Duration::millis(1),
        Engine::Postgres => now - longest(gateway),
    };
    fold_left(gateway, numbers::places(gateway.settings.node), before).await?;
    loop {
        let count = recover(gateway, before).await?;
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
            .write(ctx, move |tx, ctx| {
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

async fn recover(gateway: &Gateway, before: domain::time::Time) -> Done<usize> {
    let ctx = gateway.own_ctx("recover");
    let any = gateway
        .app
        .db
        .read(move |tx| store::transactions::abandoned(tx, before.millis(), 1).map_err(operations::Refused::from))
        .await?;
    if any.is_empty() {
        return Ok(0);
    }
    let count = gateway
        .app
        .write(ctx, move |tx, ctx| reversals::recover(tx, ctx, before, PORTION))
        .await?;
    gateway.reversal_queued.notify_one();
    Ok(count)
}

/// Works until it is dropped.
pub(super) async fn forever(gateway: Arc<Gateway>) {
    let mut late = gateway.connector.late_answers();
    let mut often = tokio::time::interval(gateway.settings.resolve_every);
    often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = often.tick() => {
                let before = gateway.app.now() - longest(&gateway);
                if left(&gateway, before).await {
                    tell("folding", fold_left(&gateway, EVERYWHERE, before).await);
                }
                tell("recovering", recover(&gateway, before).await.map(|_| ()));
            }
            () = gateway.reversal_queued.notified() => {}
            answer = late.recv() => match answer {
                Ok(answer) => tell("a late answer", note(&gateway, answer).await),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
        if gateway.connector.is_connected() {
            tell("reversing", round(&gateway).await);
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
    let noted = gateway.app.write(ctx, move |tx, ctx| {
        reversals::late(tx, ctx, &late.terminal_number, late.stan, &late.code)
    });
    noted.await
}

/// Sends everything that is due, at most a round at once.
async fn round(gateway: &Gateway) -> Done<()> {
    loop {
        let ctx = gateway.own_ctx("reversals");
        let due = gateway.app.read(ctx, |tx, ctx| reversals::due(tx, ctx, ROUND)).await?;
        let full = i64::try_from(due.len()).unwrap_or(0) == ROUND;
        let mut sent = tokio::task::JoinSet::new();
        for one in due {
            let acquirer = gateway.settings.acquirer.clone();
            let connector = gateway.connector.clone();
            sent.spawn(async move {
                let heard = match upstream::reversal(&one, &acquirer) {
                    Some(message) => upstream::heard(connector.call(&message).await),
                    None => reversals::Heard::Nothing("it cannot be written".to_owned()),
                };
                (one, heard)
            });
        }
        while let Some(done) = sent.join_next().await {
            if let Ok((Due { row, .. }, heard)) = done {
                let ctx = gateway.own_ctx("reversal");
                gateway
                    .app
                    .write(ctx, move |tx, ctx| reversals::heard(tx, ctx, &row, &heard))
                    .await?;
            }
        }
        if !full {
            return Ok(());
        }
    }
}
