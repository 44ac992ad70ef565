//! Clocks of terminals: each answer carries the right time; one that is off is noted.

use domain::time::{Date, Duration, Time};
use serde_json::json;
use store::Tx;

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::session::{Line, tell};

/// How far a terminal's clock may be off before it is noted.
pub const TOLERANCE: Duration = Duration::minutes(5);

/// Seconds by which a terminal's clock runs ahead of ours (negative: behind), by its local time `hhmmss` (F12) and day
/// `MMDD` (F13); the year is the one that brings it nearest. None where they are no time.
pub fn drift(ctx: &Ctx, time: &str, day: &str) -> Option<i64> {
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<i64>().ok();
    let (hour, minute, second) = (two(time, 0)?, two(time, 2)?, two(time, 4)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (month, day) = (u8::try_from(two(day, 0)?).ok()?, u8::try_from(two(day, 2)?).ok()?);
    let zone = &ctx.platform.zone;
    let year = zone.date(ctx.now).year();
    let at = |year| {
        let start: Time = zone.start_of(Date::new(year, month, day).ok()?);
        let told = start + Duration::seconds(hour * 3600 + minute * 60 + second);
        Some((told - ctx.now).as_millis() / 1000)
    };
    [year - 1, year, year + 1]
        .into_iter()
        .filter_map(at)
        .min_by_key(|seconds| seconds.abs())
}

/// Whether a drift is worth a note.
pub fn is_off(seconds: i64) -> bool {
    seconds.saturating_abs() > TOLERANCE.as_millis() / 1000
}

/// Notes, once a day, that a terminal's clock is off by `seconds` (positive: it runs ahead).
pub fn note(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, seconds: i64) -> Done<()> {
    let day = ctx.platform.zone.date(ctx.now).to_string();
    let key = (line.merchant.as_str(), line.terminal.as_str());
    if store::downloads::note_drift(tx, key, &day, seconds, ctx.now.millis())? {
        let minutes = seconds.unsigned_abs() / 60;
        let direction = if seconds < 0 { "behind" } else { "ahead" };
        let data = json!({ "minutes": minutes, "direction": direction });
        tell(tx, ctx, line, "terminal.clock_off", data, "-")?;
    }
    Ok(())
}
