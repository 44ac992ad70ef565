//! The one way a change leaves its trace: an audit entry and an event, in the transaction of the change.

use domain::ids::{AuditId, EventId};
use serde_json::Value;
use store::{Tx, audit, events};

use crate::ctx::Ctx;
use crate::events::sentence;
use crate::private;
use crate::refused::{Done, Refused};
use crate::sealing::sha256;

/// One change, as the audit log keeps it.
pub struct Change<'a> {
    /// The command that made it, e.g. `stops.place`.
    pub command: &'a str,
    /// The merchant whose rows changed, or `-`.
    pub merchant: &'a str,
    /// What changed: a subject kind's code, or `request`, `review`, `user`, `batch` …
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The row before, in words or JSON; empty for a new one. Only its digest is kept.
    pub before: String,
    /// The row after; empty for one that is gone. Only its digest is kept.
    pub after: String,
    /// What a reader needs to know besides. Sensitive fields are withheld even if handed over.
    pub details: Value,
}

/// One thing that happened, as time-lines, webhooks and step completion hear of it.
pub struct Happened<'a> {
    /// A kind that has a sentence in [`crate::events::SENTENCES`], e.g. `stop.started`.
    pub kind: &'a str,
    /// The merchant it belongs to, or `-`.
    pub merchant: &'a str,
    /// A subject kind's code, or `request`, `review`, `user` …
    pub subject_kind: &'a str,
    /// The subject's id; its events are numbered from 1.
    pub subject: &'a str,
    /// The id of the terminal on whose time-line it shows, or `-`.
    pub terminal: &'a str,
    /// Codes, amounts and times; never sentences, never sensitive values.
    pub data: Value,
    /// The audit entry of the same change, or `-`.
    pub audit: &'a str,
}

/// Writes the audit entry of a change; its id.
pub fn audit(tx: &mut Tx<'_>, ctx: &mut Ctx, change: Change<'_>) -> Done<String> {
    let id: AuditId = ctx.ids.id(ctx.now);
    let row = audit::AuditRow {
        id: id.to_string(),
        at: ctx.now.millis(),
        actor: ctx.actor.id.clone(),
        role: ctx.actor.role.clone(),
        command: change.command.to_owned(),
        merchant_id: change.merchant.to_owned(),
        subject_kind: change.kind.to_owned(),
        subject_id: change.id.to_owned(),
        reason: ctx.why.clone(),
        before_digest: digest(&change.before),
        after_digest: digest(&change.after),
        details: withheld(change.details).to_string(),
        seq: None,
    };
    audit::insert(tx, &row)?;
    Ok(row.id)
}

/// Writes an event and its line in the outbox; its id. Refuses a kind nobody could read out.
pub fn event(tx: &mut Tx<'_>, ctx: &mut Ctx, happened: Happened<'_>) -> Done<String> {
    if sentence(happened.kind).is_none() {
        return Err(Refused::Inconsistent(format!(
            "the event kind «{}» has no sentence; add a row to the table of operations/src/events",
            happened.kind
        )));
    }
    let id: EventId = ctx.ids.id(ctx.now);
    let mut row = events::EventRow {
        merchant_id: happened.merchant.to_owned(),
        id: id.to_string(),
        kind: happened.kind.to_owned(),
        subject_kind: happened.subject_kind.to_owned(),
        subject_id: happened.subject.to_owned(),
        sequence: 0,
        terminal_id: happened.terminal.to_owned(),
        at: ctx.now.millis(),
        data: withheld(happened.data).to_string(),
        audit_id: happened.audit.to_owned(),
    };
    events::append(tx, &mut row)?;
    Ok(row.id)
}

/// The digest of a state, or `-` where there was none.
fn digest(state: &str) -> String {
    if state.is_empty() {
        "-".to_owned()
    } else {
        sha256(state.as_bytes())
    }
}

/// The value with every sensitive field starred out, however deep: the log outlives the right to know.
fn withheld(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(key, inner)| {
                let inner = if private::is_sensitive(&key) {
                    Value::from("***")
                } else {
                    withheld(inner)
                };
                (key, inner)
            })
            .collect(),
        Value::Array(all) => all.into_iter().map(withheld).collect(),
        other => other,
    }
}
