//! What both servers of comparison share: connections, the codec, the check of the MAC, the answer. The same work, with
//! the same crate, as the gateway does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use iso8583::crypto::MacKey;
use iso8583::{EncodeError, Frame, Framing, HeaderForm, Message, ProcessingRequest};
use simulators::load::{ACQUIRER, Crowd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Failure, Options};

/// The keys of the crowd's terminals, made when first asked for and then kept.
pub struct Keys {
    crowd: Crowd,
    made: Mutex<HashMap<u64, Arc<MacKey>>>,
}

impl Keys {
    /// None made yet.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            crowd: Crowd {
                seed: options.number("seed")?,
            },
            made: Mutex::default(),
        })
    }

    /// Which terminal sent a message, and the key it speaks under.
    pub fn find(&self, message: &Message) -> Option<(u64, Arc<MacKey>)> {
        let number: u64 = message.text(41)?.parse().ok()?;
        let n = number.checked_sub(10_000_000)?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = made.get(&n) {
            return Some((n, Arc::clone(key)));
        }
        let key = Arc::new(self.crowd.mac_key(n).ok()?);
        made.insert(n, Arc::clone(&key));
        Some((n, key))
    }
}

/// Composes the answer of a sale, with its MAC.
pub fn compose(request: &Message, code: &str, numbers: (&str, &str), key: &MacKey) -> Result<Message, EncodeError> {
    let mut answer = request.answer(&[2, 3, 4, 11, 14, 25, 41, 42, 49, 60]);
    answer
        .set(12, "101530")?
        .set(13, "1122")?
        .set(32, ACQUIRER)?
        .set(37, numbers.0)?
        .set(39, code)?
        .set(44, "01020000   48221000   ")?;
    if code == "00" {
        answer.set(15, "1122")?.set(38, numbers.1)?;
    }
    answer.seal(key)?;
    Ok(answer)
}

/// Accepts terminals until the process is killed; `answer` makes the answer of a message, none to close the connection.
pub async fn serve<A, F>(options: &Options, answer: A) -> Result<(), Failure>
where
    A: Fn(Message) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Option<Message>> + Send,
{
    let listener = TcpListener::bind(options.text("listen")?).await?;
    println!("address {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let answer = answer.clone();
        tokio::spawn(async move { converse(stream, answer).await });
    }
}

async fn converse<A, F>(mut stream: TcpStream, answer: A) -> Option<()>
where
    A: Fn(Message) -> F + Sync,
    F: Future<Output = Option<Message>>,
{
    stream.set_nodelay(true).ok()?;
    let mut framing = Framing::new(HeaderForm::SixBytes, Framing::DEFAULT_MAXIMUM);
    let mut buffer = vec![0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        framing.feed(buffer.get(..count)?);
        while let Some(frame) = framing.next_frame().ok()? {
            let wire = reply(&frame, &answer).await?;
            stream.write_all(&wire).await.ok()?;
        }
    }
}

async fn reply<A, F>(frame: &Frame, answer: &A) -> Option<Vec<u8>>
where
    A: Fn(Message) -> F + Sync,
    F: Future<Output = Option<Message>>,
{
    let said = answer(Message::decode(&frame.message).ok()?).await?;
    frame
        .reply(said.encode().ok()?, ProcessingRequest::Nothing)
        .to_wire()
        .ok()
}

/// Runs a server on threads of its own.
pub fn block_on(server: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(server)
}
