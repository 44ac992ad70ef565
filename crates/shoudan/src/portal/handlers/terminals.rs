//! The merchant's terminals.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use operations::explain::{self, Ask, Audience};
use operations::refused::Done;
use operations::requests::Offer as Open;
use operations::views::Paging;
use operations::{Ctx, Tx, events, requests, terminals};

use super::OWN;
use super::home::may_do;
use super::visit::{Visit, shown};
use crate::api::asked::Asked;
use crate::doors::Doors;
use crate::portal::merchant::{self, Offer, Terminal};
use crate::portal::{paths, stopped_first};
use crate::problem::Problem;

/// Events on a terminal's page.
const EVENTS: i64 = 10;

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::TERMINALS, OWN, list)
        .door(Method::GET, "/m/terminals/{terminal}", OWN, one)
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let paging = asked.paging()?;
    let filter = terminals::Filter {
        merchant: visit.merchant(),
        ..Default::default()
    };
    let mut rows = visit
        .read(move |tx, ctx| terminals::list(tx, ctx, &filter, &paging))
        .await?;
    stopped_first(&mut rows.data);
    Ok(shown(merchant::terminals(&visit.page(), &rows)))
}

async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let data = visit.read(move |tx, ctx| look(tx, ctx, &merchant, &id)).await?;
    Ok(shown(merchant::terminal(&visit.page(), &data)))
}

fn look(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<Terminal> {
    let terminal = terminals::view(tx, ctx, merchant, id)?;
    let mut explanation = explain::terminal(tx, ctx, merchant, id, &Ask::default(), Audience::Merchant)?;
    let mut offers = requests::offers(tx, ctx, merchant, Some(id))?;
    let begin = offers
        .iter()
        .position(|offer| offer.kind == "restoration")
        .map(|i| offers.remove(i));
    if explanation.plan.request.is_none() {
        for step in explanation.plan.steps.iter_mut().filter(|step| step.state == "now") {
            step.mine = may_do(ctx, step);
        }
    }
    let events = events::timeline(
        tx,
        ctx,
        merchant,
        "terminal",
        id,
        &Paging {
            limit: EVENTS,
            cursor: None,
        },
    )?;
    Ok(Terminal {
        terminal,
        begin: begin.map(offer).filter(|_| explanation.plan.request.is_none()),
        explanation,
        events: events.data,
        offers: offers.into_iter().map(offer).collect(),
    })
}

/// What may be asked for, as pages list it.
pub(super) fn offer(open: Open) -> Offer {
    Offer {
        href: paths::new_request(&open.kind, &open.subject.id),
        name: open.name,
        about: open.about,
    }
}
