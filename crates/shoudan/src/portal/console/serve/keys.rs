//! Entering a terminal's master key.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use domain::secret::SecretString;
use operations::Tx;
use operations::keys::components::{self, Entered, Entry};
use operations::refused::{Done, Refused};
use operations::terminals::{self, Found};

use super::{desk, shown, told};
use crate::doors::{Access, Doors};
use crate::portal::console::{self, Keys};
use crate::portal::handlers::{Typed, Visit};
use crate::problem::Problem;

/// People who keep keys; a program's key opens none of these doors.
const CUSTODIANS: Access = Access::Session(&["manage_keys"]);
const PATH: &str = "/console/terminals/{number}/keys";

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, PATH, CUSTODIANS, page)
        .door(Method::POST, PATH, CUSTODIANS, enter)
}

fn found(tx: &mut Tx<'_>, number: &str) -> Done<Found> {
    terminals::by_number(tx, number)?.ok_or_else(|| Refused::not_found("terminal", number))
}

async fn page(visit: Visit, Path(number): Path<String>) -> Result<Response, Problem> {
    seen(&visit, number, None, Vec::new()).await
}

async fn enter(visit: Visit, Path(number): Path<String>, typed: Typed) -> Result<Response, Problem> {
    let session = visit.caller.session.clone().unwrap_or_default();
    let entry = {
        let number = number.clone();
        move |tx: &mut Tx<'_>| -> Done<Entry> {
            let at = found(tx, &number)?;
            Ok(Entry {
                merchant: at.merchant,
                terminal: at.terminal,
                component: SecretString::new(typed.get("component").to_owned()),
                kcv: typed.get("kcv").to_owned(),
                combined: Some(typed.get("combined").to_owned()),
                session: session.clone(),
            })
        }
    };
    let entered = visit.write("key component", move |tx, ctx| -> Done<Entered> {
        let entry = entry(tx)?;
        components::enter(tx, ctx, entry)
    });
    match entered.await {
        Ok(entered) => seen(&visit, number, entered.combined, Vec::new()).await,
        Err(refused) => {
            let errors = told(&visit, refused)?;
            seen(&visit, number, None, errors).await
        }
    }
}

async fn seen(
    visit: &Visit,
    number: String,
    made: Option<String>,
    errors: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let asked = number.clone();
    let standing = visit.read(move |tx, ctx| {
        let at = found(tx, &asked)?;
        components::standing(tx, ctx, &at.merchant, &at.terminal)
    });
    let data = Keys {
        number,
        standing: standing.await?,
        made,
        errors,
    };
    Ok(shown(console::keys(&visit.page(), &desk(visit), &data)))
}
