//! What is under way on one connection: bytes that wait to be written, and callers that wait for answers.

use std::collections::HashMap;

use iso8583::Message;
use tokio::sync::oneshot;

use super::counts::Event;
use super::key::{Key, Recent};

/// What the line has to say of a call.
pub(super) enum Answer {
    Message(Box<Message>),
    /// It certainly did not leave.
    NotSent,
    /// It left, or began to, and the connection broke.
    Lost,
}

/// Why a call was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// There is no connection.
    Closed,
    /// Too much is under way already.
    Full,
    /// A call with the same numbers is under way.
    Twice,
}

/// Bytes that wait to be written; beyond them calls are turned away.
const LONGEST_BACKLOG: usize = 1 << 20;

struct Waiting {
    reply: oneshot::Sender<Answer>,
    urgent: bool,
    /// Where its frame ends in everything that was ever queued beside it.
    end: u64,
}

/// Frames on their way to the socket, and how far they came, counted in bytes since the connection was opened.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    queued: u64,
    taken: u64,
}

impl Queue {
    fn put(&mut self, wire: &[u8]) -> u64 {
        self.bytes.extend_from_slice(wire);
        self.queued += u64::try_from(wire.len()).unwrap_or(0);
        self.queued
    }

    fn take(&mut self, into: &mut Vec<u8>) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        into.clear();
        std::mem::swap(&mut self.bytes, into);
        self.taken = self.queued;
        true
    }
}

/// The desk of one connection.
pub(super) struct Desk {
    most: usize,
    open: bool,
    calls: HashMap<Key, Waiting>,
    /// Reversals, and what keeps the line alive.
    urgent: Queue,
    ordinary: Queue,
    answered: Recent,
    given_up: Recent,
}

impl Desk {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: false,
            calls: HashMap::new(),
            urgent: Queue::default(),
            ordinary: Queue::default(),
            answered: Recent::new(),
            given_up: Recent::new(),
        }
    }

    pub(super) fn open(&mut self) {
        self.open = true;
    }

    /// Calls under way.
    pub(super) fn under_way(&self) -> usize {
        self.calls.len()
    }

    /// Takes a call; its bytes go out with the next write, urgent ones before all others.
    pub(super) fn post(&mut self, key: Key, wire: &[u8], urgent: bool) -> Result<oneshot::Receiver<Answer>, NoRoom> {
        if !self.open {
            return Err(NoRoom::Closed);
        }
        if self.calls.contains_key(&key) {
            return Err(NoRoom::Twice);
        }
        let queue = if urgent { &mut self.urgent } else { &mut self.ordinary };
        // Reversals find room where there is none for new business.
        if queue.bytes.len() + wire.len() > LONGEST_BACKLOG || (self.calls.len() >= self.most && !urgent) {
            return Err(NoRoom::Full);
        }
        let end = queue.put(wire);
        let (reply, answer) = oneshot::channel();
        self.calls.insert(key, Waiting { reply, urgent, end });
        Ok(answer)
    }

    /// Queues bytes that nobody waits for: an answer to the network's own request.
    pub(super) fn say(&mut self, wire: &[u8]) {
        if self.urgent.bytes.len() + wire.len() <= LONGEST_BACKLOG {
            self.urgent.put(wire);
        }
    }

    /// Moves what is to be written next into `into`; false where there is nothing.
    pub(super) fn take(&mut self, into: &mut Vec<u8>) -> bool {
        self.urgent.take(into) || self.ordinary.take(into)
    }

    /// The caller has gone.
    pub(super) fn give_up(&mut self, key: &Key) {
        if self.calls.remove(key).is_some() {
            self.given_up.note(key);
        }
    }

    /// Who waits for the answer of this key, or what an answer that nobody waits for is.
    pub(super) fn whose(&mut self, key: &Key) -> Result<oneshot::Sender<Answer>, Event> {
        match self.calls.remove(key) {
            Some(waiting) => {
                self.answered.note(key);
                Ok(waiting.reply)
            }
            None if self.given_up.has(key) => Err(Event::Late),
            None if self.answered.has(key) => Err(Event::Duplicate),
            None => Err(Event::Stranger),
        }
    }

    /// The connection broke: everybody who waits is told whether their bytes had been handed to it.
    pub(super) fn close(&mut self) {
        self.open = false;
        for (key, waiting) in self.calls.drain() {
            let queue = if waiting.urgent { &self.urgent } else { &self.ordinary };
            if waiting.end > queue.taken {
                let _ = waiting.reply.send(Answer::NotSent);
            } else {
                self.given_up.note(&key);
                let _ = waiting.reply.send(Answer::Lost);
            }
        }
        self.urgent = Queue::default();
        self.ordinary = Queue::default();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(mti: &str, stan: u64) -> Key {
        let mut message = Message::new(mti).unwrap();
        message.set_number(11, stan).unwrap();
        message.set(41, "10000001").unwrap().set(42, "822290059990001").unwrap();
        Key::asked(&message).unwrap()
    }

    fn desk() -> Desk {
        let mut desk = Desk::new(3);
        desk.open();
        desk
    }

    #[test]
    fn reversals_are_written_before_new_business() {
        let mut desk = desk();
        let _first = desk.post(key("0200", 1), b"sale", false).unwrap();
        let _second = desk.post(key("0400", 2), b"reversal", true).unwrap();
        let mut out = Vec::new();
        assert!(desk.take(&mut out));
        assert_eq!(out, b"reversal");
        assert!(desk.take(&mut out));
        assert_eq!(out, b"sale");
        assert!(!desk.take(&mut out));
    }

    #[test]
    fn a_full_desk_turns_new_business_away_and_takes_a_reversal() {
        let mut desk = desk();
        let _held: Vec<_> = (1..=3)
            .map(|n| desk.post(key("0200", n), b"sale", false).unwrap())
            .collect();
        assert!(matches!(desk.post(key("0200", 4), b"sale", false), Err(NoRoom::Full)));
        assert!(desk.post(key("0400", 1), b"reversal", true).is_ok());
        assert!(matches!(
            desk.post(key("0400", 1), b"reversal", true),
            Err(NoRoom::Twice)
        ));
    }

    #[test]
    fn when_the_line_breaks_it_is_known_who_had_left() {
        let mut desk = desk();
        let mut left = desk.post(key("0200", 1), b"sale", false).unwrap();
        desk.take(&mut Vec::new());
        let mut stayed = desk.post(key("0200", 2), b"sale", false).unwrap();
        desk.close();
        assert!(matches!(left.try_recv(), Ok(Answer::Lost)));
        assert!(matches!(stayed.try_recv(), Ok(Answer::NotSent)));
        assert!(matches!(desk.post(key("0200", 3), b"sale", false), Err(NoRoom::Closed)));
    }

    #[test]
    fn an_answer_nobody_waits_for_is_late_a_duplicate_or_a_strangers() {
        let mut desk = desk();
        let _waits = desk.post(key("0200", 1), b"", false).unwrap();
        let _gone = desk.post(key("0200", 2), b"", false).unwrap();
        desk.give_up(&key("0200", 2));
        assert!(desk.whose(&key("0200", 1)).is_ok());
        assert_eq!(desk.whose(&key("0200", 1)).err(), Some(Event::Duplicate));
        assert_eq!(desk.whose(&key("0200", 2)).err(), Some(Event::Late));
        assert_eq!(desk.whose(&key("0200", 3)).err(), Some(Event::Stranger));
    }
}
