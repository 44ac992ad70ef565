//! Every way in, with the permission it asks for. There is no route without an [`Access`]: the list is printed by a
//! test, and another knocks on every door with every role.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use domain::names::Lang;
use domain::secret::SecretString;
use operations::people::{self, UserView};
use operations::refused::Done;
use operations::{Actor, Ctx};
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::portal::paths;
use crate::problem::Problem;

/// Who may pass a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Anyone with a session or a key.
    Known,
    /// Whoever has one of these permissions, by session or key.
    Any(&'static [&'static str]),
    /// The same, but people only: a key does not open it.
    Session(&'static [&'static str]),
}

/// One door, for the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// Method.
    pub method: Method,
    /// Path with its parameters in braces.
    pub path: String,
    /// Who may pass.
    pub access: Access,
}

/// The doors being built.
pub struct Doors {
    app: App,
    router: Router<App>,
    rows: Vec<Door>,
    api: OpenApi,
}

impl Doors {
    /// None yet.
    pub fn new(app: App) -> Self {
        Self {
            app,
            router: Router::new(),
            rows: Vec::new(),
            api: crate::api::document(),
        }
    }

    /// The running system, for routes that depend on it (the demonstration's own).
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Adds a door.
    ///
    /// # Panics
    /// At start, if path and method are taken or cannot be matched.
    pub fn door<H, T>(mut self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        #[expect(clippy::expect_used, reason = "at start; the methods are constants of this program")]
        let filter = MethodFilter::try_from(method.clone()).expect("a method that can be routed");
        self.rows.push(Door {
            method,
            path: path.to_owned(),
            access,
        });
        self.guarded(path, access, on(filter, handler))
    }

    /// Adds documented doors of the API: `doors.api(Access::Any(&["read_all"]), routes!(list))`, one handler each.
    pub fn api(mut self, access: Access, routes: utoipa_axum::router::UtoipaMethodRouter<App>) -> Self {
        let (schemas, paths, methods) = routes;
        for (path, mut item) in paths.paths {
            let taken = crate::api::describe(&mut item, access);
            self.rows.extend(taken.into_iter().map(|method| Door {
                method,
                path: path.clone(),
                access,
            }));
            self = self.guarded(&path, access, methods.clone());
            match self.api.paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => {
                    self.api.paths.paths.insert(path, item);
                }
            }
        }
        self.api.components.get_or_insert_default().schemas.extend(schemas);
        self
    }

    fn guarded(mut self, path: &str, access: Access, methods: MethodRouter<App>) -> Self {
        let guard = from_fn_with_state((self.app.clone(), access), guard);
        self.router = self.router.route(path, methods.route_layer(guard));
        self
    }

    /// Every door, in the order they were added.
    pub fn rows(&self) -> &[Door] {
        &self.rows
    }

    /// The description of the API so far.
    pub fn description(&self) -> &OpenApi {
        &self.api
    }

    /// The routes, for the layers around them.
    pub fn into_router(self) -> Router {
        self.router.with_state(self.app)
    }
}

/// Who came through a door. Handlers take it as an argument.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts; [`Actor::public`] without a login.
    pub actor: Actor,
    /// The account of a session; none for keys and the public.
    pub user: Option<UserView>,
    /// The session's token, for logging out.
    pub session: Option<SecretString>,
    /// The language answers are wanted in.
    pub lang: Lang,
    /// The address the call came from.
    pub peer: IpAddr,
}

impl Caller {
    /// The context of what the caller wants done; `why` goes into the audit log.
    pub fn ctx(&self, app: &App, why: impl Into<String>) -> Ctx {
        app.ctx(self.actor.clone(), self.lang, why)
    }

    /// Whether the caller's role has a permission.
    pub fn may(&self, app: &App, permission: &str) -> bool {
        app.ctx(self.actor.clone(), self.lang, "").may(permission)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Put there by the guard of the door.
        parts
            .extensions
            .get::<Arc<Caller>>()
            .map(|caller| (**caller).clone())
            .ok_or_else(Problem::not_authenticated)
    }
}

/// The name of the session's cookie.
pub fn session_cookie_name(app: &App) -> &'static str {
    if app.https() { "__Host-session" } else { "session" }
}

/// The `Set-Cookie` that starts a session.
pub fn session_cookie(app: &App, token: &SecretString) -> HeaderValue {
    let secure = if app.https() { "; Secure" } else { "" };
    let name = session_cookie_name(app);
    let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", token.expose());
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The `Set-Cookie` that ends it.
pub fn no_session_cookie(app: &App) -> HeaderValue {
    let secure = if app.https() { "; Secure" } else { "" };
    let name = session_cookie_name(app);
    HeaderValue::from_str(&format!("{name}=; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=0"))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The language a call wants: the choice kept in the cookie `lang`, or else what the browser asks for.
pub fn language(headers: &HeaderMap) -> Lang {
    if let Some(lang) = cookie(headers, "lang").and_then(Lang::from_tag) {
        return lang;
    }
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .map_or_else(Lang::default, Lang::negotiate)
}

/// The address a call came from.
pub fn peer(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip())
}

/// Finds out who calls, and lets them pass or not. The answer carries who called, so that an error page knows.
async fn guard(State((app, access)): State<(App, Access)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.uri.path().contains("%00") {
        // No name of anything holds a NUL; one engine would refuse to be asked.
        return Problem::of_status(StatusCode::NOT_FOUND).into_response();
    }
    let caller = match known(&app, &parts).await {
        Ok(caller) => Arc::new(caller),
        Err(problem) => return problem.into_response(),
    };
    let mut response = match passes(&app, access, &caller) {
        Ok(()) => {
            parts.extensions.insert(caller.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => {
            let asks_page = parts.method == Method::GET && crate::serve::wants_page(parts.uri.path(), &parts.headers);
            if problem.status() == 401 && asks_page {
                let back = parts.uri.path_and_query().map_or("/", |p| p.as_str());
                return Redirect::to(&paths::login_then(back)).into_response();
            }
            problem.into_response()
        }
    };
    response.extensions_mut().insert(caller);
    response
}

/// Whether a caller passes a door.
pub fn passes(app: &App, access: Access, caller: &Caller) -> Result<(), Problem> {
    let known = caller.actor.role != "public";
    let holds = |any: &[&str]| any.iter().any(|permission| caller.may(app, permission));
    match access {
        Access::Public => Ok(()),
        _ if !known => Err(Problem::not_authenticated()),
        Access::Known => Ok(()),
        Access::Session(_) if caller.user.is_none() => Err(Problem::not_authenticated()),
        Access::Any(any) | Access::Session(any) if any.is_empty() || holds(any) => Ok(()),
        Access::Any(any) | Access::Session(any) => Err(Problem::not_permitted(any)),
    }
}

async fn known(app: &App, parts: &Parts) -> Result<Caller, Problem> {
    let headers = &parts.headers;
    let mut caller = Caller {
        actor: Actor::public(),
        user: None,
        session: None,
        lang: language(headers),
        peer: peer(parts),
    };
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let key = value
            .to_str()
            .ok()
            .and_then(bearer)
            .map(str::to_owned)
            .ok_or_else(Problem::not_authenticated)?;
        let ctx = caller.ctx(app, "");
        let actor = app.read(ctx, move |tx, ctx| people::api_key(tx, ctx, &key)).await?;
        caller.actor = actor.ok_or_else(Problem::not_authenticated)?;
    } else if let Some(token) = cookie(headers, session_cookie_name(app)) {
        let token = SecretString::new(token.to_owned());
        if let Some(session) = session(app, &caller, &token, headers.contains_key(REFRESH)).await? {
            caller.actor = session.actor;
            caller.user = Some(session.user);
            caller.session = Some(token);
        }
    }
    Ok(caller)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The header by which a page says that it follows what happens by itself: nobody is using it for that.
const REFRESH: &str = "x-refresh";

async fn session(app: &App, caller: &Caller, token: &SecretString, by_itself: bool) -> Done<Option<people::Session>> {
    let asked = token.expose().clone();
    let session = app
        .read(caller.ctx(app, ""), move |tx, ctx| people::session(tx, ctx, &asked))
        .await?;
    if !by_itself && session.as_ref().is_some_and(|session| session.touch) {
        let (used, ctx) = (token.expose().clone(), caller.ctx(app, ""));
        app.db.write(move |tx| people::touch(tx, &ctx, &used)).await?;
    }
    Ok(session)
}

#[cfg(test)]
mod tests;
