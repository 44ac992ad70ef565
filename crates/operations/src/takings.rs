//! What a merchant took, day by day. A day is a local one; money counts on the day it was taken or given back.

use domain::time::{Date, Time};
use iso8583::kinds::Side;
use store::Tx;
use store::takings::{newest_before, sums};

use crate::ctx::Ctx;
use crate::merchants;
use crate::payments;
use crate::refused::{Done, Refused};

/// What was taken on one local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// When it began.
    pub start: Time,
    /// Number of sales.
    pub count: i64,
    /// Fen of approved sales, also of those voided or refunded since.
    pub sales: i64,
    /// Fen given back on this day: voids and refunds.
    pub back: i64,
}

impl Day {
    /// Fen of sales less what was given back.
    pub fn net(&self) -> i64 {
        self.sales.saturating_sub(self.back)
    }
}

/// When a local day begins, and when the next one does (milliseconds).
pub fn span(ctx: &Ctx, date: Date) -> (i64, i64) {
    let zone = &ctx.platform.zone;
    (zone.start_of(date).millis(), zone.start_of(date.add_days(1)).millis())
}

/// The last `n` days, oldest first; the last is today.
pub fn last(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, n: u8) -> Done<Vec<Day>> {
    admit(tx, ctx, merchant)?;
    let today = ctx.platform.zone.date(ctx.now);
    (0..i32::from(n))
        .rev()
        .map(|back| day_of(tx, ctx, merchant, today.add_days(-back)))
        .collect()
}

/// One day.
pub fn day(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, date: Date) -> Done<Day> {
    admit(tx, ctx, merchant)?;
    day_of(tx, ctx, merchant, date)
}

/// Days on which anything was taken or given back, newest first, from the day before `before` (none: from today); and
/// whether there are older ones.
pub fn days(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, before: Option<Date>, limit: u8) -> Done<(Vec<Day>, bool)> {
    admit(tx, ctx, merchant)?;
    let today = ctx.platform.zone.date(ctx.now);
    let (mut end, _) = span(ctx, before.unwrap_or(today.add_days(1)));
    let mut days = Vec::new();
    while let Some(at) = newest_before(tx, merchant, &payments::first_id(end))? {
        if days.len() >= usize::from(limit) {
            return Ok((days, true));
        }
        let day = day_of(tx, ctx, merchant, ctx.platform.zone.date(Time::from_millis(at)))?;
        end = day.start.millis();
        days.push(day);
    }
    Ok((days, false))
}

fn admit(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str) -> Done<()> {
    let agent = store::chain::of_merchant(tx, merchant)?.map(|row| row.agent_id);
    let agent = agent.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    merchants::may_see(ctx, merchant, &agent)
}

fn day_of(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, date: Date) -> Done<Day> {
    let (from, until) = span(ctx, date);
    let mut day = Day {
        date,
        start: Time::from_millis(from),
        count: 0,
        sales: 0,
        back: 0,
    };
    for one in sums(tx, merchant, &payments::first_id(from), &payments::first_id(until))? {
        match payments::side(&one.kind) {
            Side::Debit => {
                day.sales = day.sales.saturating_add(one.sum);
                day.count += one.count;
            }
            Side::Credit => day.back = day.back.saturating_add(one.sum),
            Side::Neither => {}
        }
    }
    Ok(day)
}
