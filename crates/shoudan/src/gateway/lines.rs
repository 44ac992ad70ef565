//! Who speaks, remembered: the lines of terminals that sold lately, with their keys opened. What is remembered may be out
//! of date; the commit that keeps a sale compares its version, and whatever does not fit is read anew.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iso8583::{Kind, Message};
use operations::payments::{Decline, Ruling, rule};
use operations::refused::Done;
use operations::session::Line;
use operations::{Ctx, keys};

use super::Gateway;
use super::card::aside;

/// Parts with a lock each.
const PARTS: usize = 16;
/// Lines per part; beyond, the part starts anew.
const MOST: usize = 16_384;

type Part = HashMap<String, Arc<Line>>;

#[derive(Default)]
pub(super) struct Lines([Mutex<Part>; PARTS]);

impl Lines {
    fn part(&self, number: &str) -> Option<MutexGuard<'_, Part>> {
        let mut hasher = DefaultHasher::new();
        number.hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % PARTS as u64).unwrap_or(0);
        self.0
            .get(at)
            .map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, number: &str) -> Option<Arc<Line>> {
        self.part(number)?.get(number).cloned()
    }

    fn put(&self, line: &Arc<Line>) {
        if let Some(mut part) = self.part(&line.number) {
            if part.len() >= MOST {
                part.clear();
            }
            part.insert(line.number.clone(), Arc::clone(line));
        }
    }

    /// Forgets a line that did not fit.
    pub(super) fn forget(&self, number: &str) {
        if let Some(mut part) = self.part(number) {
            part.remove(number);
        }
    }
}

/// Who speaks, the MAC verified where the message has one and the terminal a key. Sales take what is remembered;
/// messages that change a session, or look at earlier payments, read it anew.
pub(super) async fn speaker(
    gateway: &Gateway,
    ctx: &Ctx,
    message: &Message,
    kind: Kind,
    (number, merchant_number): (&str, &str),
) -> Done<Ruling<Arc<Line>>> {
    let remembered = rule(kind)
        .filter(|rule| rule.stands_alone())
        .and_then(|_| gateway.lines.get(number))
        // One that was read before the terminal signed in has no keys, and would refuse what it sells now.
        .filter(|line| line.merchant_number == merchant_number && line.mak.is_some());
    if let Some(line) = remembered {
        if line.is_worn() {
            let (merchant, terminal) = (line.merchant.clone(), line.terminal.clone());
            let worn = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| keys::wear_out(tx, ctx, &merchant, &terminal);
            gateway.app.write(ctx.clone(), worn).await?;
        } else if verified(message, kind, &line)? {
            return Ok(Ok(line));
        }
        gateway.lines.forget(number);
    }
    let names = (number.to_owned(), merchant_number.to_owned());
    let question = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| operations::session::line(tx, ctx, &names.0, &names.1);
    let line = match gateway.app.read(ctx.clone(), question).await? {
        Ok(line) => Arc::new(line),
        Err(decline) => return Ok(Err(decline)),
    };
    if !verified(message, kind, &line)? {
        tracing::warn!(terminal = line.number, kind = kind.row().en, "a MAC does not match");
        return Ok(Err(Decline::code(ctx, "A0")));
    }
    gateway.lines.put(&line);
    Ok(Ok(line))
}

/// A key that cannot be asked vouches for nothing: an error, never a yes.
fn verified(message: &Message, kind: Kind, line: &Line) -> Done<bool> {
    match &line.mak {
        Some(mak) if kind.row().mac => Ok(aside(mak.blocks(), || mak.verify(message))?),
        _ => Ok(true),
    }
}
