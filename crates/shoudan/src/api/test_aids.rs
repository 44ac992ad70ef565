//! Aids for tests and demonstrations: the clock that can be moved, and causes on demand. Closed in production.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::time::{Span, Time};
use operations::trigger::{self, Triggered};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::asked::{time, wrong};
use super::command::{Command, carry_out, carry_out_long};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::jobs;
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    if !doors.app().clock.movable() {
        return doors;
    }
    let access = Access::Any(&["test_clock"]);
    doors
        .api(access, routes!(get_clock))
        .api(access, routes!(move_clock))
        .api(access, routes!(trigger_reason))
}

/// Where the clock stands.
#[derive(Serialize, ToSchema)]
struct ClockView {
    /// The platform's time (milliseconds UTC).
    now: i64,
    /// The same as RFC 3339 in the platform's zone.
    local: String,
    /// Whether it stands still between moves.
    frozen: bool,
    /// How far it was moved, in milliseconds.
    offset: i64,
}

/// How to move it: by a span or to a moment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    /// An ISO 8601 span of calendar time: `P100D`, `P3M`, `PT36H`.
    advance: Option<String>,
    /// The moment to go to: RFC 3339.
    to: Option<String>,
}

fn view(app: &App) -> ClockView {
    let now = app.now();
    ClockView {
        now: now.millis(),
        local: app.platform.zone.rfc3339(now),
        frozen: app.clock.frozen(),
        offset: app.clock.offset(),
    }
}

/// Where the clock stands.
#[utoipa::path(get, path = "/v1/test/clock", operation_id = "getTestClock", tag = "test aids", summary = "Read the test clock",
    responses((status = 200, description = "Where the clock stands.", body = ClockView)))]
async fn get_clock(State(app): State<App>) -> Json<ClockView> {
    Json(view(&app))
}

/// Moves the clock day by day, running everything that becomes due on the way; answers when all is quiet.
#[utoipa::path(post, path = "/v1/test/clock", operation_id = "moveTestClock", tag = "test aids", summary = "Move the test clock on",
    request_body = MoveClock, responses((status = 200, description = "Where the clock stands now.", body = ClockView)))]
async fn move_clock(State(app): State<App>, caller: Caller, command: Command<MoveClock>) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let how = read(&body)?;
    carry_out_long(&app, &caller, call, async {
        jobs::move_clock(&app, caller.ctx(&app, "test clock"), how).await?;
        Ok(view(&app))
    })
    .await
}

fn read(body: &MoveClock) -> Result<jobs::Move, Problem> {
    match (&body.advance, &body.to) {
        (Some(span), None) => match Span::parse(span) {
            Ok(span) => Ok(jobs::Move::By(span)),
            Err(e) => Err(wrong(
                "advance",
                "format",
                "时间长度格式如 P100D、P3M、PT36H。",
                &e.to_string(),
            )
            .into()),
        },
        (None, Some(to)) => Ok(jobs::Move::To(moment(to)?)),
        _ => Err(wrong(
            "advance",
            "exclusive",
            "请给出 advance 或 to 之一。",
            "give one of advance and to",
        )
        .into()),
    }
}

/// A reason to be brought about, or back from.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TriggerBody {
    /// Reason code of the catalogue.
    reason: String,
    /// Terminal number.
    terminal: String,
    /// Carry out the plan that brings it back instead.
    #[serde(default)]
    restore: bool,
}

/// Brings a terminal under a reason by what would really bring it about, or carries out the plan that brings it back.
#[utoipa::path(post, path = "/v1/test/trigger", operation_id = "triggerReason", tag = "test aids", summary = "Bring a reason about",
    request_body = TriggerBody, responses((status = 200, description = "What was done.", body = Triggered)))]
async fn trigger_reason(
    State(app): State<App>,
    caller: Caller,
    command: Command<TriggerBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    carry_out(&app, &caller, call, StatusCode::OK, "trigger", move |tx, ctx| {
        trigger::reason(tx, ctx, &body.reason, &body.terminal, body.restore)
    })
    .await
}

fn moment(text: &str) -> Result<Time, Problem> {
    Ok(time("to", text)?)
}
