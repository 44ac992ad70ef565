//! One direction of one connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::{Chance, Deed, Direction, Shared};

/// How a direction ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

/// What waits in one direction.
#[derive(Default)]
struct Held {
    /// To be sent after the next frame.
    reordered: Vec<u8>,
    /// To be sent together with the next frame, or after this long.
    joined: Vec<u8>,
    patience: Duration,
    /// Frames to be sent again: in front of how many further frames, and what.
    replays: Vec<(usize, Vec<u8>)>,
}

/// Passes frames on until the connection ends or a deed ends it.
pub(super) async fn run(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: Direction,
    connection: u64,
    shared: &Shared,
) -> End {
    let mut held = Held::default();
    let mut pending = Vec::new();
    loop {
        let frame = if held.joined.is_empty() {
            next(&mut from, &mut pending).await
        } else {
            let Ok(frame) = timeout(held.patience, next(&mut from, &mut pending)).await else {
                let joined = std::mem::take(&mut held.joined);
                if to.write_all(&joined).await.is_err() {
                    return End::Closed;
                }
                continue;
            };
            frame
        };
        let Ok(Some(frame)) = frame else {
            // What was held back arrives after all: the sender has said everything.
            let rest = [held.joined, held.reordered, pending].concat();
            let _ = to.write_all(&rest).await;
            let _ = to.flush().await;
            return End::Closed;
        };
        let (deed, chance) = shared.judge(direction, connection, &frame);
        match pass(&mut to, &frame, deed, chance, &mut held).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(_) => return End::Closed,
        }
    }
}

/// The next whole frame; none at the end. Bytes of a frame that is not whole yet stay in `pending`.
async fn next(from: &mut ReadHalf<'_>, pending: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(prefix) = pending.first_chunk::<2>() {
            let whole = 2 + usize::from(u16::from_be_bytes(*prefix));
            if pending.len() >= whole {
                let rest = pending.split_off(whole);
                return Ok(Some(std::mem::replace(pending, rest)));
            }
        }
        if from.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    }
}

async fn pass(
    to: &mut WriteHalf<'_>,
    frame: &[u8],
    deed: Option<Deed>,
    mut chance: Chance,
    held: &mut Held,
) -> io::Result<Option<End>> {
    let mut out = std::mem::take(&mut held.joined);
    for (left, replay) in &mut held.replays {
        *left = left.saturating_sub(1);
        if *left == 0 {
            out.extend_from_slice(replay);
        }
    }
    held.replays.retain(|(left, _)| *left > 0);
    let reordered = std::mem::take(&mut held.reordered);
    match deed {
        None => out.extend_from_slice(frame),
        Some(Deed::Lose) => {}
        Some(Deed::Duplicate(more)) => (0..=more).for_each(|_| out.extend_from_slice(frame)),
        Some(Deed::Delay(wait)) => {
            to.write_all(&out).await?;
            out.clear();
            tokio::time::sleep(wait).await;
            out.extend_from_slice(frame);
        }
        Some(Deed::Reorder) => held.reordered = frame.to_vec(),
        Some(Deed::Join(patience)) => {
            held.patience = patience;
            held.joined = [out.as_slice(), frame, reordered.as_slice()].concat();
            return Ok(None);
        }
        Some(Deed::Replay(after)) => {
            held.replays.push((after.max(1), frame.to_vec()));
            out.extend_from_slice(frame);
        }
        Some(Deed::Flip(bit)) => {
            let mut turned = frame.to_vec();
            let bits = frame.len().saturating_sub(2) * 8;
            if let Some(byte) = turned.get_mut(2 + bit % bits.max(1) / 8) {
                *byte ^= 1 << (7 - bit % 8);
            }
            out.extend(turned);
        }
        Some(Deed::Slice(pause)) => {
            to.write_all(&out).await?;
            out.clear();
            let mut rest = frame;
            while !rest.is_empty() {
                let most = u64::try_from(rest.len()).unwrap_or(1).min(40);
                let size = usize::try_from(chance.between(1, most)).unwrap_or(1);
                let (piece, later) = rest.split_at(size.min(rest.len()));
                to.write_all(piece).await?;
                tokio::time::sleep(pause).await;
                rest = later;
            }
        }
        Some(Deed::Cut(at)) => {
            out.extend_from_slice(frame.get(..at).unwrap_or(frame));
            to.write_all(&out).await?;
            return Ok(Some(End::Closed));
        }
        Some(Deed::Reset) => return Ok(Some(End::Reset)),
    }
    out.extend(reordered);
    to.write_all(&out).await?;
    Ok(None)
}
