//! Events, search hits, audit entries, and pages of lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SubjectRef;

/// One event in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// Id; sorts by time.
    pub id: String,
    /// Event kind, e.g. `stop.started`.
    pub kind: String,
    /// Merchant id or `-`.
    pub merchant_id: String,
    /// What it is about.
    pub subject: SubjectRef,
    /// Number in the subject's own sequence.
    pub sequence: i64,
    /// When.
    pub at: i64,
    /// One sentence in the asked language.
    pub text: String,
    /// Actor, for those who may know.
    pub actor: String,
    /// The event's data.
    pub data: serde_json::Value,
}

/// One hit of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// `merchant`, `terminal`, `device`, `code`, `person`, `request`.
    pub kind: String,
    /// Id.
    pub id: String,
    /// First line.
    pub title: String,
    /// Second line.
    pub detail: String,
    /// Where the console shows it.
    pub href: String,
}

/// An audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Id.
    pub id: String,
    /// Number in the chain; none until sealed.
    pub seq: Option<i64>,
    /// When.
    pub at: i64,
    /// Actor id.
    pub actor: String,
    /// Role.
    pub role: String,
    /// Merchant id, or `-`.
    #[serde(default)]
    pub merchant_id: String,
    /// Command.
    pub command: String,
    /// Subject.
    pub subject: SubjectRef,
    /// Reason.
    pub reason: String,
    /// Digests before and after.
    pub before_digest: String,
    /// After.
    pub after_digest: String,
    /// Hash of the sealed row.
    pub hash: String,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Rows.
    pub data: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
    /// Hand this back as `cursor` for the next page.
    pub next_cursor: Option<String>,
}

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Paging {
    /// At most 200.
    pub limit: i64,
    /// Opaque; from the page before.
    pub cursor: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            limit: 50,
            cursor: None,
        }
    }
}
