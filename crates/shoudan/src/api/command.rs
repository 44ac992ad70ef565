//! A POST on its way in: its body, and the idempotency key under which it is carried out once.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use operations::once::{self, Begun};
use operations::refused::{Done, Refused};
use operations::{Ctx, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::asked::wrong;
use super::json::{self, NotTaken};
use crate::app::App;
use crate::doors::Caller;
use crate::problem::Problem;

/// The header that names a call.
const KEY: &str = "idempotency-key";
/// The header that marks the answer of an earlier call.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long a key is kept whose call may itself move the clock by years.
const KEPT_DAYS_LONG: i64 = 40_000;

/// A POST with a JSON body.
pub struct Command<T> {
    /// The body.
    pub body: T,
    /// What makes it this call and no other.
    pub call: Call,
}

/// A POST with a body of another kind, as bytes.
pub struct Upload {
    /// The body.
    pub bytes: Bytes,
    /// What makes it this call and no other.
    pub call: Call,
}

/// The name a caller gave a call, and what the call says.
#[derive(Clone)]
pub struct Call {
    key: Option<String>,
    fingerprint: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Command<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Upload { bytes, call } = Upload::from_request(request, app).await?;
        // A call without a body says nothing: `{}`.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let value = json::value(text).map_err(|refused| match refused {
            NotTaken::Unreadable(why) => Problem::unreadable(&why),
            NotTaken::Twice(key) => Problem::key_twice(&key),
        })?;
        if has_nul(&value) {
            return Err(wrong(
                "body",
                "character",
                "文字中不能有空字符（U+0000）。",
                "a text cannot hold the character U+0000",
            )
            .into());
        }
        match serde_json::from_value(value) {
            Ok(body) => Ok(Self { body, call }),
            Err(e) => Err(wrong(
                "body",
                "shape",
                &format!("请求正文与约定不符：{e}"),
                &format!("the body is not as described: {e}"),
            )
            .into()),
        }
    }
}

impl FromRequest<App> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let key = key(request.headers())?;
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|e| Problem::of_status(e.status()))?;
        let fingerprint = once::fingerprint(method.as_str(), &path, &bytes);
        Ok(Self {
            bytes,
            call: Call { key, fingerprint },
        })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if !text.is_empty() && text.len() <= once::LONGEST_KEY => Ok(Some(text.to_owned())),
        _ => Err(wrong(
            "Idempotency-Key",
            "length",
            "幂等键为 1 至 255 个 ASCII 字符。",
            "an idempotency key has 1 to 255 ASCII characters",
        )
        .into()),
    }
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(all) => all.iter().any(has_nul),
        serde_json::Value::Object(map) => map.iter().any(|(key, inner)| key.contains('\0') || has_nul(inner)),
        _ => false,
    }
}

/// An answer as it is kept and given again.
struct Answer {
    status: u16,
    body: String,
    replayed: bool,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if self.replayed {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// How a call under a key ended.
enum Ended {
    Answer(Answer),
    Mismatch,
    InProgress,
}

/// Carries a change out once: key, effects and answer are kept in one transaction, so a refusal keeps nothing.
pub async fn carry_out<V, F>(
    app: &App,
    caller: &Caller,
    call: Call,
    status: StatusCode,
    why: &str,
    change: F,
) -> Result<Response, Problem>
where
    V: Serialize,
    F: Fn(&mut Tx<'_>, &mut Ctx) -> Done<V> + Send + 'static,
{
    let scope = scope(caller);
    let ended = app
        .write(caller.ctx(app, why), move |tx, ctx| {
            if let Some(ended) = begin(tx, ctx, &scope, &call, once::KEPT_DAYS_MONEY)? {
                return Ok(ended);
            }
            let view = change(tx, ctx)?;
            let body = written(&view)?;
            if let Some(key) = &call.key {
                once::finish(tx, &scope, key, &call.fingerprint, status.as_u16(), &body)?;
            }
            Ok(Ended::Answer(Answer {
                status: status.as_u16(),
                body,
                replayed: false,
            }))
        })
        .await?;
    answer(ended)
}

/// [`carry_out`] for a call of several transactions: the key is claimed first and given back when the call fails.
pub async fn carry_out_long<V, F>(app: &App, caller: &Caller, call: Call, work: F) -> Result<Response, Problem>
where
    V: Serialize,
    F: Future<Output = Result<V, Problem>>,
{
    let scope = scope(caller);
    let begun = {
        let (scope, call) = (scope.clone(), call.clone());
        app.db.write({
            let ctx = caller.ctx(app, "");
            move |tx| begin(tx, &ctx, &scope, &call, KEPT_DAYS_LONG)
        })
    };
    if let Some(ended) = begun.await? {
        return answer(ended);
    }
    let worked = work.await;
    let Some(key) = call.key else {
        let body = written(&worked?)?;
        return Ok(Answer {
            status: 200,
            body,
            replayed: false,
        }
        .into_response());
    };
    match worked {
        Ok(view) => {
            let body = written(&view)?;
            let kept = body.clone();
            app.db
                .write(move |tx| once::finish(tx, &scope, &key, &call.fingerprint, 200, &kept))
                .await?;
            Ok(Answer {
                status: 200,
                body,
                replayed: false,
            }
            .into_response())
        }
        Err(problem) => {
            app.db
                .write(move |tx| once::release(tx, &scope, &key, &call.fingerprint))
                .await?;
            Err(problem)
        }
    }
}

/// What is known of a call; none: nothing yet, carry it out.
fn begin(tx: &mut Tx<'_>, ctx: &Ctx, scope: &str, call: &Call, days: i64) -> Done<Option<Ended>> {
    let Some(key) = &call.key else { return Ok(None) };
    Ok(
        match once::begin_kept(tx, scope, key, &call.fingerprint, ctx.now, days)? {
            Begun::Fresh => None,
            Begun::Replay { status, body } => Some(Ended::Answer(Answer {
                status,
                body,
                replayed: true,
            })),
            Begun::Mismatch => Some(Ended::Mismatch),
            Begun::InProgress => Some(Ended::InProgress),
        },
    )
}

fn answer(ended: Ended) -> Result<Response, Problem> {
    match ended {
        Ended::Answer(answer) => Ok(answer.into_response()),
        Ended::Mismatch => Err(Problem::key_reused()),
        Ended::InProgress => Err(Problem::key_in_use()),
    }
}

/// Whose keys may not meet another's.
fn scope(caller: &Caller) -> String {
    format!("api:{}", caller.actor.id)
}

fn written<V: Serialize>(view: &V) -> Done<String> {
    serde_json::to_string(view).map_err(|e| Refused::Inconsistent(format!("an answer cannot be written as JSON: {e}")))
}
