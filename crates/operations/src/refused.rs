//! Why an operation was not carried out: what happened, to whom, and what to do. Faces translate; nothing is swallowed.

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
    #[error("{what} «{key}» cannot do this now: {why}")]
    Conflict {
        /// The kind of thing.
        what: &'static str,
        /// Which.
        key: String,
        /// Why not, and what is open instead.
        why: String,
    },
    /// Two pairs of eyes are needed and this actor is not a second one.
    #[error("this needs another person: {0}")]
    SamePerson(&'static str),
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
    pub fn conflict(what: &'static str, key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Conflict {
            what,
            key: key.into(),
            why: why.into(),
        }
    }

    /// One wrong field.
    pub fn field(field: &str, code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, zh, en)])
    }
}

/// The result of every operation.
pub type Done<T> = Result<T, Refused>;
