//! Former working keys: those before the ones that the last sign-in brought, kept until a message verifies under the newer
//! MAC key.
//!
//! A sign-in is neither protected nor acknowledged. Where its answer is lost, or somebody else sends one, the terminal goes
//! on under the keys it has; would they end with the sign-in, its reversal were refused, known terminals drop a reversal on
//! any answer, and a sale that nobody paid for would stay approved. So a key change is complete when the terminal first
//! uses the new keys: what it says before is within the old keys, and what is said again under them afterwards fails (F-40).
//!
//! - There is one former generation, never more: until the current one is proven, sign-ins bring the current one again.
//!   So a terminal holds the former or the current keys, and both are believed.
//! - A generation serves whole, MAC, PIN and track keys together, and is answered under its own MAC key.
//! - There is no way back: a former key never becomes current again (F-42).
//! - It ends with the first message under the newer key, with sign-off, with the master key, and with time.

use domain::time::Duration;
use iso8583::Kind;
use iso8583::values::{KeyLayout, WrappedKey};
use serde_json::json;
use store::Tx;

use super::{KeyKind, place};
use crate::ctx::Ctx;
use crate::key_module::{KeyModule, Place, Wanted};
use crate::payments::rule;
use crate::refused::Done;
use crate::trace::{self, Change};

/// How long former keys serve for everything. Terminals sign in daily: one that heard of no sign-in for a day tries again,
/// and is given the current keys.
pub const FORMER_SELLS: Duration = Duration::hours(24);
/// How long they serve for what reports what has happened: reversals, notices, script results, signatures. A day more, so
/// that what was sold in the last minute can still be reversed: a reversal is good for its day (iso8583.md, 6).
pub const FORMER_REPORTS: Duration = Duration::hours(48);

/// How long a message of this kind is believed under former keys.
pub fn former_serves(kind: Kind) -> Duration {
    let reports = matches!(kind, Kind::Reversal | Kind::ScriptNotice | Kind::Signature)
        || rule(kind).is_some_and(crate::payments::Rule::is_notice);
    if reports { FORMER_REPORTS } else { FORMER_SELLS }
}

/// Makes the current working keys the former ones, so that new ones can be issued. True where the current ones have not
/// been proven yet: then they stay, and are to be issued again.
pub(super) fn make_room(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<bool> {
    let mak = store::keys::current(tx, merchant, terminal, KeyKind::Mak.code())?;
    let open = !store::keys::former(tx, merchant, terminal)?.is_empty();
    let serves = mak.is_some_and(|mak| mak.created_at > (ctx.now - FORMER_REPORTS).millis());
    if open && serves {
        return Ok(true);
    }
    store::keys::retire_former(tx, merchant, terminal, ctx.now.millis())?;
    for kind in KeyKind::WORKING {
        store::keys::supersede(tx, merchant, terminal, kind.code())?;
    }
    Ok(false)
}

/// The current key of a kind as the terminal gets it; none where there is none, or one of another cipher or length.
pub(super) fn once_more(
    tx: &mut Tx<'_>,
    module: &KeyModule,
    master: (&Place<'_>, &[u8]),
    kind: KeyKind,
    (size, layout): (usize, KeyLayout),
) -> Done<Option<WrappedKey>> {
    let (merchant, terminal) = (master.0.merchant, master.0.terminal);
    let Some(row) = store::keys::current(tx, merchant, terminal, kind.code())? else {
        return Ok(None);
    };
    let wanted = Wanted {
        place: place(merchant, terminal, kind, row.version),
        size,
        layout,
    };
    Ok(module.cover_again(master, &wanted, &row.sealed)?)
}

/// Hears that a message verified under the MAC key of this version: where it is the current one, the former keys end.
pub fn prove(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, version: i64) -> Done<()> {
    store::batches::hold(tx, merchant, terminal)?;
    let standing = store::batches::standing(tx, merchant, terminal)?;
    if standing.mak != version {
        return Ok(());
    }
    end(tx, ctx, merchant, terminal, "proven").map(|_| ())
}

/// Ends former keys that have served their time; of how many terminals.
pub(super) fn sweep(tx: &mut Tx<'_>, ctx: &mut Ctx, at_once: i64) -> Done<u64> {
    let made = (ctx.now - FORMER_REPORTS).millis();
    let mut ended = 0;
    for (merchant, terminal) in store::keys::outlived(tx, made, at_once)? {
        store::batches::hold(tx, &merchant, &terminal)?;
        ended += u64::from(end(tx, ctx, &merchant, &terminal, "time")?);
    }
    Ok(ended)
}

fn end(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str, why: &str) -> Done<bool> {
    if store::keys::retire_former(tx, merchant, terminal, ctx.now.millis())? == 0 {
        return Ok(false);
    }
    trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.former_ended",
            merchant,
            kind: "terminal",
            id: terminal,
            before: "former keys serve".to_owned(),
            after: "current keys only".to_owned(),
            details: json!({ "why": why }),
        },
    )?;
    Ok(true)
}
