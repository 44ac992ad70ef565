//! Where one is logged in, and the keys of programs: seeing and ending both.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use operations::narrowed;
use operations::people::{self, KeyView, SessionView};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::asked::Asked;
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// Whoever makes keys.
const MANAGE: Access = Access::Any(&["manage_users", "manage_own_users"]);

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(Access::Session(&[]), routes!(list_sessions))
        .api(Access::Session(&[]), routes!(end_session))
        .api(MANAGE, routes!(list_keys))
        .api(MANAGE, routes!(disable_key))
}

/// All there are: a person has few.
#[derive(Serialize, ToSchema)]
struct Sessions {
    /// The last used first.
    data: Vec<SessionView>,
}

/// The caller's own sessions.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "listSessions", tag = "people", summary = "List one's own sessions",
    responses((status = 200, description = "Where the caller is logged in.", body = Sessions)))]
async fn list_sessions(State(app): State<App>, caller: Caller) -> Result<Json<Sessions>, Problem> {
    let token = caller.session.clone().ok_or_else(Problem::not_authenticated)?;
    let data = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        people::own_sessions(tx, ctx, token.expose())
    });
    Ok(Json(Sessions { data: data.await? }))
}

/// Ends one of the caller's own sessions, this one or another.
#[utoipa::path(delete, path = "/v1/sessions/{session}", operation_id = "endSession", tag = "people", summary = "End a session",
    params(("session" = String, Path, description = "Session id.")),
    responses((status = 204, description = "It has ended.")))]
async fn end_session(
    State(app): State<App>,
    caller: Caller,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    app.write(caller.ctx(&app, "end a session"), move |tx, ctx| {
        people::end_session(tx, ctx, &session)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Of {
    /// Merchant id, or `-` for the institution's own; one's own merchant, or else `-`, if none is named.
    merchant: Option<String>,
}

impl Of {
    fn merchant(asked: &Asked, caller: &Caller) -> String {
        asked.text("merchant").unwrap_or_else(|| caller.actor.merchant.clone())
    }
}

/// All keys of one holder.
#[derive(Serialize, ToSchema)]
struct Keys {
    /// Newest first, those switched off among them.
    data: Vec<KeyView>,
}

/// The keys of programs; never the keys themselves.
#[utoipa::path(get, path = "/v1/api-keys", operation_id = "listApiKeys", tag = "people", summary = "List API keys",
    params(Of), responses((status = 200, description = "The keys.", body = Keys)))]
async fn list_keys(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Keys>, Problem> {
    let merchant = Of::merchant(&asked, &caller);
    let data = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        narrowed::merchant(tx, ctx, &merchant)?;
        people::api_keys(tx, ctx, &merchant)
    });
    Ok(Json(Keys { data: data.await? }))
}

/// Switches a key off for good.
#[utoipa::path(delete, path = "/v1/api-keys/{key}", operation_id = "disableApiKey", tag = "people", summary = "Switch an API key off",
    params(("key" = String, Path, description = "Key id."), Of),
    responses((status = 204, description = "It opens nothing any more.")))]
async fn disable_key(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<StatusCode, Problem> {
    let merchant = Of::merchant(&asked, &caller);
    app.write(caller.ctx(&app, "switch a key off"), move |tx, ctx| {
        people::disable_api_key(tx, ctx, &merchant, &key)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
