//! Limits of a merchant or of one of its terminals: how they stand, and setting one's own.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use operations::payments::limits::{self, LimitView};
use operations::refused::{Done, Refused};
use operations::{Ctx, Tx, terminals};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::READ;
use super::asked::Asked;
use super::command::{Command, carry_out};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_limits))
        .api(Access::Any(&["review_risk"]), routes!(set_limit))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameter; it is read by name")]
struct At {
    /// Terminal number: what holds at this one terminal.
    terminal: Option<String>,
}

/// The limits that hold.
#[derive(Serialize, ToSchema)]
struct Limits {
    /// In the order of the institution's table.
    data: Vec<LimitView>,
}

/// The id of a merchant's terminal by its number.
fn terminal_id(tx: &mut Tx<'_>, merchant: &str, number: &str) -> Done<String> {
    let found = terminals::by_number(tx, number)?.filter(|found| found.merchant == merchant);
    let found = found.ok_or_else(|| Refused::not_found("terminal", number))?;
    Ok(found.terminal)
}

fn look(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, number: Option<&str>) -> Done<Limits> {
    let terminal = number.map(|number| terminal_id(tx, merchant, number)).transpose()?;
    let data = limits::look(tx, ctx, merchant, terminal.as_deref())?;
    Ok(Limits { data })
}

/// The limits of a merchant, or at one of its terminals, with what is used of them. Who set one and why, staff read.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/limits", operation_id = "listLimits", tag = "limits", summary = "List limits",
    params(("merchant" = String, Path, description = "Merchant id."), At),
    responses((status = 200, description = "The limits.", body = Limits)))]
async fn list_limits(
    State(app): State<App>,
    caller: Caller,
    Path(merchant): Path<String>,
    asked: Asked,
) -> Result<Json<Limits>, Problem> {
    let number = asked.text("terminal");
    let limits = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        look(tx, ctx, &merchant, number.as_deref())
    });
    Ok(Json(limits.await?))
}

/// A limit to be set, or to be taken away.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LimitBody {
    /// Code of the limit.
    limit: String,
    /// Terminal number; none: for the whole merchant.
    #[serde(default)]
    terminal: Option<String>,
    /// The most, in fen or payments; none: the institution's table holds again.
    #[serde(default)]
    most: Option<i64>,
    /// Why; goes into the audit log.
    why: String,
}

/// Gives a merchant or one of its terminals another limit than the institution's table, or takes that away. What
/// regulation fixes cannot be set.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/limits", operation_id = "setLimit", tag = "limits", summary = "Set or remove a limit of one's own",
    params(("merchant" = String, Path, description = "Merchant id.")), request_body = LimitBody,
    responses((status = 200, description = "The limits as they stand now.", body = Limits)))]
async fn set_limit(
    State(app): State<App>,
    caller: Caller,
    Path(merchant): Path<String>,
    command: Command<LimitBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let why = body.why.clone();
    carry_out(&app, &caller, call, StatusCode::OK, &why, move |tx, ctx| {
        let number = body.terminal.as_deref();
        let terminal = number.map(|number| terminal_id(tx, &merchant, number)).transpose()?;
        limits::set_override(tx, ctx, (&merchant, terminal.as_deref()), &body.limit, body.most)?;
        look(tx, ctx, &merchant, number)
    })
    .await
}
