//! Keys of terminals: the master key that a terminal is loaded with, and the working keys that each sign-in brings. All
//! are kept sealed; what is retired is destroyed at once.

use domain::secret::Secret;
use iso8583::crypto::{DesKey, MacAlgorithm, Sm4Key};
use iso8583::values::{KeyLayout, SignInKeys, WrappedKey};
use serde_json::json;
use store::Tx;
use store::keys::KeyRow;

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Master key: encrypts the others on their way.
    Tmk,
    /// PIN key.
    Pik,
    /// MAC key.
    Mak,
    /// Track key.
    Tdk,
}

impl KeyKind {
    /// The keys a sign-in replaces.
    pub const WORKING: [Self; 3] = [Self::Pik, Self::Mak, Self::Tdk];

    /// How it is written in rows.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tmk => "tmk",
            Self::Pik => "pik",
            Self::Mak => "mak",
            Self::Tdk => "tdk",
        }
    }
}

/// Names the place a sealed key belongs to, so that it opens nowhere else.
fn place(merchant: &str, terminal: &str, kind: KeyKind, version: i64) -> String {
    format!("terminal_keys/{merchant}/{terminal}/{}/{version}", kind.code())
}

/// Loads a terminal's master key (16 bytes), retiring the one before and every working key under it; its check value.
/// Internal: loading needs no permission of its own, the request that leads to it does.
///
/// [`Refused::Conflict`] where another terminal holds the same key: one key, one terminal.
pub fn install_master(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    key: &Secret<[u8; 16]>,
) -> Done<String> {
    let fingerprint = ctx.platform.sealer.fingerprint(key.expose());
    if !store::keys::claim(tx, &fingerprint, merchant, terminal)? {
        return Err(Refused::conflict(
            "key",
            terminal,
            "another terminal holds this master key; make a new one",
        ));
    }
    let versions = store::keys::versions(tx, merchant, terminal)?;
    destroy_rows(tx, ctx, merchant, terminal)?;
    let master = DesKey::new(key.expose()).map_err(|e| Refused::Keys(e.to_string()))?;
    let kcv = put(
        tx,
        ctx,
        (merchant, terminal),
        KeyKind::Tmk,
        &versions,
        key.expose(),
        master.kcv(),
    )?;
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
            details: json!({ "check": kcv }),
        },
    )?;
    Ok(kcv)
}

/// Destroys every key of a terminal, for good.
pub fn destroy(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, terminal: &str) -> Done<()> {
    destroy_rows(tx, ctx, merchant, terminal)?;
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

fn destroy_rows(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<()> {
    for kind in [KeyKind::Tmk, KeyKind::Pik, KeyKind::Mak, KeyKind::Tdk] {
        store::keys::retire(tx, merchant, terminal, kind.code(), ctx.now.millis())?;
    }
    Ok(())
}

/// Retires the working keys of a terminal: until it signs in again it has none.
pub fn retire_working(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: &str) -> Done<()> {
    for kind in KeyKind::WORKING {
        store::keys::retire(tx, merchant, terminal, kind.code(), ctx.now.millis())?;
    }
    Ok(())
}

/// Opens a sealed key.
pub fn open(
    ctx: &Ctx,
    (merchant, terminal): (&str, &str),
    kind: KeyKind,
    (version, sealed): (i64, &[u8]),
) -> Done<Secret<Vec<u8>>> {
    ctx.platform
        .sealer
        .open(sealed, &place(merchant, terminal, kind, version))
}

/// Makes new working keys, keeps them and returns them wrapped under the master key. None where the terminal has no
/// master key, or the layout has no room for the keys its MAC algorithm takes.
pub fn issue_working(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    terminal: &str,
    algorithm: MacAlgorithm,
    layout: KeyLayout,
) -> Done<Option<SignInKeys>> {
    let Some(row) = store::keys::current(tx, merchant, terminal, KeyKind::Tmk.code())? else {
        return Ok(None);
    };
    let master = open(ctx, (merchant, terminal), KeyKind::Tmk, (row.version, &row.sealed))?;
    let Some(sizes) = sizes(algorithm, layout) else {
        return Ok(None);
    };
    let versions = store::keys::versions(tx, merchant, terminal)?;
    retire_working(tx, ctx, merchant, terminal)?;
    let mut wrapped = Vec::with_capacity(3);
    for (kind, size) in KeyKind::WORKING.into_iter().zip(sizes) {
        if size == 0 {
            continue;
        }
        let (bytes, cover) = fresh(ctx, layout, size, master.expose())?;
        put(
            tx,
            ctx,
            (merchant, terminal),
            kind,
            &versions,
            bytes.expose(),
            cover.check,
        )?;
        wrapped.push(cover);
    }
    let mut wrapped = wrapped.into_iter();
    Ok(wrapped.next().zip(wrapped.next()).map(|(pik, mak)| SignInKeys {
        pik,
        mak,
        tdk: wrapped.next(),
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

/// A new key and its form under the master key.
fn fresh(ctx: &mut Ctx, layout: KeyLayout, size: usize, master: &[u8]) -> Done<(Secret<Vec<u8>>, WrappedKey)> {
    let failed = |e: iso8583::crypto::KeyError| Refused::Keys(e.to_string());
    if layout == KeyLayout::Sm4 {
        let key = Sm4Key::new(&ctx.ids.bytes::<16>()).map_err(failed)?;
        let cover = WrappedKey::under_sm4(&Sm4Key::new(master).map_err(failed)?, &key);
        return Ok((Secret::new(key.expose().to_vec()), cover));
    }
    let key = match size {
        8 => DesKey::single_from_random(ctx.ids.bytes()),
        _ => DesKey::from_random(ctx.ids.bytes()),
    };
    let cover = WrappedKey::under(&DesKey::new(master).map_err(failed)?, &key);
    Ok((Secret::new(key.expose().to_vec()), cover))
}

/// Writes a key as the next version of its kind; its check value.
fn put(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    (merchant, terminal): (&str, &str),
    kind: KeyKind,
    versions: &[(String, i64)],
    key: &[u8],
    check: [u8; 4],
) -> Done<String> {
    let version = versions
        .iter()
        .find(|(code, _)| code == kind.code())
        .map_or(1, |(_, last)| last + 1);
    let nonce = ctx.ids.bytes();
    let row = KeyRow {
        merchant_id: merchant.to_owned(),
        terminal_id: terminal.to_owned(),
        kind: kind.code().to_owned(),
        version,
        sealed: ctx
            .platform
            .sealer
            .seal(key, nonce, &place(merchant, terminal, kind, version)),
        kcv: format!("{:08X}", u32::from_be_bytes(check)),
        fingerprint: ctx.platform.sealer.fingerprint(key),
        created_at: ctx.now.millis(),
    };
    store::keys::insert(tx, &row)?;
    Ok(row.kcv)
}
