//! Requests: plans being carried out, step by step.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use operations::narrowed;
use operations::requests::{self, Choose, Open, Submit};
use operations::views::{Page, RequestRow, RequestView};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::asked::{Asked, Pages};
use super::command::{Command, carry_out};
use super::{ACT, READ};
use crate::app::App;
use crate::doors::{Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_requests))
        .api(READ, routes!(get_request))
        .api(ACT, routes!(open_request))
        .api(ACT, routes!(withdraw_request))
        .api(ACT, routes!(choose_way_out))
        .api(ACT, routes!(submit_step))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Wanted {
    /// Merchant id.
    merchant: Option<String>,
    /// Request kind, e.g. `restoration`.
    kind: Option<String>,
    /// Kind of subject.
    subject_kind: Option<String>,
    /// Subject id.
    subject: Option<String>,
    /// `open`, `done`, `refused`, `withdrawn`.
    state: Option<String>,
    /// Whose turn it is (actor code).
    waiting_on: Option<String>,
}

/// The states of a request.
const STATES: [&str; 4] = ["open", "done", "refused", "withdrawn"];

/// Requests, newest first.
#[utoipa::path(get, path = "/v1/requests", operation_id = "listRequests", tag = "requests", summary = "List requests",
    params(Wanted, Pages), responses((status = 200, description = "A page of requests.", body = Page<RequestRow>)))]
async fn list_requests(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<Page<RequestRow>>, Problem> {
    let paging = asked.paging()?;
    let filter = requests::Filter {
        merchant_id: asked.filter("merchant"),
        agent_id: String::new(),
        kind: asked.filter("kind"),
        subject_kind: asked.filter("subject_kind"),
        subject_id: asked.filter("subject"),
        state: asked.filter("state"),
        waiting_on: asked.filter("waiting_on"),
    };
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            narrowed::merchant(tx, ctx, &filter.merchant_id)?;
            narrowed::subject(tx, ctx, &filter.merchant_id, &filter.subject_kind, &filter.subject_id)?;
            narrowed::word("request kind", &filter.kind, |kind| {
                ctx.catalog().plans.contains_key(kind)
            })?;
            narrowed::word("state", &filter.state, |state| STATES.contains(&state))?;
            narrowed::turn(&filter.waiting_on)?;
            requests::list(tx, ctx, &filter, &paging)
        })
        .await?,
    ))
}

/// A request with its steps: what is done, whose turn it is, what is asked.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/requests/{request}", operation_id = "getRequest", tag = "requests", summary = "Get a request",
    params(("merchant" = String, Path, description = "Merchant id."), ("request" = String, Path, description = "Request id.")),
    responses((status = 200, description = "The request.", body = RequestView)))]
async fn get_request(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, request)): Path<(String, String)>,
) -> Result<Json<RequestView>, Problem> {
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            requests::view(tx, ctx, &merchant, &request)
        })
        .await?,
    ))
}

/// A request to be opened.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    /// A request kind of the catalogue, e.g. `restoration`.
    kind: String,
    /// Kind of subject, e.g. `terminal`.
    subject_kind: String,
    /// Subject id.
    subject: String,
    /// Which way out, by reason; a reason not named takes its first.
    #[serde(default)]
    choices: BTreeMap<String, usize>,
    /// A restoration may bring back this capability only; none: everything that is blocked.
    capability: Option<String>,
}

/// Opens a request: its steps are computed from the stops in force.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/requests", operation_id = "openRequest", tag = "requests", summary = "Open a request",
    params(("merchant" = String, Path, description = "Merchant id.")),
    request_body = OpenBody, responses((status = 201, description = "The request.", body = RequestView)))]
async fn open_request(
    State(app): State<App>,
    caller: Caller,
    Path(merchant): Path<String>,
    command: Command<OpenBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::CREATED, "api", move |tx, ctx| {
        let body = body.clone();
        let open = Open {
            kind: body.kind,
            merchant: merchant.clone(),
            subject_kind: body.subject_kind,
            subject_id: body.subject,
            choices: body.choices,
            capability: body.capability,
        };
        requests::open(tx, ctx, open)
    })
    .await
}

/// Why a request is withdrawn.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    /// In words.
    why: String,
}

/// Withdraws an open request. What it had lifted stays lifted.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/requests/{request}/withdraw", operation_id = "withdrawRequest", tag = "requests",
    summary = "Withdraw a request",
    params(("merchant" = String, Path, description = "Merchant id."), ("request" = String, Path, description = "Request id.")),
    request_body = Withdraw, responses((status = 200, description = "The withdrawn request.", body = RequestView)))]
async fn withdraw_request(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, request)): Path<(String, String)>,
    command: Command<Withdraw>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let why = body.why.clone();
    carry_out(&app, &caller, call, StatusCode::OK, &why, move |tx, ctx| {
        requests::withdraw(tx, ctx, &merchant, &request, &body.why)
    })
    .await
}

/// Another way out for a reason.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Reason code.
    reason: String,
    /// Which of the reason's `ways_out`, from 0.
    alternative: usize,
}

/// Takes another of a reason's ways out; the plan is made again.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/requests/{request}/choices", operation_id = "chooseWayOut", tag = "requests",
    summary = "Choose another way out",
    params(("merchant" = String, Path, description = "Merchant id."), ("request" = String, Path, description = "Request id.")),
    request_body = Choice, responses((status = 200, description = "The request with its new plan.", body = RequestView)))]
async fn choose_way_out(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, request)): Path<(String, String)>,
    command: Command<Choice>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::OK, "api", move |tx, ctx| {
        let choose = Choose {
            merchant: merchant.clone(),
            request: request.clone(),
            reason: body.reason.clone(),
            alternative: body.alternative,
        };
        requests::choose(tx, ctx, choose)
    })
    .await
}

/// A step carried out.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubmitBody {
    /// Values by field code. A field given before need not be given again.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// «I have read this and confirm it», for signatures and confirmations.
    #[serde(default)]
    confirm: bool,
    /// The name typed under a signature; left out: that of the login.
    #[serde(default)]
    signature: String,
}

/// Carries out a step. Wrong values and missing documents are told all at once; nothing is then changed.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/requests/{request}/steps/{step}", operation_id = "submitStep", tag = "requests",
    summary = "Carry out a step",
    params(("merchant" = String, Path, description = "Merchant id."), ("request" = String, Path, description = "Request id."),
        ("step" = String, Path, description = "Step code.")),
    request_body = SubmitBody, responses((status = 200, description = "The request as it stands now.", body = RequestView)))]
async fn submit_step(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, request, step)): Path<(String, String, String)>,
    command: Command<SubmitBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::OK, "api", move |tx, ctx| {
        let submit = Submit {
            merchant: merchant.clone(),
            request: request.clone(),
            step: step.clone(),
            fields: body.fields.clone().into_iter().collect(),
            confirm: body.confirm,
            signature: body.signature.clone(),
        };
        requests::submit(tx, ctx, submit)
    })
    .await
}
