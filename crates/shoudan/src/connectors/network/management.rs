//! The line's own conversation, in messages 0820 that name what they are about in 60.3: 001 sign-on and 301 echo from here,
//! 301 and 201 (a new business date, field 15) from the network, each answered 0830. Frames and MAC of all messages.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use iso8583::values::F60;
use iso8583::{EncodeError, Message};
use tokio::time::{Instant, timeout};

use super::breaker::Position;
use super::counts::Event;
use super::desk::Answer;
use super::key::Key;
use super::{Shared, answers};

/// 60.3 of a sign-on.
pub(super) const SIGN_ON: u16 = 1;
/// 60.3 of an echo test.
pub(super) const ECHO: u16 = 301;
/// 60.3 of the announcement of a new business date.
const CUT_OVER: u16 = 201;

/// How long the network may take to answer one of the line's own messages.
const OWN: Duration = Duration::from_secs(5);

/// Terminal and merchant of messages that belong to none.
const NOBODY: (&str, &str) = ("00000000", "000000000000000");

/// Tests the network with an echo whenever the breaker has rested, until it is dropped.
pub(super) async fn probe(shared: Arc<Shared>) {
    loop {
        // A connection that has just been opened is reason enough not to wait any longer.
        tokio::select! {
            () = shared.breaker.rested() => {}
            () = shared.opened.notified() => {}
        }
        if shared.breaker.position() != Position::Open {
            continue;
        }
        let answered = match shared.lines.iter().position(super::line::Line::is_ready) {
            None => false,
            Some(index) => {
                let answered = shared.ask(index, ECHO).await;
                if !answered && let Some(line) = shared.lines.get(index) {
                    line.give_up();
                }
                answered
            }
        };
        shared.breaker.probed(answered, Instant::now());
    }
}

impl Shared {
    /// The bytes of a message on the line: length, transport address, header, message, and the MAC where there is one.
    pub(super) fn wire(&self, message: &Message) -> Option<Vec<u8>> {
        let (body, mac) = match &self.config.mac {
            None => (message.encode().ok()?, None),
            Some(_) if message.has(64) => return None,
            Some(key) => {
                let body = message.mac_block().ok()?;
                let mac = key.mac(&body);
                (body, Some(mac))
            }
        };
        let length = 5 + 6 + body.len() + mac.map_or(0, |mac| mac.len());
        let mut wire = Vec::with_capacity(2 + length);
        wire.extend(u16::try_from(length).ok()?.to_be_bytes());
        wire.extend(self.config.tpdu.bytes());
        wire.extend(self.config.header.bytes());
        wire.extend(body);
        wire.extend(mac.iter().flatten());
        Some(wire)
    }

    /// Whether a message carries the line's MAC, where there is one. `bytes` is what it was read from.
    pub(super) fn is_authentic(&self, message: &Message, bytes: &[u8]) -> bool {
        let Some(key) = &self.config.mac else {
            return true;
        };
        // Field 64 is the last: the MAC is over everything before it.
        match (message.array(64), bytes.split_last_chunk::<8>()) {
            (Some(mac), Some((block, _))) => key.verify(block, mac),
            _ => false,
        }
    }

    /// Sends one of the line's own messages and waits for its answer; whether it came, and said 00.
    pub(super) async fn ask(&self, index: usize, code: u16) -> bool {
        let trace = self.own_trace.fetch_add(1, Ordering::Relaxed) % 999_999 + 1;
        let Some(line) = self.lines.get(index) else {
            return false;
        };
        let Ok(request) = own(code, trace) else {
            return false;
        };
        let (Some(key), Some(wire)) = (Key::asked(&request), self.wire(&request)) else {
            return false;
        };
        if code == ECHO {
            self.counters.note(Event::Echo);
        }
        let Ok(answer) = line.post(key, &wire, true) else {
            return false;
        };
        let answer = timeout(self.config.timeout.min(OWN), answer).await;
        line.desk().give_up(&key);
        matches!(answer, Ok(Ok(Answer::Message(message))) if message.text(39) == Some("00"))
    }

    /// The answer to a request of the network's own; none where it is not one that is known here.
    pub(super) fn asked_by_network(&self, request: &Message) -> Option<Vec<u8>> {
        let code = F60::of(request)?.network_code?;
        if &request.mti() != "0820" || !matches!(code, ECHO | CUT_OVER) {
            return None;
        }
        let mut answer = request.answer(&[11, 15, 41, 42, 60]);
        if code == CUT_OVER {
            let known = request.number(15).and_then(answers::business_date).is_some();
            if known {
                self.counters.note(Event::CutOver);
                self.note_day(request);
            }
            answer.set(39, if known { "00" } else { "30" }).ok()?;
        } else {
            answer.set(39, "00").ok()?;
        }
        self.wire(&answer)
    }
}

fn own(code: u16, trace: usize) -> Result<Message, EncodeError> {
    let mut message = Message::new("0820")?;
    message
        .set_number(11, u64::try_from(trace).unwrap_or(1))?
        .set(41, NOBODY.0)?
        .set(42, NOBODY.1)?
        .set(60, &F60::management(0, code).digits()?)?;
    Ok(message)
}
