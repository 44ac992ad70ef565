//! The line to the card network: one TCP connection or several that many calls share. An answer finds its call by type,
//! trace number, terminal and merchant, on the connection it was asked on; whatever does not belong is counted and left.
//!
//! A connection is opened again when it breaks; what was under way then is unknown. Reversals leave before new business. A
//! breaker turns calls away while the network does not answer. The connection is tested with echoes when nothing is heard.

mod answers;
mod breaker;
mod counts;
mod desk;
mod key;
mod line;
mod management;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use iso8583::crypto::MacKey;
use iso8583::{Header, Message, Tpdu};
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use breaker::{Breaker, Pass};
use counts::Counters;
use desk::{Answer, NoRoom};
use key::Key;
use line::Line;

pub use breaker::{BreakerSettings, Position};
pub use counts::Event;

/// How to reach the network.
#[derive(Clone)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    /// How long a call may take in all, before nobody waits for it any more.
    pub timeout: Duration,
    /// Transport address of requests.
    pub tpdu: Tpdu,
    /// Header of requests.
    pub header: Header,
    /// First pause before connecting again; it doubles up to `longest_pause`.
    pub first_pause: Duration,
    /// Longest pause before connecting again.
    pub longest_pause: Duration,
    /// Connections at once; at least one.
    pub lines: usize,
    /// Calls under way at once on one connection; further ones are turned away. Reversals are not.
    pub most_under_way: usize,
    /// An echo test follows when nothing has been heard for this long.
    pub echo_after: Duration,
    /// When calls are turned away because nobody answers.
    pub breaker: BreakerSettings,
    /// Whether a connection begins with a sign-on, before any call.
    pub sign_on: bool,
    /// The key of this line's MAC (field 64 of every message in both directions), where the network asks for one.
    pub mac: Option<MacKey>,
}

impl Config {
    /// The usual settings for a network at `address`.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            timeout: Duration::from_secs(20),
            tpdu: Tpdu::new([0x00, 0x04], [0x00, 0x00]),
            header: Header::from_bytes([0x60, 0x31, 0x00, 0x31, 0x00, 0x00]),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(5),
            lines: 1,
            most_under_way: 16_384,
            echo_after: Duration::from_secs(30),
            breaker: BreakerSettings::default(),
            sign_on: false,
            mac: None,
        }
    }
}

/// What came of a call.
#[derive(Debug)]
pub enum Outcome {
    /// An answer that belongs to the request.
    Done(Box<Message>),
    /// The request certainly did not leave: there is no connection.
    Refused(&'static str),
    /// Nobody knows what became of it; whoever asked must have it reversed.
    Unknown(String),
}

/// An answer that came after its caller had gone, or after the program that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// F41.
    pub terminal_number: String,
    /// F11.
    pub stan: i64,
    /// F37; empty where the answer has none.
    pub rrn: String,
    /// F39.
    pub code: String,
}

/// How the line stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Connections that are open.
    pub connected: usize,
    /// Calls under way.
    pub under_way: usize,
    /// The breaker.
    pub breaker: Position,
    /// The network's business date, MMDD, once it has named one.
    pub business_date: Option<u16>,
}

/// The line. Clones share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Shared>,
    _tasks: Arc<JoinSet<()>>,
}

/// What callers and connections share.
struct Shared {
    config: Config,
    lines: Vec<Line>,
    /// The connection that is looked at first for the next call.
    next: AtomicUsize,
    /// Connections that calls may use.
    ready: AtomicUsize,
    /// Rung when a connection has become ready.
    opened: Notify,
    breaker: Breaker,
    counters: Counters,
    late: broadcast::Sender<Late>,
    /// MMDD; 0 where none is known.
    business_date: AtomicU16,
    /// Trace number of the next message of the line itself.
    own_trace: AtomicUsize,
}

/// Late answers kept for a slow listener.
const LATE: usize = 256;
/// How long a call waits for a connection that is just being opened.
const OPENING: Duration = Duration::from_secs(2);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.shared.config.address)
    }
}

impl Connector {
    /// Opens the line in the background and keeps it open.
    pub fn start(config: Config) -> Self {
        let lines: Vec<Line> = (0..config.lines.max(1))
            .map(|_| Line::new(config.most_under_way))
            .collect();
        let count = lines.len();
        let shared = Arc::new(Shared {
            breaker: Breaker::new(config.breaker),
            config,
            lines,
            next: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
            opened: Notify::new(),
            counters: Counters::default(),
            late: broadcast::channel(LATE).0,
            business_date: AtomicU16::new(0),
            own_trace: AtomicUsize::new(0),
        });
        let mut tasks = JoinSet::new();
        for index in 0..count {
            tasks.spawn(line::keep(Arc::clone(&shared), index));
        }
        tasks.spawn(management::probe(Arc::clone(&shared)));
        Self {
            shared,
            _tasks: Arc::new(tasks),
        }
    }

    /// Whether calls can leave now: there is a connection, and the breaker does not turn them away.
    pub fn is_connected(&self) -> bool {
        self.shared.ready.load(Ordering::Acquire) > 0 && self.shared.breaker.position() != Position::Open
    }

    /// Answers that come after their callers have gone, from now on.
    pub fn late_answers(&self) -> broadcast::Receiver<Late> {
        self.shared.late.subscribe()
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.shared.config.timeout
    }

    /// The network's business date, MMDD, once it has named one: in an answer (15) or by announcing a new day.
    pub fn business_date(&self) -> Option<u16> {
        Some(self.shared.business_date.load(Ordering::Relaxed)).filter(|day| *day > 0)
    }

    /// How often something has happened since the start.
    pub fn count(&self, event: Event) -> u64 {
        self.shared.counters.of(event)
    }

    /// Every event's name and how often it has happened, for the metrics.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        self.shared.counters.all()
    }

    /// How the line stands.
    pub fn standing(&self) -> Standing {
        Standing {
            connected: self.shared.ready.load(Ordering::Acquire),
            under_way: self.shared.lines.iter().map(|line| line.desk().under_way()).sum(),
            breaker: self.shared.breaker.position(),
            business_date: self.business_date(),
        }
    }

    /// Asks the network. The answer's type and its fields 3, 4, 11, 37, 41 and 42 are those of the request, or the outcome is
    /// unknown. A reversal (0400) leaves before everything else that waits.
    pub async fn call(&self, request: &Message) -> Outcome {
        let shared = &*self.shared;
        let deadline = Instant::now() + shared.config.timeout;
        let Some(key) = Key::asked(request) else {
            return Outcome::Refused("the request has no trace number");
        };
        let Some(wire) = shared.wire(request) else {
            return Outcome::Refused("the request cannot be written");
        };
        let urgent = &request.mti() == "0400";
        let Some(pass) = shared.breaker.admit(urgent) else {
            shared.counters.note(Event::TurnedAway);
            return Outcome::Refused("the card network does not answer; it is being tried again");
        };
        match shared.posted(key, &wire, urgent, pass, deadline).await {
            Ok(call) => call.finish(request, deadline).await,
            Err(why) => {
                shared.counters.note(Event::TurnedAway);
                shared.breaker.not_used(pass);
                Outcome::Refused(why)
            }
        }
    }
}

/// A call under way. Dropped before its answer, it gives up its place, and an answer that still comes is late.
struct UnderWay<'a> {
    shared: &'a Shared,
    line: &'a Line,
    key: Key,
    pass: Pass,
    answer: tokio::sync::oneshot::Receiver<Answer>,
    /// Whether the line has said what became of it.
    over: bool,
}

impl UnderWay<'_> {
    async fn finish(mut self, request: &Message, deadline: Instant) -> Outcome {
        let came = timeout_at(deadline, &mut self.answer).await;
        self.over = came.is_ok();
        let (counters, breaker) = (&self.shared.counters, &self.shared.breaker);
        match came {
            Err(_) => {
                counters.note(Event::TimedOut);
                if breaker.failed(self.pass, Instant::now()) {
                    counters.note(Event::BreakerOpened);
                }
                Outcome::Unknown("no answer in time".to_owned())
            }
            Ok(Ok(Answer::NotSent)) => {
                counters.note(Event::TurnedAway);
                breaker.not_used(self.pass);
                Outcome::Refused("there is no connection to the network")
            }
            Ok(Ok(Answer::Message(message))) => {
                breaker.succeeded(self.pass);
                self.shared.note_day(&message);
                let Some(why) = answers::mismatch(request, &message) else {
                    counters.note(Event::Answered);
                    return Outcome::Done(message);
                };
                counters.note(Event::Mismatched);
                Outcome::Unknown(why)
            }
            // The breaker has counted the connection, once for all who were under way.
            Ok(Ok(Answer::Lost) | Err(_)) => {
                counters.note(Event::Lost);
                breaker.not_used(self.pass);
                Outcome::Unknown("the connection broke".to_owned())
            }
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.line.desk().give_up(&self.key);
            self.shared.breaker.not_used(self.pass);
        }
    }
}

impl Shared {
    /// Hands a call to a connection, waiting a little for one that is just being opened.
    async fn posted(
        &self,
        key: Key,
        wire: &[u8],
        urgent: bool,
        pass: Pass,
        deadline: Instant,
    ) -> Result<UnderWay<'_>, &'static str> {
        let patience = deadline.min(Instant::now() + OPENING);
        loop {
            let opened = self.opened.notified();
            match self.post(key, wire, urgent) {
                Ok((line, answer)) => {
                    self.counters.note(Event::Asked);
                    return Ok(UnderWay {
                        shared: self,
                        line,
                        key,
                        pass,
                        answer,
                        over: false,
                    });
                }
                Err(NoRoom::Full) => return Err("the line to the network is busy"),
                Err(NoRoom::Twice) => return Err("a call with the same numbers is under way"),
                Err(NoRoom::Closed) if timeout_at(patience, opened).await.is_err() => {
                    return Err("there is no connection to the network");
                }
                Err(NoRoom::Closed) => {}
            }
        }
    }

    /// Each call goes to the next connection that takes it.
    fn post(
        &self,
        key: Key,
        wire: &[u8],
        urgent: bool,
    ) -> Result<(&Line, tokio::sync::oneshot::Receiver<Answer>), NoRoom> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut why = NoRoom::Closed;
        for step in 0..self.lines.len() {
            let place = first.wrapping_add(step) % self.lines.len();
            let Some(line) = self.lines.get(place).filter(|line| line.is_ready()) else {
                continue;
            };
            match line.post(key, wire, urgent) {
                Ok(answer) => return Ok((line, answer)),
                Err(NoRoom::Twice) => return Err(NoRoom::Twice),
                Err(NoRoom::Full) => why = NoRoom::Full,
                Err(NoRoom::Closed) => {}
            }
        }
        Err(why)
    }

    fn note_day(&self, message: &Message) {
        if let Some(day) = message.number(15).and_then(answers::business_date)
            && self.business_date.swap(day, Ordering::Relaxed) != day
        {
            tracing::info!(day, "the card network's business date");
        }
    }
}

#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
