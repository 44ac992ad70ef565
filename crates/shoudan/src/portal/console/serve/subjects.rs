//! A merchant, a terminal, a device; and the list of merchants.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::EventId;
use domain::time::{Duration, Time, Zone};
use operations::explain::{self, Ask, Audience};
use operations::payments::ledger;
use operations::refused::{Done, Refused};
use operations::views::{EventView, Explanation, Page, Paging};
use operations::{Ctx, Tx, events, health, merchants, requests, terminals};

use super::limits::named;
use super::{STAFF, desk, field, local, paging, shown};
use crate::api::asked::Asked;
use crate::doors::Doors;
use crate::portal::console::{self, Answer, HISTORY_KINDS, History, Merchant, Terminal, paths};
use crate::portal::handlers::Visit;
use crate::problem::Problem;
use operations::names::name_events;

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::MERCHANTS, STAFF, list)
        .door(Method::GET, "/console/merchants/{id}", STAFF, merchant)
        .door(
            Method::GET,
            "/console/merchants/{id}/closing-certificate",
            STAFF,
            certificate,
        )
        .door(Method::GET, "/console/terminals/{number}", STAFF, terminal)
        .door(Method::GET, "/console/devices/{serial}", STAFF, device)
}

/// What is asked beside the subject: a past moment, a kind of event, a page of them.
struct Wish {
    ask: Ask,
    kind: String,
    at: String,
    kinds: Vec<String>,
    paging: Paging,
}

impl Wish {
    fn of(zone: &Zone, asked: &Asked) -> Result<Self, Problem> {
        let typed = asked.filter("at");
        // The time-line links to an event's very millisecond; the form sends a local minute.
        let at = typed
            .parse()
            .ok()
            .map(Time::from_millis)
            .or_else(|| local(zone, &typed));
        let kind = asked.filter("kind");
        let kinds = HISTORY_KINDS
            .iter()
            .find(|(code, ..)| *code == kind)
            .map(|(_, _, kinds)| *kinds)
            .unwrap_or_default();
        let mut paging = Paging {
            limit: 20,
            ..paging(asked)?
        };
        if let (Some(at), None) = (at, &paging.cursor) {
            // As of then: what came later is not told. The first id of the next millisecond stands before all of it.
            paging.cursor = Some(EventId::new(at + Duration::millis(1), [0; 10]).to_string());
        }
        Ok(Self {
            ask: Ask { capability: None, at },
            kind,
            at: at.map(|at| field(zone, at)).unwrap_or_default(),
            kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
            paging,
        })
    }

    fn history(&self, tx: &mut Tx<'_>, ctx: &Ctx, mut events: Page<EventView>) -> Done<History> {
        name_events(tx, ctx, &mut events.data)?;
        Ok(History {
            events,
            kind: self.kind.clone(),
            at: self.at.clone(),
        })
    }
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let (typed, paging) = (asked.filter("q"), paging(&asked)?);
    let filter = merchants::Filter {
        name: typed.clone(),
        ..Default::default()
    };
    let rows = visit
        .read(move |tx, ctx| merchants::list(tx, ctx, &filter, &paging))
        .await?;
    Ok(shown(console::merchants(&visit.page(), &desk(&visit), &typed, &rows)))
}

async fn merchant(visit: Visit, Path(id): Path<String>, asked: Asked) -> Result<Response, Problem> {
    let wish = Wish::of(&visit.app.platform.zone, &asked)?;
    let data = visit.read(move |tx, ctx| merchant_page(tx, ctx, &id, &wish)).await?;
    Ok(shown(console::merchant(&visit.page(), &desk(&visit), &data)))
}

async fn certificate(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = id.clone();
    let stated = visit
        .read(move |tx, ctx| requests::closing_certificate(tx, ctx, &merchant))
        .await?;
    let page = visit.page();
    Ok(shown(console::closing_certificate(&page, &desk(&visit), &id, &stated)))
}

fn merchant_page(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str, wish: &Wish) -> Done<Merchant> {
    let merchant = merchants::view(tx, ctx, id)?;
    let explained = |tx: &mut Tx<'_>, ctx: &mut Ctx, who| explain::merchant(tx, ctx, id, &wish.ask, who);
    let answer = answer(tx, ctx, explained)?;
    let own = terminals::Filter {
        merchant: id.to_owned(),
        ..Default::default()
    };
    let most = Paging {
        limit: 100,
        cursor: None,
    };
    let mut terminals = terminals::list(tx, ctx, &own, &most)?.data;
    terminals.sort_by(|a, b| a.number.cmp(&b.number));
    let open = requests::Filter {
        merchant_id: id.to_owned(),
        state: "open".into(),
        ..Default::default()
    };
    let requests = requests::list(
        tx,
        ctx,
        &open,
        &Paging {
            limit: 20,
            cursor: None,
        },
    )?
    .data;
    let events = if wish.kinds.is_empty() {
        events::timeline(tx, ctx, id, "merchant", id, &wish.paging)?
    } else {
        let filter = events::Filter {
            merchant: id.to_owned(),
            kinds: wish.kinds.clone(),
            ..Default::default()
        };
        events::list(tx, ctx, &filter, &wish.paging)?
    };
    let history = wish.history(tx, ctx, events)?;
    Ok(Merchant {
        limits: named(tx, ctx, id, None)?,
        books: ctx
            .may("review_finance")
            .then(|| ledger::balances(tx, ctx, id, (None, None)))
            .transpose()?,
        merchant,
        answer,
        terminals,
        requests,
        history,
    })
}

/// The same explanation twice: as the merchant reads it, and as staff do.
fn answer(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    explained: impl Fn(&mut Tx<'_>, &mut Ctx, Audience) -> Done<Explanation>,
) -> Done<Answer> {
    Ok(Answer {
        merchant: explained(tx, ctx, Audience::Merchant)?,
        staff: explained(tx, ctx, Audience::Desk)?,
    })
}

async fn terminal(visit: Visit, Path(number): Path<String>, asked: Asked) -> Result<Response, Problem> {
    let wish = Wish::of(&visit.app.platform.zone, &asked)?;
    let data = visit
        .read(move |tx, ctx| terminal_page(tx, ctx, &number, &wish))
        .await?;
    Ok(shown(console::terminal(&visit.page(), &desk(&visit), &data)))
}

fn terminal_page(tx: &mut Tx<'_>, ctx: &mut Ctx, number: &str, wish: &Wish) -> Done<Terminal> {
    let found = terminals::by_number(tx, number)?.ok_or_else(|| Refused::not_found("terminal", number))?;
    let terminal = terminals::view(tx, ctx, &found.merchant, &found.terminal)?;
    let explained = |tx: &mut Tx<'_>, ctx: &mut Ctx, who| {
        explain::terminal(tx, ctx, &found.merchant, &found.terminal, &wish.ask, who)
    };
    let answer = answer(tx, ctx, explained)?;
    let filter = events::Filter {
        merchant: found.merchant.clone(),
        terminal: found.terminal.clone(),
        kinds: wish.kinds.clone(),
        ..Default::default()
    };
    let events = events::list(tx, ctx, &filter, &wish.paging)?;
    let history = wish.history(tx, ctx, events)?;
    let health = health::of_terminal(tx, &found.merchant, &found.terminal, REPORTS)?
        .iter()
        .map(|row| reported(ctx, row))
        .collect();
    Ok(Terminal {
        limits: named(tx, ctx, &found.merchant, Some(&found.terminal))?,
        terminal,
        answer,
        history,
        health,
    })
}

/// Spans of reports of state that a terminal's page shows.
const REPORTS: i64 = 10;

/// A span of reports in the words of the table of flags; what has no row there is no part.
fn reported(ctx: &Ctx, report: &health::Report) -> console::Health {
    let told = health::parts(ctx, report);
    console::Health {
        first_at: report.first_at,
        last_at: report.last_at,
        times: report.times,
        parts: told,
    }
}

/// A device is looked at where it serves; one that serves nowhere has a short page of its own.
async fn device(visit: Visit, Path(serial): Path<String>) -> Result<Response, Problem> {
    let found = visit.read(move |tx, ctx| terminals::device(tx, ctx, &serial)).await?;
    Ok(match &found.terminal {
        Some(number) => Redirect::to(&paths::terminal(number)).into_response(),
        None => shown(console::device(&visit.page(), &desk(&visit), &found)),
    })
}
