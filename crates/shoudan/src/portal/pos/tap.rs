//! A tap on the line: stands between the simulated terminal and the gateway and keeps what passes, byte for byte.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The most that is kept of one direction; a frame is far shorter.
const MOST_KEPT: usize = 16 * 1024;

/// What passed on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// From the terminal.
    pub sent: Vec<u8>,
    /// From the gateway.
    pub received: Vec<u8>,
    /// From the first byte sent to the last received, milliseconds.
    pub took: i64,
}

type Kept = Arc<Mutex<Vec<Passed>>>;

/// A tap; closed when it is dropped.
pub struct Tap {
    /// Where the terminal connects instead.
    pub address: String,
    kept: Kept,
    task: JoinHandle<()>,
}

impl Tap {
    /// Opens a tap before the gateway at `host:port`.
    pub async fn open(gateway: String) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let kept = Kept::default();
        let own = kept.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(relay(near, gateway.clone(), own.clone()));
            }
        });
        Ok(Self { address, kept, task })
    }

    /// What has passed so far, one entry per connection, in the order they were made.
    pub fn passed(&self) -> Vec<Passed> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut near: TcpStream, gateway: String, kept: Kept) {
    let place = {
        let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Passed::default());
        all.len() - 1
    };
    // Where the gateway does not answer, the terminal finds its connection closed.
    let Ok(mut far) = TcpStream::connect(&gateway).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let started = Instant::now();
    let note = |bytes: &[u8], ours: bool| {
        let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.get_mut(place) {
            let side = if ours { &mut one.sent } else { &mut one.received };
            let room = MOST_KEPT.saturating_sub(side.len());
            side.extend(bytes.iter().take(room));
            one.took = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        }
    };
    let ((mut near_read, mut near_write), (mut far_read, mut far_write)) = (near.split(), far.split());
    tokio::join!(
        pass(&mut near_read, &mut far_write, |bytes| note(bytes, true)),
        pass(&mut far_read, &mut near_write, |bytes| note(bytes, false)),
    );
}

/// Passes bytes on until one side ends, then ends the other.
async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), note: impl Fn(&[u8])) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_passes_is_kept_and_arrives_unchanged() {
        let far = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = far.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut line, _) = far.accept().await.unwrap();
            let mut heard = [0; 5];
            line.read_exact(&mut heard).await.unwrap();
            line.write_all(b"reply").await.unwrap();
        });
        let tap = Tap::open(address).await.unwrap();
        let mut line = TcpStream::connect(&tap.address).await.unwrap();
        line.write_all(b"asked").await.unwrap();
        let mut told = [0; 5];
        line.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"reply");
        let passed = tap.passed();
        assert_eq!(
            (passed[0].sent.as_slice(), passed[0].received.as_slice()),
            (&b"asked"[..], &b"reply"[..])
        );
    }

    #[tokio::test]
    async fn a_gateway_that_is_not_there_closes_the_line() {
        let nobody = {
            TcpListener::bind(("127.0.0.1", 0))
                .await
                .unwrap()
                .local_addr()
                .unwrap()
                .to_string()
        };
        let tap = Tap::open(nobody).await.unwrap();
        let mut line = TcpStream::connect(&tap.address).await.unwrap();
        let mut told = Vec::new();
        // Closed or reset, as the system has it: either way nothing was told.
        let _ = line.read_to_end(&mut told).await;
        assert!(told.is_empty());
        assert!(tap.passed().iter().all(|one| one.received.is_empty()));
    }
}
