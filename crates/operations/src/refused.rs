//! Why an operation was not carried out: what happened, to whom, and what to do. Faces translate; nothing is swallowed.

use domain::catalog::Catalog;
use domain::names::Text;
use domain::stages::SubjectKind;
use store::Error as StoreError;

/// A refusal. Every variant rolls the transaction back.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was named does not exist, or the actor may not know that it does.
    #[error("there is no {what} «{key}»")]
    NotFound {
        /// The kind of thing, e.g. `terminal`.
        what: &'static str,
        /// What was asked for.
        key: String,
    },
    /// The actor's role does not carry the permission this door asks for.
    #[error("{actor} may not do this: it takes the permission «{permission}»")]
    NotPermitted {
        /// Who asked.
        actor: String,
        /// The permission of `domain::access::PERMISSIONS`.
        permission: &'static str,
    },
    /// One or more inputs are wrong; each names its field and the remedy.
    #[error("{} field(s) need correction: {}", .0.len(), .0.iter().map(|f| f.field.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<FieldError>),
    /// The thing is in a state in which this cannot be done; says which and what can.
    #[error("{what} «{key}» cannot do this now: {}", .why.en)]
    Conflict {
        /// The kind of thing.
        what: &'static str,
        /// Which.
        key: String,
        /// Why not, and what is open instead.
        why: Text,
    },
    /// Two pairs of eyes are needed and this actor is not a second one; says why not.
    #[error("this needs another person: {}", .0.en)]
    SamePerson(Text),
    /// A capability is blocked; the causes are in the explanation.
    #[error("«{capability}» is stopped for {subject}; {} cause(s)", causes.len())]
    Blocked {
        /// The capability asked for.
        capability: String,
        /// For whom.
        subject: String,
        /// Reason codes, root first.
        causes: Vec<String>,
    },
    /// Login failed, or the session or key is not valid. Never says which part.
    #[error("the login, password or code is not right, or the session has ended")]
    NotAuthenticated,
    /// Too many tries; says when to come back.
    #[error("too many tries; again after {until}")]
    TooMany {
        /// RFC 3339 time.
        until: String,
    },
    /// An expected date has no working-day table.
    #[error("the working-day calendar: {0}")]
    Calendar(String),
    /// A secret could not be opened or made; an operator must look at the key settings.
    #[error("the platform's keys: {0}")]
    Keys(String),
    /// Rows contradict each other; `shoudan check` names them. Nothing was changed.
    #[error("the stored data contradict each other: {0}")]
    Inconsistent(String),
    /// The database refused or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One wrong input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name as the caller wrote it.
    pub field: String,
    /// A stable code, e.g. `required`, `length`, `check_digit`.
    pub code: String,
    /// What is wrong and what would be right, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl FieldError {
    /// A field error with both texts.
    pub fn new(field: impl Into<String>, code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: code.to_owned(),
            zh: zh.into(),
            en: en.into(),
        }
    }
}

impl Refused {
    /// «There is no …».
    pub fn not_found(what: &'static str, key: impl Into<String>) -> Self {
        Self::NotFound { what, key: key.into() }
    }

    /// «… cannot do this now».
    pub fn conflict(what: &'static str, key: impl Into<String>, why: Text) -> Self {
        Self::Conflict {
            what,
            key: key.into(),
            why,
        }
    }

    /// One wrong field.
    pub fn field(field: &str, code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, zh, en)])
    }
}

/// What the states of requests, steps and reviews are called where they stand in the way.
const STATES: &[(&str, &str, &str)] = &[
    ("todo", "待办", "open"),
    ("waiting", "等待中", "waiting"),
    ("submitted", "已提交，待审核", "submitted and being judged"),
    ("returned", "已退回补正", "sent back for correction"),
    ("done", "已完成", "done"),
    ("withdrawn", "已撤回", "withdrawn"),
    ("refused", "未通过", "refused"),
    ("approved", "已通过", "approved"),
    ("cancelled", "已取消", "cancelled"),
];

/// What a state of a request, step or review is called; an unknown one by its code.
pub(crate) fn state_words(code: &str) -> Text {
    STATES
        .iter()
        .find(|row| row.0 == code)
        .map_or_else(|| Text::new(code, code), |row| Text::new(row.1, row.2))
}

/// What a stage of a subject is called; an unknown one by its code.
pub(crate) fn stage_words(catalog: &Catalog, kind: SubjectKind, stage: &str) -> Text {
    let row = catalog.stages.get(&(kind, stage.to_owned()));
    row.map_or_else(
        || Text::new(stage, stage),
        |row| Text::new(row.name.zh.as_str(), row.name.en.as_str()),
    )
}

/// The result of every operation.
pub type Done<T> = Result<T, Refused>;
