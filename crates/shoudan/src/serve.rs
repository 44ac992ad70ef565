//! The HTTP server: doors inside, and around them what holds for every answer: request id, problems in words,
//! security headers, limits, compression.

mod body;
mod connections;
mod hosts;
mod patient;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use self::body::Watch;
use self::hosts::Hosts;
use crate::app::App;
use crate::doors::{Caller, Doors, cookie, language};
use crate::portal::{self, Page, Theme, Who};
use crate::problem::{Carried, Problem};

/// The largest body: a photograph of a document.
const LARGEST_BODY: usize = 12 * 1024 * 1024;

/// The edition of the API.
pub const EDITION: &str = "2026-10-01";

/// The id a call has in the log and in its problem.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Every door of every face.
pub fn doors(app: &App) -> Doors {
    let doors = Doors::new(app.clone());
    let doors = portal::routes(crate::api::routes(doors));
    crate::slip::routes(portal::pos::routes(portal::console::routes(doors)))
}

/// The whole service: doors and the layers around them.
fn service(app: &App, hosts: Hosts) -> anyhow::Result<Router> {
    let doors = doors(app);
    let description = crate::api::text(doors.description())?;
    let doors = doors.door(
        axum::http::Method::GET,
        "/openapi.json",
        crate::doors::Access::Public,
        async move || ([(header::CONTENT_TYPE, "application/json")], description.clone()),
    );
    let csrf = CsrfLayer::new()
        .add_trusted_origin(&app.origin)?
        .with_rejection_response(|_: ProtectionError| Problem::cross_site().into_response());
    Ok(doors
        .into_router()
        .fallback(async || Problem::of_status(StatusCode::NOT_FOUND))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(csrf)
        .layer(CatchPanicLayer::custom(|_| {
            Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }))
        .layer(from_fn_with_state((app.clone(), Arc::new(hosts)), around))
        .layer(CompressionLayer::new()))
}

/// How the server treats its callers. In a file, times are whole seconds: `head_seconds`, `body_seconds`,
/// `stalled_seconds`; what is not named has its default.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most connections at once; past it, the one that has made the server wait longest is closed.
    pub connections: usize,
    /// From a connection's start, or the end of an answer, to the end of the next request's head: a slow head and an
    /// idle connection end here.
    #[serde(rename = "head_seconds", deserialize_with = "seconds")]
    pub head: Duration,
    /// How long a body may take to come.
    #[serde(rename = "body_seconds", deserialize_with = "seconds")]
    pub body: Duration,
    /// The longest pause between two pieces of a body, or between two pieces of an answer that its caller reads.
    #[serde(rename = "stalled_seconds", deserialize_with = "seconds")]
    pub stalled: Duration,
    /// Names this server answers to besides the one in its origin, as `host` or `host:port`.
    pub hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(30),
            body: Duration::from_mins(2),
            stalled: Duration::from_secs(30),
            hosts: Vec::new(),
        }
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds: std::num::NonZeroU32 = serde::Deserialize::deserialize(deserializer)?;
    Ok(Duration::from_secs(seconds.get().into()))
}

/// Serves until `stop` ends, then lets running answers finish.
pub async fn serve(
    app: &App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    serve_with(app, listener, Settings::default(), stop).await
}

/// [`serve`] under settings of one's own.
pub async fn serve_with(
    app: &App,
    listener: TcpListener,
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listens = if app.demo {
        Some(listener.local_addr()?.port())
    } else {
        None
    };
    let router = service(app, Hosts::new(&app.origin, &settings.hosts, listens))?;
    connections::serve(router, listener, &Arc::new(settings), stop).await;
    Ok(())
}

/// Whether an error is better told as a page: a browser asks, and not for the API.
pub fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    !path.starts_with("/v1/") && accepts.contains("text/html")
}

/// Where the page is that a person looks at: of a form that was sent, the page it stood on.
fn shown_at(request: &Request) -> &str {
    let here = request.uri().path_and_query().map_or("/", |p| p.as_str());
    if matches!(*request.method(), axum::http::Method::GET | axum::http::Method::HEAD) {
        return here;
    }
    let from = request
        .headers()
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let path = from
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    portal::handlers::local(path.unwrap_or("/"), "/")
}

/// What a route belongs to, for the counters.
fn class(path: &str) -> &'static str {
    match path {
        "/healthz" | "/metrics" => "health",
        _ if path.starts_with("/v1/") || path == "/openapi.json" => "api",
        _ if path.starts_with("/assets/") => "asset",
        _ => "page",
    }
}

async fn around(State((app, hosts)): State<(App, Arc<Hosts>)>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = app.metrics.next_call(&app.node);
    request.extensions_mut().insert(RequestId(id.clone()));
    let asked = Asked {
        path: shown_at(&request).to_owned(),
        page: wants_page(request.uri().path(), request.headers()),
        class: class(request.uri().path()),
        lang: language(request.headers()),
        theme: Theme::from_code(cookie(request.headers(), "theme").unwrap_or_default()),
        id,
    };
    let watch = request.extensions().get::<Arc<Watch>>().cloned();
    // Whoever watches over the server asks by address.
    let mut response = if asked.class == "health" || hosts.serve(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        Problem::misdirected(&app.origin).into_response()
    };
    if watch.is_some_and(|watch| watch.is_late()) {
        response = Problem::of_status(StatusCode::REQUEST_TIMEOUT).into_response();
    }
    if let Some(problem) = problem_of(&response) {
        let caller = response.extensions().get::<Arc<Caller>>().cloned();
        let worded = asked.word(&app, &problem, caller.as_deref());
        let mut headers = std::mem::take(response.headers_mut());
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            headers.remove(name);
        }
        response = worded;
        response.headers_mut().extend(headers);
    }
    finish(&app, &asked, response.headers_mut());
    app.metrics
        .http(asked.class, response.status().as_u16(), started.elapsed());
    tracing::debug!(
        id = asked.id,
        status = response.status().as_u16(),
        path = asked.path,
        "answered"
    );
    response
}

/// The problem an answer carries; or, where a layer below refused in plain words, what its status means.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(Carried(problem)) = response.extensions().get() {
        return Some((**problem).clone());
    }
    let status = response.status();
    let media = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let worded = !media.is_empty() && !media.starts_with("text/plain");
    let empty = response.body().is_end_stream() && media.is_empty();
    (status.as_u16() >= 400 && (empty || !worded)).then(|| Problem::of_status(status))
}

/// What is needed of a request to word its refusal.
struct Asked {
    path: String,
    page: bool,
    class: &'static str,
    lang: domain::names::Lang,
    theme: Theme,
    id: String,
}

impl Asked {
    fn word(&self, app: &App, problem: &Problem, caller: Option<&Caller>) -> Response {
        if !self.page {
            return problem.json(self.lang, &self.id);
        }
        let page = Page {
            lang: self.lang,
            theme: self.theme,
            now: app.now(),
            zone: &app.platform.zone,
            path: &self.path,
            origin: &app.origin,
            who: caller.and_then(|caller| caller.user.as_ref()).map(|user| Who {
                name: &user.display_name,
                role: &user.role_name,
                house: app.institution.name.get(self.lang),
            }),
            institution: &app.institution,
            demo: app.demo,
        };
        let title = |code: &String| {
            let reason = app.platform.catalog.reasons.get(code);
            reason.map_or_else(|| code.clone(), |reason| reason.texts(self.lang).title.clone())
        };
        let causes: Vec<String> = problem.causes().iter().map(title).collect();
        let say = |f: &operations::refused::FieldError| match self.lang {
            domain::names::Lang::Zh => f.zh.clone(),
            domain::names::Lang::En => f.en.clone(),
        };
        let fields: Vec<(String, String)> = problem.fields().iter().map(|f| (f.field.clone(), say(f))).collect();
        let shown = portal::public::Problem {
            status: problem.status(),
            what: if told(problem) { problem.detail(self.lang) } else { "" },
            causes: &causes,
            fields: &fields,
            trace: &self.id,
        };
        let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Html(portal::public::problem(&page, &shown).into_string())).into_response()
    }
}

/// Whether a person is told the particulars: not what went wrong inside, nor the names of permissions.
fn told(problem: &Problem) -> bool {
    match problem.code() {
        "not_permitted" | "action_blocked" | "resource_missing" => false,
        _ => problem.status() < 500,
    }
}

/// What every answer says.
const ALWAYS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

fn finish(app: &App, asked: &Asked, headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if let Ok(id) = HeaderValue::from_str(&asked.id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if asked.class == "api" {
        headers.insert(
            HeaderName::from_static("shoudan-version"),
            HeaderValue::from_static(EDITION),
        );
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(asked.lang.tag()));
    }
    if asked.class == "page" || asked.class == "api" {
        // What one person may see is kept by no cache on the way.
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    }
}

#[cfg(test)]
mod tests;
