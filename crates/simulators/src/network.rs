//! A card network with issuers behind it. It listens on a socket, answers each request as its script says for the card,
//! and keeps a book of what it approved and has not undone, so that an acquirer's books can be compared with it.
//!
//! It knows a transaction by terminal (41), merchant (42) and trace number (11); a message about an earlier one names that
//! one's trace number in 61.2, a reversal repeats it in 11. Reversals carry no card number. There is no MAC on this line.

mod book;
mod script;

pub use book::{Entry, Standing};
pub use script::{CardScript, NetworkScript, Outcome};

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iso8583::{Frame, Framing, Message, ProcessingRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use book::Book;

/// A running network. Dropping it closes its socket and every connection.
pub struct Network {
    address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Inside {
    script: NetworkScript,
    book: Book,
}

/// What the network does about one request.
pub(crate) enum Deed {
    /// It answers after a while.
    Answer(Duration, Box<Message>),
    /// It says nothing.
    Silence,
    /// It closes the connection.
    Drop,
}

fn locked(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Listens at `address` (port 0: any free one) and answers by `script`.
    pub async fn bind(address: &str, script: NetworkScript) -> std::io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, script)
    }

    /// Answers on a socket that is open already.
    pub fn on(listener: TcpListener, script: NetworkScript) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let inside = Arc::new(Mutex::new(Inside {
            script,
            book: Book::default(),
        }));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&inside)));
        Ok(Self {
            address,
            inside,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the script; the book stays.
    pub fn set_script(&self, script: NetworkScript) {
        locked(&self.inside).script = script;
    }

    /// Every transaction it has heard of, in the order of their arrival.
    pub fn book(&self) -> Vec<Entry> {
        locked(&self.inside).book.entries().to_vec()
    }

    /// How many requests of this type (`0200`) have arrived, repeats included.
    pub fn heard(&self, mti: &str) -> usize {
        locked(&self.inside).book.heard(mti)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inside: Arc<Mutex<Inside>>) {
    // Aborting this task drops the set, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                connections.spawn(converse(connection, Arc::clone(&inside)));
            }
            Err(error) => {
                tracing::warn!(%error, "the simulated network cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection: requests are dealt with as they come, answers go out when they are due.
async fn converse(connection: TcpStream, inside: Arc<Mutex<Inside>>) {
    let _ = connection.set_nodelay(true);
    let (mut reading, writing) = connection.into_split();
    let (answers, outgoing) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(writing, outgoing));
    let mut framing = Framing::default();
    let mut buffer = vec![0; 16 * 1024];
    'open: while let Ok(read @ 1..) = reading.read(&mut buffer).await {
        framing.feed(buffer.get(..read).unwrap_or_default());
        loop {
            match framing.next_frame() {
                Ok(Some(frame)) => {
                    if !deal(&frame, &inside, &answers) {
                        break 'open;
                    }
                }
                Ok(None) => break,
                Err(_) => break 'open,
            }
        }
    }
    writer.abort();
}

/// Deals with one request; false where the connection is to be closed.
fn deal(frame: &Frame, inside: &Mutex<Inside>, answers: &mpsc::UnboundedSender<Vec<u8>>) -> bool {
    let Ok(request) = Message::decode(&frame.message) else {
        return false;
    };
    let deed = {
        let mut inside = locked(inside);
        let Inside { script, book } = &mut *inside;
        book.decide(script, &request)
    };
    match deed {
        Deed::Drop => false,
        Deed::Silence => true,
        Deed::Answer(wait, answer) => {
            let wire = answer
                .encode()
                .ok()
                .and_then(|bytes| frame.reply(bytes, ProcessingRequest::Nothing).to_wire().ok());
            if let Some(wire) = wire {
                send_after(wait, wire, answers.clone());
            }
            true
        }
    }
}

fn send_after(wait: Duration, wire: Vec<u8>, answers: mpsc::UnboundedSender<Vec<u8>>) {
    if wait.is_zero() {
        let _ = answers.send(wire);
        return;
    }
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        // The connection may have gone meanwhile: then the answer is lost, as it would be.
        let _ = answers.send(wire);
    });
}

async fn write(mut writing: OwnedWriteHalf, mut outgoing: mpsc::UnboundedReceiver<Vec<u8>>) {
    let mut ready = Vec::new();
    while outgoing.recv_many(&mut ready, 64).await > 0 {
        if writing.write_all(&ready.concat()).await.is_err() {
            return;
        }
        ready.clear();
    }
}

#[cfg(test)]
mod tests;
