//! Documents: supplying one to a step, and reading it back.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use operations::requests::{self, Attach};
use operations::views::DocumentView;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::asked::{Asked, wrong};
use super::command::{Upload, carry_out};
use super::{ACT, READ};
use crate::app::App;
use crate::doors::{Caller, Doors};
use crate::problem::Problem;

/// The doors.
pub fn routes(doors: Doors) -> Doors {
    doors
        .api(ACT, routes!(attach_document))
        .api(READ, routes!(get_document))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
struct Named {
    /// Document code the step asks for.
    kind: String,
    /// What the file is called.
    name: Option<String>,
}

/// Adds a document to an open step. The body is the file itself (JPEG, PNG or PDF); its content decides what it is.
#[utoipa::path(post, path = "/v1/merchants/{merchant}/requests/{request}/steps/{step}/documents", operation_id = "attachDocument",
    tag = "requests", summary = "Supply a document",
    params(("merchant" = String, Path, description = "Merchant id."), ("request" = String, Path, description = "Request id."),
        ("step" = String, Path, description = "Step code."), Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file."),
    responses((status = 201, description = "The document as it was taken.", body = DocumentView)))]
async fn attach_document(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, request, step)): Path<(String, String, String)>,
    asked: Asked,
    upload: Upload,
) -> Result<Response, Problem> {
    let kind = asked
        .text("kind")
        .ok_or_else(|| wrong("kind", "required", "请写明材料种类。", "name the document's kind"))?;
    let file_name = asked.text("name").unwrap_or_else(|| kind.clone());
    let Upload { bytes, call } = upload;
    carry_out(&app, &caller, call, StatusCode::CREATED, "api", move |tx, ctx| {
        let attach = Attach {
            merchant: merchant.clone(),
            request: request.clone(),
            step: step.clone(),
            kind: kind.clone(),
            file_name: file_name.clone(),
            bytes: bytes.to_vec(),
        };
        requests::attach(tx, ctx, attach)
    })
    .await
}

/// A supplied document's content. That staff read it is kept in the audit log.
#[utoipa::path(get, path = "/v1/merchants/{merchant}/documents/{document}", operation_id = "getDocument", tag = "requests",
    summary = "Read a document",
    params(("merchant" = String, Path, description = "Merchant id."), ("document" = String, Path, description = "Document id.")),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn get_document(
    State(app): State<App>,
    caller: Caller,
    Path((merchant, document)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = app.write(caller.ctx(&app, "read a document"), move |tx, ctx| {
        requests::document(tx, ctx, &merchant, &document)
    });
    let (view, bytes) = found.await?;
    // What the bytes are is said beside the type, so that nothing but a reader who wants to opens them.
    let media = HeaderValue::from_str(&view.media_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (axum::http::HeaderName::from_static("shoudan-media-type"), media),
    ];
    Ok((headers, bytes).into_response())
}
