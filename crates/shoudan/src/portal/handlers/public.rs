//! Pages anyone may see: front, look-up, explanation, service status.

use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::ids::{ExplanationCode, SerialNumber};
use operations::explain::{self, Ask, Audience};
use operations::refused::{Done, Refused};
use operations::views::{CauseView, Explanation};

use super::visit::{Visit, shown};
use crate::api::asked::Asked as Query;
use crate::app::App;
use crate::doors::{Access, Doors};
use crate::limits::Limited;
use crate::portal::public::{self, Asked, Front, Service, Services};
use crate::portal::words::{Word, public as w};
use crate::portal::{Standing, paths, styleguide};
use crate::problem::Problem;

pub(super) fn routes(doors: Doors) -> Doors {
    let demo = doors.app().demo;
    let doors = doors
        .door(Method::GET, paths::FRONT, Access::Public, front)
        .door(Method::GET, paths::FIND, Access::Public, find)
        .door(Method::GET, paths::STATUS, Access::Public, status)
        .door(Method::GET, "/e/{code}", Access::Public, by_code)
        .door(Method::GET, "/s/{serial}", Access::Public, by_serial);
    if demo {
        doors.door(Method::GET, paths::STYLEGUIDE, Access::Public, guide)
    } else {
        doors
    }
}

async fn front(visit: Visit) -> Result<Response, Problem> {
    front_with(&visit, StatusCode::OK, "", "").await
}

/// The front page, with what was asked and what is wrong with it.
async fn front_with(visit: &Visit, status: StatusCode, asked: &str, error: &str) -> Result<Response, Problem> {
    let services = services(visit).await?;
    let page = public::front(
        &visit.page(),
        &Front {
            asked,
            error,
            services: &services,
        },
    );
    Ok((status, Html(page.into_string())).into_response())
}

/// Takes what was typed into the box to its page, or says what is wrong with it.
async fn find(visit: Visit, query: Query) -> Result<Response, Problem> {
    let typed = query.filter("q");
    let typed = typed.trim();
    if let Ok(code) = ExplanationCode::parse(typed) {
        return Ok(Redirect::to(&paths::explanation(&code.to_string())).into_response());
    }
    let error = match SerialNumber::parse(typed) {
        Ok(serial) if serial.as_str().len() >= SHORTEST_SERIAL => {
            return Ok(Redirect::to(&paths::serial(serial.as_str())).into_response());
        }
        _ if typed.is_empty() => w::FIND_EMPTY,
        _ => w::FIND_UNREADABLE,
    };
    front_with(
        &visit,
        StatusCode::UNPROCESSABLE_ENTITY,
        typed,
        error.get(visit.caller.lang),
    )
    .await
}

/// What is shorter was meant as a code.
const SHORTEST_SERIAL: usize = 7;

async fn by_code(visit: Visit, Path(typed): Path<String>) -> Result<Response, Problem> {
    limited(&visit)?;
    let Ok(code) = ExplanationCode::parse(&typed) else {
        return Ok(gone(&visit, &typed));
    };
    let code = code.to_string();
    if let Some(own) = own_terminal(&visit, code.clone()).await? {
        return Ok(Redirect::to(&paths::terminal(&own)).into_response());
    }
    let asked = code.clone();
    let explained = visit
        .read(move |tx, ctx| explain::by_code(tx, ctx, &asked, &Ask::default(), Audience::Public))
        .await;
    match explained {
        Ok(explained) => Ok(shown(public::explanation(
            &visit.page(),
            Asked::Code(&code),
            &explained,
        ))),
        Err(Refused::NotFound { .. }) => Ok(gone(&visit, &code)),
        Err(other) => Err(other.into()),
    }
}

fn gone(visit: &Visit, code: &str) -> Response {
    let shortened: String = code.chars().take(20).collect();
    (
        StatusCode::NOT_FOUND,
        Html(public::code_gone(&visit.page(), &shortened).into_string()),
    )
        .into_response()
}

/// The terminal a code speaks of, for its own merchant's people: they read the whole of it on its page.
async fn own_terminal(visit: &Visit, code: String) -> Done<Option<String>> {
    if visit.caller.user.is_none() || visit.merchant() == "-" {
        return Ok(None);
    }
    let own = visit
        .read(move |tx, ctx| explain::by_code(tx, ctx, &code, &Ask::default(), Audience::Merchant))
        .await;
    match own {
        Ok(explained) => Ok(Some(explained.subject.id)),
        Err(Refused::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn by_serial(visit: Visit, Path(typed): Path<String>) -> Result<Response, Problem> {
    limited(&visit)?;
    let Ok(serial) = SerialNumber::parse(&typed) else {
        return front_with(
            &visit,
            StatusCode::NOT_FOUND,
            &typed,
            visit.page().say(w::FIND_UNREADABLE),
        )
        .await;
    };
    let serial = serial.as_str().to_owned();
    let asked = serial.clone();
    let explained = visit
        .read(move |tx, ctx| explain::by_serial(tx, ctx, &asked, &Ask::default(), Audience::Public))
        .await;
    let error = match explained {
        Ok(explained) => {
            return Ok(shown(public::explanation(
                &visit.page(),
                Asked::Serial(&serial),
                &explained,
            )));
        }
        Err(Refused::NotFound { .. }) => w::SERIAL_UNKNOWN,
        Err(Refused::Conflict { .. }) => w::SERIAL_UNBOUND,
        Err(other) => return Err(other.into()),
    };
    front_with(&visit, StatusCode::NOT_FOUND, &serial, visit.page().say(error)).await
}

fn limited(visit: &Visit) -> Result<(), Problem> {
    let limits = &visit.app.limits;
    limits
        .take(visit.caller.peer, Limited::Lookup, std::time::Instant::now())
        .map_err(Problem::too_often)
}

async fn status(visit: Visit) -> Result<Response, Problem> {
    let services = services(&visit).await?;
    Ok(shown(public::status(&visit.page(), &services)))
}

async fn guide(State(_): State<App>, visit: Visit) -> Response {
    shown(styleguide::styleguide(&visit.page()))
}

/// What people call a service, and the capabilities it consists of.
const SERVICES: [(Word, &[&str]); 5] = [
    (
        w::SERVICE_CARDS,
        &["sale", "void", "refund", "preauth", "preauth_complete"],
    ),
    (w::SERVICE_QR, &["qr_shown", "qr_scanned"]),
    (w::SERVICE_PAYOUTS, &["payout_t1", "payout_d0"]),
    (w::SERVICE_TERMINALS, &["sign_in", "device_activate", "download"]),
    (w::SERVICE_PORTAL, &["portal_login", "statements"]),
];

async fn services(visit: &Visit) -> Done<Services> {
    let Explanation {
        causes,
        warnings,
        capabilities,
        at,
        ..
    } = visit.read(explain::platform).await?;
    let services = SERVICES
        .iter()
        .map(|(name, codes)| service(&causes, name.get(visit.caller.lang), codes))
        .collect();
    Ok(Services {
        services,
        live: causes,
        planned: warnings,
        capabilities,
        checked_at: at,
    })
}

/// A service stands as the gravest cause that takes one of its capabilities.
fn service(causes: &[CauseView], name: &str, codes: &[&str]) -> Service {
    let order = |standing: Standing| Standing::ALL.iter().position(|known| *known == standing);
    let hit = causes
        .iter()
        .filter(|cause| cause.blocks.iter().any(|b| codes.contains(&b.as_str())));
    let worst = hit.max_by_key(|cause| order(Standing::from_code(&cause.standing)));
    Service {
        name: name.to_owned(),
        standing: worst.map_or(Standing::Works, |cause| Standing::from_code(&cause.standing)),
        note: worst.map(|cause| cause.title.clone()).unwrap_or_default(),
    }
}
