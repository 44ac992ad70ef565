//! What people call the subjects and actors that rows name by id.

use std::collections::BTreeMap;

use domain::names::Lang;
use operations::refused::Done;
use operations::views::{EventView, StopView, SubjectRef};
use operations::{Ctx, merchants};
use store::Tx;

/// Names of actors, looked up once each.
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

/// What people call a subject, where its row says.
fn subject(tx: &mut Tx<'_>, merchant: &str, it: &SubjectRef) -> Done<Option<String>> {
    let id = it.id.as_str();
    Ok(match it.kind.as_str() {
        "merchant" => merchants::called(tx, id)?,
        "terminal" => store::terminals::get(tx, merchant, id)?.map(|row| row.number),
        "device" => store::devices::get(tx, id)?.map(|row| row.serial),
        "model" => store::devices::model(tx, id)?.map(|row| row.code),
        "shop" => store::parties::shop(tx, merchant, id)?.map(|row| row.name),
        "contract" => store::parties::contract(tx, merchant)?
            .filter(|row| row.id == id)
            .map(|row| row.number),
        "settlement_account" => store::parties::account(tx, merchant, id)?.map(|row| row.bank),
        "agent" => store::parties::agent(tx, id)?.map(|row| row.name),
        "registration" => match store::registrations::get(tx, merchant, id)? {
            Some(row) => store::terminals::get(tx, merchant, &row.terminal_id)?.map(|terminal| terminal.number),
            None => None,
        },
        _ => None,
    })
}
