//! Keeps `world.json` true to what the drawn machines hold: a terminal that got another device or another master key is
//! told to whoever drives it from outside, as a key-loading device would have told the machine.

use std::path::PathBuf;
use std::time::Duration;

use domain::names::Lang;
use operations::refused::{Done, Refused};
use operations::{Actor, Ctx, Tx, requests, sealing};

use super::World;
use crate::app::App;

/// How often it is looked whether a key was made or destroyed.
const EVERY: Duration = Duration::from_secs(1);

/// Follows the keys for ever, from a first look at the start on.
pub async fn follow(app: App, mut world: World, path: PathBuf) {
    let mut last = None;
    let mut turns = tokio::time::interval(EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let ctx = app.ctx(Actor::system("demo"), Lang::Zh, "");
        let before = world.clone();
        let looked = app.read(ctx, move |tx, ctx| look(tx, ctx, before, last)).await;
        let seen = match looked {
            Ok(Some((stamp, seen))) if seen == world => {
                last = Some(stamp);
                continue;
            }
            Ok(Some((stamp, seen))) => {
                last = Some(stamp);
                seen
            }
            Ok(None) => continue,
            Err(refused) => {
                tracing::warn!("world.json cannot follow the keys: {refused}");
                continue;
            }
        };
        world.clone_from(&seen);
        let to = path.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || seen.write(&to)).await {
            tracing::warn!("{error:#}");
        }
    }
}

/// When keys came or went since `last`.
pub(super) type Stamp = (i64, i64);

/// The world with every machine as it is now; none where no key was made or destroyed since `last`.
pub(super) fn look(tx: &mut Tx<'_>, ctx: &Ctx, mut world: World, last: Option<Stamp>) -> Done<Option<(Stamp, World)>> {
    let stamp = requests::machines_stamp(tx)?;
    if last == Some(stamp) {
        return Ok(None);
    }
    for terminal in &mut world.terminals_list {
        let machine = match requests::machine_of(tx, ctx, &terminal.terminal_number) {
            Err(Refused::NotFound { .. }) => continue,
            other => other?,
        };
        // A machine whose key is destroyed is listed with its last until another is loaded.
        if let Some(key) = machine.master_key {
            terminal.tmk_hex = sealing::hex(key.expose()).to_uppercase();
            terminal.serial_number = machine.serial;
        }
    }
    Ok(Some((stamp, world)))
}
