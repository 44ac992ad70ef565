//! One connection: it is opened, written, read, tested, and opened again when it breaks.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iso8583::{Frame, FrameError, Framing, HeaderForm, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::counts::Event;
use super::desk::{Answer, Desk, NoRoom};
use super::key::Key;
use super::management::{ECHO, SIGN_ON};
use super::{Late, Shared};

/// The longest frame that is read; the network sends none that long.
const LONGEST_FRAME: usize = 4096;
/// How much is read at once.
const READ: usize = 32 * 1024;
/// How long a connection may take to open.
const CONNECTING: Duration = Duration::from_secs(10);

/// A place for a connection.
pub(super) struct Line {
    desk: Mutex<Desk>,
    /// Rung when there are bytes to write.
    wake: Notify,
    /// Whether calls may use it.
    ready: AtomicBool,
    /// Rung to give the connection up.
    hopeless: Notify,
    /// When something was heard last.
    heard: Mutex<Instant>,
}

impl Line {
    pub(super) fn new(most: usize) -> Self {
        Self {
            desk: Mutex::new(Desk::new(most)),
            wake: Notify::new(),
            ready: AtomicBool::new(false),
            hopeless: Notify::new(),
            heard: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn post(&self, key: Key, wire: &[u8], urgent: bool) -> Result<oneshot::Receiver<Answer>, NoRoom> {
        let answer = self.desk().post(key, wire, urgent)?;
        self.wake.notify_one();
        Ok(answer)
    }

    /// Breaks the connection, so that another is opened.
    pub(super) fn give_up(&self) {
        self.hopeless.notify_waiters();
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps one connection open until it is dropped.
pub(super) async fn keep(shared: Arc<Shared>, index: usize) {
    let Some(line) = shared.lines.get(index) else {
        return;
    };
    let config = &shared.config;
    let mut pause = config.first_pause;
    loop {
        match timeout(CONNECTING, TcpStream::connect(&config.address)).await {
            Ok(Ok(connection)) => {
                shared.counters.note(Event::Connected);
                if serve(connection, &shared, line, index).await {
                    pause = config.first_pause;
                }
                shared.counters.note(Event::Disconnected);
            }
            Ok(Err(_)) | Err(_) => shared.counters.note(Event::Unreachable),
        }
        if shared.breaker.line_failed(Instant::now()) {
            shared.counters.note(Event::BreakerOpened);
        }
        sleep(pause).await;
        pause = (pause * 2).min(config.longest_pause);
    }
}

/// One connection until it breaks; whether anything was heard on it.
async fn serve(connection: TcpStream, shared: &Shared, line: &Line, index: usize) -> bool {
    let _ = connection.set_nodelay(true);
    let (reading, writing) = connection.into_split();
    let began = Instant::now();
    *line.heard() = began;
    line.desk().open();
    tracing::info!(address = %shared.config.address, "connected to the card network");
    let why = tokio::select! {
        broke = read(reading, shared, line) => broke,
        broke = write(writing, shared, line) => broke.err().map_or_else(|| "closed".to_owned(), |e| e.to_string()),
        why = test(shared, line, index) => why.to_owned(),
        () = line.hopeless.notified() => "it does not answer".to_owned(),
    };
    tracing::warn!(address = %shared.config.address, why, "the line to the card network broke");
    if line.ready.swap(false, Ordering::AcqRel) {
        shared.ready.fetch_sub(1, Ordering::AcqRel);
    }
    line.desk().close();
    *line.heard() > began
}

/// Writes whatever has gathered since the last write, at once.
async fn write(mut writing: OwnedWriteHalf, shared: &Shared, line: &Line) -> io::Result<()> {
    let mut out = Vec::new();
    loop {
        let more = line.desk().take(&mut out);
        if more {
            timeout(shared.config.timeout, writing.write_all(&out)).await??;
        } else {
            line.wake.notified().await;
        }
    }
}

/// Signs on where that is asked for, lets calls in, and tests the connection whenever nothing has been heard for long.
async fn test(shared: &Shared, line: &Line, index: usize) -> &'static str {
    if shared.config.sign_on && !shared.ask(index, SIGN_ON).await {
        return "the sign-on was not accepted";
    }
    line.ready.store(true, Ordering::Release);
    shared.ready.fetch_add(1, Ordering::AcqRel);
    shared.opened.notify_waiters();
    loop {
        let before = *line.heard();
        sleep_until(before + shared.config.echo_after).await;
        if *line.heard() == before && !shared.ask(index, ECHO).await && *line.heard() == before {
            return "it is silent";
        }
    }
}

/// Reads answers until the connection ends, sends no frames, or never ends one: why.
async fn read(mut reading: OwnedReadHalf, shared: &Shared, line: &Line) -> String {
    let mut framing = Framing::new(HeaderForm::SixBytes, LONGEST_FRAME);
    let mut buffer = vec![0; READ];
    // Since when the frame that is half here has been coming.
    let mut midway: Option<Instant> = None;
    loop {
        let arrived = match midway {
            None => reading.read(&mut buffer).await,
            Some(since) => match timeout_at(since + shared.config.timeout, reading.read(&mut buffer)).await {
                Ok(arrived) => arrived,
                Err(_) => return unframed(shared, "a frame does not end"),
            },
        };
        let count = match arrived {
            Ok(0) => return "closed by the network".to_owned(),
            Ok(count) => count,
            Err(error) => return error.to_string(),
        };
        *line.heard() = Instant::now();
        framing.feed(buffer.get(..count).unwrap_or_default());
        let mut whole = false;
        loop {
            match framing.next_frame() {
                Ok(Some(frame)) => {
                    whole = true;
                    deliver(&frame, shared, line);
                }
                Ok(None) => break,
                // Nothing tells where the next frame begins.
                Err(error @ FrameError::TooLong { .. }) => return unframed(shared, &error.to_string()),
                Err(_) => {
                    whole = true;
                    shared.counters.note(Event::Malformed);
                }
            }
        }
        midway = match midway.filter(|_| !whole) {
            _ if !framing.is_midway() => None,
            Some(since) => Some(since),
            None => Some(Instant::now()),
        };
    }
}

fn unframed(shared: &Shared, why: &str) -> String {
    shared.counters.note(Event::Unframed);
    why.to_owned()
}

/// Hands an answer to whoever waits for it.
fn deliver(frame: &Frame, shared: &Shared, line: &Line) {
    let Ok(message) = Message::decode(&frame.message) else {
        return shared.counters.note(Event::Malformed);
    };
    if !shared.is_authentic(&message, &frame.message) {
        return shared.counters.note(Event::Unauthenticated);
    }
    if !message.mti().is_response() {
        match shared.asked_by_network(&message) {
            Some(wire) => {
                line.desk().say(&wire);
                line.wake.notify_one();
            }
            None => shared.counters.note(Event::Stranger),
        }
        return;
    }
    let Some(key) = Key::answered(&message) else {
        return shared.counters.note(Event::Stranger);
    };
    let whose = line.desk().whose(&key);
    match whose {
        Ok(reply) => {
            if let Err(Answer::Message(message)) = reply.send(Answer::Message(Box::new(message))) {
                shared.counters.note(Event::Late);
                tell_late(&message, shared);
            }
        }
        Err(event) => {
            shared.counters.note(event);
            if event != Event::Duplicate {
                tell_late(&message, shared);
            }
        }
    }
}

/// Tells of an answer to a payment: whoever keeps the books knows whether one of theirs waits for it.
fn tell_late(message: &Message, shared: &Shared) {
    let payment = matches!(message.mti().as_str(), "0110" | "0210" | "0230");
    let stan = message.number(11).and_then(|n| i64::try_from(n).ok());
    let text = |number| message.text(number).unwrap_or_default().to_owned();
    // It will be looked up: a number that no terminal can have is not worth it.
    let possible = text(41)
        .bytes()
        .chain(text(39).bytes())
        .chain(text(37).bytes())
        .all(|c| c.is_ascii_alphanumeric());
    if let Some(stan) = stan.filter(|_| payment && possible) {
        // Nobody listening is fine: the reversal is queued without it.
        let _ = shared.late.send(Late {
            terminal_number: text(41),
            stan,
            rrn: text(37),
            code: text(39),
        });
    }
}
