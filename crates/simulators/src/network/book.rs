//! What the network remembers, and what it makes of a request.

use std::collections::HashMap;
use std::time::Duration;

use iso8583::values::F61;
use iso8583::{Kind, Message};

use super::Deed;
use super::answers::{answer, balance, pin_refusal, wrong_amount};
use super::journal::Journal;
use super::script::{NetworkScript, Outcome};

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// F37 of the request; empty where it had none.
    pub rrn: String,
    /// What it was; none for a reversal that came before its original.
    pub kind: Option<Kind>,
    /// F4, fen.
    pub amount: u64,
    /// What became of it.
    pub standing: Standing,
    /// F38 that was given.
    pub auth_code: String,
    /// First six and last four digits of the card; empty where it had none.
    pub card: String,
    /// The network's business date, `YYYY-MM-DD`; empty where it keeps none.
    pub date: String,
}

/// F41, F42, F11.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    terminal: [u8; 8],
    merchant: [u8; 15],
    stan: u32,
}

/// A line as it is kept: small, for there may be millions.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) rrn: [u8; 12],
    pub(super) card: [u8; 10],
    pub(super) kind: Option<Kind>,
    pub(super) standing: Standing,
    pub(super) credit_card: bool,
    /// Index into the dates.
    date: u16,
    pub(super) amount: u64,
    /// The line before with the same key.
    before: Option<u32>,
}

/// The book.
#[derive(Default)]
pub(crate) struct Book {
    pub(super) rows: Vec<Row>,
    /// The last line of a key.
    places: HashMap<Key, u32>,
    /// Which line a void has voided.
    voided: HashMap<u32, u32>,
    heard: HashMap<[u8; 4], usize>,
    /// Business dates, oldest first.
    dates: Vec<String>,
    pub(super) journal: Option<Journal>,
}

const NO_CARD: [u8; 10] = [b' '; 10];
const NO_REFERENCE: [u8; 12] = [b' '; 12];

fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

impl Book {
    /// The line at a place.
    pub(super) fn entry_at(&self, place: usize) -> Option<Entry> {
        let row = self.rows.get(place)?;
        let given = matches!(row.standing, Standing::Approved | Standing::Voided | Standing::Reversed);
        Some(Entry {
            terminal: plain(&row.key.terminal),
            merchant: plain(&row.key.merchant),
            stan: row.key.stan.into(),
            rrn: plain(&row.rrn),
            kind: row.kind,
            amount: row.amount,
            standing: row.standing,
            auth_code: if given && row.kind.is_some() {
                auth_code(place)
            } else {
                String::new()
            },
            card: plain(&row.card),
            date: self.dates.get(usize::from(row.date)).cloned().unwrap_or_default(),
        })
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        (0..self.rows.len()).filter_map(|place| self.entry_at(place)).collect()
    }

    pub(crate) fn heard(&self, mti: &str) -> usize {
        let mti = mti.as_bytes().try_into().ok();
        mti.and_then(|mti: [u8; 4]| self.heard.get(&mti)).copied().unwrap_or(0)
    }

    /// The business date.
    pub(crate) fn date(&self) -> Option<&str> {
        self.dates.last().map(String::as_str)
    }

    /// A new business date.
    pub(crate) fn set_date(&mut self, date: &str) {
        if self.date() != Some(date) {
            self.dates.push(date.to_owned());
        }
    }

    /// MMDD of the business date.
    fn day(&self) -> Option<String> {
        let date = self.date()?;
        Some(format!("{}{}", date.get(5..7)?, date.get(8..10)?))
    }

    /// Counts a message, whatever becomes of it.
    pub(crate) fn hears(&mut self, request: &Message) {
        if let Ok(mti) = request.mti().as_str().as_bytes().try_into() {
            *self.heard.entry(mti).or_default() += 1;
        }
    }

    /// What to do about a request; the book is written before anything is said. `outcome`: instead of the card's.
    pub(crate) fn decide(
        &mut self,
        script: &NetworkScript,
        request: &Message,
        kind: Option<Kind>,
        outcome: Option<Outcome>,
    ) -> Deed {
        let mut deed = match kind {
            None => answer(request, "40", Duration::ZERO, None),
            Some(Kind::Echo) => answer(request, "00", Duration::ZERO, None),
            Some(Kind::Reversal) => self.reverse(script, request),
            Some(Kind::Balance) => balance(script, request, outcome.as_ref()),
            Some(kind) => self.transact(script, request, kind, outcome),
        };
        if let (Deed::Answer(_, message), Some(day)) = (&mut deed, self.day()) {
            let _ = message.set(15, &day);
        }
        deed
    }

    fn transact(&mut self, script: &NetworkScript, request: &Message, kind: Kind, outcome: Option<Outcome>) -> Deed {
        let Some(key) = key(request) else {
            return answer(request, "30", Duration::ZERO, None);
        };
        if let Some((place, row)) = self.same(&key, request, kind) {
            // Reversed before it came, or a repeat: never a second effect.
            return match row.standing {
                Standing::Approved if row.amount == request.number(4).unwrap_or(0) => {
                    answer(request, "00", Duration::ZERO, Some(&auth_code(place)))
                }
                _ => answer(request, "94", Duration::ZERO, None),
            };
        }
        let pan = request.pan();
        let outcome = outcome.unwrap_or_else(|| script.outcome(pan.as_ref().map(iso8583::Pan::expose)).clone());
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let refusal = match &outcome {
            Outcome::Decline { code } => Some(code.clone()),
            _ => pin_refusal(script, request)
                .or_else(|| self.original_refusal(request, kind, place))
                .map(str::to_owned),
        };
        let standing = if refusal.is_some() {
            Standing::Declined
        } else {
            Standing::Approved
        };
        self.write(script, key, request, Some(kind), standing);
        if let Some(code) = refusal {
            return answer(request, &code, Duration::ZERO, None);
        }
        let auth_code = auth_code(self.rows.len() - 1);
        match outcome {
            Outcome::Silent => Deed::Silence,
            Outcome::Drop => Deed::Drop,
            Outcome::Late { ms } => answer(request, "00", Duration::from_millis(ms), Some(&auth_code)),
            Outcome::WrongAmount => wrong_amount(request, &auth_code),
            Outcome::Approve | Outcome::Decline { .. } => answer(request, "00", Duration::ZERO, Some(&auth_code)),
        }
    }

    /// The line that a request repeats: the same numbers, and the same reference number where both name one, on the same
    /// business date. A reversal that came first stands for it whatever the kind.
    fn same(&self, key: &Key, request: &Message, kind: Kind) -> Option<(usize, &Row)> {
        let (place, row) = self.find(key, request.array(37).filter(|_| !names_original(kind)))?;
        let today = self.dates.len().saturating_sub(1);
        (usize::from(row.date) == today).then_some((place, row))
    }

    /// The last line of a key; of those the one with this reference number, where one is named.
    fn find(&self, key: &Key, rrn: Option<[u8; 12]>) -> Option<(usize, &Row)> {
        let mut next = self.places.get(key).copied();
        while let Some(place) = next.and_then(|place| usize::try_from(place).ok()) {
            let row = self.rows.get(place)?;
            if rrn.is_none_or(|rrn| row.rrn == NO_REFERENCE || row.rrn == rrn) {
                return Some((place, row));
            }
            next = row.before;
        }
        None
    }

    /// Voids the original of a void; the code where there is none in effect.
    fn original_refusal(&mut self, request: &Message, kind: Kind, own: u32) -> Option<&'static str> {
        if !matches!(kind, Kind::Void | Kind::CompletionVoid | Kind::PreAuthVoid) {
            return None;
        }
        let names = F61::of(request)?;
        let original = Key {
            stan: names.trace,
            ..key(request)?
        };
        // Its field 37 names the original, where the kind's does.
        let rrn = request
            .array(37)
            .filter(|_| Kind::of(request).is_some_and(names_original));
        match self.find(&original, rrn).map(|(place, row)| (place, row.standing)) {
            Some((place, Standing::Approved)) => {
                self.set(place, Standing::Voided);
                self.voided.insert(own, u32::try_from(place).unwrap_or(u32::MAX));
                None
            }
            _ => Some("25"),
        }
    }

    fn reverse(&mut self, script: &NetworkScript, request: &Message) -> Deed {
        let Some(key) = key(request) else {
            return answer(request, "30", Duration::ZERO, None);
        };
        match self
            .find(&key, request.array(37))
            .map(|(place, row)| (place, row.standing))
        {
            Some((place, Standing::Approved)) => {
                self.set(place, Standing::Reversed);
                // What a reversed void had voided is in effect again.
                let void = u32::try_from(place).unwrap_or(u32::MAX);
                if let Some(original) = self.voided.remove(&void).and_then(|place| usize::try_from(place).ok()) {
                    self.set(original, Standing::Approved);
                }
            }
            Some(_) => {}
            // The original may still be under way: it will find that it is undone.
            None => self.write(script, key, request, None, Standing::Reversed),
        }
        if script.deaf_to_reversals {
            Deed::Silence
        } else {
            answer(request, "00", Duration::ZERO, None)
        }
    }

    fn set(&mut self, place: usize, standing: Standing) {
        if let Some(row) = self.rows.get_mut(place) {
            row.standing = standing;
        }
        self.keep(place);
    }

    fn write(&mut self, script: &NetworkScript, key: Key, request: &Message, kind: Option<Kind>, standing: Standing) {
        let pan = request.pan();
        let digits = pan.as_ref().map(iso8583::Pan::expose).unwrap_or_default();
        let row = Row {
            key,
            rrn: request
                .array(37)
                .filter(|_| kind.is_none_or(|kind| !names_original(kind)))
                .unwrap_or(NO_REFERENCE),
            card: ends(digits).unwrap_or(NO_CARD),
            kind,
            standing,
            credit_card: script.credit_bins.iter().any(|bin| digits.starts_with(bin.as_str())),
            date: u16::try_from(self.dates.len().saturating_sub(1)).unwrap_or(u16::MAX),
            amount: request.number(4).unwrap_or(0),
            before: None,
        };
        self.add(row);
        self.keep(self.rows.len() - 1);
    }

    fn add(&mut self, mut row: Row) {
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        row.before = self.places.insert(row.key, place);
        self.rows.push(row);
    }

    fn keep(&mut self, place: usize) {
        if let Some(entry) = self.journal.as_ref().and_then(|_| self.entry_at(place)) {
            let voids = u32::try_from(place)
                .ok()
                .and_then(|place| self.voided.get(&place))
                .copied();
            let credit = self.rows.get(place).is_some_and(|row| row.credit_card);
            if let Some(journal) = &mut self.journal {
                journal.keep(place, &entry, voids, credit);
            }
        }
    }

    /// Takes over a line that was kept; a line of the same place was changed since.
    pub(super) fn take_over(&mut self, place: usize, entry: &Entry, voids: Option<u32>, credit_card: bool) {
        if !entry.date.is_empty() {
            self.set_date(&entry.date);
        }
        if let Some(row) = self.rows.get_mut(place) {
            row.standing = entry.standing;
        } else if let (Some(terminal), Some(merchant)) = (filled(&entry.terminal), filled(&entry.merchant)) {
            self.add(Row {
                key: Key {
                    terminal,
                    merchant,
                    stan: u32::try_from(entry.stan).unwrap_or(0),
                },
                rrn: filled(&entry.rrn).unwrap_or(NO_REFERENCE),
                card: filled(&entry.card).unwrap_or(NO_CARD),
                kind: entry.kind,
                standing: entry.standing,
                credit_card,
                date: u16::try_from(self.dates.len().saturating_sub(1)).unwrap_or(u16::MAX),
                amount: entry.amount,
                before: None,
            });
        }
        let void = u32::try_from(place).unwrap_or(u32::MAX);
        match voids {
            Some(original) => drop(self.voided.insert(void, original)),
            None => drop(self.voided.remove(&void)),
        }
    }
}

/// Kinds whose field 37 names the original rather than themselves.
fn names_original(kind: Kind) -> bool {
    matches!(kind, Kind::Void | Kind::CompletionVoid | Kind::Refund)
}

fn auth_code(place: usize) -> String {
    format!("{:06}", place % 1_000_000 + 1)
}

fn filled<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut whole = [b' '; N];
    let place = whole.get_mut(..text.len())?;
    place.copy_from_slice(text.as_bytes());
    Some(whole)
}

/// First six and last four digits.
fn ends(digits: &str) -> Option<[u8; 10]> {
    let digits = digits.as_bytes();
    let (first, last) = (digits.get(..6)?, digits.get(digits.len().checked_sub(4)?..)?);
    let mut ends = NO_CARD;
    ends.get_mut(..6)?.copy_from_slice(first);
    ends.get_mut(6..)?.copy_from_slice(last);
    Some(ends)
}

fn key(request: &Message) -> Option<Key> {
    Some(Key {
        terminal: request.array(41)?,
        merchant: request.array(42)?,
        stan: u32::try_from(request.number(11)?).ok()?,
    })
}
