//! One connection of a terminal: frames in, answers out, one after the other.

use std::sync::Arc;
use std::time::Instant;

use iso8583::Framing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Gateway, messages};

/// Serves a connection until it ends, is silent too long, sends what is no frame, or the server stops.
pub(super) async fn converse(gateway: &Arc<Gateway>, mut stream: TcpStream, mut closed: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let settings = &gateway.settings;
    let mut framing = Framing::new(settings.header, settings.longest_frame);
    let mut buffer = vec![0; 4096];
    // When the frame that is not complete yet began.
    let mut began: Option<Instant> = None;
    loop {
        let patience = match began {
            Some(since) => settings.drip.saturating_sub(since.elapsed()),
            None => settings.idle,
        };
        let read = tokio::select! {
            read = timeout(patience, stream.read(&mut buffer)) => read,
            _ = closed.wait_for(|closed| *closed) => return,
        };
        let Ok(Ok(count @ 1..)) = read else { return };
        framing.feed(buffer.get(..count).unwrap_or_default());
        let Some(answered) = answer_all(gateway, &mut framing, &mut stream).await else {
            return;
        };
        // A frame that was completed and the beginning of the next share no clock.
        began = framing
            .is_midway()
            .then(|| began.filter(|_| !answered).unwrap_or_else(Instant::now));
    }
}

/// Answers every complete frame; whether there was one. None where the connection is to be closed.
async fn answer_all(gateway: &Arc<Gateway>, framing: &mut Framing, stream: &mut TcpStream) -> Option<bool> {
    let mut answered = false;
    loop {
        let frame = match framing.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Some(answered),
            Err(error) => {
                tracing::debug!(%error, "a terminal sent no frame");
                return None;
            }
        };
        let wire = messages::answer(gateway, &frame).await?.to_wire().ok()?;
        if !matches!(
            timeout(gateway.settings.drip, stream.write_all(&wire)).await,
            Ok(Ok(()))
        ) {
            return None;
        }
        answered = true;
    }
}
