//! A pause the owner plans: payments stop until a day named in advance, and the time does not count as disuse.

use domain::stages::SubjectKind;
use domain::time::{Date, Span, Time};
use serde_json::json;
use store::Tx;

use super::super::evidence;
use super::super::work::{Work, as_system};
use super::{Checked, Given};
use crate::ctx::Ctx;
use crate::dormancy;
use crate::refused::{Done, Refused};
use crate::stops::{self, Place};

/// The field that names the day.
const UNTIL: &str = "pause_until";

/// The longest pause, in calendar months: what lasts longer is an ending, and the law's last limit runs all the same.
const LONGEST: u32 = 12;

/// A pause ends on a coming day, within the longest, and there is one at a time.
pub(super) fn check(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, step: &str, given: &Given) -> Done<Checked> {
    let merchant = &work.request.merchant_id;
    if store::stops::find_live(tx, merchant, ("merchant", merchant), dormancy::PAUSE)?.is_some() {
        return Err(Refused::conflict(
            "step",
            step,
            domain::text!(
                "已在歇业暂停中；要改日期，请先恢复收款再重新设置",
                "a pause is set already; to change its day, resume first and set it anew"
            ),
        ));
    }
    let end = match given.get(UNTIL) {
        Some(typed) => end_of(ctx, typed),
        None => evidence::find(ctx, work, UNTIL)?.and_then(|kept| end_of(ctx, kept.expose())),
    };
    let latest = ctx.platform.zone.add(ctx.now, Span::months(LONGEST));
    if end.is_none_or(|end| end <= ctx.now || end > latest) {
        return Err(Refused::field(
            UNTIL,
            "range",
            format!("请选明天起 {LONGEST} 个月内的日期；更久不营业的，请办理撤机或终止服务"),
            format!("choose a day from tomorrow within {LONGEST} months; for longer, withdraw the terminals or close"),
        ));
    }
    Ok(Checked::Fine)
}

/// The beginning of the day on which payments resume.
fn end_of(ctx: &Ctx, day: &str) -> Option<Time> {
    Date::parse(day).ok().map(|day| ctx.platform.zone.start_of(day))
}

/// Places the pause and cancels what disuse announced for its time.
pub(super) fn begin(tx: &mut Tx<'_>, ctx: &mut Ctx, work: &mut Work, _: &str) -> Done<()> {
    let (merchant, request) = (work.request.merchant_id.clone(), work.request.id.clone());
    let until = evidence::find(ctx, work, UNTIL)?.and_then(|kept| end_of(ctx, kept.expose()));
    let place = Place {
        merchant: merchant.clone(),
        kind: SubjectKind::Merchant,
        id: merchant.clone(),
        reason: dormancy::PAUSE.to_owned(),
        starts_at: None,
        ends_at: until,
        details: json!({ "placed_by_request": request }),
    };
    as_system(ctx, &request, |ctx| {
        stops::place(tx, ctx, place)?;
        dormancy::paused(tx, ctx, &merchant)
    })
}
