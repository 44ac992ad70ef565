//! Dormancy: terminals without a sale are told of it, verified again, stopped, by the rungs of `catalog/dormancy.toml`.
//!
//! A rung's clock starts at the last sale, or at the entry to the network where there never was one; at the last
//! verification where the rung allows that; and at the lifting of its own stop. Months are calendar months, clamped to
//! the month's end. Spare terminals are exempt, and the time of a pause the owner planned does not count where the rung
//! allows that.

use domain::catalog::DormancyRung;
use domain::stages::SubjectKind;
use domain::time::{Duration, Span, Time};
use serde_json::json;
use store::Tx;
use store::terminals::{self, Rung, TerminalRow};

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::stops::{self, Place};
use crate::trace::{self, Happened};

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Stops announced for later.
    pub noticed: usize,
    /// Stops that had to start at once, as their day had come.
    pub stopped: usize,
}

/// The reason a merchant is under while its owner's pause lasts; one with an end set in advance is a planned one.
pub const PAUSE: &str = "merchant.paused_by_owner";

/// A month is clamped by at most three days; the query looks that much further and the exact day decides.
const CLAMPED: Duration = Duration::days(4);

/// When a rung's stop starts for a clock started at `since`, and when it is to be announced.
fn dates(ctx: &Ctx, rung: &DormancyRung, since: Time) -> (Time, Time) {
    let zone = &ctx.platform.zone;
    let start = zone.add(
        since,
        Span {
            months: rung.idle_months.into(),
            ..Span::default()
        },
    );
    (start, start - Duration::days(rung.notice_days.into()))
}

/// Announces or places what is due now, at most `limit` stops per rung. Running it again at the same time changes
/// nothing: a terminal that is under a rung's stop, or whose clock started anew, is not found.
pub fn sweep(tx: &mut Tx<'_>, ctx: &mut Ctx, limit: i64) -> Done<Swept> {
    let catalog = ctx.platform.catalog.clone();
    let mut swept = Swept::default();
    for rung in &catalog.dormancy {
        let wanted = Rung {
            reason: &rung.reason,
            horizon: horizon(ctx, rung).millis(),
            reset_by_verification: rung.reset_by_verification,
            pause: if rung.counts_pause { "" } else { PAUSE },
        };
        for terminal in terminals::idle(tx, &wanted, limit)? {
            let Some(since) = since(tx, rung, &terminal)? else {
                continue;
            };
            let (start, notice) = dates(ctx, rung, since);
            if notice > ctx.now {
                continue;
            }
            apply(tx, ctx, rung, &terminal, start)?;
            if start > ctx.now {
                swept.noticed += 1;
            } else {
                swept.stopped += 1;
            }
        }
    }
    Ok(swept)
}

/// Clocks started later than this cannot be due for a rung.
fn horizon(ctx: &Ctx, rung: &DormancyRung) -> Time {
    let zone = &ctx.platform.zone;
    let noticed = ctx.now + Duration::days(rung.notice_days.into());
    let (hour, minute) = zone.clock(noticed);
    zone.at(
        zone.date(noticed).add_months(-i32::from(rung.idle_months)),
        hour,
        minute,
    ) + CLAMPED
}

/// When a rung's clock for a terminal started; none for one that never entered the network.
fn since(tx: &mut Tx<'_>, rung: &DormancyRung, terminal: &TerminalRow) -> Done<Option<Time>> {
    let Some(idle) = terminal.last_sale_at.or(terminal.opened_at) else {
        return Ok(None);
    };
    let verified = terminal.verified_at.filter(|_| rung.reset_by_verification);
    let lifted = terminals::last_lifted(tx, &terminal.merchant_id, &terminal.id, &rung.reason)?;
    let Some(since) = [Some(idle), verified, lifted].into_iter().flatten().max() else {
        return Ok(None);
    };
    let paused = if rung.counts_pause {
        0
    } else {
        terminals::paused(tx, &terminal.merchant_id, PAUSE, since)?
    };
    Ok(Some(Time::from_millis(since.saturating_add(paused))))
}

fn apply(tx: &mut Tx<'_>, ctx: &mut Ctx, rung: &DormancyRung, terminal: &TerminalRow, start: Time) -> Done<()> {
    let place = Place {
        merchant: terminal.merchant_id.clone(),
        kind: SubjectKind::Terminal,
        id: terminal.id.clone(),
        reason: rung.reason.clone(),
        starts_at: Some(start),
        ends_at: None,
        details: json!({ "idle_months": rung.idle_months, "last_sale_at": terminal.last_sale_at }),
    };
    stops::place(tx, ctx, place)?;
    let kind = match (start > ctx.now, rung.reset_by_verification) {
        (true, _) => "dormancy.noticed",
        (false, true) => "dormancy.recheck_due",
        (false, false) => "dormancy.stopped",
    };
    let data = json!({ "label": terminal.number, "reason": rung.reason, "starts_at": start.millis() });
    tell(tx, ctx, terminal, kind, data)
}

fn tell(tx: &mut Tx<'_>, ctx: &mut Ctx, terminal: &TerminalRow, kind: &str, data: serde_json::Value) -> Done<()> {
    let happened = Happened {
        kind,
        merchant: &terminal.merchant_id,
        subject_kind: "terminal",
        subject: &terminal.id,
        terminal: &terminal.id,
        data,
        audit: "-",
    };
    trace::event(tx, ctx, happened)?;
    Ok(())
}

/// Whether a stop can have been announced by `at` for a terminal idle since `since`.
pub fn may_be_announced(ctx: &Ctx, since: Time, at: Time) -> bool {
    ctx.catalog()
        .dormancy
        .iter()
        .any(|rung| dates(ctx, rung, since).1 <= at)
}

/// Cancels what dormancy announced and has not begun: the terminal sells again. Internal, after a sale.
pub fn cancel_announced(tx: &mut Tx<'_>, ctx: &mut Ctx, terminal: &TerminalRow) -> Done<()> {
    if cancel(tx, ctx, terminal, |_| true, "a sale")? {
        tell(tx, ctx, terminal, "dormancy.woken", json!({ "label": terminal.number }))
    } else {
        Ok(())
    }
}

/// Cancels what dormancy announced for the terminals of a merchant whose owner has planned a pause; it is announced anew
/// when its time has come after the pause. Internal: the pause is in force.
pub fn paused(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<()> {
    let filter = terminals::Filter {
        merchant_id: merchant.to_owned(),
        ..terminals::Filter::default()
    };
    for terminal in terminals::list(tx, &filter, ("", ""), i64::MAX)? {
        cancel(tx, ctx, &terminal, |rung| !rung.counts_pause, "a pause was planned")?;
    }
    Ok(())
}

/// Ends the announced stops of some rungs; whether there was one.
fn cancel(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    terminal: &TerminalRow,
    of: impl Fn(&DormancyRung) -> bool,
    why: &str,
) -> Done<bool> {
    let catalog = ctx.platform.catalog.clone();
    let mut cancelled = false;
    for rung in catalog.dormancy.iter().filter(|rung| of(rung)) {
        let subject = ("terminal", terminal.id.as_str());
        let stop = store::stops::find_live(tx, &terminal.merchant_id, subject, &rung.reason)?;
        if let Some(stop) = stop.filter(|s| s.starts_at > ctx.now.millis()) {
            stops::end(tx, ctx, &stop, why)?;
            cancelled = true;
        }
    }
    Ok(cancelled)
}
