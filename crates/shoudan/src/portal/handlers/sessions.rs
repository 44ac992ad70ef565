//! The reader's own sessions, to look at and to end.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use operations::people;

use super::login::home_of;
use super::visit::{Visit, shown};
use crate::doors::{Access, Doors};
use crate::portal::{paths, sessions};
use crate::problem::Problem;

/// Whoever is signed in.
const ANYONE: Access = Access::Session(&[]);

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::SESSIONS, ANYONE, list)
        .door(Method::POST, paths::OTHER_SESSIONS, ANYONE, end_others)
        .door(Method::POST, "/sessions/{session}/end", ANYONE, end)
}

fn token(visit: &Visit) -> Result<String, Problem> {
    let token = visit.caller.session.as_ref().ok_or_else(Problem::not_authenticated)?;
    Ok(token.expose().clone())
}

async fn list(visit: Visit) -> Result<Response, Problem> {
    let token = token(&visit)?;
    let all = visit.read(move |tx, ctx| people::own_sessions(tx, ctx, &token)).await?;
    let home = visit.caller.user.as_ref().map_or(paths::FRONT, home_of);
    Ok(shown(sessions::sessions(&visit.page(), home, &all)))
}

async fn end(visit: Visit, Path(session): Path<String>) -> Result<Response, Problem> {
    visit
        .write("ended by its owner", move |tx, ctx| {
            people::end_session(tx, ctx, &session)
        })
        .await?;
    Ok(Redirect::to(paths::SESSIONS).into_response())
}

async fn end_others(visit: Visit) -> Result<Response, Problem> {
    let token = token(&visit)?;
    visit
        .write("ended by their owner", move |tx, ctx| {
            people::end_other_sessions(tx, ctx, &token)
        })
        .await?;
    Ok(Redirect::to(paths::SESSIONS).into_response())
}
