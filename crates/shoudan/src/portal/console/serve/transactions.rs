//! A merchant's transactions.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use operations::refused::{Done, Refused};
use operations::{Ctx, Tx, merchants};

use super::{STAFF, desk, paging, shown};
use crate::api::asked::Asked;
use crate::doors::Doors;
use crate::portal::console::{self, Of};
use crate::portal::handlers::{Visit, filtered, narrowed, told};
use crate::problem::Problem;

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, "/console/merchants/{id}/transactions", STAFF, list)
        .door(
            Method::GET,
            "/console/merchants/{id}/transactions/{transaction}",
            STAFF,
            one,
        )
}

/// The merchant by its name.
pub(super) fn of(tx: &mut Tx<'_>, id: &str) -> Done<Of> {
    let name = merchants::called(tx, id)?.ok_or_else(|| Refused::not_found("merchant", id))?;
    Ok(Of {
        id: id.to_owned(),
        name,
    })
}

async fn list(visit: Visit, Path(id): Path<String>, asked: Asked) -> Result<Response, Problem> {
    let paging = paging(&asked)?;
    let (filter, day) = narrowed(&asked)?;
    let look = move |tx: &mut Tx<'_>, ctx: &mut Ctx| -> Done<_> {
        let of = of(tx, &id)?;
        let (filter, rows) = filtered(tx, ctx, &id, filter, day, &paging)?;
        Ok((of, filter, rows))
    };
    let (of, filter, rows) = visit.read(look).await?;
    let page = visit.page();
    Ok(shown(console::transactions(&page, &desk(&visit), &of, &filter, &rows)))
}

async fn one(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let look =
        move |tx: &mut Tx<'_>, ctx: &mut Ctx| -> Done<_> { Ok((of(tx, &merchant)?, told(tx, ctx, &merchant, &id)?)) };
    let (of, (story, picture)) = visit.read(look).await?;
    let page = visit.page();
    Ok(shown(console::transaction(&page, &desk(&visit), &of, &story, picture)))
}
