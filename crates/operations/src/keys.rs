//! Keys of terminals: the master key that a terminal is loaded with, and the working keys that each sign-in brings. Rows
//! hold sealed blocks; only the key module opens them. What is retired is destroyed at once and never comes back.

pub mod components;
mod ends;
mod former;

use std::sync::Arc;

use domain::secret::Secret;
use iso8583::crypto::MacAlgorithm;
use iso8583::values::{KeyLayout, SignInKeys};
use serde_json::json;
use store::Tx;
use store::keys::KeyRow;

use crate::ctx::Ctx;
pub use crate::key_module::KeyKind;
use crate::key_module::{self, Fault, Place, Stored, Wanted};
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};
pub(crate) use ends::stage_entered;
pub use ends::{Moved, WORKING_AGE, WORKING_USES, confirm, is_confirmed, missing, rewrap, sweep, wear_out};
pub use former::{FORMER_REPORTS, FORMER_SELLS, former_serves, prove};

/// The fingerprint of a key: keyed, so that nobody without the platform's index key can try keys against it.
fn fingerprint(ctx: &Ctx, stored: &Stored) -> String {
    stored.fingerprint(&ctx.platform.sealer)
}

/// The place of a terminal's key.
pub(crate) fn place<'a>(merchant: &'a str, terminal: &'a str, kind: KeyKind, version: i64) -> Place<'a> {
    Place {
        merchant,
        terminal,
        kind,
        version,
    }
}

/// The version the next key of a kind gets.
fn next_version(tx: &mut Tx<'_>, merchant: &str, terminal: &str, kind: KeyKind) -> Done<i64> {
    let versions = store::keys::versions(tx, merchant, terminal)?;
    let last = versions.iter().find(|(code, _)| code == kind.code());
    Ok(last.map_or(1, |(_, last)| last + 1))
}

/// Loads a terminal's master key (16 bytes), retiring the one before and every working key under it; its check value.
/// Internal: loading needs no permission of its own, the request that leads to it does.
///
/// [`Refused::Conflict`] where another terminal holds or held the same key, or everyone knows it: one key, one terminal.
pub fn install_master(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    key: &Secret<[u8; 16]>,
) -> Done<String> {
    if key_module::is_known(key) {
        return Err(known(terminal));
    }
    let version = next_version(tx, merchant, terminal, KeyKind::Tmk)?;
    let place = place(merchant, terminal, KeyKind::Tmk, version);
    let stored = Arc::clone(&ctx.platform.keys).import(&place, key, &mut ctx.ids)?;
    adopt(tx, ctx, &place, stored, 0)
}

fn known(terminal: &str) -> Refused {
    Refused::conflict(
        "key",
        terminal,
        domain::text!(
            "这是众所周知的默认或测试密钥，不能使用，请重新生成",
            "this is a default or test key that everyone knows; make a new one"
        ),
    )
}

/// Makes a master key the current one of its terminal, if no other terminal ever held it and it serves nothing else.
fn adopt(tx: &mut Tx<'_>, ctx: &mut Ctx, place: &Place<'_>, stored: Stored, ceremony: i64) -> Done<String> {
    let (merchant, terminal) = (place.merchant, place.terminal);
    let fingerprint = fingerprint(ctx, &stored);
    if !store::keys::claim(tx, &fingerprint, merchant, terminal)? {
        return Err(Refused::conflict(
            "key",
            terminal,
            domain::text!(
                "另一终端已使用这把主密钥，请重新生成",
                "another terminal holds this master key; make a new one"
            ),
        ));
    }
    if store::keys::serves_otherwise(tx, &fingerprint, KeyKind::Tmk.code())? {
        return Err(Refused::conflict(
            "key",
            terminal,
            domain::text!(
                "这把密钥已用于其他用途，请重新生成",
                "this key serves another purpose already; make a new one"
            ),
        ));
    }
    destroy_rows(tx, ctx, merchant, terminal)?;
    let kcv = put(tx, ctx, place, stored, ceremony)?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.install_master",
            merchant,
            kind: "terminal",
            id: terminal,
            before: String::new(),
            after: fingerprint,
            details: json!({ "check": kcv, "version": place.version, "key_module": ctx.platform.keys.name() }),
        },
    )?;
    Ok(kcv)
}

/// Destroys every key of a terminal, for good.
pub fn destroy(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    destroy_rows(tx, ctx, merchant, terminal)?;
    store::keys::destroy_components(tx, merchant, terminal, ctx.now.millis())?;
    trace::audit(
        tx,
        ctx,
        Change {
            command: "keys.destroy",
            merchant,
            kind: "terminal",
            id: terminal,
            before: String::new(),
            after: String::new(),
            details: json!({}),
        },
    )?;
    Ok(())
}

fn destroy_rows(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<u64> {
    let mut gone = 0;
    for kind in KeyKind::OF_TERMINAL {
        gone += store::keys::retire(tx, merchant, terminal, kind.code(), ctx.now.millis())?;
    }
    Ok(gone)
}

/// Retires the working keys of a terminal: until it signs in again it has none.
pub fn retire_working(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<()> {
    for kind in KeyKind::WORKING {
        store::keys::retire(tx, merchant, terminal, kind.code(), ctx.now.millis())?;
    }
    Ok(())
}

/// A terminal's master key in clear, for whoever plays the machine in a demonstration. The module for production has no
/// way to show one, and refuses.
pub fn open(
    ctx: &Ctx,
    (merchant, terminal): (&str, &str),
    kind: KeyKind,
    (version, block): (i64, &[u8]),
) -> Done<Secret<Vec<u8>>> {
    Ok(ctx
        .platform
        .keys
        .reveal(&place(merchant, terminal, kind, version), block)?)
}

/// Issues the working keys of a sign-in, wrapped under the master key: new ones, the current ones becoming the former ones;
/// or, while no message has proven that the terminal has the current ones, these again (true), so that it holds either
/// the former or the current ones, however many sign-ins are repeated, forged or lose their answer. None where the terminal
/// has no master key, the layout has no room for the keys its MAC algorithm takes, or the key module has no such cipher.
pub fn issue_working(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    algorithm: MacAlgorithm,
    layout: KeyLayout,
) -> Done<Option<(SignInKeys, bool)>> {
    let Some(row) = store::keys::current(tx, merchant, terminal, KeyKind::Tmk.code())? else {
        return Ok(None);
    };
    let Some(sizes) = sizes(algorithm, layout) else {
        return Ok(None);
    };
    let module = Arc::clone(&ctx.platform.keys);
    let master = place(merchant, terminal, KeyKind::Tmk, row.version);
    let unproven = former::make_room(tx, ctx, merchant, terminal)?;
    let mut again = unproven;
    let mut wrapped = Vec::with_capacity(3);
    for (kind, size) in KeyKind::WORKING.into_iter().zip(sizes) {
        if size == 0 {
            continue;
        }
        if unproven {
            let kept = former::once_more(tx, &module, (&master, &row.sealed), kind, (size, layout))?;
            if let Some(cover) = kept {
                wrapped.push(cover);
                continue;
            }
            // One that does not fit what is asked for now; the MAC key always does while its algorithm stays.
            store::keys::retire_current(tx, merchant, terminal, kind.code(), ctx.now.millis())?;
            again = false;
        }
        let version = next_version(tx, merchant, terminal, kind)?;
        let wanted = Wanted {
            place: place(merchant, terminal, kind, version),
            size,
            layout,
        };
        match module.issue((&master, &row.sealed), &wanted, &mut ctx.ids) {
            Ok((stored, cover)) => {
                put(tx, ctx, &wanted.place, stored, 0)?;
                wrapped.push(cover);
            }
            Err(Fault::Unsupported(_)) if wrapped.is_empty() => {
                retire_working(tx, ctx, merchant, terminal)?;
                return Ok(None);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    let mut wrapped = wrapped.into_iter();
    Ok(wrapped.next().zip(wrapped.next()).map(|(pik, mak)| {
        let tdk = wrapped.next();
        (SignInKeys { pik, mak, tdk }, again)
    }))
}

/// Bytes of PIN, MAC and track key; 0 is none. The MAC key is single where its algorithm takes single ones.
fn sizes(algorithm: MacAlgorithm, layout: KeyLayout) -> Option<[usize; 3]> {
    let mak = match algorithm {
        MacAlgorithm::Ecb | MacAlgorithm::X99 => 8,
        MacAlgorithm::X919 | MacAlgorithm::Sm4Ecb => 16,
    };
    match layout {
        KeyLayout::Single => (mak == 8).then_some([8, 8, 0]),
        KeyLayout::Double => Some([16, mak, 0]),
        KeyLayout::DoubleWithTrack => Some([16, mak, 16]),
        KeyLayout::Sm4 => (algorithm == MacAlgorithm::Sm4Ecb).then_some([16, 16, 16]),
    }
}

/// A check value as people read it.
fn written(check: [u8; 4]) -> String {
    format!("{:08X}", u32::from_be_bytes(check))
}

/// Writes a key as the current one of its kind; its check value.
fn put(tx: &mut Tx<'_>, ctx: &Ctx, place: &Place<'_>, stored: Stored, ceremony: i64) -> Done<String> {
    let row = KeyRow {
        merchant_id: place.merchant.to_owned(),
        terminal_id: place.terminal.to_owned(),
        kind: place.kind.code().to_owned(),
        version: place.version,
        kcv: written(stored.check),
        fingerprint: fingerprint(ctx, &stored),
        sealed: stored.block,
        created_at: ctx.now.millis(),
        ceremony,
        reported_kcv: String::new(),
    };
    store::keys::insert(tx, &row)?;
    Ok(row.kcv)
}
