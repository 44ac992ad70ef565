//! Health and counters.

use axum::extract::State;
use axum::http::{Method, header};
use axum::response::IntoResponse;

use crate::app::App;
use crate::doors::{Access, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, "/healthz", Access::Public, health)
        .door(Method::GET, "/metrics", Access::Public, metrics)
}

/// Fine only if the database takes a commit.
async fn health(State(app): State<App>) -> Result<&'static str, Problem> {
    app.db.probe().await?;
    Ok("ok\n")
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let gauges = [("shoudan_clock_offset_seconds", "How far the platform's time is ahead of its base.", app.clock.offset() / 1000)];
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text(&gauges))
}
