//! Limits of a merchant or a terminal: seeing and setting them.

use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::money::Fen;
use operations::names::Actors;
use operations::payments::limits::{self, LimitView};
use operations::refused::{Done, Refused};
use operations::{Ctx, Tx, terminals};

use super::transactions::of;
use super::{STAFF, desk, shown, told};
use crate::api::asked::wrong;
use crate::doors::{Access, Doors};
use crate::portal::console::{self, LimitsPage, paths};
use crate::portal::handlers::{Typed, Visit};
use crate::portal::words::{Word, limits as w};
use crate::problem::Problem;

/// Who sets limits.
const RISK: Access = Access::Session(&["review_risk"]);
const OF_MERCHANT: &str = "/console/merchants/{id}/limits";
const OF_TERMINAL: &str = "/console/terminals/{number}/limits";

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(
            Method::GET,
            OF_MERCHANT,
            STAFF,
            async |visit: Visit, Path(id): Path<String>| page(visit, Whose::Merchant(id)).await,
        )
        .door(
            Method::GET,
            OF_TERMINAL,
            STAFF,
            async |visit: Visit, Path(number): Path<String>| page(visit, Whose::Terminal(number)).await,
        )
        .door(
            Method::POST,
            OF_MERCHANT,
            RISK,
            async |visit: Visit, Path(id): Path<String>, typed: Typed| set(visit, Whose::Merchant(id), typed).await,
        )
        .door(
            Method::POST,
            OF_TERMINAL,
            RISK,
            async |visit: Visit, Path(number): Path<String>, typed: Typed| {
                set(visit, Whose::Terminal(number), typed).await
            },
        )
}

/// Whose limits.
#[derive(Clone)]
enum Whose {
    /// Merchant id.
    Merchant(String),
    /// Terminal number.
    Terminal(String),
}

impl Whose {
    /// Merchant id, terminal id and number.
    fn found(&self, tx: &mut Tx<'_>) -> Done<(String, Option<(String, String)>)> {
        match self {
            Self::Merchant(id) => Ok((id.clone(), None)),
            Self::Terminal(number) => {
                let found = terminals::by_number(tx, number)?.ok_or_else(|| Refused::not_found("terminal", number))?;
                Ok((found.merchant, Some((found.terminal, number.clone()))))
            }
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Merchant(id) => paths::merchant_limits(id),
            Self::Terminal(number) => paths::terminal_limits(number),
        }
    }
}

/// The limits of a merchant or one of its terminals, with the names of who set them.
pub(super) fn named(tx: &mut Tx<'_>, ctx: &Ctx, merchant: &str, terminal: Option<&str>) -> Done<Vec<LimitView>> {
    let mut all = limits::look(tx, ctx, merchant, terminal)?;
    let mut actors = Actors::default();
    for own in all.iter_mut().filter_map(|limit| limit.own.as_mut()) {
        if !own.set_by.is_empty() {
            own.set_by = actors.name(tx, ctx, &own.set_by)?;
        }
    }
    Ok(all)
}

fn look(tx: &mut Tx<'_>, ctx: &Ctx, whose: &Whose) -> Done<LimitsPage> {
    let (merchant, terminal) = whose.found(tx)?;
    let id = terminal.as_ref().map(|terminal| terminal.0.as_str());
    Ok(LimitsPage {
        of: of(tx, &merchant)?,
        limits: named(tx, ctx, &merchant, id)?,
        terminal: terminal.map(|terminal| terminal.1),
        typed: Default::default(),
        errors: Vec::new(),
    })
}

async fn page(visit: Visit, whose: Whose) -> Result<Response, Problem> {
    let data = visit.read(move |tx, ctx| look(tx, ctx, &whose)).await?;
    Ok(shown(console::limits(&visit.page(), &desk(&visit), &data)))
}

/// What was typed as the most: fen or payments by what the limit measures; none for an empty field.
fn most(limits: &[LimitView], limit: &str, typed: &str) -> Done<Option<i64>> {
    let not = |field: &str, word: Word| Err(wrong(field, "format", word.zh, word.en));
    let Some(row) = limits.iter().find(|row| row.code == limit) else {
        return not("limit", w::NOT_CHOSEN);
    };
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let read = if row.measure == "count" {
        typed.parse().ok()
    } else {
        Fen::parse_typed(typed).ok().map(|fen| fen.0)
    };
    match read {
        Some(most) => Ok(Some(most)),
        None => not("most", w::NOT_A_NUMBER),
    }
}

async fn set(visit: Visit, whose: Whose, typed: Typed) -> Result<Response, Problem> {
    let fields = ["limit", "most", "why"].map(|name| typed.get(name).to_owned());
    let [limit, amount, why] = fields.clone();
    let asked = whose.clone();
    let done = visit.write(&why, move |tx, ctx| {
        let (merchant, terminal) = asked.found(tx)?;
        let id = terminal.as_ref().map(|terminal| terminal.0.as_str());
        let most = most(&limits::look(tx, ctx, &merchant, id)?, &limit, &amount)?;
        limits::set_override(tx, ctx, (&merchant, id), &limit, most)
    });
    let refused = match done.await {
        Ok(()) => return Ok(Redirect::to(&whose.path()).into_response()),
        Err(refused) => refused,
    };
    let errors = told(&visit, refused)?;
    let mut data = visit.read(move |tx, ctx| look(tx, ctx, &whose)).await?;
    (data.typed, data.errors) = (fields, errors);
    let html = console::limits(&visit.page(), &desk(&visit), &data);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html.into_string())).into_response())
}
