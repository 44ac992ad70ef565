//! Requests: what is under way, one of them, opening and withdrawing.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use domain::catalog::PlanRow;
use domain::ids::IdSource;
use domain::stages::SubjectKind;
use operations::explain::{self, Ask, Audience};
use operations::refused::{Done, FieldError, Refused};
use operations::requests::{self, Open};
use operations::views::{CauseView, Paging, RequestView};
use operations::{Ctx, StoreError, Tx, events, merchants};

use super::OWN;
use super::form::Typed;
use super::terminals::offer;
use super::visit::{Visit, came_back, shown};
use crate::api::asked::Asked;
use crate::doors::Doors;
use crate::portal::components::Choice;
use crate::portal::merchant::{self, NewRequest, Request, Requests};
use crate::portal::paths;
use crate::portal::words::tasks as w;
use crate::problem::Problem;

/// Open requests listed; nobody has more.
const OPEN: i64 = 200;
/// Events on a request's page.
const EVENTS: i64 = 20;
/// The kind whose steps come from what is stopped.
const RESTORATION: &str = "restoration";
/// A field of the opening form that chooses among the ways out of a reason begins so.
const WAY: &str = "way.";

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::REQUESTS, OWN, list)
        .door(Method::GET, paths::NEW_REQUEST, OWN, new)
        .door(Method::POST, paths::NEW_REQUEST, OWN, open)
        .door(Method::GET, "/m/requests/{request}", OWN, one)
        .door(Method::POST, "/m/requests/{request}/withdraw", OWN, withdraw)
        .door(Method::GET, paths::CLOSING_CERTIFICATE, OWN, certificate)
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let paging = asked.paging()?;
    let data = visit.read(move |tx, ctx| look(tx, ctx, &merchant, &paging)).await?;
    Ok(shown(merchant::requests(&visit.page(), &data)))
}

fn look(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, paging: &Paging) -> Done<Requests> {
    let of = |state: &str| requests::Filter {
        merchant_id: merchant.to_owned(),
        state: state.to_owned(),
        ..Default::default()
    };
    let mut open = requests::list(
        tx,
        ctx,
        &of("open"),
        &Paging {
            limit: OPEN,
            cursor: None,
        },
    )?
    .data;
    open.sort_by_key(|r| {
        (
            r.waiting_on != "merchant",
            r.promise_by.unwrap_or(i64::MAX),
            r.opened_at,
        )
    });
    let closed = requests::list(tx, ctx, &of("closed"), paging)?;
    let offers = requests::offers(tx, ctx, merchant, None)?
        .into_iter()
        .map(offer)
        .collect();
    Ok(Requests { open, closed, offers })
}

async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let data = visit.read(move |tx, ctx| look_at(tx, ctx, &merchant, &id)).await?;
    Ok(shown(merchant::request(&visit.page(), &data)))
}

fn look_at(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<Request> {
    let request = requests::view(tx, ctx, merchant, id)?;
    let of_it = events::Filter {
        merchant: merchant.to_owned(),
        subject_kind: "request".into(),
        subject: id.to_owned(),
        ..Default::default()
    };
    let mut events = events::list(
        tx,
        ctx,
        &of_it,
        &Paging {
            limit: EVENTS,
            cursor: None,
        },
    )?
    .data;
    events.sort_by_key(|event| std::cmp::Reverse(event.sequence));
    let plan = ctx.catalog().plans.get(&request.kind);
    let may_withdraw = request.state == "open" && plan.is_some_and(|row| row.opened_by.contains(&ctx.actor.role));
    Ok(Request {
        request,
        events,
        may_withdraw,
    })
}

async fn withdraw(visit: Visit, Path(id): Path<String>, typed: Typed) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let (version, why) = (
        typed.get("version").parse::<i64>().ok(),
        visit.page().say(w::WITHDRAWN_HERE),
    );
    let request = id.clone();
    visit
        .write("withdrawn in the portal", move |tx, ctx| {
            if requests::view(tx, ctx, &merchant, &request)?.version != version.unwrap_or(0) {
                return Err(Refused::conflict(
                    "request",
                    &request,
                    domain::text!(
                        "打开页面后申请有变动，请重新载入",
                        "it changed since the page was opened; load it again"
                    ),
                ));
            }
            requests::withdraw(tx, ctx, &merchant, &request, why)
        })
        .await?;
    Ok(Redirect::to(&paths::request(&id)).into_response())
}

async fn certificate(visit: Visit) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let stated = visit
        .read(move |tx, ctx| requests::closing_certificate(tx, ctx, &merchant))
        .await?;
    Ok(shown(merchant::certificate(&visit.page(), &stated)))
}

/// What is to be opened, as an address or form names it.
#[derive(Clone)]
struct Wanted {
    kind: String,
    subject: String,
    /// Way out by reason.
    choices: BTreeMap<String, usize>,
}

async fn new(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let wanted = Wanted {
        kind: asked.filter("kind"),
        subject: asked.filter("subject"),
        choices: BTreeMap::new(),
    };
    let data = before(&visit, wanted, Vec::new()).await?;
    Ok(shown(merchant::new_request(&visit.page(), &data)))
}

async fn open(visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let choices = typed
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(WAY)?.to_owned(), value.parse().ok()?)));
    let wanted = Wanted {
        kind: typed.get("kind").to_owned(),
        subject: typed.get("subject").to_owned(),
        choices: choices.collect(),
    };
    let (merchant, asked) = (visit.merchant(), wanted.clone());
    let opened = visit.write("opened in the portal", move |tx, ctx| {
        let open = command(tx, ctx, &merchant, &asked)?;
        under_way(tx, ctx, &open)?;
        requests::open(tx, ctx, open)
    });
    match opened.await {
        Ok(request) => Ok(Redirect::to(&first_page(&request)).into_response()),
        Err(Refused::Conflict {
            what: "request", key, ..
        }) if !key.is_empty() => Ok(Redirect::to(&paths::request(&key)).into_response()),
        Err(Refused::Invalid(wrong)) => {
            let visit = visit.at(paths::new_request(&wanted.kind, &wanted.subject));
            let data = before(&visit, wanted, wrong).await?;
            Ok(came_back(merchant::new_request(&visit.page(), &data)))
        }
        Err(other) => Err(other.into()),
    }
}

/// Where a new request goes on: its first step, if the reader may carry it out.
fn first_page(request: &RequestView) -> String {
    let mine = request.steps.iter().find(|step| step.mine);
    mine.map_or_else(
        || paths::request(&request.id),
        |step| paths::step(&request.id, &step.step),
    )
}

fn plan_row<'c>(ctx: &'c Ctx, kind: &str) -> Done<&'c PlanRow> {
    ctx.catalog()
        .plans
        .get(kind)
        .ok_or_else(|| Refused::not_found("request kind", kind))
}

/// The operation's command: a subject that is not named is the merchant, or its current account.
fn command(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, wanted: &Wanted) -> Done<Open> {
    let row = plan_row(ctx, &wanted.kind)?;
    let mut kind = row.subject;
    if row.code == RESTORATION && wanted.subject == merchant {
        kind = SubjectKind::Merchant;
    }
    let subject_id = match kind {
        _ if !wanted.subject.is_empty() => wanted.subject.clone(),
        SubjectKind::Merchant => merchant.to_owned(),
        SubjectKind::SettlementAccount => {
            let account = merchants::view(tx, ctx, merchant)?.settlement_account;
            account.map(|account| account.id).unwrap_or_default()
        }
        _ => String::new(),
    };
    Ok(Open {
        kind: wanted.kind.clone(),
        merchant: merchant.to_owned(),
        subject_kind: kind.code().to_owned(),
        subject_id,
        choices: wanted.choices.clone(),
        capability: None,
    })
}

/// Refuses what is open already, before anything else is said of it.
fn under_way(tx: &mut Tx<'_>, ctx: &mut Ctx, open: &Open) -> Done<()> {
    let same = requests::Filter {
        merchant_id: open.merchant.clone(),
        kind: open.kind.clone(),
        subject_kind: open.subject_kind.clone(),
        subject_id: open.subject_id.clone(),
        state: "open".into(),
        ..Default::default()
    };
    match requests::list(tx, ctx, &same, &Paging { limit: 1, cursor: None })?
        .data
        .pop()
    {
        Some(row) => Err(Refused::conflict(
            "request",
            row.id,
            domain::text!("该申请已在办理", "it is open already"),
        )),
        None => Ok(()),
    }
}

/// The page before a request is opened: what it would ask, found by opening it and undoing that.
async fn before(visit: &Visit, wanted: Wanted, wrong: Vec<FieldError>) -> Result<NewRequest, Problem> {
    let merchant = visit.merchant();
    let (rehearsed, asked) = (rehearse(visit, wanted.clone()).await?, wanted.clone());
    let mut data = visit.read(move |tx, ctx| described(tx, ctx, &merchant, &asked)).await?;
    let mut wrong = wrong;
    match rehearsed {
        Rehearsed::Would(request) => {
            data.subject_label = request.subject.label;
            data.steps = request.steps;
        }
        Rehearsed::Open(id) => data.already = Some(id),
        Rehearsed::Wrong(found) => {
            if wrong.is_empty() {
                wrong = found;
            }
        }
    }
    data.errors = visit.errors(wrong);
    Ok(data)
}

fn described(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, wanted: &Wanted) -> Done<NewRequest> {
    let row = plan_row(ctx, &wanted.kind)?.clone();
    let mut data = NewRequest {
        kind: row.code.clone(),
        name: row.name.get(ctx.lang).to_owned(),
        about: row.about.get(ctx.lang).to_owned(),
        subject: wanted.subject.clone(),
        subject_label: String::new(),
        steps: Vec::new(),
        choices: Vec::new(),
        errors: Vec::new(),
        already: None,
        grave: requests::ends(&row),
    };
    if row.code == RESTORATION && !wanted.subject.is_empty() {
        let told = if wanted.subject == merchant {
            explain::merchant(tx, ctx, merchant, &Ask::default(), Audience::Merchant)?
        } else {
            explain::terminal(tx, ctx, merchant, &wanted.subject, &Ask::default(), Audience::Merchant)?
        };
        data.choices = told
            .causes
            .iter()
            .filter(|cause| cause.ways_out.len() > 1)
            .map(|cause| ways(ctx, cause))
            .collect();
    }
    Ok(data)
}

/// The choice among the ways out of a cause: name, label, hint, choices.
fn ways(ctx: &Ctx, cause: &CauseView) -> (String, String, String, Vec<Choice>) {
    let page = |word: crate::portal::words::Word| word.get(ctx.lang).to_owned();
    let choices = cause.ways_out.iter().enumerate().map(|(i, way)| {
        let steps: Vec<&str> = way.iter().map(|step| step.title.as_str()).collect();
        let name = if i == 0 { page(w::WAY_FIRST) } else { page(w::WAY_OTHER) };
        Choice {
            value: i.to_string(),
            name,
            about: steps.join(" → "),
        }
    });
    (
        format!("{WAY}{}", cause.reason),
        w::way_for(ctx.lang, &cause.title),
        String::new(),
        choices.collect(),
    )
}

/// What opening would come to.
enum Rehearsed {
    Would(Box<RequestView>),
    /// It is open already.
    Open(String),
    /// Something stands in the way that the reader can settle.
    Wrong(Vec<FieldError>),
}

/// Carries the request out of the rehearsal: an error, so that nothing is kept.
enum Undone {
    Would(Box<RequestView>),
    Not(Refused),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Not(error.into())
    }
}

async fn rehearse(visit: &Visit, wanted: Wanted) -> Result<Rehearsed, Problem> {
    let merchant = visit.merchant();
    let mut ctx = visit.ctx("rehearsal");
    // Ids that nobody ever sees: a look at a page must not use up those of a test clock.
    ctx.ids = IdSource::seeded(0);
    let undone = visit.app.db.write(move |tx| -> Result<(), Undone> {
        let mut ctx = ctx.clone();
        let ctx = &mut ctx;
        let opened = command(tx, ctx, &merchant, &wanted).and_then(|open| {
            under_way(tx, ctx, &open)?;
            requests::open(tx, ctx, open)
        });
        Err(opened.map_or_else(Undone::Not, |request| Undone::Would(Box::new(request))))
    });
    match undone.await {
        Ok(()) => Err(Problem::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR)),
        Err(Undone::Would(request)) => Ok(Rehearsed::Would(request)),
        Err(Undone::Not(Refused::Conflict {
            what: "request", key, ..
        })) if !key.is_empty() => Ok(Rehearsed::Open(key)),
        Err(Undone::Not(Refused::Invalid(wrong))) => Ok(Rehearsed::Wrong(wrong)),
        Err(Undone::Not(other)) => Err(other.into()),
    }
}
