//! A terminal's session: who is speaking, signing in and off.

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use iso8583::values::KeyLayout;
use serde_json::json;
use store::Tx;
use store::batches::LineRow;

use crate::ctx::Ctx;
use crate::keys::{self, KeyKind};
use crate::payments::{Decline, Issued, Ruling};
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};
use crate::{batches, explain, gates, requests};

/// The terminal at the other end, with the keys it speaks under. No `Debug`: it holds keys.
#[derive(Clone)]
pub struct Line {
    /// Merchant id.
    pub merchant: String,
    /// Terminal id.
    pub terminal: String,
    /// F41.
    pub number: String,
    /// How it computes field 64.
    pub algorithm: MacAlgorithm,
    /// Whether it is signed in.
    pub signed_in: bool,
    /// Its batch at the host.
    pub batch: i64,
    /// MAC key; none before the first sign-in and after a sign-off.
    pub mak: Option<MacKey>,
    /// Version of the MAC key, 0 for none.
    pub mak_version: i64,
    /// PIN key.
    pub pik: Option<DesKey>,
    /// Track key.
    pub tdk: Option<DesKey>,
}

/// Finds who speaks: terminal number (F41) and merchant number (F42) must be a pair. 03 where there is no such merchant,
/// 97 where there is no such pair.
pub fn line(tx: &mut Tx<'_>, ctx: &Ctx, number: &str, merchant_number: &str) -> Done<Ruling<Line>> {
    match store::batches::line(tx, number)? {
        Some(row) if row.merchant_number == merchant_number => opened(ctx, number, row).map(Ok),
        _ => {
            let known = store::chain::merchant_by_number(tx, merchant_number)?.is_some();
            Ok(Err(Decline::code(ctx, if known { "97" } else { "03" })))
        }
    }
}

fn opened(ctx: &Ctx, number: &str, row: LineRow) -> Done<Line> {
    let algorithm: MacAlgorithm = row
        .mac_algorithm
        .parse()
        .map_err(|e| Refused::Inconsistent(format!("terminal {number}: {e}")))?;
    let place = (row.merchant_id.as_str(), row.terminal_id.as_str());
    let open = |kind, key: &Option<(i64, Vec<u8>)>| match key {
        Some((version, sealed)) => keys::open(ctx, place, kind, (*version, sealed)).map(Some),
        None => Ok(None),
    };
    let unusable = |e: iso8583::crypto::KeyError| Refused::Keys(format!("terminal {number}: {e}"));
    let des = |key: Option<domain::secret::Secret<Vec<u8>>>| {
        key.map(|key| DesKey::new(key.expose())).transpose().map_err(unusable)
    };
    // A key that does not fit the algorithm, because that was changed since, is none: the terminal has to sign in.
    let mak = open(KeyKind::Mak, &row.mak)?.and_then(|key| MacKey::new(algorithm, key.expose()).ok());
    Ok(Line {
        mak_version: row
            .mak
            .as_ref()
            .filter(|_| mak.is_some())
            .map_or(0, |(version, _)| *version),
        mak,
        pik: des(open(KeyKind::Pik, &row.pik)?)?,
        tdk: des(open(KeyKind::Tdk, &row.tdk)?)?,
        merchant: row.merchant_id,
        terminal: row.terminal_id,
        number: number.to_owned(),
        algorithm,
        signed_in: row.signed_in,
        batch: row.batch,
    })
}

/// The line as it stands now, held so that no other message changes the session before this one is done.
pub(crate) fn held(tx: &mut Tx<'_>, line: &Line) -> Done<Line> {
    store::batches::hold(tx, &line.merchant, &line.terminal)?;
    let (signed_in, batch, _) = store::batches::standing(tx, &line.merchant, &line.terminal)?;
    Ok(Line {
        signed_in,
        batch,
        ..line.clone()
    })
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

/// Signs a terminal in: new working keys, its batch, and the step that waited for it.
pub fn sign_in(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, layout: KeyLayout, rrn: &str) -> Done<Ruling<SignedIn>> {
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    if !gates::may(tx, ctx, merchant, terminal, "sign_in")? {
        let refusal = explain::refuse(tx, ctx, merchant, terminal, "sign_in", "-")?;
        let decline = Decline::stopped(refusal);
        tell(
            tx,
            ctx,
            line,
            "terminal.sign_in_refused",
            json!({
                "response_code": decline.code, "reason": decline.reason, "code": decline.explanation_code,
            }),
            "-",
        )?;
        return Ok(Err(decline));
    }
    let line = &held(tx, line)?;
    let Some(keys) = keys::issue_working(tx, ctx, merchant, terminal, line.algorithm, layout)? else {
        let decline = Decline::code(ctx, "96");
        tell(
            tx,
            ctx,
            line,
            "terminal.sign_in_refused",
            json!({ "response_code": decline.code }),
            "-",
        )?;
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
            details: json!({ "batch": line.batch, "layout": layout.code() }),
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

/// Signs a terminal off: its working keys are destroyed, and its next sign-in brings the next batch. `batch` is the one in
/// the message; one less than the host's means that a settlement has moved it on already.
pub fn sign_off(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, batch: i64, rrn: &str) -> Done<Ruling<Issued>> {
    let line = &held(tx, line)?;
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    if !line.signed_in || (batch != line.batch && batches::next(batch) != line.batch) {
        return Ok(Err(Decline::code(ctx, "77")));
    }
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
    tell(
        tx,
        ctx,
        line,
        "terminal.declined",
        json!({
            "response_code": decline.code, "reason": decline.reason, "code": decline.explanation_code,
        }),
        "-",
    )?;
    Ok(Err(decline))
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
