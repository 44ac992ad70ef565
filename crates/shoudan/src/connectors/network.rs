//! The line to the card network: one TCP connection that many calls share, found again by (trace number, terminal, merchant).
//! It is opened again when it breaks; what was under way then is unknown.

mod line;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iso8583::{Frame, Header, Message, Tpdu, codes};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// How to reach the network.
#[derive(Clone)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    /// How long an answer may take before nobody waits for it any more.
    pub timeout: Duration,
    /// Transport address of requests.
    pub tpdu: Tpdu,
    /// Header of requests.
    pub header: Header,
    /// First pause before connecting again; it doubles up to `longest_pause`.
    pub first_pause: Duration,
    /// Longest pause before connecting again.
    pub longest_pause: Duration,
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

/// An answer that came after its caller had gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// F41.
    pub terminal_number: String,
    /// F11.
    pub stan: i64,
    /// F39.
    pub code: String,
}

/// The line. Clones share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Connector {
    calls: mpsc::Sender<Call>,
    connected: watch::Receiver<bool>,
    late: broadcast::Sender<Late>,
    config: Arc<Config>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.config.address)
    }
}

/// What tells one call under way from another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    stan: String,
    terminal: String,
    merchant: String,
}

impl Key {
    fn of(message: &Message) -> Option<Self> {
        let text = |number| message.text(number).map(str::to_owned);
        Some(Self {
            stan: text(11)?,
            terminal: text(41)?,
            merchant: text(42)?,
        })
    }
}

/// A request on its way to the connection.
struct Call {
    key: Key,
    wire: Vec<u8>,
    reply: oneshot::Sender<Answer>,
}

/// What the connection has to say of a call.
enum Answer {
    Message(Box<Message>),
    NotSent,
    Lost,
}

/// Calls that wait for the connection; beyond them callers wait in line, each with its time running.
const WAITING: usize = 4096;
/// Late answers kept for a slow listener.
const LATE: usize = 256;
/// How long a call waits for a connection that is just being opened.
const OPENING: Duration = Duration::from_secs(2);

impl Connector {
    /// Opens the line in the background and keeps it open.
    pub fn start(config: Config) -> Self {
        let (calls, incoming) = mpsc::channel(WAITING);
        let (up, connected) = watch::channel(false);
        let (late, _) = broadcast::channel(LATE);
        let config = Arc::new(config);
        tokio::spawn(line::keep(Arc::clone(&config), incoming, up, late.clone()));
        Self {
            calls,
            connected,
            late,
            config,
        }
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Answers that come after their callers have gone, from now on.
    pub fn late_answers(&self) -> broadcast::Receiver<Late> {
        self.late.subscribe()
    }

    /// How long an answer may take.
    pub fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Asks the network. The answer's type and its fields 3, 4, 11, 41 and 42 are those of the request, or the outcome is
    /// unknown.
    pub async fn call(&self, request: &Message) -> Outcome {
        let Some(key) = Key::of(request) else {
            return Outcome::Refused("the request has no trace number");
        };
        let frame = request.encode().ok().map(|message| Frame {
            tpdu: self.config.tpdu,
            header: Some(self.config.header),
            message,
        });
        let Some(wire) = frame.and_then(|frame| frame.to_wire().ok()) else {
            return Outcome::Refused("the request cannot be written");
        };
        let mut connected = self.connected.clone();
        let opening = self.config.timeout.min(OPENING);
        if !matches!(
            tokio::time::timeout(opening, connected.wait_for(|up| *up)).await,
            Ok(Ok(_))
        ) {
            return Outcome::Refused("there is no connection to the network");
        }
        let (reply, answer) = oneshot::channel();
        let Ok(room) = tokio::time::timeout(opening, self.calls.reserve()).await else {
            return Outcome::Refused("the line to the network is busy");
        };
        let Ok(room) = room else {
            return Outcome::Refused("the line to the network is closed");
        };
        room.send(Call { key, wire, reply });
        match tokio::time::timeout(self.config.timeout, answer).await {
            Err(_) => Outcome::Unknown("no answer in time".to_owned()),
            Ok(Err(_) | Ok(Answer::Lost)) => Outcome::Unknown("the connection broke".to_owned()),
            Ok(Ok(Answer::NotSent)) => Outcome::Refused("there is no connection to the network"),
            Ok(Ok(Answer::Message(message))) => match mismatch(request, &message) {
                None => Outcome::Done(message),
                Some(why) => Outcome::Unknown(why),
            },
        }
    }
}

/// Why an answer does not belong to its request.
fn mismatch(request: &Message, answer: &Message) -> Option<String> {
    if answer.mti() != request.mti().response() {
        return Some("an answer of another type".to_owned());
    }
    for number in [3, 4, 11, 41, 42] {
        if request.has(number) && request.bytes(number) != answer.bytes(number) {
            return Some(format!("an answer with another field {number}"));
        }
    }
    match answer.text(39).and_then(codes::find) {
        None => Some("an answer without a known code".to_owned()),
        // Nobody asked for a part of the amount.
        Some(row) if row.code == "10" => Some("an approval of part of the amount".to_owned()),
        Some(_) => None,
    }
}
