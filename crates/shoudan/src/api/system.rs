//! Health, counters, and the checker of invariants.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::IntoResponse;

use operations::check::{self, Violation};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, "/healthz", Access::Public, health)
        .door(Method::GET, "/metrics", Access::Public, metrics)
        .api(Access::Any(&["audit_read", "test_clock"]), routes!(run_checks))
}

/// What every invariant says.
#[derive(Serialize, ToSchema)]
struct Checked {
    /// How many rules were checked.
    checked: usize,
    /// What does not hold; empty: all is well.
    violations: Vec<Violation>,
}

/// Checks everything that must hold between the stored rows.
#[utoipa::path(get, path = "/v1/check", operation_id = "check", tag = "system", summary = "Check the invariants",
    responses((status = 200, description = "What was found.", body = Checked)))]
async fn run_checks(State(app): State<App>, caller: Caller) -> Result<Json<Checked>, Problem> {
    let violations = app
        .read(caller.ctx(&app, ""), |tx, ctx| {
            check::check(tx, &ctx.platform.clone(), ctx.now)
        })
        .await?;
    Ok(Json(Checked {
        checked: check::INVARIANTS.len(),
        violations,
    }))
}

/// Fine only if the database takes a commit.
async fn health(State(app): State<App>) -> Result<&'static str, Problem> {
    app.db.probe().await?;
    Ok("ok\n")
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let gauges = [(
        "shoudan_clock_offset_seconds",
        "How far the platform's time is ahead of its base.",
        app.clock.offset() / 1000,
    )];
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        app.metrics.text(&gauges),
    )
}
