//! A card network with issuers behind it. It listens on a socket, answers each request as its script says, and keeps a
//! book of what it approved and has not undone, so that an acquirer's books can be compared with it. At the end of its
//! business day it writes the clearing file.
//!
//! It knows a transaction by terminal (41), merchant (42) and trace number (11), and by the reference number (37) where one
//! is sent; a message about an earlier one names that one's trace number in 61.2, a reversal repeats it in 11. Reversals
//! carry no card number. With a MAC key every message of both sides carries a MAC in field 64 (ECB form).
//!
//! Beside payments it answers sign-on (0820, 60.3 = 001) and echo (301), and announces a new business date (0820, 60.3 =
//! 201, field 15); once it has a date its answers carry it.

mod answers;
mod book;
mod chance;
mod clearing;
mod connection;
mod follow;
mod journal;
mod rules;
mod script;

pub use book::{Entry, Standing};
pub use clearing::{ClearingFile, Difference, Line, crc32};
pub use rules::{Fault, Latency, Outage, Play, Rule, When, Window};
pub use script::{CardScript, NetworkScript, Outcome};

pub(crate) use chance::Chance;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use iso8583::Message;
use iso8583::crypto::{DesKey, MacAlgorithm, MacKey};
use iso8583::values::F60;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use book::Book;
use rules::Rules;

/// A running network. Dropping it closes its socket and every connection.
pub struct Network {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    address: SocketAddr,
    inside: Mutex<Inside>,
    outage: watch::Sender<Option<Outage>>,
    announcements: broadcast::Sender<Message>,
    /// The windows of the play at work.
    windows: Mutex<Option<tokio::task::AbortHandle>>,
}

struct Inside {
    script: NetworkScript,
    mac: Option<MacKey>,
    rules: Rules,
    /// When the play was set.
    since: Instant,
    book: Book,
    /// An answer that waits to change places with another.
    held: Option<Message>,
    /// Where clearing files are written.
    files: Option<PathBuf>,
}

/// What the network does about one request.
enum Deed {
    /// It answers after a while.
    Answer(Duration, Box<Message>),
    /// It says nothing.
    Silence,
    /// It closes the connection.
    Drop,
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mac(&self) -> Option<MacKey> {
        self.inside().mac.clone()
    }
}

fn mac_of(script: &NetworkScript) -> Option<MacKey> {
    let key = DesKey::from_hex(&script.mac_key).ok()?;
    MacKey::new(MacAlgorithm::Ecb, key.expose()).ok()
}

fn is_sign_on(request: &Message) -> bool {
    &request.mti() == "0820" && F60::of(request).is_some_and(|f60| f60.network_code == Some(1))
}

impl Network {
    /// Listens at `address` (port 0: any free one) and answers by `script`.
    pub async fn bind(address: &str, script: NetworkScript) -> std::io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, script)
    }

    /// Answers on a socket that is open already.
    pub fn on(listener: TcpListener, script: NetworkScript) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            inside: Mutex::new(Inside {
                mac: mac_of(&script),
                rules: Rules::new(Play::default()),
                since: Instant::now(),
                book: Book::default(),
                held: None,
                files: None,
                script: NetworkScript::default(),
            }),
            outage: watch::Sender::new(None),
            announcements: broadcast::channel(16).0,
            windows: Mutex::new(None),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(connection::accept(listener, Arc::clone(&shared)));
        let network = Self {
            shared,
            tasks: Mutex::new(tasks),
        };
        network.set_script(script);
        Ok(network)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Replaces the script, its play included; the book stays.
    pub fn set_script(&self, script: NetworkScript) {
        let play = script.play.clone();
        {
            let mut inside = self.shared.inside();
            inside.mac = mac_of(&script);
            inside.script = script;
        }
        set_play(&self.shared, play);
    }

    /// Replaces the play: rules, delays, outages. Its counters and its time begin anew.
    pub fn set_play(&self, play: Play) {
        set_play(&self.shared, play);
    }

    /// Takes its play from a file, whenever that changes, from now on; without the file the play is the one of now.
    pub fn follow(&self, path: impl Into<PathBuf>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(follow::follow(path.into(), Arc::clone(&self.shared)));
    }

    /// Keeps the book in a file from now on, and takes up what stands there. Call it before the first request.
    pub fn keep_book(&self, path: &Path) -> std::io::Result<()> {
        let book = journal::open(path)?;
        self.shared.inside().book = book;
        Ok(())
    }

    /// Writes each day's clearing file into this directory.
    pub fn keep_files(&self, directory: impl Into<PathBuf>) {
        self.shared.inside().files = Some(directory.into());
    }

    /// Begins or ends an outage.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.shared.outage.send_replace(outage);
    }

    /// Closes the business day and begins another, `YYYY-MM-DD`: everybody connected is told, answers carry the new date,
    /// and the clearing file of the day before is written where [`Network::keep_files`] said.
    pub fn cut_over(&self, date: &str) {
        cut_over(&self.shared, date);
    }

    /// The clearing file of a day, with as many wrong lines in a million as are asked for, chosen by the seed.
    pub fn clearing(&self, date: &str, differences_ppm: u32, seed: u64) -> ClearingFile {
        clearing::of_day(&self.shared.inside().book, date, differences_ppm, seed)
    }

    /// Sends everybody connected a message of the network's own.
    pub fn announce(&self, message: Message) {
        let _ = self.shared.announcements.send(message);
    }

    /// Every transaction it has heard of, in the order of their arrival.
    pub fn book(&self) -> Vec<Entry> {
        self.shared.inside().book.entries()
    }

    /// How many messages of this type (`0200`) have arrived, repeats included.
    pub fn heard(&self, mti: &str) -> usize {
        self.shared.inside().book.heard(mti)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let windows = self.shared.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(windows) = windows.as_ref() {
            windows.abort();
        }
    }
}

fn set_play(shared: &Arc<Shared>, play: Play) {
    let (date, windows) = (play.business_date.clone(), play.outages.clone());
    {
        let mut inside = shared.inside();
        inside.rules = Rules::new(play);
        inside.since = Instant::now();
        inside.held = None;
    }
    let mut at_work = shared.windows.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = at_work.take() {
        before.abort();
        shared.outage.send_replace(None);
    }
    if !windows.is_empty() {
        *at_work = Some(tokio::spawn(keep_windows(Arc::clone(shared), windows)).abort_handle());
    }
    drop(at_work);
    if let Some(date) = date {
        cut_over(shared, &date);
    }
}

/// Begins and ends the outages of a play.
async fn keep_windows(shared: Arc<Shared>, mut windows: Vec<Window>) {
    let began = tokio::time::Instant::now();
    windows.sort_by_key(|window| window.from_ms);
    for window in windows {
        tokio::time::sleep_until(began + Duration::from_millis(window.from_ms)).await;
        shared.outage.send_replace(Some(window.outage));
        tokio::time::sleep_until(began + Duration::from_millis(window.to_ms)).await;
        shared.outage.send_replace(None);
    }
}

fn cut_over(shared: &Shared, date: &str) {
    let Some(announcement) = connection::announcement(date) else {
        tracing::error!(date, "no business date: it is written YYYY-MM-DD");
        return;
    };
    let closed = {
        let mut inside = shared.inside();
        let before = inside.book.date().map(str::to_owned);
        if before.as_deref() == Some(date) {
            return;
        }
        inside.book.set_date(date);
        let (ppm, seed) = (inside.rules.play.differences_ppm, inside.rules.play.seed);
        let file = before.map(|day| clearing::of_day(&inside.book, &day, ppm, seed));
        inside.files.clone().zip(file)
    };
    if let Some((directory, file)) = closed {
        let path = directory.join(file.name());
        if let Err(error) = std::fs::write(&path, file.text()) {
            tracing::error!(%error, path = %path.display(), "the clearing file cannot be written");
        }
    }
    let _ = shared.announcements.send(announcement);
}

#[cfg(test)]
mod tests;
