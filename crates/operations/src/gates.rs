//! May this terminal do this now? One row answers; it is dropped whenever something it rests on changes and computed
//! again when it is next asked for.

use std::collections::BTreeSet;

use domain::gate::{Gate, gate};
use domain::stages::SubjectKind;
use store::Tx;

use crate::chain::{self, Chain};
use crate::ctx::Ctx;
use crate::refused::{Done, Refused};

/// The gate of a chain computed from its stages and stops.
pub fn compute(ctx: &Ctx, chain: &Chain) -> Gate {
    gate(&chain.world(ctx.catalog(), BTreeSet::new()), ctx.now)
}

/// Computes the gate of a terminal from all its rows, without reading or writing the gate row.
pub fn recompute(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<Gate> {
    Ok(compute(ctx, &chain::of_terminal(tx, merchant, terminal)?))
}

/// Computes and writes the row of one terminal.
pub fn refresh(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<Gate> {
    let gate = recompute(tx, ctx, merchant, terminal)?;
    let valid_until = gate.valid_until.map(domain::time::Time::millis);
    store::gates::put(
        tx,
        merchant,
        terminal,
        bits(gate.blocked.0)?,
        valid_until,
        ctx.now.millis(),
    )?;
    Ok(gate)
}

/// What is blocked for a terminal now: the row where it holds, else computed and written.
pub fn blocked(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<u64> {
    match store::gates::get(tx, merchant, terminal)? {
        Some(row) if row.holds(ctx.now.millis()) => u64::try_from(row.blocked)
            .map_err(|_| Refused::Inconsistent(format!("gate row of {terminal} holds {}", row.blocked))),
        _ => Ok(refresh(tx, ctx, merchant, terminal)?.blocked.0),
    }
}

/// Whether a terminal may use a capability now (the hot path).
pub fn may(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str, capability: &str) -> Done<bool> {
    let bit = ctx
        .catalog()
        .bit(capability)
        .ok_or_else(|| Refused::Inconsistent(format!("the catalogue has no capability «{capability}»")))?;
    Ok(blocked(tx, ctx, merchant, terminal)? & (1u64 << bit) == 0)
}

/// Drops the rows that rest on a subject, so that they are computed again.
pub fn forget(tx: &mut Tx<'_>, kind: SubjectKind, merchant: &str) -> Done<()> {
    if kind.of_merchant() {
        store::gates::forget_merchant(tx, merchant)?;
    } else {
        store::gates::forget_all(tx)?;
    }
    Ok(())
}

fn bits(set: u64) -> Done<i64> {
    i64::try_from(set).map_err(|_| Refused::Inconsistent(format!("capability set {set:#x} uses bit 63")))
}
