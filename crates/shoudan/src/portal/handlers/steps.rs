//! One step of a request: its page, handing it in, the check at a field, and its documents.

use axum::Json;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use operations::Tx;
use operations::refused::{Done, FieldError, Refused};
use operations::requests::{self, Agreement, Attach, Submit};
use operations::views::{RequestView, StepView};
use serde_json::json;

use super::OWN;
use super::form::Typed;
use super::visit::{Visit, came_back, shown};
use crate::doors::Doors;
use crate::portal::merchant::{self, Step};
use crate::portal::paths;
use crate::portal::words::{Word, tasks as w};
use crate::problem::Problem;

/// Fields of every step's form that are not among those it asks.
const OWN_FIELDS: [&str; 4] = ["version", "confirm", "signature", "agreement"];

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, "/m/requests/{request}/{step}", OWN, page)
        .door(Method::POST, "/m/requests/{request}/{step}", OWN, hand_in)
        .door(Method::POST, "/m/requests/{request}/{step}/check", OWN, check)
        .door(Method::POST, "/m/requests/{request}/{step}/documents", OWN, upload)
        .door(Method::GET, "/m/documents/{document}", OWN, document)
}

/// A request and step as an address names them.
type Named = Path<(String, String)>;

async fn load(visit: &Visit, request: &str) -> Result<RequestView, Problem> {
    let (merchant, request) = (visit.merchant(), request.to_owned());
    Ok(visit
        .read(move |tx, ctx| requests::view(tx, ctx, &merchant, &request))
        .await?)
}

/// What a step asks to sign; none where nothing is signed, or not by this reader now.
async fn agreement(visit: &Visit, step: &StepView) -> Result<Option<Agreement>, Problem> {
    if step.kind != "signature" || !step.mine {
        return Ok(None);
    }
    let merchant = visit.merchant();
    Ok(Some(visit.read(move |tx, _| requests::agreement(tx, &merchant)).await?))
}

fn step_of<'r>(request: &'r RequestView, code: &str) -> Result<&'r StepView, Problem> {
    let found = request.steps.iter().find(|step| step.step == code);
    found.ok_or_else(|| Refused::not_found("step", code).into())
}

async fn page(visit: Visit, Path((request, code)): Named) -> Result<Response, Problem> {
    let request = load(&visit, &request).await?;
    let step = step_of(&request, &code)?;
    let data = Step {
        request: &request,
        step,
        errors: Vec::new(),
        typed: Vec::new(),
        agreement: agreement(&visit, step).await?,
    };
    Ok(shown(merchant::step(&visit.page(), &data)))
}

/// The step's page again, with what is wrong and what was typed.
async fn again(
    visit: Visit,
    request: &str,
    code: &str,
    errors: Vec<(String, String)>,
    typed: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let visit = visit.at(paths::step(request, code));
    let request = load(&visit, request).await?;
    let step = step_of(&request, code)?;
    let data = Step {
        request: &request,
        step,
        errors,
        typed,
        agreement: agreement(&visit, step).await?,
    };
    Ok(came_back(merchant::step(&visit.page(), &data)))
}

async fn hand_in(visit: Visit, Path((request, code)): Named, typed: Typed) -> Result<Response, Problem> {
    let fields = typed.without(&OWN_FIELDS);
    let now = load(&visit, &request).await?;
    let say = |word: Word| visit.page().say(word).to_owned();
    let signing = step_of(&now, &code)?.kind == "signature";
    let early = if now.version.to_string() != typed.get("version") {
        Some(("version", say(w::CHANGED_MEANWHILE)))
    } else if signing && typed.get("signature").trim().is_empty() {
        Some(("signature", say(w::SIGN_NAME_MISSING)))
    } else {
        None
    };
    if let Some((field, text)) = early {
        return again(visit, &request, &code, vec![(field.to_owned(), text)], typed.0).await;
    }
    let submit = Submit {
        merchant: visit.merchant(),
        request: request.clone(),
        step: code.clone(),
        fields,
        confirm: typed.get("confirm") == "yes",
        signature: typed.get("signature").to_owned(),
    };
    let seen = signing.then(|| typed.get("agreement").to_owned());
    match visit
        .write("handed in in the portal", move |tx, ctx| {
            if let Some(seen) = &seen {
                unchanged(tx, &submit.merchant, seen)?;
            }
            requests::submit(tx, ctx, submit.clone())
        })
        .await
    {
        Ok(after) => Ok(handed_in(&visit.at(paths::step(&request, &code)), &after, &code)),
        Err(Refused::Invalid(wrong)) => {
            let errors = visit.errors(wrong);
            again(visit, &request, &code, errors, typed.0).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Refuses a signature under anything but the text the page showed.
fn unchanged(tx: &mut Tx<'_>, merchant: &str, seen: &str) -> Done<()> {
    if requests::agreement(tx, merchant)?.digest() == seen {
        return Ok(());
    }
    let Word { zh, en } = w::AGREEMENT_CHANGED;
    Err(Refused::field("signature", "changed", zh, en))
}

/// Where a step leads that was taken: to itself while it is not finished, else to its request. What is told only once
/// is told at once.
fn handed_in(visit: &Visit, request: &RequestView, code: &str) -> Response {
    let step = request.steps.iter().find(|step| step.step == code);
    match step {
        Some(step) if step.mine => Redirect::to(&paths::step(&request.id, code)).into_response(),
        Some(step) if !step.remark.is_empty() => {
            let data = Step {
                request,
                step,
                errors: Vec::new(),
                typed: Vec::new(),
                agreement: None,
            };
            shown(merchant::step(&visit.page(), &data))
        }
        _ => Redirect::to(&paths::request(&request.id)).into_response(),
    }
}

/// What the check says of one field while the others are still being filled in.
async fn check(visit: Visit, typed: Typed) -> Response {
    let wrong = requests::check_field(&visit.ctx(""), typed.get("field"), typed.get("value")).err();
    let text = wrong
        .map(|error| visit.errors(vec![error]))
        .and_then(|mut all| all.pop())
        .map(|(_, text)| text);
    Json(json!({ "ok": text.is_none(), "text": text.unwrap_or_default() })).into_response()
}

async fn upload(visit: Visit, Path((request, code)): Named, form: Multipart) -> Result<Response, Problem> {
    let (kind, file) = read(form).await?;
    let Some((file_name, bytes)) = file else {
        let missing = visit.page().say(w::NO_FILE).to_owned();
        return again(visit, &request, &code, vec![(kind, missing)], Vec::new()).await;
    };
    let attach = Attach {
        merchant: visit.merchant(),
        request: request.clone(),
        step: code.clone(),
        kind: kind.clone(),
        file_name,
        bytes,
    };
    match visit
        .write("uploaded in the portal", move |tx, ctx| {
            requests::attach(tx, ctx, attach.clone())
        })
        .await
    {
        Ok(_) => {
            Ok(Redirect::to(&format!("{}#d-{}", paths::step(&request, &code), paths::part(&kind))).into_response())
        }
        Err(Refused::Invalid(wrong)) => {
            // Whatever is wrong with the file is told at the document it was to be.
            let wrong = wrong
                .into_iter()
                .map(|e| FieldError {
                    field: kind.clone(),
                    ..e
                })
                .collect();
            let errors = visit.errors(wrong);
            again(visit, &request, &code, errors, Vec::new()).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The document's kind, and the first file that was chosen: name and content.
pub(crate) async fn read(mut form: Multipart) -> Result<(String, Option<(String, Vec<u8>)>), Problem> {
    let (mut kind, mut file) = (String::new(), None);
    let unreadable = |e: axum::extract::multipart::MultipartError| Problem::of_status(e.status());
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("kind") => kind = part.text().await.map_err(unreadable)?,
            Some("file") if file.is_none() => {
                let name = part.file_name().unwrap_or_default().to_owned();
                let bytes = part.bytes().await.map_err(unreadable)?;
                if !bytes.is_empty() {
                    file = Some((name, bytes.to_vec()));
                }
            }
            _ => {}
        }
    }
    let nul = |text: &str| text.contains('\0');
    if nul(&kind) || file.as_ref().is_some_and(|(name, _)| nul(name)) {
        return Err(Problem::of_status(StatusCode::BAD_REQUEST));
    }
    Ok((kind, file))
}

/// What a document's page may do: show itself.
const CONTAINED: &str = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox";

/// A supplied document. Pictures are shown, anything else is handed over to be kept.
async fn document(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let merchant = visit.merchant();
    let (view, bytes) = visit
        .read(move |tx, ctx| requests::document(tx, ctx, &merchant, &id))
        .await?;
    let how = if view.media_type.starts_with("image/") {
        "inline"
    } else {
        "attachment"
    };
    let how = format!("{how}; filename*=UTF-8''{}", paths::part(&view.file_name));
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    let headers = [
        (header::CONTENT_TYPE, value(&view.media_type)),
        (header::CONTENT_DISPOSITION, value(&how)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTAINED)),
    ];
    Ok((headers, bytes).into_response())
}
