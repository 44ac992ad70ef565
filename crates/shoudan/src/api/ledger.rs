//! The books of a merchant: what went through its accounts, and their balances.

use axum::Json;
use axum::extract::{Path, State};
use operations::payments::ledger::{self, Balances};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::asked::Asked;
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::problem::Problem;

/// Finance, the merchant itself, and the programs of the institution; which merchant's, the operation decides.
const BOOKS: Access = Access::Any(&["review_finance", "read_own", "api_read"]);

/// The door.
pub fn routes(doors: Doors) -> Doors {
    doors.api(BOOKS, routes!(get_balances))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Days {
    /// First local day, `YYYY-MM-DD`; the first of the last day's month if none is named.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// Last local day, included; today if none is named.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<String>,
}

/// Accounts of a merchant over a span of local days: what stood on them before, what was debited and credited, what
/// stands on them after. A payment counts on the day on which it was received, once it took effect.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/balances", operation_id = "getBalances", tag = "ledger", summary = "Get balances",
    params(("merchant" = String, Path, description = "Merchant id."), Days),
    responses((status = 200, description = "The accounts, each with its balances.", body = Balances)))]
async fn get_balances(
    State(app): State<App>,
    caller: Caller,
    Path(merchant): Path<String>,
    asked: Asked,
) -> Result<Json<Balances>, Problem> {
    let days = (asked.date("from")?, asked.date("until")?);
    let balances = app.read(caller.ctx(&app, ""), move |tx, ctx| {
        ledger::balances(tx, ctx, &merchant, days)
    });
    Ok(Json(balances.await?))
}
