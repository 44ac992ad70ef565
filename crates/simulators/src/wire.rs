//! One framed message in, one out.

use std::io;
use std::time::Duration;

use iso8583::{Frame, Framing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

fn bad(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Sends a frame on a connection of its own and waits for the next one that comes back.
pub(crate) async fn exchange(address: &str, frame: &Frame, patience: Duration) -> io::Result<Frame> {
    let talk = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        connection.write_all(&frame.to_wire().map_err(bad)?).await?;
        let mut framing = Framing::default();
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = framing.next_frame().map_err(bad)? {
                return Ok(frame);
            }
            let read = connection.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            framing.feed(buffer.get(..read).unwrap_or_default());
        }
    };
    timeout(patience, talk)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
