//! Health, counters, and the checker of invariants.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::IntoResponse;

use operations::check::{self, Violation};
use operations::reversals;
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
#[allow(clippy::struct_field_names)]
struct Checked {
    /// How many rules were checked.
    checked: usize,
    /// What does not hold; empty: all is well.
    violations: Vec<Violation>,
    /// What breaks no rule and wants a person's eye all the same.
    notes: Vec<String>,
}

/// Checks everything that must hold between the stored rows.
#[utoipa::path(get, path = "/v1/check", operation_id = "check", tag = "system", summary = "Check the invariants",
    responses((status = 200, description = "What was found.", body = Checked)))]
async fn run_checks(State(app): State<App>, caller: Caller) -> Result<Json<Checked>, Problem> {
    let (violations, note) = app
        .read(caller.ctx(&app, ""), |tx, ctx| {
            let violations = check::check(tx, &ctx.platform.clone(), ctx.now)?;
            Ok((violations, reversals::note(tx, ctx.now)?))
        })
        .await?;
    Ok(Json(Checked {
        checked: check::INVARIANTS.len(),
        violations,
        notes: note.into_iter().collect(),
    }))
}

/// Fine only if the database takes a commit.
async fn health(State(app): State<App>) -> Result<&'static str, Problem> {
    app.db.probe().await?;
    Ok("ok\n")
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let mut gauges = vec![(
        "shoudan_clock_offset_seconds",
        "How far the platform's time is ahead of its base.",
        app.clock.offset() / 1000,
    )];
    // Without the database the rest is still told.
    if let Ok((waiting, oldest)) = app.db.read(operations::jobs::waiting).await {
        let late = oldest.map_or(0, |at| (app.now() - at).as_millis().max(0) / 1000);
        gauges.push(("shoudan_jobs_waiting", "Jobs in line.", waiting));
        gauges.push((
            "shoudan_jobs_late_seconds",
            "How long the oldest job in line could have run already.",
            late,
        ));
    }
    gauges.push((
        "shoudan_payments_unfolded",
        "Payments that ended in the journal and are not among the transactions yet.",
        i64::try_from(app.tail.length()).unwrap_or(i64::MAX),
    ));
    let now = app.now();
    if let Ok(backlog) = app.db.read(move |tx| reversals::backlog(tx, now)).await {
        let oldest = backlog.oldest.map_or(0, |age| age.as_millis().max(0) / 1000);
        gauges.push((
            "shoudan_reversals_waiting",
            "Reversals the card network has not confirmed.",
            backlog.waiting,
        ));
        gauges.push((
            "shoudan_reversals_oldest_seconds",
            "How long the oldest of them has waited.",
            oldest,
        ));
    }
    let network = app.network.get().map(|line| (line.standing(), line.counts()));
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        app.metrics.text(&gauges, &app.db.stats(), network),
    )
}
