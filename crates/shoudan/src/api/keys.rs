//! Keys of a terminal: where they stand, the components of a master key, and what the device reports. No key ever leaves
//! by these doors.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::secret::SecretString;
use operations::Tx;
use operations::keys::components::{self, Entered, Entry, Standing};
use operations::keys::confirm;
use operations::refused::{Done, Refused};
use operations::terminals::{self, Found};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::command::{Command, carry_out};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// Who deals with keys.
const KEEPERS: Access = Access::Any(&["manage_keys"]);
/// Who enters components: people, never programs.
const CUSTODIANS: Access = Access::Session(&["manage_keys"]);

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(KEEPERS, routes!(get_terminal_keys))
        .api(CUSTODIANS, routes!(enter_key_component))
        .api(KEEPERS, routes!(report_key_check))
}

fn found(tx: &mut Tx<'_>, number: &str) -> Done<Found> {
    terminals::by_number(tx, number)?.ok_or_else(|| Refused::not_found("terminal", number))
}

/// Where a terminal's master key stands: check values, and which component is awaited.
#[utoipa::path(get, path = "/v1/terminals/{number}/keys", operation_id = "getTerminalKeys", tag = "keys", summary = "Get where a terminal's keys stand",
    params(("number" = String, Path, description = "Terminal number, 8 characters.")),
    responses((status = 200, description = "Check values and what is awaited.", body = Standing)))]
async fn get_terminal_keys(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<Standing>, Problem> {
    let standing = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        let at = found(tx, &number)?;
        components::standing(tx, ctx, &at.merchant, &at.terminal)
    });
    Ok(Json(standing.await?))
}

/// One component of a master key.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ComponentBody {
    /// 32 hexadecimal digits.
    #[schema(value_type = String)]
    component: SecretString,
    /// The check value on the custodian's sheet, 6 or 8 digits.
    kcv: String,
    /// The whole key's check value, where the second sheet has it.
    #[serde(default)]
    combined_kcv: Option<String>,
}

/// Enters a component. Two people enter one each, in sessions of their own; the second makes the key.
#[utoipa::path(post, path = "/v1/terminals/{number}/key-components", operation_id = "enterKeyComponent", tag = "keys",
    summary = "Enter a component of a terminal's master key",
    params(("number" = String, Path, description = "Terminal number, 8 characters.")), request_body = ComponentBody,
    responses((status = 200, description = "The component's check value, and the key's once it is made.", body = Entered)))]
async fn enter_key_component(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    command: Command<ComponentBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let session = caller.session.clone().unwrap_or_default();
    carry_out(&app, &caller, call, StatusCode::OK, "key component", move |tx, ctx| {
        let at = found(tx, &number)?;
        let entry = Entry {
            merchant: at.merchant,
            terminal: at.terminal,
            component: body.component.clone(),
            kcv: body.kcv.clone(),
            combined: body.combined_kcv.clone(),
            session: session.clone(),
        };
        components::enter(tx, ctx, entry)
    })
    .await
}

/// What a device shows.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    /// The check value of the master key in the device, 6 or 8 digits.
    kcv: String,
}

/// Whether it is ours.
#[derive(Clone, Serialize, ToSchema)]
struct Reported {
    /// False: the terminal is stopped until keys are loaded.
    agrees: bool,
}

/// Tells which check value a device shows for its master key. Another one than ours stops the terminal.
#[utoipa::path(post, path = "/v1/terminals/{number}/key-check", operation_id = "reportKeyCheck", tag = "keys",
    summary = "Report the check value a device shows",
    params(("number" = String, Path, description = "Terminal number, 8 characters.")), request_body = ReportBody,
    responses((status = 200, description = "Whether both sides hold the same key.", body = Reported)))]
async fn report_key_check(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    command: Command<ReportBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::OK, "key check", move |tx, ctx| {
        let at = found(tx, &number)?;
        let agrees = confirm(tx, ctx, &at.merchant, &at.terminal, &body.kcv)?;
        Ok(Reported { agrees })
    })
    .await
}
