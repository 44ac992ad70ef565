//! Requests, and the steps that are the institution's.

use axum::extract::{Multipart, Path};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use operations::refused::{Done, Refused};
use operations::requests::{self, Attach, Submit};
use operations::views::Paging;
use operations::{Ctx, Tx, events};

use super::{STAFF, desk, paging, shown, told};
use crate::api::asked::Asked;
use crate::doors::Doors;
use crate::portal::console::{self, Request, Requests, paths};
use crate::portal::handlers::{Typed, Visit, uploaded};
use crate::portal::paths::part;
use crate::portal::words::tasks as w;
use crate::problem::Problem;
use operations::names::name_events;

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::REQUESTS, STAFF, list)
        .door(Method::GET, "/console/requests/{merchant}/{id}", STAFF, request)
        .door(Method::POST, "/console/requests/{merchant}/{id}/{step}", STAFF, step)
        .door(
            Method::POST,
            "/console/requests/{merchant}/{id}/{step}/documents",
            STAFF,
            upload,
        )
}

async fn list(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let (paging, closed, ours) = (
        paging(&asked)?,
        asked.filter("state") == "closed",
        asked.text("turn").is_some(),
    );
    let role = visit.caller.actor.role.clone();
    let rows = visit
        .read(move |tx, ctx| {
            let state = if closed { "closed" } else { "open" };
            let waiting_on = if ours { role } else { String::new() };
            requests::list(
                tx,
                ctx,
                &requests::Filter {
                    state: state.into(),
                    waiting_on,
                    ..Default::default()
                },
                &paging,
            )
        })
        .await?;
    Ok(shown(console::requests(
        &visit.page(),
        &desk(&visit),
        &Requests { rows, closed, ours },
    )))
}

async fn request(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let data = visit.read(move |tx, ctx| seen(tx, ctx, &merchant, &id)).await?;
    Ok(shown(console::request(&visit.page(), &desk(&visit), &data)))
}

fn seen(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<Request> {
    let request = requests::view(tx, ctx, merchant, id)?;
    let mut events = events::timeline(
        tx,
        ctx,
        merchant,
        "request",
        id,
        &Paging {
            limit: 20,
            cursor: None,
        },
    )?
    .data;
    name_events(tx, ctx, &mut events)?;
    Ok(Request {
        request,
        events,
        errors: vec![],
        typed: vec![],
    })
}

/// Carries out a step of the institution's; what was done, in words, is the reason in the audit log.
async fn step(
    visit: Visit,
    Path((merchant, id, step)): Path<(String, String, String)>,
    typed: Typed,
) -> Result<Response, Problem> {
    let evidence = typed.get("evidence").trim().to_owned();
    let command = Submit {
        merchant: merchant.clone(),
        request: id.clone(),
        step,
        fields: typed.without(&["evidence", "version"]),
        confirm: true,
        signature: String::new(),
    };
    let done = if evidence.is_empty() {
        Err(Refused::field(
            "evidence",
            "required",
            "请写明做了什么，它会进入审计记录",
            "say what was done; it goes into the audit log",
        ))
    } else {
        visit
            .write(&evidence, move |tx, ctx| requests::submit(tx, ctx, command.clone()))
            .await
    };
    match done {
        Ok(_) => Ok(Redirect::to(&paths::request(&merchant, &id)).into_response()),
        Err(refused) => {
            let errors = told(&visit, refused)?;
            again(visit, merchant, id, errors, typed.0).await
        }
    }
}

/// The request's page with what was wrong.
async fn again(
    visit: Visit,
    merchant: String,
    id: String,
    errors: Vec<(String, String)>,
    typed: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let visit = visit.at(paths::request(&merchant, &id));
    let data = visit.read(move |tx, ctx| seen(tx, ctx, &merchant, &id)).await?;
    let data = Request { errors, typed, ..data };
    Ok((
        StatusCode::UNPROCESSABLE_ENTITY,
        shown(console::request(&visit.page(), &desk(&visit), &data)),
    )
        .into_response())
}

async fn upload(
    visit: Visit,
    Path((merchant, id, step)): Path<(String, String, String)>,
    form: Multipart,
) -> Result<Response, Problem> {
    let (kind, file) = uploaded(form).await?;
    let Some((file_name, bytes)) = file else {
        let missing = visit.page().say(w::NO_FILE).to_owned();
        return again(visit, merchant, id, vec![(kind, missing)], Vec::new()).await;
    };
    let attach = Attach {
        merchant: merchant.clone(),
        request: id.clone(),
        step,
        kind: kind.clone(),
        file_name,
        bytes,
    };
    match visit
        .write("uploaded in the console", move |tx, ctx| {
            requests::attach(tx, ctx, attach.clone())
        })
        .await
    {
        Ok(_) => Ok(Redirect::to(&format!("{}#d-{}", paths::request(&merchant, &id), part(&kind))).into_response()),
        Err(Refused::Invalid(wrong)) => {
            let errors = visit
                .errors(wrong)
                .into_iter()
                .map(|(_, text)| (kind.clone(), text))
                .collect();
            again(visit, merchant, id, errors, Vec::new()).await
        }
        Err(other) => Err(other.into()),
    }
}
