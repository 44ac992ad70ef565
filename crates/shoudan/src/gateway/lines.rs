//! Who speaks, remembered: the lines of terminals that sold lately, with their keys opened. What is remembered may be out
//! of date; the commit that keeps a sale compares its version, and whatever does not fit is read anew.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::Time;
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
/// Readings of a line that changes while it is read.
const READINGS: usize = 4;

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
            gateway.app.write_unsettled(ctx.clone(), worn).await?;
        } else {
            match verified(message, kind, &line, ctx.now)? {
                Under::Current if line.former.is_none() => return Ok(Ok(line)),
                Under::Former(theirs) => return Ok(Ok(theirs)),
                Under::Current | Under::Nothing | Under::Unsealed => {}
            }
        }
        gateway.lines.forget(number);
    }
    for _ in 0..READINGS {
        let line = match read(gateway, ctx, number, merchant_number).await? {
            Ok(line) => line,
            Err(decline) => return Ok(Err(decline)),
        };
        match verified(message, kind, &line, ctx.now)? {
            // The terminal has its new keys: those before end, and the line is another from here on.
            Under::Current if line.former.is_some() => proven(gateway, ctx, &line).await?,
            Under::Former(theirs) => {
                tracing::info!(
                    terminal = line.number,
                    kind = kind.row().en,
                    "it speaks under its former keys"
                );
                gateway.app.metrics.gateway("former keys", kind.row().en);
                gateway.lines.put(&line);
                return Ok(Ok(theirs));
            }
            Under::Current | Under::Unsealed => {
                gateway.lines.put(&line);
                return Ok(Ok(line));
            }
            Under::Nothing => {
                tracing::warn!(terminal = line.number, kind = kind.row().en, "a MAC does not match");
                return Ok(Err(Decline::code(ctx, "A0")));
            }
        }
    }
    // It signs in faster than it can be listened to.
    Ok(Err(Decline::code(ctx, "A0")))
}

async fn read(gateway: &Gateway, ctx: &Ctx, number: &str, merchant_number: &str) -> Done<Ruling<Arc<Line>>> {
    let names = (number.to_owned(), merchant_number.to_owned());
    let question = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| operations::session::line(tx, ctx, &names.0, &names.1);
    Ok(gateway.app.read_unsettled(ctx.clone(), question).await?.map(Arc::new))
}

async fn proven(gateway: &Gateway, ctx: &Ctx, line: &Line) -> Done<()> {
    let (merchant, terminal, version) = (line.merchant.clone(), line.terminal.clone(), line.mak_version);
    let prove = move |tx: &mut store::Tx<'_>, ctx: &mut Ctx| keys::prove(tx, ctx, &merchant, &terminal, version);
    gateway.app.write_unsettled(ctx.clone(), prove).await
}

/// Under which keys a message is believed.
enum Under {
    /// The current ones.
    Current,
    /// The former ones: the line as its terminal sees it.
    Former(Arc<Line>),
    /// None are asked for: such a message has no MAC, or there is no key yet.
    Unsealed,
    /// It is not believed.
    Nothing,
}

/// A key that cannot be asked vouches for nothing: an error, never a yes.
fn verified(message: &Message, kind: Kind, line: &Line, now: Time) -> Done<Under> {
    let Some(mak) = line.mak.as_ref().filter(|_| kind.row().mac) else {
        return Ok(Under::Unsealed);
    };
    if aside(mak.blocks(), || mak.verify(message))? {
        return Ok(Under::Current);
    }
    let former = line.former.as_ref().filter(|former| former.serve(kind, now));
    Ok(match former {
        Some(former) if aside(former.mak.blocks(), || former.mak.verify(message))? => {
            Under::Former(Arc::new(line.under(former)))
        }
        _ => Under::Nothing,
    })
}
