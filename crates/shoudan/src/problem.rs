//! A refusal as the caller reads it: `application/problem+json` for programs, a page for people. One table gives every
//! refusal its status, code, words, and whether trying again helps.

mod things;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::names::Lang;
use operations::refused::{FieldError, Refused};
use serde::Serialize;
use store::Error as StoreError;
use utoipa::ToSchema;

use self::things::thing;
use crate::portal::words::Word;

/// Where each code is described.
const DOCS: &str = "https://docs.shoudan.example/errors/";

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    status: u16,
    code: &'static str,
    title: Word,
    /// Whose turn it is: `merchant`, `us`, `caller` …
    source: &'static str,
    /// `never`, `now`, `after`, `after_cause_cleared`, `query_first`.
    decision: &'static str,
}

macro_rules! kinds {
    ($($name:ident: $status:literal $code:literal $source:literal $decision:literal, $zh:literal, $en:literal;)*) => {
        $(const $name: Kind = Kind {
            status: $status, code: $code, source: $source, decision: $decision, title: Word { zh: $zh, en: $en },
        };)*
        /// Every kind of refusal a program can meet.
        pub const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    UNREADABLE: 400 "body_unreadable" "caller" "never", "请求无法读取", "The request cannot be read";
    NOT_AUTHENTICATED: 401 "not_authenticated" "caller" "never", "需要登录或有效的密钥", "A login or a valid key is needed";
    NOT_PERMITTED: 403 "not_permitted" "caller" "never", "没有权限", "Not permitted";
    SAME_PERSON: 403 "another_person_needed" "caller" "never", "需要另一个人办理", "Another person is needed";
    CROSS_SITE: 403 "cross_site_request" "caller" "never", "来自其他网站的提交被拒绝", "A form sent from another site is refused";
    BLOCKED: 403 "action_blocked" "merchant" "after_cause_cleared", "该功能已停用", "This is stopped";
    MISSING: 404 "resource_missing" "caller" "never", "没有找到", "Not found";
    METHOD: 405 "method_not_allowed" "caller" "never", "此地址不支持该方法", "This address does not take that method";
    TIME_OUT: 408 "body_timeout" "caller" "now", "请求内容未在时限内传完，未作任何改动", "The body did not come in time; nothing was changed";
    CONFLICT: 409 "state_conflict" "caller" "query_first", "当前状态下不能这样办理", "This cannot be done in the present state";
    KEY_IN_USE: 409 "idempotency_key_in_use" "caller" "after", "同一幂等键的请求仍在处理", "A request under this key is still running";
    TOO_LARGE: 413 "body_too_large" "caller" "never", "内容过大", "The body is too large";
    MEDIA: 415 "media_type_unsupported" "caller" "never", "不支持的内容类型", "This media type is not taken";
    MISDIRECTED: 421 "host_not_served" "caller" "never", "本服务不使用该主机名", "This server does not go by that name";
    INVALID: 422 "parameter_invalid" "caller" "never", "有内容需要更正", "Something needs correction";
    KEY_REUSED: 422 "idempotency_key_reused" "caller" "never", "幂等键已用于另一请求", "The idempotency key was used for another request";
    TOO_MANY: 429 "rate_limited" "caller" "after", "次数过多", "Too many tries";
    INTERNAL: 500 "internal" "us" "query_first", "平台内部错误", "A fault in the platform";
    BUSY: 503 "busy" "us" "now", "系统正忙，未作任何改动", "The system is busy; nothing was changed";
    UNAVAILABLE: 503 "unavailable" "us" "after", "数据库暂不可用，未作任何改动", "The database is unavailable; nothing was changed";
    OUTCOME_UNKNOWN: 503 "outcome_unknown" "us" "query_first", "是否已写入尚不明确", "Whether it was carried out is not known";
}

/// A refusal on its way out. Rendered by the outermost layer, which knows language and face.
#[derive(Clone, Debug)]
pub struct Problem(Box<What>);

/// What a problem says. Boxed, so that a result that may be one stays small.
#[derive(Clone, Debug)]
struct What {
    kind: Kind,
    /// What happened here: Chinese, English; empty: the title says it all.
    zh: String,
    en: String,
    fields: Vec<FieldError>,
    causes: Vec<String>,
    /// Seconds, or RFC 3339, until trying again helps.
    after: Option<String>,
}

/// The body of a refusal (RFC 9457, with members of our own).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Address of the description of `code`.
    pub r#type: String,
    /// What happened, in general.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable; branch on this.
    pub code: String,
    /// What happened here, and what to do.
    pub detail: String,
    /// The parameter that is wrong, the first of several.
    pub param: Option<String>,
    /// Whose turn it is: `merchant`, `agent`, `us`, `network`, `issuer`, `device`, `caller`.
    pub source: String,
    /// Whether and when to try again.
    pub retry: Retry,
    /// Every field that is wrong.
    pub fields: Vec<FieldError>,
    /// What stands in the way, root first.
    pub causes: Vec<CauseRef>,
    /// Under which it is in the log.
    pub request_id: String,
    /// Address of the description.
    pub doc_url: String,
}

/// Whether and when to try again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Retry {
    /// `never`, `now`, `after`, `after_cause_cleared`, `query_first`.
    pub decision: String,
    /// With `after`: seconds, or an RFC 3339 time.
    pub after: Option<String>,
}

/// A cause that stands in the way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CauseRef {
    /// Reason code; match by prefix.
    pub code: String,
}

impl Problem {
    fn new(kind: Kind, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Box::new(What {
            kind,
            zh: zh.into(),
            en: en.into(),
            fields: Vec::new(),
            causes: Vec::new(),
            after: None,
        }))
    }

    fn after(mut self, after: impl Into<String>) -> Self {
        self.0.after = Some(after.into());
        self
    }

    fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> u16 {
        self.0.kind.status
    }

    /// Its stable code.
    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    /// The body is not JSON.
    pub fn unreadable(why: &str) -> Self {
        Self::new(
            UNREADABLE,
            format!("请求正文不是有效的 JSON：{why}"),
            format!("the body is not JSON: {why}"),
        )
    }

    /// An object in the body names this key twice.
    pub fn key_twice(key: &str) -> Self {
        let zh = format!("请求正文中「{key}」出现了两次，请只写一次。");
        let en = format!("the body names «{key}» twice; name it once");
        let field = FieldError::new(key, "duplicate", zh.clone(), en.clone());
        Self::new(UNREADABLE, zh, en).with_fields(vec![field])
    }

    /// A session or key is needed.
    pub fn not_authenticated() -> Self {
        Refused::NotAuthenticated.into()
    }

    /// The role lacks what the door asks: any of these permissions.
    pub fn not_permitted(any: &[&str]) -> Self {
        let list = any.join(", ");
        Self::new(
            NOT_PERMITTED,
            format!("需要以下权限之一：{list}"),
            format!("it takes one of these permissions: {list}"),
        )
    }

    /// A form came from another site.
    pub fn cross_site() -> Self {
        Self::new(CROSS_SITE, "", "")
    }

    /// The request names a host that this server is not.
    pub fn misdirected(origin: &str) -> Self {
        Self::new(
            MISDIRECTED,
            format!("请求中的主机名（Host）不是本服务的。请使用 {origin} 访问。"),
            format!("the host that the request names (Host) is not this server's; use {origin}"),
        )
    }

    /// The first request under this key has not ended.
    pub fn key_in_use() -> Self {
        Self::new(KEY_IN_USE, "", "").after("1")
    }

    /// The key was used for another request.
    pub fn key_reused() -> Self {
        let problem = Self::new(
            KEY_REUSED,
            "该幂等键已用于方法、地址或正文不同的请求，请换一个键。",
            "the key was used with another method, path or body; use a new one",
        );
        let field = FieldError::new("Idempotency-Key", "reused", problem.0.zh.clone(), problem.0.en.clone());
        problem.with_fields(vec![field])
    }

    /// Asked too often; the wait in seconds.
    pub fn too_often(wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        Self::new(
            TOO_MANY,
            format!("请在 {seconds} 秒后再试。"),
            format!("again in {seconds} s"),
        )
        .after(seconds.to_string())
    }

    /// What a status means that some layer below answered with.
    pub fn of_status(status: StatusCode) -> Self {
        let code = status.as_u16();
        let kind = KINDS
            .iter()
            .find(|kind| kind.status == code)
            .copied()
            .unwrap_or(match code {
                400..=499 => Kind {
                    status: code,
                    ..UNREADABLE
                },
                _ => INTERNAL,
            });
        Self::new(kind, "", "")
    }

    /// What happened here, in a language.
    pub fn detail(&self, lang: Lang) -> &str {
        let text = if lang == Lang::Zh { &self.0.zh } else { &self.0.en };
        if text.is_empty() {
            self.0.kind.title.get(lang)
        } else {
            text
        }
    }

    /// The fields that are wrong.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// Reason codes that stand in the way.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// The body for programs.
    pub fn body(&self, lang: Lang, request_id: &str) -> ProblemBody {
        let doc = format!("{DOCS}{}", self.0.kind.code);
        ProblemBody {
            r#type: doc.clone(),
            title: self.0.kind.title.get(lang).to_owned(),
            status: self.0.kind.status,
            code: self.0.kind.code.to_owned(),
            detail: self.detail(lang).to_owned(),
            param: self.0.fields.first().map(|field| field.field.clone()),
            source: self.0.kind.source.to_owned(),
            retry: Retry {
                decision: self.0.kind.decision.to_owned(),
                after: self.0.after.clone(),
            },
            fields: self.0.fields.clone(),
            causes: self
                .0
                .causes
                .iter()
                .map(|code| CauseRef { code: code.clone() })
                .collect(),
            request_id: request_id.to_owned(),
            doc_url: doc,
        }
    }

    /// The answer for programs.
    pub fn json(&self, lang: Lang, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.body(lang, request_id)).unwrap_or_default();
        let media = HeaderValue::from_static("application/problem+json");
        (
            StatusCode::from_u16(self.0.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            [(header::CONTENT_TYPE, media)],
            body,
        )
            .into_response()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let en = refused.to_string();
        match refused {
            Refused::NotFound { what, key } => Self::new(MISSING, format!("没有找到{}「{key}」。", thing(what)), en),
            Refused::NotPermitted { permission, .. } => {
                Self::new(NOT_PERMITTED, format!("需要权限「{permission}」。"), en)
            }
            Refused::Invalid(fields) => {
                let join = |say: fn(&FieldError) -> &str| fields.iter().map(say).collect::<Vec<_>>();
                let (zh, en) = (join(|f| &f.zh).join(" "), join(|f| &f.en).join(" "));
                Self::new(INVALID, zh, en).with_fields(fields)
            }
            Refused::Conflict { what, key, why } => {
                let zh = format!("{}「{key}」现在不能这样办理：{}。", thing(what), why.zh);
                Self::new(CONFLICT, zh, en)
            }
            Refused::SamePerson(why) => Self::new(SAME_PERSON, format!("此事须由另一个人办理：{}。", why.zh), en),
            Refused::Blocked { capability, causes, .. } => {
                let zh = format!("「{capability}」已停用，原因 {} 项。", causes.len());
                let mut problem = Self::new(BLOCKED, zh, en);
                problem.0.causes = causes;
                problem
            }
            Refused::NotAuthenticated => Self::new(
                NOT_AUTHENTICATED,
                "登录名、密码、动态口令或密钥不正确，或登录已结束。",
                en,
            ),
            Refused::TooMany { until } => {
                Self::new(TOO_MANY, format!("次数过多，请在 {until} 之后再试。"), en).after(until)
            }
            Refused::Store(error) => Self::of_store(&error),
            Refused::Calendar(_) | Refused::Keys(_) | Refused::Inconsistent(_) => {
                tracing::error!("{en}");
                Self::new(
                    INTERNAL,
                    "平台数据或设置有误，已记录。",
                    "the platform's data or settings are at fault; it was logged",
                )
            }
        }
    }
}

impl Problem {
    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new(BUSY, "", "").after("1"),
            StoreError::Unavailable(_) => {
                tracing::error!("{error}");
                Self::new(UNAVAILABLE, "", "").after("5")
            }
            StoreError::Unknown(_) => {
                tracing::error!("{error}");
                Self::new(
                    OUTCOME_UNKNOWN,
                    "请先查询结果，再决定是否以同一幂等键重试。",
                    "look for the result first; then try again under the same idempotency key",
                )
            }
            StoreError::NotOne { .. } | StoreError::Constraint { .. } => {
                tracing::warn!("{error}");
                Self::new(
                    CONFLICT,
                    "同一数据刚被他人改动，请刷新后再试。",
                    "somebody changed the same data at the same moment; load it again",
                )
            }
            other => {
                tracing::error!("{other}");
                Self::new(INTERNAL, "", "")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

/// A problem riding on a response until the outermost layer words it.
#[derive(Clone)]
pub(crate) struct Carried(pub(crate) Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.0.kind.status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        if self.0.kind.status == 401 {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self
            .0
            .after
            .as_ref()
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
            && let Ok(value) = HeaderValue::from_str(seconds)
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(Carried(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_both_languages_are_spoken() {
        let mut codes: Vec<_> = KINDS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), KINDS.len());
        assert!(
            KINDS
                .iter()
                .all(|kind| !kind.title.zh.is_empty() && !kind.title.en.is_empty())
        );
    }

    #[test]
    fn a_blocked_capability_names_its_causes_and_a_wrong_field_its_name() {
        let blocked = Problem::from(Refused::Blocked {
            capability: "sale".into(),
            subject: "10000001".into(),
            causes: vec!["merchant.recheck_due".into()],
        });
        let body = blocked.body(Lang::En, "call_1");
        assert_eq!(
            (body.status, body.causes.len(), body.retry.decision.as_str()),
            (403, 1, "after_cause_cleared")
        );
        let wrong = Problem::from(Refused::field("advance", "format", "不对", "wrong")).body(Lang::Zh, "call_2");
        assert_eq!(
            (wrong.param.as_deref(), wrong.detail.as_str()),
            (Some("advance"), "不对")
        );
    }

    #[test]
    fn what_went_wrong_inside_is_not_told() {
        let inside = Problem::from(Refused::Inconsistent("row 17 of secrets".into())).body(Lang::En, "call_3");
        assert!(!inside.detail.contains("17"));
    }
}
