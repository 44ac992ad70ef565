//! The merchant's home: can I take money now, am I being paid, what is my turn?

use axum::http::Method;
use axum::response::Response;
use operations::explain::{self, Ask, Audience};
use operations::refused::Done;
use operations::requests::Offer;
use operations::views::{Explanation, Paging, RequestRow, StepView, TerminalView};
use operations::{Ctx, Tx, requests, takings, terminals};

use super::OWN;
use super::visit::{Visit, shown};
use crate::doors::Doors;
use crate::portal::merchant::{self, DayTakings, Home, NextAction};
use crate::portal::{paths, stopped_first};
use crate::problem::Problem;

/// Terminals and requests looked at for the first screen; a merchant with more has lists for them.
const LOOKED_AT: i64 = 200;
/// Requests shown that wait for others.
const UNDER_WAY: usize = 3;
/// Days of the chart.
const DAYS: u8 = 7;

pub(super) fn routes(doors: Doors) -> Doors {
    doors.door(Method::GET, paths::HOME, OWN, home)
}

async fn home(visit: Visit) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let data = visit.read(move |tx, ctx| look(tx, ctx, &merchant)).await?;
    Ok(shown(merchant::home(&visit.page(), &data)))
}

fn look(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str) -> Done<Home> {
    let explanation = explain::merchant(tx, ctx, merchant, &Ask::default(), Audience::Merchant)?;
    let filter = terminals::Filter {
        merchant: merchant.to_owned(),
        ..Default::default()
    };
    let mut machines = terminals::list(
        tx,
        ctx,
        &filter,
        &Paging {
            limit: LOOKED_AT,
            cursor: None,
        },
    )?
    .data;
    // What has ended is no longer counted, unless everything has.
    if machines.iter().any(|t| t.standing != "ended") {
        machines.retain(|t| t.standing != "ended");
    }
    stopped_first(&mut machines);
    let open = requests::Filter {
        merchant_id: merchant.to_owned(),
        state: "open".into(),
        ..Default::default()
    };
    let open = requests::list(
        tx,
        ctx,
        &open,
        &Paging {
            limit: LOOKED_AT,
            cursor: None,
        },
    )?
    .data;
    let (own, mut under_way): (Vec<_>, Vec<_>) = open.into_iter().partition(|r| r.waiting_on == "merchant");
    under_way.truncate(UNDER_WAY);
    let next = match next_step(tx, ctx, merchant, own)? {
        Some(next) => Some(next),
        None => first_restoration(tx, ctx, merchant, &explanation, &machines)?,
    };
    let days = takings::last(tx, ctx, merchant, DAYS)?;
    let days = days
        .iter()
        .map(|d| DayTakings {
            at: d.start.millis(),
            amount: d.net(),
            count: d.count,
        })
        .collect();
    Ok(Home {
        explanation,
        terminals: machines,
        next,
        under_way,
        days,
    })
}

/// The most urgent step of an open request that the reader may carry out.
fn next_step(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, mut open: Vec<RequestRow>) -> Done<Option<NextAction>> {
    open.sort_by_key(|r| (r.promise_by.unwrap_or(i64::MAX), r.opened_at));
    for row in open {
        let request = requests::view(tx, ctx, merchant, &row.id)?;
        if let Some(step) = request.steps.into_iter().find(|step| step.mine) {
            let href = paths::step(&row.id, &step.step);
            return Ok(Some(NextAction {
                request_name: row.kind_name,
                step,
                href,
            }));
        }
    }
    Ok(None)
}

/// The first step of bringing back what nobody has begun to bring back: the merchant as a whole where the cause is its
/// own, which brings back every terminal; else a stopped terminal.
fn first_restoration(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    merchant: &str,
    whole: &Explanation,
    machines: &[TerminalView],
) -> Done<Option<NextAction>> {
    let offers = requests::offers(tx, ctx, merchant, None)?;
    if let Some(next) = beginning(ctx, &offers, whole, merchant, "") {
        return Ok(Some(next));
    }
    for one in machines
        .iter()
        .filter(|t| t.standing != "works" && t.standing != "ended")
        .take(3)
    {
        let offers = requests::offers(tx, ctx, merchant, Some(&one.id))?;
        let told = explain::terminal(tx, ctx, merchant, &one.id, &Ask::default(), Audience::Merchant)?;
        if let Some(next) = beginning(ctx, &offers, &told, &one.id, &one.number) {
            return Ok(Some(next));
        }
    }
    Ok(None)
}

/// The way into a restoration that is offered, not begun, and begins with a step the reader may carry out.
fn beginning(ctx: &Ctx, offers: &[Offer], told: &Explanation, subject: &str, number: &str) -> Option<NextAction> {
    let offer = offers.iter().find(|offer| offer.kind == "restoration")?;
    let first = told.plan.steps.iter().find(|step| step.state == "now")?;
    (told.plan.request.is_none() && may_do(ctx, first)).then(|| NextAction {
        request_name: format!("{number} {}", offer.name).trim_start().to_owned(),
        step: first.clone(),
        href: paths::new_request(&offer.kind, subject),
    })
}

/// Whether the step table lets the reader's role carry a step out.
pub(super) fn may_do(ctx: &Ctx, step: &StepView) -> bool {
    ctx.catalog()
        .steps
        .get(&step.step)
        .is_some_and(|row| row.by.contains(&ctx.actor.role))
}
