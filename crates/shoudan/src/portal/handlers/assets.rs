//! Style sheet, scripts and icon. Their addresses change with their content, so browsers keep them for good.

use axum::extract::Path;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::doors::{Access, Doors};
use crate::portal::assets::Asset;
use crate::problem::Problem;

/// A year, as long as caches keep anything.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

pub(super) fn routes(doors: Doors) -> Doors {
    doors.door(Method::GET, "/assets/{name}", Access::Public, asset)
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = Asset::find(&name).ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))?;
    Ok((
        [(header::CONTENT_TYPE, asset.media), (header::CACHE_CONTROL, FOR_GOOD)],
        asset.content,
    )
        .into_response())
}
