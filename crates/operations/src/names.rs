//! What people call the subjects and actors that rows name by id.

use std::collections::BTreeMap;

use domain::names::Lang;
use store::Tx;

use crate::ctx::Ctx;
use crate::refused::Done;
use crate::views::{AuditView, EventView, StopView, SubjectRef};

/// Names of actors, looked up once each. Internal: the caller has found that the asker may know them.
#[derive(Default)]
pub struct Actors(BTreeMap<String, String>);

impl Actors {
    /// The name of an actor id: a person's own, or what kind of system it is.
    pub fn name(&mut self, tx: &mut Tx<'_>, ctx: &Ctx, id: &str) -> Done<String> {
        if let Some(known) = self.0.get(id) {
            return Ok(known.clone());
        }
        let zh = ctx.lang == Lang::Zh;
        let name = if let Some(system) = id.strip_prefix("system:") {
            format!("{} {system}", if zh { "系统" } else { "system" })
        } else if let Some(number) = id.strip_prefix("terminal:") {
            format!("{} {number}", if zh { "终端" } else { "terminal" })
        } else if id.starts_with("usr_") {
            store::users::get(tx, id)?.map_or_else(|| id.to_owned(), |user| user.display_name)
        } else {
            id.to_owned()
        };
        self.0.insert(id.to_owned(), name.clone());
        Ok(name)
    }

    /// All that were looked up: id and name.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0.into_iter().collect()
    }
}

/// Gives events their actors' names.
pub fn name_events(tx: &mut Tx<'_>, ctx: &Ctx, events: &mut [EventView]) -> Done<()> {
    let mut actors = Actors::default();
    for event in events.iter_mut().filter(|event| !event.actor.is_empty()) {
        event.actor = actors.name(tx, ctx, &event.actor)?;
    }
    Ok(())
}

/// Gives stops the names of whoever placed them and of what they rest on.
pub fn name_stops(tx: &mut Tx<'_>, ctx: &Ctx, stops: &mut [StopView]) -> Done<()> {
    let mut actors = Actors::default();
    for stop in stops {
        if !stop.placed_by.is_empty() {
            stop.placed_by = actors.name(tx, ctx, &stop.placed_by)?;
        }
        if stop.subject.label.is_empty() {
            stop.subject.label = subject(tx, &stop.merchant_id, &stop.subject)?.unwrap_or_default();
        }
    }
    Ok(())
}

/// Gives entries of the audit log the names of what they are about.
pub fn name_subjects(tx: &mut Tx<'_>, entries: &mut [AuditView]) -> Done<()> {
    for one in entries {
        if let Some(label) = subject(tx, &one.merchant_id, &one.subject)? {
            one.subject.label = label;
        }
    }
    Ok(())
}

/// What people call a subject: a number, serial or name; none for kinds without one.
fn subject(tx: &mut Tx<'_>, merchant: &str, it: &SubjectRef) -> Done<Option<String>> {
    if it.kind == "user" {
        return Ok(store::users::get(tx, &it.id)?.map(|user| user.display_name));
    }
    Ok(store::events::label(tx, merchant, &it.kind, &it.id)?)
}
