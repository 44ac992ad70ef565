//! What happened, read back as sentences: time-lines of terminals, merchants, requests and everything else.

mod render;
mod sentences;

use std::collections::HashMap;

use domain::names::Lang;
use serde_json::Value;
use store::{Tx, audit, chain, events};

pub use render::PLACES;
pub use sentences::{SENTENCES, Sentence, sentence};

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::views::{EventView, Page, Paging, SubjectRef};
use render::{Told, render};

/// Which events a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this merchant. A merchant's own users get their own without naming it.
    pub merchant: String,
    /// Only what shows on this terminal's time-line (its id).
    pub terminal: String,
    /// Only of this kind of subject.
    pub subject_kind: String,
    /// Only of this subject.
    pub subject: String,
    /// Only of these kinds, at most eight; none: all.
    pub kinds: Vec<String>,
    /// Not of these kinds, at most eight.
    pub without: Vec<String>,
    /// Only later than this moment (milliseconds UTC).
    pub after: Option<i64>,
}

/// Data that only the institution's own people read.
const STAFF_ONLY: &[&str] = &[
    "why",
    "staff_note",
    "details",
    "rule",
    "placed_why",
    "lifted_why",
    "actor",
];

/// Events, newest first. Staff see all, a merchant's users and its agent those of the merchant.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, filter: &Filter, paging: &Paging) -> Done<Page<EventView>> {
    let mut filter = filter.clone();
    if filter.merchant.is_empty() && !ctx.may("read_all") && ctx.actor.merchant != "-" {
        filter.merchant.clone_from(&ctx.actor.merchant);
    }
    if filter.merchant.is_empty() || filter.merchant == "-" {
        ctx.need("read_all")?;
    } else {
        let agent = chain::of_merchant(tx, &filter.merchant)?.map_or_else(String::new, |c| c.agent_id);
        ctx.need_merchant(&filter.merchant, &agent, "read_own", "read_all")?;
    }
    let wanted = events::Filter {
        merchant_id: filter.merchant,
        terminal_id: filter.terminal,
        subject_kind: filter.subject_kind,
        subject_id: filter.subject,
        kinds: filter.kinds,
        without: filter.without,
        after: filter.after,
    };
    let limit = paging.limit.clamp(1, 200);
    let rows = events::list(tx, &wanted, paging.cursor.as_deref().unwrap_or_default(), limit + 1)?;
    page(tx, ctx, rows, limit)
}

/// The time-line of one subject: of a terminal, everything that shows on it; of a merchant, everything of it but
/// single sales; of anything else, its own events. Newest first.
pub fn timeline(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    merchant: &str,
    kind: &str,
    id: &str,
    paging: &Paging,
) -> Done<Page<EventView>> {
    let mut filter = Filter {
        merchant: merchant.to_owned(),
        ..Filter::default()
    };
    match kind {
        "terminal" => id.clone_into(&mut filter.terminal),
        "merchant" => {
            filter.without = SENTENCES
                .iter()
                .filter(|s| s.routine)
                .map(|s| s.kind.to_owned())
                .collect();
        }
        _ => {
            kind.clone_into(&mut filter.subject_kind);
            id.clone_into(&mut filter.subject);
        }
    }
    list(tx, ctx, &filter, paging)
}

/// The sentence of an event in a language: for pages, slips, messages and the two-language export.
pub fn tell(tx: &mut Tx<'_>, ctx: &Ctx, event: &events::EventRow, lang: Lang) -> Done<String> {
    let data = serde_json::from_str(&event.data).unwrap_or(Value::Null);
    let label = label(tx, ctx, lang, event, &data)?;
    Ok(told(ctx, event, &label, &data, lang))
}

fn told(ctx: &Ctx, event: &events::EventRow, label: &str, data: &Value, lang: Lang) -> String {
    let told = Told {
        subject_kind: &event.subject_kind,
        label,
        data,
    };
    sentence(&event.kind).map_or_else(|| event.kind.clone(), |sentence| render(ctx, sentence, lang, &told))
}

fn page(tx: &mut Tx<'_>, ctx: &Ctx, mut rows: Vec<events::EventRow>, limit: i64) -> Done<Page<EventView>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.id.clone());
    let staff = ctx.may("read_all");
    let mut labels: HashMap<(String, String), String> = HashMap::new();
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        let mut facts: Value = serde_json::from_str(&row.data).unwrap_or(Value::Null);
        if !staff && let Value::Object(map) = &mut facts {
            map.retain(|key, _| !STAFF_ONLY.contains(&key.as_str()));
        }
        let key = (row.subject_kind.clone(), row.subject_id.clone());
        let label = match labels.get(&key) {
            Some(label) => label.clone(),
            None => label(tx, ctx, ctx.lang, &row, &facts)?,
        };
        let actor = if staff && row.audit_id != "-" {
            audit::actor(tx, &row.audit_id)?
        } else {
            None
        };
        data.push(EventView {
            text: told(ctx, &row, &label, &facts, ctx.lang),
            subject: SubjectRef {
                kind: row.subject_kind,
                id: row.subject_id,
                label: label.clone(),
            },
            id: row.id,
            kind: row.kind,
            merchant_id: row.merchant_id,
            sequence: row.sequence,
            at: row.at,
            actor: actor.map_or_else(String::new, |(actor, _)| actor),
            data: facts,
        });
        labels.insert(key, label);
    }
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

/// What the event itself calls its subject, or else what its row is called now, or else its id.
fn label(tx: &mut Tx<'_>, ctx: &Ctx, lang: Lang, event: &events::EventRow, data: &Value) -> Done<String> {
    if let Some(label) = data.get("label").and_then(Value::as_str) {
        return Ok(label.to_owned());
    }
    let found = events::label(tx, &event.merchant_id, &event.subject_kind, &event.subject_id)?;
    // A request has no name of its own: it is called by its kind.
    let plan = found
        .as_ref()
        .filter(|_| event.subject_kind == "request")
        .and_then(|kind| ctx.catalog().plans.get(kind));
    Ok(plan
        .map(|plan| plan.name.get(lang).to_owned())
        .or(found)
        .unwrap_or_else(|| event.subject_id.clone()))
}
