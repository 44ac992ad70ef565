//! Signing in, with a second factor where the account has one, and out.
//!
//! Between password and code the browser holds a sealed note of who gave the right password; no node keeps it.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::secret::SecretString;
use operations::people::{self, Login, UserView};
use operations::refused::{Done, Refused};
use operations::sealing::hex;
use serde::{Deserialize, Serialize};

use super::form::{Typed, local};
use super::visit::{Visit, came_back, shown};
use crate::api::asked::Asked;
use crate::app::App;
use crate::doors::{self, Access, Doors, cookie};
use crate::limits::Limited;
use crate::login;
use crate::portal::public::{self, DemoAccount};
use crate::portal::words::public as w;
use crate::portal::{console, paths};
use crate::problem::Problem;

/// The cookie that carries the note.
const NOTE: &str = "login";
/// What the note is sealed for.
const PLACE: &str = "login/second-factor";
/// Demonstration accounts shown of each role: four eyes need two.
const EACH_ROLE: usize = 2;
/// How long the code may take.
const NOTE_SECONDS: i64 = 300;

pub(super) fn routes(doors: Doors) -> Doors {
    doors
        .door(Method::GET, paths::LOGIN, Access::Public, form)
        .door(Method::POST, paths::LOGIN, Access::Public, sign_in)
        .door(Method::GET, paths::LOGIN_CODE, Access::Public, code_form)
        .door(Method::POST, paths::LOGIN_CODE, Access::Public, second)
        .door(Method::POST, paths::LOGOUT, Access::Public, sign_out)
}

/// Where somebody's own pages begin.
pub(super) fn home_of(user: &UserView) -> &'static str {
    match user {
        _ if user.staff => console::paths::HOME,
        _ if user.merchant_id != "-" => paths::HOME,
        _ if user.agent_id != "-" => paths::AGENT,
        _ => paths::FRONT,
    }
}

async fn form(visit: Visit, query: Asked) -> Response {
    let next = query.filter("next");
    if let Some(user) = &visit.caller.user {
        return Redirect::to(local(&next, home_of(user))).into_response();
    }
    shown(page(&visit, "", "", &next).await)
}

async fn page(visit: &Visit, typed: &str, error: &str, next: &str) -> maud::Markup {
    let accounts = accounts(visit).await;
    let data = public::Login {
        login: typed,
        error,
        next: local(next, ""),
        accounts: &accounts,
    };
    public::login(&visit.page(), &data)
}

async fn sign_in(State(app): State<App>, visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let visit = visit.at(paths::LOGIN.to_owned());
    let (name, next) = (typed.get("login").trim().to_owned(), typed.get("next").to_owned());
    let password = SecretString::new(typed.get("password").to_owned());
    let typed = login::Typed {
        login: name.clone(),
        password,
        code: None,
    };
    match login::login(&app, &visit.caller, typed).await? {
        Login::In(entered) => Ok(enter(&app, &entered, &next)),
        Login::CodeNeeded => {
            let headers = [(header::SET_COOKIE, note(&app, &name))];
            let to = if next.is_empty() {
                paths::LOGIN_CODE.to_owned()
            } else {
                paths::with_query(paths::LOGIN_CODE, "next", &next)
            };
            Ok((headers, Redirect::to(&to)).into_response())
        }
        Login::Not(refused) => Ok(came_back(
            page(&visit, &name, &words(&visit, refused, w::LOGIN_WRONG), &next).await,
        )),
    }
}

/// Starts the session and goes where the person wanted to.
fn enter(app: &App, entered: &people::LoggedIn, next: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, doors::session_cookie(app, &entered.token));
    headers.append(header::SET_COOKIE, note_cookie(app, "", 0));
    (headers, Redirect::to(local(next, home_of(&entered.user)))).into_response()
}

/// What to tell: too many tries with the time, anything else without saying which part was wrong.
fn words(visit: &Visit, refused: Refused, wrong: crate::portal::words::Word) -> String {
    match refused {
        Refused::NotAuthenticated => wrong.get(visit.caller.lang).to_owned(),
        other => Problem::from(other).detail(visit.caller.lang).to_owned(),
    }
}

async fn code_form(State(app): State<App>, headers: HeaderMap, visit: Visit, query: Asked) -> Response {
    let Some(name) = read_note(&app, &headers) else {
        return Redirect::to(paths::LOGIN).into_response();
    };
    let next = query.filter("next");
    let shown_code = demo_code(&visit, name).await;
    shown(public::login_code(
        &visit.page(),
        "",
        local(&next, ""),
        shown_code.as_deref(),
    ))
}

/// In the demonstration, the code an authenticator would show: whoever tries it out has none.
async fn demo_code(visit: &Visit, name: String) -> Option<String> {
    if !visit.app.demo {
        return None;
    }
    let hand = visit.app.clock.hand();
    let code = visit
        .read(move |tx, ctx| people::login_row(tx, &name)?.with_codes_at(hand).code_now(ctx))
        .await;
    code.ok().flatten()
}

async fn second(State(app): State<App>, headers: HeaderMap, visit: Visit, typed: Typed) -> Result<Response, Problem> {
    let visit = visit.at(paths::LOGIN_CODE.to_owned());
    let Some(name) = read_note(&app, &headers) else {
        return Ok(Redirect::to(paths::LOGIN).into_response());
    };
    app.limits
        .take(visit.caller.peer, Limited::Login, std::time::Instant::now())
        .map_err(Problem::too_often)?;
    let code: String = typed.get("code").chars().filter(|c| !c.is_whitespace()).collect();
    let hand = app.clock.hand();
    let login = name.clone();
    let attempt = visit
        .read(move |tx, _| people::login_row(tx, &login))
        .await?
        .with_codes_at(hand);
    // The sealed note says that the password was right.
    let ended = visit
        .write("log in", move |tx, ctx| {
            people::login_done(tx, ctx, &attempt, true, Some(&code))
        })
        .await?;
    let next = typed.get("next");
    let refused = match ended {
        Login::In(entered) => return Ok(enter(&app, &entered, next)),
        Login::CodeNeeded => Refused::NotAuthenticated,
        Login::Not(refused) => refused,
    };
    let error = words(&visit, refused, w::CODE_WRONG);
    let shown_code = demo_code(&visit, name).await;
    Ok(came_back(public::login_code(
        &visit.page(),
        &error,
        local(next, ""),
        shown_code.as_deref(),
    )))
}

async fn sign_out(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    login::logout(&app, &visit.caller).await?;
    Ok((
        [(header::SET_COOKIE, doors::no_session_cookie(&app))],
        Redirect::to(paths::FRONT),
    )
        .into_response())
}

/// Who gave the right password, and until when that counts.
#[derive(Serialize, Deserialize)]
struct Note {
    login: String,
    /// Milliseconds on the machine's clock.
    until: i64,
}

fn note(app: &App, login: &str) -> HeaderValue {
    let until = app.clock.hand().millis() + NOTE_SECONDS * 1000;
    let note = serde_json::to_vec(&Note {
        login: login.to_owned(),
        until,
    })
    .unwrap_or_default();
    let mut nonce = [0; 12];
    nonce
        .iter_mut()
        .zip(crate::clock::entropy())
        .for_each(|(to, from)| *to = from);
    note_cookie(app, &hex(&app.platform.sealer.seal(&note, nonce, PLACE)), NOTE_SECONDS)
}

fn note_cookie(app: &App, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.https() { "; Secure" } else { "" };
    let text = format!(
        "{NOTE}={value}; Path={}; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}",
        paths::LOGIN
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The login of a note that is ours and still counts.
fn read_note(app: &App, headers: &HeaderMap) -> Option<String> {
    let sealed = unhex(cookie(headers, NOTE)?)?;
    let plain = app.platform.sealer.open(&sealed, PLACE).ok()?;
    let note: Note = serde_json::from_slice(plain.expose()).ok()?;
    (app.clock.hand().millis() < note.until).then_some(note.login)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| Some(pair.first()? << 4 | pair.get(1)?))
        .collect()
}

/// The accounts of the demonstration, from the file it wrote for whoever drives it.
#[derive(Deserialize)]
struct World {
    accounts: Vec<WorldAccount>,
}

#[derive(Deserialize)]
struct WorldAccount {
    role: String,
    login: String,
    password: String,
}

/// A few accounts of each role, a merchant's people first.
async fn accounts(visit: &Visit) -> Vec<DemoAccount> {
    let Some(file) = visit
        .app
        .data
        .as_ref()
        .filter(|_| visit.app.demo)
        .map(|dir| dir.join("world.json"))
    else {
        return Vec::new();
    };
    let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await;
    let world: Option<World> = read
        .ok()
        .and_then(Result::ok)
        .and_then(|text| serde_json::from_slice(&text).ok());
    let mut all = world.map(|world| world.accounts).unwrap_or_default();
    let roles = &visit.app.platform.catalog.roles;
    let own = |a: &WorldAccount| {
        roles
            .get(&a.role)
            .is_some_and(|r| r.permissions.iter().any(|p| p == "read_own"))
    };
    let staff = |a: &WorldAccount| roles.get(&a.role).is_some_and(|role| role.staff);
    let manages = |a: &WorldAccount| {
        roles
            .get(&a.role)
            .is_some_and(|r| r.permissions.iter().any(|p| p == "manage_own_users"))
    };
    all.sort_by_key(|a| (!own(a), staff(a), !manages(a)));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    all.retain(|a| {
        let count = seen.entry(a.role.clone()).or_default();
        *count += 1;
        *count <= EACH_ROLE
    });
    let name = |code: &String| {
        roles
            .get(code)
            .map_or_else(|| code.clone(), |r| r.name.get(visit.caller.lang).to_owned())
    };
    // An owner and one of each staff role are what a newcomer needs.
    let mut shown = BTreeSet::new();
    let mut of = |a: WorldAccount| DemoAccount {
        first: (staff(&a) || manages(&a)) && shown.insert(a.role.clone()),
        role: name(&a.role),
        login: a.login,
        password: a.password,
    };
    all.into_iter().map(&mut of).collect()
}

/// The hash of a new password, made where hashes are made; refused where it does not do.
pub(super) async fn hashed(app: &App, password: SecretString) -> Result<Done<String>, Problem> {
    let _permit = app
        .hashing
        .acquire()
        .await
        .map_err(|_| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
    let mut salt = [0; 16];
    salt.iter_mut()
        .zip(crate::clock::entropy())
        .for_each(|(to, from)| *to = from);
    let work = tokio::task::spawn_blocking(move || people::hash_password(password.expose(), salt));
    work.await
        .map_err(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Whether this is the password of the account that is signed in.
pub(super) async fn verified(visit: &Visit, password: SecretString) -> Result<bool, Problem> {
    let app = &visit.app;
    let Some(user) = &visit.caller.user else {
        return Ok(false);
    };
    app.limits
        .take(visit.caller.peer, Limited::Login, std::time::Instant::now())
        .map_err(Problem::too_often)?;
    let name = user.login.clone();
    let attempt = visit.read(move |tx, _| people::login_row(tx, &name)).await?;
    let _permit = app
        .hashing
        .acquire()
        .await
        .map_err(|_| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
    let right = tokio::task::spawn_blocking(move || attempt.password_is(&password)).await;
    right.map_err(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
}
