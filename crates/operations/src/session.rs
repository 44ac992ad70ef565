//! A terminal's session: who is speaking, signing in and off.

use std::sync::Arc;

use domain::time::Time;
use iso8583::Kind;
use iso8583::crypto::MacAlgorithm;
use iso8583::values::KeyLayout;
use serde_json::json;
use store::Tx;
use store::batches::LineRow;

use crate::ctx::Ctx;
use crate::key_module::{Fault, MacHandle, PinHandle, TrackHandle};
use crate::keys::{self, KeyKind};
use crate::payments::limits::Terms;
use crate::payments::{self, Decline, Issued, Ruling};
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};
use crate::{batches, explain, gates, requests};

/// The terminal at the other end, with handles on the keys it speaks under. Cheap to clone.
#[derive(Clone)]
pub struct Line {
    /// Merchant id.
    pub merchant: String,
    /// Terminal id.
    pub terminal: String,
    /// F41.
    pub number: String,
    /// F42.
    pub merchant_number: String,
    /// Another one means that keys, batch or session changed since this was read.
    pub version: i64,
    /// How it computes field 64.
    pub algorithm: MacAlgorithm,
    /// Whether it is signed in.
    pub signed_in: bool,
    /// Its batch at the host.
    pub batch: i64,
    /// MAC key; none before the first sign-in and after a sign-off.
    pub mak: Option<MacHandle>,
    /// Version of the MAC key, 0 for none.
    pub mak_version: i64,
    /// PIN key.
    pub pik: Option<PinHandle>,
    /// Track key.
    pub tdk: Option<TrackHandle>,
    /// What may be taken here, and what it costs. Read with the line: what changes it raises the version.
    pub terms: Arc<Terms>,
    /// The keys before these, while no message has proven that the terminal has these; see [`keys::FORMER_SELLS`].
    pub former: Option<Arc<Former>>,
}

/// Handles on former working keys.
pub struct Former {
    /// MAC key.
    pub mak: MacHandle,
    mak_version: i64,
    pik: Option<PinHandle>,
    tdk: Option<TrackHandle>,
    /// When newer ones were issued.
    since: Time,
}

impl Former {
    /// Whether a message of this kind is believed under these keys now.
    pub fn serve(&self, kind: Kind, now: Time) -> bool {
        now < self.since + keys::former_serves(kind)
    }
}

/// Finds who speaks: terminal number (F41) and merchant number (F42) must be a pair. 03 where there is no such merchant,
/// 97 where there is no such pair.
pub fn line(tx: &mut Tx<'_>, ctx: &Ctx, number: &str, merchant_number: &str) -> Done<Ruling<Line>> {
    match store::batches::line(tx, number)? {
        Some(row) if row.merchant_number == merchant_number => {
            let terms = payments::limits::terms(tx, ctx, &row.merchant_id, &row.terminal_id)?;
            opened(ctx, number, row, Arc::new(terms)).map(Ok)
        }
        _ => {
            let known = store::chain::merchant_by_number(tx, merchant_number)?.is_some();
            Ok(Err(Decline::code(ctx, if known { "97" } else { "03" })))
        }
    }
}

fn opened(ctx: &Ctx, number: &str, row: LineRow, terms: Arc<Terms>) -> Done<Line> {
    let algorithm: MacAlgorithm = row
        .mac_algorithm
        .parse()
        .map_err(|e| Refused::Inconsistent(format!("terminal {number}: {e}")))?;
    let module = &ctx.platform.keys;
    let place = |kind, version| keys::place(&row.merchant_id, &row.terminal_id, kind, version);
    let mak = usable(row.mak.as_ref(), |version, block| {
        module.mac(&place(KeyKind::Mak, version), block, algorithm)
    })?;
    let pik = usable(row.pik.as_ref(), |version, block| {
        module.pin(&place(KeyKind::Pik, version), block)
    })?;
    let tdk = usable(row.tdk.as_ref(), |version, block| {
        module.track(&place(KeyKind::Tdk, version), block)
    })?;
    let former = match &row.former {
        Some(former) => {
            let mak = usable(Some(&former.mak), |version, block| {
                module.mac(&place(KeyKind::Mak, version), block, algorithm)
            })?;
            let pik = usable(former.pik.as_ref(), |version, block| {
                module.pin(&place(KeyKind::Pik, version), block)
            })?;
            let tdk = usable(former.tdk.as_ref(), |version, block| {
                module.track(&place(KeyKind::Tdk, version), block)
            })?;
            let (mak_version, since) = (former.mak.0, Time::from_millis(former.since));
            mak.map(|mak| Former {
                mak,
                mak_version,
                pik,
                tdk,
                since,
            })
        }
        None => None,
    };
    Ok(Line {
        mak_version: row
            .mak
            .as_ref()
            .filter(|_| mak.is_some())
            .map_or(0, |(version, _)| *version),
        terms,
        mak,
        pik,
        tdk,
        former: former.map(Arc::new),
        merchant: row.merchant_id,
        terminal: row.terminal_id,
        number: number.to_owned(),
        merchant_number: row.merchant_number,
        version: row.line_version,
        algorithm,
        signed_in: row.signed_in,
        batch: row.batch,
    })
}

/// A handle on a stored key. One that does not fit what it is used for, because the terminal's setting was changed since, is
/// none: the terminal has to sign in. One that does not authenticate is an error.
fn usable<T>(key: Option<&(i64, Vec<u8>)>, open: impl FnOnce(i64, &[u8]) -> Result<T, Fault>) -> Done<Option<T>> {
    let Some((version, block)) = key else { return Ok(None) };
    match open(*version, block) {
        Ok(handle) => Ok(Some(handle)),
        Err(Fault::Key(_) | Fault::Unsupported(_)) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

impl Line {
    /// Whether its MAC key has served its time: the terminal has to sign in again before anything is accepted.
    pub fn is_worn(&self) -> bool {
        self.mak.as_ref().is_some_and(|mak| mak.uses() >= keys::WORKING_USES)
    }

    /// The line as the terminal sees it that still speaks under its former keys: MAC, PIN and track belong together, and it
    /// is answered under the key it has.
    #[must_use]
    pub fn under(&self, former: &Former) -> Self {
        Self {
            mak: Some(former.mak.clone()),
            mak_version: former.mak_version,
            pik: former.pik.clone(),
            tdk: former.tdk.clone(),
            ..self.clone()
        }
    }
}

/// The line as it stands now, held so that no other message changes the session before this one is done.
pub(crate) fn held(tx: &mut Tx<'_>, line: &Line) -> Done<Line> {
    store::batches::hold(tx, &line.merchant, &line.terminal)?;
    let standing = store::batches::standing(tx, &line.merchant, &line.terminal)?;
    Ok(Line {
        signed_in: standing.signed_in,
        batch: standing.batch,
        ..line.clone()
    })
}

impl Line {
    /// The line as it was before [`batches::pause`], where that paused it.
    pub(crate) fn unpaused(self, paused: bool) -> Self {
        Self {
            signed_in: self.signed_in || paused,
            ..self
        }
    }
}

/// What an accepted sign-in brings.
pub struct SignedIn {
    /// Field 62: the working keys under the master key.
    pub keys: Vec<u8>,
    /// The batch the terminal is to use.
    pub batch: i64,
    /// Time, date, reference number, code.
    pub issued: Issued,
}

/// Signs a terminal in: new working keys, its batch, and the step that waited for it. The keys before stay as the former
/// ones until a message proves that the terminal has the new ones; until then a further sign-in brings those again.
pub fn sign_in(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, layout: KeyLayout, rrn: &str) -> Done<Ruling<SignedIn>> {
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    if !gates::may(tx, ctx, merchant, terminal, "sign_in")? {
        let refusal = explain::refuse(tx, ctx, merchant, terminal, "sign_in", "-")?;
        let decline = Decline::stopped(refusal);
        tell_refused(tx, ctx, line, "terminal.sign_in_refused", &decline)?;
        return Ok(Err(decline));
    }
    let line = &held(tx, line)?;
    let confirmed = keys::is_confirmed(tx, merchant, terminal)?;
    let issued = if confirmed {
        keys::issue_working(tx, ctx, merchant, terminal, line.algorithm, layout)?
    } else {
        None
    };
    let Some((keys, again)) = issued else {
        let decline = without_keys(tx, ctx, line, confirmed)?;
        tell_refused(tx, ctx, line, "terminal.sign_in_refused", &decline)?;
        return Ok(Err(decline));
    };
    store::batches::sign_in(tx, merchant, terminal, ctx.now.millis())?;
    store::batches::open(tx, merchant, terminal, line.batch, ctx.now.millis())?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "session.sign_in",
            merchant,
            kind: "terminal",
            id: terminal,
            before: format!("signed in: {}", line.signed_in),
            after: "signed in: true".to_owned(),
            details: json!({ "batch": line.batch, "layout": layout.code(), "keys": if again { "again" } else { "new" } }),
        },
    )?;
    tell(
        tx,
        ctx,
        line,
        "terminal.signed_in",
        json!({ "batch": line.batch }),
        &audit,
    )?;
    requests::event_step(tx, ctx, merchant, "terminal", terminal, "terminal.signed_in")?;
    let keys = keys.to_bytes(layout).map_err(crate::payments::unfit)?;
    let issued = Issued::code(ctx, "00")?.with(37, rrn)?;
    Ok(Ok(SignedIn {
        keys,
        batch: line.batch,
        issued,
    }))
}

/// Declines a terminal that cannot be given working keys: where its master key is missing, or not the one its device
/// reports, it stops for that until keys are loaded, and the decline says so. No fallback to other keys.
fn without_keys(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, confirmed: bool) -> Done<Decline> {
    if !confirmed && keys::missing(tx, ctx, &line.merchant, &line.terminal)? {
        let refusal = explain::refuse(tx, ctx, &line.merchant, &line.terminal, "sale", "-")?;
        return Ok(Decline::stopped(refusal));
    }
    Ok(Decline::code(ctx, "96"))
}

/// Signs a terminal off: its working keys are destroyed, and its next sign-in brings the next batch. `batch` is the one in
/// the message; one less than the host's means that a settlement has moved it on already. `paused`: what
/// [`batches::pause`] said.
pub fn sign_off(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    (batch, paused): (i64, bool),
    rrn: &str,
) -> Done<Ruling<Issued>> {
    let line = &held(tx, line)?.unpaused(paused);
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    if !line.signed_in || (batch != line.batch && batches::next(batch) != line.batch) {
        return Ok(Err(Decline::code(ctx, "77")));
    }
    payments::authorise::fold_merchant(tx, ctx, merchant, terminal)?;
    keys::retire_working(tx, ctx, merchant, terminal)?;
    store::batches::sign_off(tx, merchant, terminal)?;
    if batch == line.batch {
        batches::raise(tx, ctx, line, None)?;
    }
    trace::audit(
        tx,
        ctx,
        Change {
            command: "session.sign_off",
            merchant,
            kind: "terminal",
            id: terminal,
            before: "signed in: true".to_owned(),
            after: "signed in: false".to_owned(),
            details: json!({ "batch": batch }),
        },
    )?;
    Ok(Ok(Issued::code(ctx, "00")?.with(37, rrn)?))
}

/// Notes the end of a parameter download: the step that waited for it is done.
pub fn parameters_downloaded(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line) -> Done<()> {
    tell(tx, ctx, line, "terminal.parameters_downloaded", json!({}), "-")?;
    requests::event_step(
        tx,
        ctx,
        &line.merchant,
        "terminal",
        &line.terminal,
        "terminal.parameters_downloaded",
    )?;
    Ok(())
}

/// Asks the gate for a capability outside a transaction: downloads and balance enquiries.
pub fn may(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, capability: &str) -> Done<Ruling<()>> {
    if gates::may(tx, ctx, &line.merchant, &line.terminal, capability)? {
        return Ok(Ok(()));
    }
    let refusal = explain::refuse(tx, ctx, &line.merchant, &line.terminal, capability, "-")?;
    let decline = Decline::stopped(refusal);
    tell_refused(tx, ctx, line, "terminal.declined", &decline)?;
    Ok(Err(decline))
}

/// Puts a refusal on the time-line, unless the same was told just now.
fn tell_refused(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, kind: &str, decline: &Decline) -> Done<()> {
    if decline.told {
        return Ok(());
    }
    let data = json!({
        "response_code": decline.code, "reason": decline.reason, "code": decline.explanation_code,
    });
    tell(tx, ctx, line, kind, data, "-")
}

pub(crate) fn tell(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    kind: &str,
    data: serde_json::Value,
    audit: &str,
) -> Done<()> {
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    trace::event(
        tx,
        ctx,
        Happened {
            kind,
            merchant,
            subject_kind: "terminal",
            subject: terminal,
            terminal,
            data,
            audit,
        },
    )?;
    Ok(())
}
