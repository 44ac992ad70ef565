//! One connection of a terminal: frames in, answers out, one after the other. A message costs one read and one write; a
//! silent connection holds no buffer.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use iso8583::{Frame, Framing};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::futures::Notified;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Gateway;
use super::arrivals::{Arrivals, Line};
use super::peer::Peer;

/// Bytes read at once: some ten messages. They lie on the thread's stack, and only while they are read.
const READ: usize = 4096;

/// Answers are written once they are so many bytes, even if more frames wait.
const WRITTEN_TOGETHER: usize = 16 * 1024;

/// How long a parting may take: the rest of what was written, and the words by which TLS ends.
const PARTING: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The other side closed it, or it broke.
    Gone,
    /// It said nothing, or not all of a frame, for too long; or did not take its answer.
    Slow,
    /// It sent what is no frame.
    NoFrame,
    /// A message that may not be answered; the terminal is to ask again.
    Unanswered,
    /// The server stops, or the terminal speaks on another line now.
    Told,
}

impl End {
    /// What the counters call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Slow => "slow",
            Self::NoFrame => "no_frame",
            Self::Unanswered => "unanswered",
            Self::Told => "told",
        }
    }
}

/// When the other side's patience ends. One timer serves a connection for its life; it is moved only when it must ring
/// earlier, or has rung too early.
struct Patience {
    sleep: Pin<Box<Sleep>>,
    until: Instant,
}

impl Patience {
    fn new(lasts: Duration) -> Self {
        let sleep = Box::pin(sleep(lasts));
        let until = sleep.deadline();
        Self { sleep, until }
    }

    fn lasts(&mut self, span: Duration) {
        self.until = Instant::now() + span;
        if self.until < self.sleep.deadline() {
            self.sleep.as_mut().reset(self.until);
        }
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if Instant::now() >= self.until {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.until);
        }
    }
}

/// One connection with what belongs to it.
struct Talk<'a, S> {
    gateway: &'a Arc<Gateway>,
    arrivals: &'a Arrivals,
    peer: &'a Peer,
    line: &'a Arc<Line>,
    stream: S,
    framing: Framing,
    patience: Patience,
    speaker: Speaker,
}

/// Which terminal a line has been proved to speak for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// None yet.
    Nobody,
    /// This one.
    One([u8; 8]),
    /// Several: the line of a concentrator, which no terminal's new connection ends.
    Many,
}

/// Serves a connection until it ends.
pub(super) async fn converse<S>(
    gateway: &Arc<Gateway>,
    arrivals: &Arrivals,
    peer: &Peer,
    line: &Arc<Line>,
    stream: S,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let settings = &gateway.settings;
    let mut talk = Talk {
        gateway,
        arrivals,
        peer,
        line,
        stream,
        framing: Framing::new(peer.profile.header, settings.longest_frame),
        patience: Patience::new(settings.greeting.min(settings.idle)),
        speaker: Speaker::Nobody,
    };
    let end = talk.run().await;
    if let Speaker::One(terminal) = talk.speaker {
        arrivals.silent(terminal, line);
    }
    let _ = timeout(PARTING, talk.stream.shutdown()).await;
    end
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Talk<'_, S> {
    async fn run(&mut self) -> End {
        let line = Arc::clone(self.line);
        let mut told = pin!(line.ended());
        let mut midway = false;
        loop {
            if let Err(end) = self.arrived(&mut told).await {
                return end;
            }
            // What dealing with a message needs is in memory only meanwhile.
            let answered = match Box::pin(self.answer_all()).await {
                Ok(answered) => answered,
                Err(end) => return end,
            };
            // A frame has its time from its first byte on, however many more arrive; one that was completed and the
            // beginning of the next share no clock.
            let settings = &self.gateway.settings;
            match (self.framing.is_midway(), midway && !answered) {
                (true, true) => {}
                (true, false) => self.patience.lasts(settings.drip),
                (false, _) => self.patience.lasts(settings.idle),
            }
            midway = self.framing.is_midway();
        }
    }

    /// Waits for bytes.
    async fn arrived(&mut self, told: &mut Pin<&mut Notified<'_>>) -> Result<(), End> {
        poll_fn(|cx| {
            if told.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(End::Told));
            }
            let mut space = [const { MaybeUninit::uninit() }; READ];
            let mut read = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.framing.feed(read.filled());
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(_) => Poll::Ready(Err(End::Gone)),
                Poll::Pending => self.patience.poll_over(cx).map(|()| Err(End::Slow)),
            }
        })
        .await
    }

    /// Answers every complete frame; whether there was one. Answers that are ready together leave together, and none waits
    /// for one that is not.
    async fn answer_all(&mut self) -> Result<bool, End> {
        let mut out = Vec::new();
        let mut answered = false;
        let end = loop {
            let frame = match self.framing.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break None,
                Err(error) => {
                    tracing::debug!(%error, "a terminal sent no frame");
                    break Some(End::NoFrame);
                }
            };
            let mut answering = pin!(self.peer.answer(self.gateway, &frame));
            let at_once = poll_fn(|cx| Poll::Ready(answering.as_mut().poll(cx))).await;
            let answer = match at_once {
                Poll::Ready(answer) => answer,
                Poll::Pending => {
                    write(&mut self.stream, &mut self.patience, self.gateway, &mut out).await?;
                    answering.await
                }
            };
            let Some(answer) = answer else {
                break Some(End::Unanswered);
            };
            if answer.append_to(&mut out).is_err() {
                break Some(End::Unanswered);
            }
            answered = true;
            self.observe(&frame, &answer);
            if out.len() >= WRITTEN_TOGETHER {
                write(&mut self.stream, &mut self.patience, self.gateway, &mut out).await?;
            }
        };
        write(&mut self.stream, &mut self.patience, self.gateway, &mut out).await?;
        end.map_or(Ok(answered), Err)
    }

    /// Notes who speaks. Only a message whose MAC was right is answered with a MAC, so such a pair proves the terminal; a
    /// sign-in alone proves nothing, since anybody can ask for keys that only the terminal can open.
    fn observe(&mut self, frame: &Frame, answer: &Frame) {
        if self.speaker == Speaker::Many || !(frame.has_mac() && answer.has_mac()) {
            return;
        }
        let Some(number) = frame.terminal_number() else { return };
        match self.speaker {
            Speaker::One(known) if known == number => {}
            Speaker::One(known) => {
                self.arrivals.silent(known, self.line);
                self.speaker = Speaker::Many;
            }
            Speaker::Nobody | Speaker::Many => {
                self.speaker = Speaker::One(number);
                if self.arrivals.speaks(number, self.line) {
                    self.gateway.app.metrics.gateway("connection", "superseded");
                }
            }
        }
    }
}

/// Writes everything and empties `out`; nothing where it is empty.
async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    patience: &mut Patience,
    gateway: &Gateway,
    out: &mut Vec<u8>,
) -> Result<(), End> {
    if out.is_empty() {
        return Ok(());
    }
    let mut rest = out.as_slice();
    let mut waiting = false;
    poll_fn(|cx| {
        while !rest.is_empty() {
            match Pin::new(&mut *stream).poll_write(cx, rest) {
                Poll::Ready(Ok(count @ 1..)) => rest = rest.get(count..).unwrap_or_default(),
                Poll::Ready(_) => return Poll::Ready(Err(End::Gone)),
                Poll::Pending => {
                    if !waiting {
                        waiting = true;
                        patience.lasts(gateway.settings.drip);
                    }
                    return patience.poll_over(cx).map(|()| Err(End::Slow));
                }
            }
        }
        Pin::new(&mut *stream).poll_flush(cx).map_err(|_| End::Gone)
    })
    .await?;
    out.clear();
    Ok(())
}
