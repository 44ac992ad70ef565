//! The test clock: how far the platform's time is ahead of the machine's, kept with the data so that it survives a
//! restart. It only goes forward. Whether a deployment has one at all is decided above.

use domain::time::{Span, Time};
use store::{Tx, settings};

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::trace::{self, Change, Happened};

const KEY: &str = "test_clock.offset_ms";

/// How many milliseconds the platform's time is ahead of the machine's. For the clock itself, at start.
pub fn offset(tx: &mut Tx<'_>) -> Done<i64> {
    read(settings::get(tx, KEY)?.as_deref())
}

fn read(text: Option<&str>) -> Done<i64> {
    text.map_or(Ok(0), |text| {
        text.parse()
            .map_err(|_| Refused::Inconsistent(format!("the setting {KEY} is not a number")))
    })
}

/// Where the clock stands after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// Milliseconds ahead of the machine's time.
    pub offset: i64,
    /// The platform's time.
    pub now: Time,
}

/// Moves the clock on by a calendar span, read in the platform's zone. Takes the permission `test_clock`.
pub fn advance(tx: &mut Tx<'_>, ctx: &mut Ctx, by: Span) -> Done<Set> {
    let to = ctx.platform.zone.add(ctx.now, by);
    set(tx, ctx, to)
}

/// Sets the clock to `to`, which may not lie before now. Takes the permission `test_clock`.
pub fn set(tx: &mut Tx<'_>, ctx: &mut Ctx, to: Time) -> Done<Set> {
    ctx.need("test_clock")?;
    if to < ctx.now {
        return Err(Refused::field(
            "clock",
            "backwards",
            "测试时钟只能往前拨。",
            "The test clock only goes forward.",
        ));
    }
    let before = settings::get(tx, KEY)?;
    let offset = read(before.as_deref())?.saturating_add((to - ctx.now).as_millis());
    if !settings::replace(tx, KEY, before.as_deref(), &offset.to_string())? {
        return Err(Refused::conflict(
            "clock",
            "test",
            domain::text!(
                "另一请求同时拨动了时钟，请查看后再试",
                "another call moved it at the same moment; look and try again"
            ),
        ));
    }
    let change = Change {
        command: "test_clock.set",
        merchant: "-",
        kind: "platform",
        id: "platform",
        before: ctx.now.rfc3339(),
        after: to.rfc3339(),
        details: serde_json::json!({ "from": ctx.now.rfc3339(), "to": to.rfc3339() }),
    };
    let audit = trace::audit(tx, ctx, change)?;
    let happened = Happened {
        kind: "clock.advanced",
        merchant: "-",
        subject_kind: "platform",
        subject: "platform",
        terminal: "-",
        data: serde_json::json!({ "now_at": to.millis() }),
        audit: &audit,
    };
    trace::event(tx, ctx, happened)?;
    Ok(Set { offset, now: to })
}
