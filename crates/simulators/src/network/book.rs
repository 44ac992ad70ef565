//! What the network remembers, and what it makes of a request.

use std::collections::HashMap;
use std::time::Duration;

use iso8583::crypto::{DesKey, PinError, decrypt_pin};
use iso8583::values::{Balance, F53, F61, PinForm};
use iso8583::{EncodeError, Kind, Message};

use super::Deed;
use super::script::{NetworkScript, Outcome};

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Approved, and in effect.
    Approved,
    /// Refused.
    Declined,
    /// Undone by a void.
    Voided,
    /// Undone by a reversal, or reversed before it arrived.
    Reversed,
}

/// A line of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// F41.
    pub terminal: String,
    /// F42.
    pub merchant: String,
    /// F11.
    pub stan: u64,
    /// What it was; none for a reversal that came before its original.
    pub kind: Option<Kind>,
    /// F4, fen.
    pub amount: u64,
    /// What became of it.
    pub standing: Standing,
    /// F38 that was given.
    pub auth_code: String,
}

type Key = (String, String, u64);

/// The book.
#[derive(Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
    places: HashMap<Key, usize>,
    /// Which line a void has voided.
    voided: HashMap<Key, usize>,
    heard: HashMap<String, usize>,
}

impl Book {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn heard(&self, mti: &str) -> usize {
        self.heard.get(mti).copied().unwrap_or(0)
    }

    /// What to do about a request; the book is written before anything is said.
    pub(crate) fn decide(&mut self, script: &NetworkScript, request: &Message) -> Deed {
        *self.heard.entry(request.mti().to_string()).or_default() += 1;
        let Some(kind) = Kind::of(request) else {
            return answer(request, "40", Duration::ZERO, None);
        };
        match kind {
            Kind::Echo => answer(request, "00", Duration::ZERO, None),
            Kind::Reversal => self.reverse(script, request),
            Kind::Balance => balance(script, request),
            _ => self.transact(script, request, kind),
        }
    }

    fn transact(&mut self, script: &NetworkScript, request: &Message, kind: Kind) -> Deed {
        let Some(key) = key(request) else {
            return answer(request, "30", Duration::ZERO, None);
        };
        if let Some(entry) = self.entry(&key) {
            // Reversed before it came, or a repeat: never a second effect.
            return match entry.standing {
                Standing::Approved => {
                    let code = entry.auth_code.clone();
                    answer(request, "00", Duration::ZERO, Some(&code))
                }
                _ => answer(request, "94", Duration::ZERO, None),
            };
        }
        let pan = request.pan();
        let outcome = script.outcome(pan.as_ref().map(iso8583::Pan::expose)).clone();
        let refusal = match &outcome {
            Outcome::Decline { code } => Some(code.clone()),
            _ => pin_refusal(script, request)
                .or_else(|| self.original_refusal(request, kind))
                .map(str::to_owned),
        };
        let auth_code = format!("{:06}", self.entries.len() % 1_000_000 + 1);
        let standing = if refusal.is_some() {
            Standing::Declined
        } else {
            Standing::Approved
        };
        self.write(key, request, Some(kind), standing, &auth_code);
        if let Some(code) = refusal {
            return answer(request, &code, Duration::ZERO, None);
        }
        match outcome {
            Outcome::Late { ms } => answer(request, "00", Duration::from_millis(ms), Some(&auth_code)),
            Outcome::Silent => Deed::Silence,
            Outcome::Drop => Deed::Drop,
            Outcome::WrongAmount => wrong_amount(request, &auth_code),
            Outcome::Approve | Outcome::Decline { .. } => answer(request, "00", Duration::ZERO, Some(&auth_code)),
        }
    }

    /// Voids the original of a void; the code where there is none in effect.
    fn original_refusal(&mut self, request: &Message, kind: Kind) -> Option<&'static str> {
        if !matches!(kind, Kind::Void | Kind::CompletionVoid | Kind::PreAuthVoid) {
            return None;
        }
        let names = F61::of(request)?;
        let own = key(request)?;
        let original = (own.0.clone(), own.1.clone(), u64::from(names.trace));
        let place = self.places.get(&original).copied();
        match place.and_then(|place| self.entries.get_mut(place)) {
            Some(entry) if entry.standing == Standing::Approved => {
                entry.standing = Standing::Voided;
                self.voided.extend(place.map(|place| (own, place)));
                None
            }
            _ => Some("25"),
        }
    }

    fn reverse(&mut self, script: &NetworkScript, request: &Message) -> Deed {
        let Some(key) = key(request) else {
            return answer(request, "30", Duration::ZERO, None);
        };
        let place = self.places.get(&key).copied();
        match place.and_then(|place| self.entries.get_mut(place)) {
            Some(entry) if entry.standing == Standing::Approved => {
                entry.standing = Standing::Reversed;
                self.restore(&key);
            }
            Some(_) => {}
            // The original may still be under way: it will find that it is undone.
            None => self.write(key, request, None, Standing::Reversed, ""),
        }
        if script.deaf_to_reversals {
            Deed::Silence
        } else {
            answer(request, "00", Duration::ZERO, None)
        }
    }

    /// What a reversed void had voided is in effect again.
    fn restore(&mut self, void: &Key) {
        let place = self.voided.remove(void);
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.standing = Standing::Approved;
        }
    }

    fn entry(&self, key: &Key) -> Option<&Entry> {
        self.places.get(key).and_then(|place| self.entries.get(*place))
    }

    fn write(&mut self, key: Key, request: &Message, kind: Option<Kind>, standing: Standing, auth_code: &str) {
        let (terminal, merchant, stan) = key.clone();
        self.places.insert(key, self.entries.len());
        self.entries.push(Entry {
            terminal,
            merchant,
            stan,
            kind,
            amount: request.number(4).unwrap_or(0),
            standing,
            auth_code: auth_code.to_owned(),
        });
    }
}

fn key(request: &Message) -> Option<Key> {
    Some((
        request.text(41)?.to_owned(),
        request.text(42)?.to_owned(),
        request.number(11)?,
    ))
}

fn balance(script: &NetworkScript, request: &Message) -> Deed {
    let pan = request.pan();
    match script.outcome(pan.as_ref().map(iso8583::Pan::expose)) {
        Outcome::Decline { code } => answer(request, code, Duration::ZERO, None),
        Outcome::Silent => Deed::Silence,
        Outcome::Drop => Deed::Drop,
        _ => match pin_refusal(script, request) {
            Some(code) => answer(request, code, Duration::ZERO, None),
            None => answer(request, "00", Duration::ZERO, None),
        },
    }
}

/// 55 for a wrong PIN, 99 for one that does not open.
fn pin_refusal(script: &NetworkScript, request: &Message) -> Option<&'static str> {
    let block = request.array(52)?;
    let key = DesKey::from_hex(&script.zone_key).ok()?;
    let pan = request.pan();
    let mixed_in = pan
        .as_ref()
        .filter(|_| F53::of(request).is_some_and(|f53| f53.pin == PinForm::WithPan));
    match decrypt_pin(&key, block, mixed_in) {
        Err(PinError::Block | PinError::NotAPin) => Some("99"),
        Ok(pin) => {
            let known = script.card(pan.as_ref()?.expose())?.pin.as_ref()?;
            (pin.expose() != known).then_some("55")
        }
    }
}

/// Institution numbers of field 44: issuer and acquirer.
const INSTITUTIONS: &str = "01020000   48221000   ";

fn answer(request: &Message, code: &str, wait: Duration, auth_code: Option<&str>) -> Deed {
    let built = || -> Result<Message, EncodeError> {
        let mut message = request.answer(&[2, 3, 4, 11, 14, 25, 32, 41, 42, 49, 60]);
        message.set(39, code)?;
        if let Some(auth_code) = auth_code {
            message.set(38, auth_code)?.set(44, INSTITUTIONS)?;
        }
        if code == "00" && Kind::of(request) == Some(Kind::Balance) {
            message.set(54, &Balance::available(123_456).text()?)?;
        }
        Ok(message)
    };
    built().map_or(Deed::Silence, |message| Deed::Answer(wait, Box::new(message)))
}

fn wrong_amount(request: &Message, auth_code: &str) -> Deed {
    match answer(request, "00", Duration::ZERO, Some(auth_code)) {
        Deed::Answer(wait, mut message) => {
            let other = request.number(4).unwrap_or(0) % 1_000_000 + 1;
            if message.set_number(4, other).is_err() {
                return Deed::Silence;
            }
            Deed::Answer(wait, message)
        }
        other => other,
    }
}
