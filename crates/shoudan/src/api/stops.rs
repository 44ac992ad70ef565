//! Stops: listing, previewing, placing and lifting them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::stages::SubjectKind;
use operations::narrowed;
use operations::refused::Done;
use operations::stops::{self, Filter, Place};
use operations::views::{Page, StopPreview, StopView};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::READ;
use super::asked::{Asked, Pages, time, wrong};
use super::command::{Command, carry_out};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_stops))
        .api(Access::Any(&["place_stop"]), routes!(preview_stop))
        .api(Access::Any(&["place_stop"]), routes!(place_stop))
        .api(Access::Any(&["lift_stop"]), routes!(lift_stop))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Wanted {
    /// Merchant id, or `-` for stops on what belongs to no merchant.
    merchant: Option<String>,
    /// Kind of subject, e.g. `terminal`.
    subject_kind: Option<String>,
    /// Subject id.
    subject: Option<String>,
    /// A reason code or the beginning of one.
    reason: Option<String>,
    /// Only stops that were not lifted.
    live: Option<bool>,
}

/// Stops, newest first.
#[utoipa::path(get, path = "/v1/stops", operation_id = "listStops", tag = "stops", summary = "List stops",
    params(Wanted, Pages), responses((status = 200, description = "A page of stops.", body = Page<StopView>)))]
async fn list_stops(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Page<StopView>>, Problem> {
    let paging = asked.paging()?;
    let filter = Filter {
        merchant_id: asked.filter("merchant"),
        subject_kind: asked.filter("subject_kind"),
        subject_id: asked.filter("subject"),
        reason_prefix: asked.filter("reason"),
        live_only: asked.flag("live")?.unwrap_or(false),
    };
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            narrowed::merchant(tx, ctx, &filter.merchant_id)?;
            narrowed::subject(tx, ctx, &filter.merchant_id, &filter.subject_kind, &filter.subject_id)?;
            narrowed::word("reason", &filter.reason_prefix, |code| {
                ctx.catalog().reasons.keys().any(|known| known.starts_with(code))
            })?;
            stops::list(tx, ctx, &filter, &paging)
        })
        .await?,
    ))
}

/// A stop to be placed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStop {
    /// Merchant id; none or `-` for what belongs to no merchant.
    merchant: Option<String>,
    /// Kind of subject; the reason's.
    subject_kind: String,
    /// Subject id.
    subject: String,
    /// Reason code of the catalogue.
    reason: String,
    /// When it takes effect (RFC 3339 or milliseconds UTC as text); none: now. Later than now: it is announced.
    starts_at: Option<String>,
    /// When it ends by itself.
    ends_at: Option<String>,
    /// Facts for staff and steps: amount due, case number, window. No sensitive values.
    details: Option<serde_json::Value>,
    /// Why, in the placer's words; it goes into the audit log.
    why: String,
}

impl NewStop {
    fn place(&self) -> Done<Place> {
        let kind = SubjectKind::parse(&self.subject_kind).ok_or_else(|| {
            wrong(
                "subject_kind",
                "unknown",
                "没有这种对象。",
                "there is no such kind of subject",
            )
        })?;
        let moment = |name, text: &Option<String>| text.as_deref().map(|text| time(name, text)).transpose();
        Ok(Place {
            merchant: self.merchant.clone().unwrap_or_else(|| "-".to_owned()),
            kind,
            id: self.subject.clone(),
            reason: self.reason.clone(),
            starts_at: moment("starts_at", &self.starts_at)?,
            ends_at: moment("ends_at", &self.ends_at)?,
            details: self.details.clone().unwrap_or_else(|| serde_json::json!({})),
        })
    }
}

/// What placing a stop would do: whom it reaches, what stops, what they would read. Nothing is written.
#[utoipa::path(post, path = "/v1/stops/preview", operation_id = "previewStop", tag = "stops", summary = "Preview a stop",
    request_body = NewStop, responses((status = 200, description = "What it would do.", body = StopPreview)))]
async fn preview_stop(
    State(app): State<App>,
    caller: Caller,
    command: Command<NewStop>,
) -> Result<Json<StopPreview>, Problem> {
    let place = command.body.place()?;
    let ctx = caller.ctx(&app, command.body.why);
    Ok(Json(
        app.read(ctx, move |tx, ctx| stops::preview(tx, ctx, &place)).await?,
    ))
}

/// Places a stop; from its start on, the gate refuses what it blocks.
#[utoipa::path(post, path = "/v1/stops", operation_id = "placeStop", tag = "stops", summary = "Place a stop",
    request_body = NewStop, responses((status = 201, description = "The stop.", body = StopView)))]
async fn place_stop(State(app): State<App>, caller: Caller, command: Command<NewStop>) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let (place, why) = (body.place()?, body.why);
    carry_out(&app, &caller, call, StatusCode::CREATED, &why, move |tx, ctx| {
        stops::place(tx, ctx, place.clone())
    })
    .await
}

/// Why a stop is lifted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Lift {
    /// Why, in the lifter's words; it goes into the audit log.
    why: String,
}

/// Lifts a stop by hand, where one pair of eyes besides the placer's is enough; else a restoration's review lifts it.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/stops/{stop}/lift", operation_id = "liftStop", tag = "stops", summary = "Lift a stop",
    params(("merchant" = String, Path, description = "Merchant id, or `-`."), ("stop" = String, Path, description = "Stop id.")),
    request_body = Lift, responses((status = 200, description = "The lifted stop.", body = StopView)))]
async fn lift_stop(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, stop)): Path<(String, String)>,
    command: Command<Lift>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let why = body.why.clone();
    carry_out(&app, &caller, call, StatusCode::OK, &why, move |tx, ctx| {
        stops::lift(tx, ctx, &merchant, &stop, &body.why)
    })
    .await
}
