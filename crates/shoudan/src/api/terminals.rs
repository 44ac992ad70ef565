//! Terminals: lists, and one by its number.

use axum::Json;
use axum::extract::{Path, State};
use domain::stages::SubjectKind;
use operations::narrowed;
use operations::refused::Refused;
use operations::terminals::{self, Filter};
use operations::views::{Page, TerminalView};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::READ;
use super::asked::{Asked, Pages};
use crate::app::App;
use crate::doors::{Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(READ, routes!(list_terminals))
        .api(READ, routes!(get_terminal))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Wanted {
    /// Merchant id.
    merchant: Option<String>,
    /// Shop id.
    shop: Option<String>,
    /// Stage code.
    stage: Option<String>,
}

/// The terminals the caller may see.
#[utoipa::path(get, path = "/v1/terminals", operation_id = "listTerminals", tag = "terminals", summary = "List terminals",
    params(Wanted, Pages), responses((status = 200, description = "A page of terminals.", body = Page<TerminalView>)))]
async fn list_terminals(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<Page<TerminalView>>, Problem> {
    let paging = asked.paging()?;
    let filter = Filter {
        merchant: asked.filter("merchant"),
        shop: asked.filter("shop"),
        stage: asked.filter("stage"),
    };
    let page = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        narrowed::merchant(tx, ctx, &filter.merchant)?;
        narrowed::thing(tx, ctx, &filter.merchant, "shop", &filter.shop)?;
        narrowed::word("stage", &filter.stage, |stage| {
            ctx.catalog()
                .stages
                .contains_key(&(SubjectKind::Terminal, stage.to_owned()))
        })?;
        terminals::list(tx, ctx, &filter, &paging)
    });
    Ok(Json(page.await?))
}

/// A terminal by the number it signs in with.
#[utoipa::path(get, path = "/v1/terminals/{number}", operation_id = "getTerminal", tag = "terminals", summary = "Get a terminal",
    params(("number" = String, Path, description = "Terminal number, 8 characters.")),
    responses((status = 200, description = "The terminal.", body = TerminalView)))]
async fn get_terminal(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<TerminalView>, Problem> {
    let view = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        let found = terminals::by_number(tx, &number)?.ok_or_else(|| Refused::not_found("terminal", &number))?;
        terminals::view(tx, ctx, &found.merchant, &found.terminal)
    });
    Ok(Json(view.await?))
}
