//! The kit as a host: it listens, and leads a terminal through the stories of a profile.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iso8583::{Frame, Framing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::session::Session;
use super::{Identity, Report, Story, TerminalVectors, VectorError};

/// A run against one terminal.
pub struct Run {
    /// The terminal's numbers and keys.
    pub identity: Identity,
    /// Profile.
    pub profile: String,
    /// When it begins, RFC 3339, for the report.
    pub begun: String,
    /// Local time `hhmmss` and date `MMDD` that the terminal is told.
    pub clock: (String, String),
    /// How long to wait for the next message before giving up.
    pub patience: Duration,
}

struct Shared {
    session: Mutex<Session>,
    /// A message was taken.
    taken: Notify,
}

/// Listens until the stories are over or nothing comes any more. `tell` is called with each story when its turn comes.
pub async fn serve(run: Run, listener: TcpListener, tell: impl Fn(&Story)) -> Result<Report, VectorError> {
    let vectors = TerminalVectors::v1()?;
    let stories = vectors.stories(&run.profile)?;
    let session = Session::new(run.identity, vectors.rule, stories, run.clock);
    let shared = Arc::new(Shared {
        session: Mutex::new(session),
        taken: Notify::new(),
    });
    let mut told = String::new();
    loop {
        let next = locked(&shared).next_story().cloned();
        if let Some(story) = next.filter(|story| story.id != told) {
            tell(&story);
            told = story.id;
        }
        if locked(&shared).is_over() {
            // A reversal that should not be may still come; the last answer is on its way too.
            let _ = timeout(Duration::from_millis(300), accepted(&listener, &shared)).await;
            break;
        }
        let waited = tokio::select! {
            came = accepted(&listener, &shared) => came.is_ok(),
            () = shared.taken.notified() => true,
            () = tokio::time::sleep(run.patience) => false,
        };
        if !waited {
            locked(&shared).gave_up();
            break;
        }
    }
    let report = locked(&shared).report(vectors.version, &run.profile, &run.begun);
    Ok(report)
}

fn locked(shared: &Shared) -> std::sync::MutexGuard<'_, Session> {
    shared.session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a connection; each is served beside the others, as terminals open one per message or keep one.
async fn accepted(listener: &TcpListener, shared: &Arc<Shared>) -> io::Result<()> {
    let (connection, _) = listener.accept().await?;
    connection.set_nodelay(true)?;
    let shared = shared.clone();
    tokio::spawn(async move {
        // A connection that breaks is the terminal's affair: what is missing shows in the stories.
        let _ = serve_one(connection, &shared).await;
    });
    Ok(())
}

async fn serve_one(mut connection: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut framing = Framing::default();
    let mut buffer = [0; 4096];
    loop {
        match framing.next_frame() {
            Ok(Some(frame)) => {
                let answer: Option<Frame> = locked(shared).take(&frame);
                shared.taken.notify_one();
                if let Some(answer) = answer {
                    let wire = answer.to_wire().map_err(io::Error::other)?;
                    connection.write_all(&wire).await?;
                }
                continue;
            }
            Ok(None) => {}
            // What cannot be cut into frames is a fault of the first rule; nothing tells where the next one begins.
            Err(error) => {
                locked(shared).bad_frame(&error.to_string());
                shared.taken.notify_one();
                return Ok(());
            }
        }
        let read = connection.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        framing.feed(buffer.get(..read).unwrap_or_default());
    }
}
