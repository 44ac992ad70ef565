//! The doors of slips: for the merchant, for staff, and for programs; whoever may see a transaction may see its slip.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use operations::refused::Refused;
use operations::slips::{self, SlipView};
use utoipa_axum::routes;

use super::{Form, Setting, draw, signature_picture};
use crate::api::READ;
use crate::app::App;
use crate::doors::{Access, Caller, Doors};
use crate::portal::handlers::Visit;
use crate::problem::Problem;

/// Merchants' own people, by session.
const OWN: Access = Access::Session(&["read_own"]);
/// Staff, by session.
const STAFF: Access = Access::Session(&["read_all"]);

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    let own = |form: Form| {
        move |visit: Visit, Path(id): Path<String>| async move {
            let merchant = visit.merchant();
            slip(&visit.app, &visit.caller, merchant, id, form).await
        }
    };
    let staff = |form: Form| {
        move |visit: Visit, Path((merchant, id)): Path<(String, String)>| async move {
            slip(&visit.app, &visit.caller, merchant, id, form).await
        }
    };
    let get = Method::GET;
    doors
        .door(
            get.clone(),
            "/m/transactions/{transaction}/slip.png",
            OWN,
            own(Form::Png),
        )
        .door(
            get.clone(),
            "/m/transactions/{transaction}/slip.pdf",
            OWN,
            own(Form::Pdf),
        )
        .door(
            get.clone(),
            "/m/transactions/{transaction}/signature",
            OWN,
            own_signature,
        )
        .door(
            get.clone(),
            "/m/transactions/{transaction}/signature.png",
            OWN,
            own_signature_picture,
        )
        .door(
            get.clone(),
            "/console/merchants/{merchant}/transactions/{transaction}/slip.png",
            STAFF,
            staff(Form::Png),
        )
        .door(
            get.clone(),
            "/console/merchants/{merchant}/transactions/{transaction}/slip.pdf",
            STAFF,
            staff(Form::Pdf),
        )
        .door(
            get.clone(),
            "/console/merchants/{merchant}/transactions/{transaction}/signature",
            STAFF,
            signature_for_staff,
        )
        .door(
            get,
            "/console/merchants/{merchant}/transactions/{transaction}/signature.png",
            STAFF,
            signature_picture_for_staff,
        )
        .api(READ, routes!(get_slip))
        .api(READ, routes!(get_signature))
}

async fn slip(app: &App, caller: &Caller, merchant: String, id: String, form: Form) -> Result<Response, Problem> {
    let name = format!("{id}.{}", form.ending());
    let found = app
        .read(caller.ctx(app, ""), move |tx, ctx| slips::view(tx, ctx, &merchant, &id))
        .await?;
    answer(app, caller, found, &name, form).await
}

/// A slip as an answer.
pub async fn answer(app: &App, caller: &Caller, found: SlipView, name: &str, form: Form) -> Result<Response, Problem> {
    let (app, lang) = (app.clone(), caller.lang);
    // Drawing takes some milliseconds of computing: not on the threads that serve sockets.
    let drawn = tokio::task::spawn_blocking(move || {
        let setting = Setting {
            lang,
            institution: &app.institution,
            zone: &app.platform.zone,
            origin: &app.origin,
            now: app.now(),
        };
        draw(&found, &setting, form)
    });
    let bytes = drawn
        .await
        .map_err(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))?
        .map_err(|e| Refused::Inconsistent(e.to_string()))?;
    Ok(file(form.media(), "inline", name, bytes))
}

fn file(media: &'static str, shown: &str, name: &str, bytes: Vec<u8>) -> Response {
    let place = HeaderValue::from_str(&format!("{shown}; filename=\"{name}\""));
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media)),
        (
            header::CONTENT_DISPOSITION,
            place.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, bytes).into_response()
}

async fn own_signature(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    signature(&visit.app, &visit.caller, merchant, id).await
}

async fn signature_for_staff(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    signature(&visit.app, &visit.caller, merchant, id).await
}

async fn own_signature_picture(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    shown_signature(&visit, merchant, id).await
}

async fn signature_picture_for_staff(
    visit: Visit,
    Path((merchant, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    shown_signature(&visit, merchant, id).await
}

async fn received(app: &App, caller: &Caller, merchant: String, id: String) -> Result<Vec<u8>, Problem> {
    let picture = app.read(caller.ctx(app, ""), move |tx, ctx| {
        slips::signature(tx, ctx, &merchant, &id)
    });
    Ok(picture.await?.into_exposed())
}

/// The bytes as the terminal sent them, never shown but saved.
async fn signature(app: &App, caller: &Caller, merchant: String, id: String) -> Result<Response, Problem> {
    let name = format!("{id}.jbg");
    let bytes = received(app, caller, merchant, id).await?;
    Ok(file("application/octet-stream", "attachment", &name, bytes))
}

/// The same as a browser can show it; not found where it cannot be read.
async fn shown_signature(visit: &Visit, merchant: String, id: String) -> Result<Response, Problem> {
    let name = format!("{id}-signature.png");
    let bytes = received(&visit.app, &visit.caller, merchant, id).await?;
    let drawn = signature_picture(&bytes).map_err(|e| Refused::Inconsistent(e.to_string()))?;
    let drawn = drawn.ok_or_else(|| Refused::not_found("signature picture", name.as_str()))?;
    Ok(file("image/png", "inline", &name, drawn))
}

/// A transaction's slip: a picture, or a PDF where `Accept` asks for one.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/transactions/{transaction}/slip", operation_id = "getSlip", tag = "history",
    summary = "Draw a transaction's slip",
    params(("merchant" = String, Path, description = "Merchant id."), ("transaction" = String, Path, description = "Transaction id.")),
    responses((status = 200, description = "The slip.", content((Vec<u8> = "image/png"), (Vec<u8> = "application/pdf")))))]
async fn get_slip(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, transaction)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let form = wanted(accept.unwrap_or_default());
    slip(&app, &caller, merchant, transaction, form).await
}

/// Whichever of the two is named first; a picture where neither is.
fn wanted(accept: &str) -> Form {
    let named = |form: Form| accept.find(form.media());
    match (named(Form::Pdf), named(Form::Png)) {
        (Some(pdf), Some(png)) if png < pdf => Form::Png,
        (Some(_), _) => Form::Pdf,
        (None, _) => Form::Png,
    }
}

/// The signature under a transaction as the terminal sent it (JBIG).
#[utoipa::path(get, path = "/v1/merchants/{merchant}/transactions/{transaction}/signature", operation_id = "getSignature", tag = "history",
    summary = "Read a transaction's signature",
    params(("merchant" = String, Path, description = "Merchant id."), ("transaction" = String, Path, description = "Transaction id.")),
    responses((status = 200, description = "The picture.", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn get_signature(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, transaction)): Path<(String, String)>,
) -> Result<Response, Problem> {
    signature(&app, &caller, merchant, transaction).await
}
