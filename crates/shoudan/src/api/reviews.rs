//! Reviews: the queue, one of them, and deciding.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use operations::narrowed;
use operations::reviews::{self, Decide, Decision, Item};
use operations::views::{Page, ReviewView};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::asked::{Asked, Pages};
use super::command::{Command, carry_out};
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// Who decides on reviews.
const REVIEW: Access = Access::Any(&["review", "review_risk", "review_finance"]);

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(Access::Any(&["read_all"]), routes!(list_reviews))
        .api(Access::Any(&["read_all"]), routes!(get_review))
        .api(REVIEW, routes!(decide_review))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Wanted {
    /// Merchant id.
    merchant: Option<String>,
    /// The role that decides.
    role: Option<String>,
    /// `open`, `approved`, `returned`, `refused`; open if none is named.
    state: Option<String>,
}

/// Reviews, the soonest promise first.
#[utoipa::path(get, path = "/v1/reviews", operation_id = "listReviews", tag = "reviews", summary = "List reviews",
    params(Wanted, Pages), responses((status = 200, description = "A page of reviews.", body = Page<ReviewView>)))]
async fn list_reviews(State(app): State<App>, caller: Caller, asked: Asked) -> Result<Json<Page<ReviewView>>, Problem> {
    let paging = asked.paging()?;
    let state = asked.text("state").unwrap_or_else(|| "open".to_owned());
    let filter = reviews::Filter {
        merchant_id: asked.filter("merchant"),
        role: asked.filter("role"),
        state,
    };
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            narrowed::merchant(tx, ctx, &filter.merchant_id)?;
            narrowed::word("role", &filter.role, reviews::is_role)?;
            narrowed::word("state", &filter.state, |state| reviews::STATES.contains(&state))?;
            reviews::queue(tx, ctx, &filter, &paging)
        })
        .await?,
    ))
}

/// A review with the request, its evidence, and what approving would do.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/reviews/{review}", operation_id = "getReview", tag = "reviews", summary = "Get a review",
    params(("merchant" = String, Path, description = "Merchant id."), ("review" = String, Path, description = "Review id.")),
    responses((status = 200, description = "The review.", body = ReviewView)))]
async fn get_review(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, review)): Path<(String, String)>,
) -> Result<Json<ReviewView>, Problem> {
    Ok(Json(
        app.read(caller.ctx(&app, ""), move |tx, ctx| {
            reviews::view(tx, ctx, &merchant, &review)
        })
        .await?,
    ))
}

/// What may be decided.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// All of it is right.
    Approve,
    /// Some items must be corrected.
    Return,
    /// It ends here.
    Refuse,
}

/// A decision.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    /// Approve, return or refuse.
    decision: Which,
    /// Judgement of single items; a return names at least one.
    #[serde(default)]
    items: Vec<ItemBody>,
    /// In words; needed to return or refuse.
    #[serde(default)]
    remark: String,
    /// `version` of the request the decision was made on.
    request_version: i64,
}

/// What is said about one item.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    /// Step, document or field code.
    code: String,
    /// It must be supplied again.
    returned: bool,
    /// Why, for whoever supplies it.
    #[serde(default)]
    remark: String,
}

/// Decides. Whoever asked for the change, or decided before, cannot; of two who decide at once one is told.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/reviews/{review}/decisions", operation_id = "decideReview", tag = "reviews",
    summary = "Decide on a review",
    params(("merchant" = String, Path, description = "Merchant id."), ("review" = String, Path, description = "Review id.")),
    request_body = DecideBody, responses((status = 200, description = "The review as it stands now.", body = ReviewView)))]
async fn decide_review(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, review)): Path<(String, String)>,
    command: Command<DecideBody>,
) -> Result<Response, Problem> {
    let Command { body, call } = command;
    let decision = match body.decision {
        Which::Approve => Decision::Approve,
        Which::Return => Decision::Return,
        Which::Refuse => Decision::Refuse,
    };
    carry_out(&app, &caller, call, StatusCode::OK, "review", move |tx, ctx| {
        let items = body.items.iter().cloned().map(|i| Item {
            code: i.code,
            returned: i.returned,
            remark: i.remark,
        });
        let decide = Decide {
            merchant: merchant.clone(),
            review: review.clone(),
            decision,
            items: items.collect(),
            remark: body.remark.clone(),
            request_version: body.request_version,
        };
        reviews::decide(tx, ctx, decide)
    })
    .await
}
