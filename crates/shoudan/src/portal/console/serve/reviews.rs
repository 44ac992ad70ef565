//! The review queue, one review, the decision, and the documents a review rests on.

use axum::extract::Path;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use operations::reviews::{self, Decide, Decision, Item};
use operations::{requests, views::ReviewView};

use super::{STAFF, desk, paging, shown, told};
use crate::api::asked::Asked;
use crate::doors::{Access, Doors};
use crate::portal::console::{self, Queue, Review, paths, role_name};
use crate::portal::handlers::{Typed, Visit};
use crate::problem::Problem;

/// Whoever may decide some review.
const DECIDERS: Access = Access::Session(&["review", "review_risk", "review_finance"]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::REVIEWS, STAFF, queue)
        .door(Method::GET, "/console/reviews/{merchant}/{id}", STAFF, review)
        .door(Method::POST, "/console/reviews/{merchant}/{id}", DECIDERS, decide)
        .door(Method::GET, "/console/documents/{merchant}/{id}", STAFF, document)
}

async fn queue(visit: Visit, asked: Asked) -> Result<Response, Problem> {
    let (paging, mine) = (paging(&asked)?, asked.text("mine").is_some());
    let mut rows = visit
        .read(move |tx, ctx| reviews::queue(tx, ctx, &reviews::Filter::default(), &paging))
        .await?;
    if mine {
        rows.data.retain(|one| one.may_decide);
    }
    Ok(shown(console::reviews(
        &visit.page(),
        &desk(&visit),
        &Queue { rows, mine },
    )))
}

async fn review(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let found = seen(&visit, merchant, id).await?;
    Ok(shown(page(&visit, found, vec![], vec![])))
}

async fn seen(visit: &Visit, merchant: String, id: String) -> Result<ReviewView, Problem> {
    Ok(visit
        .read(move |tx, ctx| reviews::view(tx, ctx, &merchant, &id))
        .await?)
}

fn page(
    visit: &Visit,
    mut review: ReviewView,
    errors: Vec<(String, String)>,
    typed: Vec<(String, String)>,
) -> maud::Markup {
    let page = visit.page();
    let role = role_name(&page, &visit.app.platform.catalog, &review.role).to_owned();
    review.role = role;
    console::review(&page, &desk(visit), &Review { review, errors, typed })
}

async fn decide(visit: Visit, Path((merchant, id)): Path<(String, String)>, typed: Typed) -> Result<Response, Problem> {
    let Some(command) = command(&merchant, &id, &typed) else {
        return Err(Problem::of_status(StatusCode::BAD_REQUEST));
    };
    let why = if command.remark.is_empty() {
        command.decision.code().to_owned()
    } else {
        command.remark.clone()
    };
    match visit
        .write(&why, move |tx, ctx| reviews::decide(tx, ctx, command.clone()))
        .await
    {
        Ok(_) => Ok(Redirect::to(&paths::review(&merchant, &id)).into_response()),
        Err(refused) => {
            let errors = told(&visit, refused)?;
            let visit = visit.at(paths::review(&merchant, &id));
            let found = seen(&visit, merchant, id).await?;
            Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                shown(page(&visit, found, errors, typed.0)),
            )
                .into_response())
        }
    }
}

/// Reads the form: `decision`, `version`, `remark`, and for each item `item.{code}` and `remark.{code}`.
fn command(merchant: &str, id: &str, typed: &Typed) -> Option<Decide> {
    let decision = [Decision::Approve, Decision::Return, Decision::Refuse]
        .into_iter()
        .find(|decision| decision.code() == typed.get("decision"))?;
    let items = typed
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("item.")?, value)))
        .map(|(code, value)| {
            let returned = value == "return";
            let remark = if returned {
                typed.get(&format!("remark.{code}")).trim().to_owned()
            } else {
                String::new()
            };
            Item {
                code: code.to_owned(),
                returned,
                remark,
            }
        })
        .collect();
    Some(Decide {
        merchant: merchant.to_owned(),
        review: id.to_owned(),
        decision,
        items,
        remark: typed.get("remark").trim().to_owned(),
        request_version: typed.get("version").parse().ok()?,
    })
}

/// The content of a document, shown in the page of its review. That it was read is kept in the audit log.
async fn document(visit: Visit, Path((merchant, id)): Path<(String, String)>) -> Result<Response, Problem> {
    let (view, bytes) = visit
        .write("review", move |tx, ctx| requests::document(tx, ctx, &merchant, &id))
        .await?;
    let media = HeaderValue::from_str(&view.media_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    // Pictures are shown; anything else is handed over to be opened by a reader of its own.
    let picture = view.media_type.starts_with("image/");
    let headers = [
        (header::CONTENT_TYPE, media),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static(if picture { "inline" } else { "attachment" }),
        ),
        // Whatever the file holds, it runs nothing.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        Typed(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn a_form_becomes_a_decision_with_its_items() {
        let form = typed(&[
            ("version", "5"),
            ("decision", "return"),
            ("item.business_licence", "return"),
            ("remark.business_licence", " 反光 "),
            ("item.uscc", "accept"),
            ("remark.uscc", "left over"),
            ("remark", ""),
        ]);
        let command = command("mch_1", "rev_1", &form).unwrap();
        assert_eq!((command.decision, command.request_version), (Decision::Return, 5));
        let items: Vec<_> = command
            .items
            .iter()
            .map(|i| (i.code.as_str(), i.returned, i.remark.as_str()))
            .collect();
        assert_eq!(items, [("business_licence", true, "反光"), ("uscc", false, "")]);
    }

    #[test]
    fn a_form_without_a_decision_or_version_is_none() {
        assert!(command("mch_1", "rev_1", &typed(&[("version", "5")])).is_none());
        assert!(command("mch_1", "rev_1", &typed(&[("decision", "approve"), ("version", "x")])).is_none());
    }
}
