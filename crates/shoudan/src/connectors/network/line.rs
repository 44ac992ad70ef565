//! The task that owns the connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iso8583::{Framing, HeaderForm, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::{Answer, Call, Config, Key, Late};

/// Calls under way: who waits, and since when.
type Waiting = HashMap<Key, (oneshot::Sender<Answer>, Instant)>;

/// How many calls go out in one write.
const TOGETHER: usize = 64;
/// After this many times the time-out a call whose caller has gone is forgotten, and its answer counts as nobody's.
const REMEMBERED: u32 = 10;
const LARGEST_FRAME: usize = 4096;

/// Keeps the line open until every connector has gone.
pub(super) async fn keep(
    config: Arc<Config>,
    mut calls: mpsc::Receiver<Call>,
    up: watch::Sender<bool>,
    late: broadcast::Sender<Late>,
) {
    let mut pause = config.first_pause;
    loop {
        match timeout(config.timeout, TcpStream::connect(&config.address)).await {
            Ok(Ok(connection)) => {
                let _ = connection.set_nodelay(true);
                tracing::info!(address = %config.address, "connected to the card network");
                pause = config.first_pause;
                up.send_replace(true);
                let ended = serve(connection, &config, &mut calls, &late).await;
                up.send_replace(false);
                if ended {
                    return;
                }
                tracing::warn!(address = %config.address, "the line to the card network broke");
            }
            Ok(Err(error)) => tracing::warn!(%error, address = %config.address, "the card network cannot be reached"),
            Err(_) => tracing::warn!(address = %config.address, "the card network does not accept"),
        }
        if !rest(pause, &mut calls).await {
            return;
        }
        pause = (pause * 2).min(config.longest_pause);
    }
}

/// Waits before the next try and turns calls away meanwhile; false where nobody can call any more.
async fn rest(pause: Duration, calls: &mut mpsc::Receiver<Call>) -> bool {
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return true,
            call = calls.recv() => match call {
                None => return false,
                Some(call) => drop(call.reply.send(Answer::NotSent)),
            },
        }
    }
}

/// One connection, until it breaks (false) or nobody can call any more (true). Whoever still waits is told that the
/// answer is lost.
async fn serve(
    connection: TcpStream,
    config: &Config,
    calls: &mut mpsc::Receiver<Call>,
    late: &broadcast::Sender<Late>,
) -> bool {
    let (mut reading, mut writing) = connection.into_split();
    let mut waiting = Waiting::new();
    let mut framing = Framing::new(HeaderForm::SixBytes, LARGEST_FRAME);
    let mut buffer = vec![0; 16 * 1024];
    let mut batch = Vec::with_capacity(TOGETHER);
    let ended = loop {
        tokio::select! {
            count = calls.recv_many(&mut batch, TOGETHER) => {
                if count == 0 {
                    break true;
                }
                forget_old(&mut waiting, config.timeout);
                let mut wire = Vec::new();
                for call in batch.drain(..) {
                    wire.extend(call.wire);
                    waiting.insert(call.key, (call.reply, Instant::now()));
                }
                if !matches!(timeout(config.timeout, writing.write_all(&wire)).await, Ok(Ok(()))) {
                    break false;
                }
            }
            read = reading.read(&mut buffer) => {
                let Ok(count @ 1..) = read else { break false };
                framing.feed(buffer.get(..count).unwrap_or_default());
                if !deliver(&mut framing, &mut waiting, late) {
                    break false;
                }
            }
        }
    };
    for (reply, _) in waiting.into_values() {
        let _ = reply.send(Answer::Lost);
    }
    ended
}

/// Hands complete answers to whoever waits for them; false where the stream cannot be followed any further.
fn deliver(framing: &mut Framing, waiting: &mut Waiting, late: &broadcast::Sender<Late>) -> bool {
    loop {
        let frame = match framing.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return true,
            Err(error) => {
                tracing::warn!(%error, "the card network sent no frame");
                return false;
            }
        };
        let Ok(message) = Message::decode(&frame.message) else {
            tracing::warn!("the card network sent a malformed message");
            continue;
        };
        let Some((reply, _)) = Key::of(&message).and_then(|key| waiting.remove(&key)) else {
            tracing::warn!("the card network answered a question nobody asked");
            continue;
        };
        if let Err(Answer::Message(message)) = reply.send(Answer::Message(Box::new(message))) {
            tell_late(&message, late);
        }
    }
}

fn tell_late(message: &Message, late: &broadcast::Sender<Late>) {
    let stan = message.number(11).and_then(|n| i64::try_from(n).ok());
    let text = |number| message.text(number).unwrap_or_default().to_owned();
    if let Some(stan) = stan {
        // Nobody listening is fine: the reversal is queued without it.
        let _ = late.send(Late {
            terminal_number: text(41),
            stan,
            code: text(39),
        });
    }
}

fn forget_old(waiting: &mut Waiting, limit: Duration) {
    if waiting.len() > TOGETHER {
        waiting.retain(|_, (reply, since)| !reply.is_closed() || since.elapsed() < limit * REMEMBERED);
    }
}
