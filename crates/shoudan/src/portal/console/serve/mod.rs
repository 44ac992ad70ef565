//! The doors of the console: parse, call one operation, render.

mod keys;
mod limits;
mod look;
mod reviews;
mod stops;
mod subjects;
mod tasks;
mod transactions;

use axum::response::{Html, IntoResponse, Response};
use domain::time::{Date, Time, Zone};
use maud::Markup;
use operations::refused::Refused;
use operations::views::Paging;

use super::Desk;
use crate::api::asked::Asked;
use crate::doors::{Access, Doors};
use crate::portal::handlers::Visit;
use crate::problem::Problem;

/// Staff, by session.
const STAFF: Access = Access::Session(&["read_all"]);

/// Every door of the console.
pub fn routes(doors: Doors) -> Doors {
    let doors = look::routes(doors);
    let doors = subjects::routes(doors);
    let doors = keys::routes(doors);
    let doors = transactions::routes(doors);
    let doors = limits::routes(doors);
    let doors = stops::routes(doors);
    let doors = reviews::routes(doors);
    tasks::routes(doors)
}

/// What the frame of every page is given.
fn desk(visit: &Visit) -> Desk {
    let role = &visit.caller.actor.role;
    let roles = &visit.app.platform.catalog.roles;
    Desk {
        may: roles.get(role).map(|row| row.permissions.clone()).unwrap_or_default(),
        role: role.clone(),
        reviews: None,
        asked: String::new(),
    }
}

/// A page as an answer.
fn shown(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

/// Rows of a list: forty a page.
fn paging(asked: &Asked) -> Result<Paging, Problem> {
    Ok(Paging {
        limit: 40,
        ..asked.paging()?
    })
}

/// A refusal a form can show, as `(field, text)`; anything else is a page of its own.
fn told(visit: &Visit, refused: Refused) -> Result<Vec<(String, String)>, Problem> {
    match refused {
        Refused::Invalid(fields) => Ok(visit.errors(fields)),
        Refused::NotFound { .. } | Refused::Conflict { .. } | Refused::SamePerson(_) => {
            let problem = Problem::from(refused);
            Ok(vec![("form".to_owned(), problem.detail(visit.caller.lang).to_owned())])
        }
        other => Err(other.into()),
    }
}

/// A local time as a browser's field sends it, `2026-11-12T10:00`.
fn local(zone: &Zone, text: &str) -> Option<Time> {
    let (date, clock) = text.split_once('T')?;
    let (hour, minute) = clock.get(..5)?.split_once(':')?;
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(())?;
    Some(zone.at(Date::parse(date).ok()?, hour, minute))
}

/// The same the other way, for the field's value.
fn field(zone: &Zone, at: Time) -> String {
    let (hour, minute) = zone.clock(at);
    format!("{}T{hour:02}:{minute:02}", zone.date(at))
}

#[cfg(test)]
mod tests;
