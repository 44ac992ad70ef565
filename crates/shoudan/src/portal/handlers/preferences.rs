//! Language and colours, kept in two cookies that hold nothing else.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::names::Lang;

use super::form::{Typed, local};
use crate::app::App;
use crate::doors::{Access, Doors};
use crate::portal::{Theme, paths};

/// A year.
const KEPT_SECONDS: i64 = 31_536_000;

pub(super) fn routes(doors: Doors) -> Doors {
    doors.door(Method::POST, paths::PREFERENCES, Access::Public, set)
}

async fn set(State(app): State<App>, typed: Typed) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(lang) = Lang::from_tag(typed.get("lang")) {
        headers.append(header::SET_COOKIE, kept(&app, "lang", lang.tag()));
    }
    if typed.0.iter().any(|(name, _)| name == "theme") {
        headers.append(
            header::SET_COOKIE,
            kept(&app, "theme", Theme::from_code(typed.get("theme")).code()),
        );
    }
    (headers, Redirect::to(local(typed.get("back"), paths::FRONT))).into_response()
}

fn kept(app: &App, name: &str, value: &'static str) -> HeaderValue {
    let secure = if app.https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={KEPT_SECONDS}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
