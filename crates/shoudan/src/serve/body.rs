//! A request's body under a deadline. A caller that sends it a byte at a time, or stops half-way, holds nothing up for
//! longer than that; and whoever answers before the body was read knows that the rest is still on its way.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// How long the rest of a body is read and thrown away after an early answer, so that the caller gets to read it.
const REST_TIME: Duration = Duration::from_secs(2);

/// How much of it at most, in bytes.
const REST_SIZE: usize = 16 * 1024 * 1024;

/// What has come of a body, as seen from outside. It is still coming until it is one of these.
#[derive(Default)]
pub struct Watch(AtomicU8);

const WHOLE: u8 = 1;
const LATE: u8 = 2;

impl Watch {
    /// All of it was read.
    pub fn is_whole(&self) -> bool {
        self.0.load(Ordering::Acquire) == WHOLE
    }

    /// The caller took too long to send it.
    pub fn is_late(&self) -> bool {
        self.0.load(Ordering::Acquire) == LATE
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Release);
    }
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It did not come in time.
    #[error("the body did not come in time")]
    Late,
    /// The connection broke, or what came is no body.
    #[error(transparent)]
    Line(#[from] hyper::Error),
}

/// The body of a request, being watched. `W` is called once when it is whole.
pub struct Watched<W: FnOnce() + Unpin> {
    inner: Option<Incoming>,
    watch: Arc<Watch>,
    whole: Option<W>,
    /// When all of it must be there.
    end: Instant,
    /// How long the next piece may take.
    pause: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl<W: FnOnce() + Unpin> Watched<W> {
    /// Watches a body that must be there after `all`, and whose pieces follow each other within `pause`.
    pub fn new(inner: Incoming, all: Duration, pause: Duration, whole: W) -> (Self, Arc<Watch>) {
        let now = Instant::now();
        let watch = Arc::new(Watch::default());
        let mut watched = Self {
            watch: Arc::clone(&watch),
            whole: Some(whole),
            end: now + all,
            pause,
            sleep: Box::pin(sleep_until(now + pause.min(all))),
            inner: Some(inner),
        };
        if watched.inner.as_ref().is_some_and(Body::is_end_stream) {
            watched.ended();
        }
        (watched, watch)
    }

    fn ended(&mut self) {
        self.watch.set(WHOLE);
        if let Some(whole) = self.whole.take() {
            whole();
        }
    }
}

impl<W: FnOnce() + Unpin> Body for Watched<W> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        let Some(inner) = this.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let Poll::Ready(next) = Pin::new(&mut *inner).poll_frame(cx) else {
            ready!(this.sleep.as_mut().poll(cx));
            this.watch.set(LATE);
            this.inner = None;
            return Poll::Ready(Some(Err(Broken::Late)));
        };
        let over = next.is_none() || inner.is_end_stream();
        let next_by = (Instant::now() + this.pause).min(this.end);
        this.sleep.as_mut().reset(next_by);
        if over {
            this.ended();
        }
        Poll::Ready(next.map(|frame| frame.map_err(Broken::Line)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<W: FnOnce() + Unpin> Drop for Watched<W> {
    /// Answered before it was read: the rest is taken from the wire for a while, because a connection closed on bytes
    /// that nobody read is reset, and the caller would never see the answer.
    fn drop(&mut self) {
        if let (false, Some(rest), Ok(runtime)) = (
            self.watch.is_whole(),
            self.inner.take(),
            tokio::runtime::Handle::try_current(),
        ) {
            runtime.spawn(timeout(REST_TIME, thrown_away(rest)));
        }
    }
}

async fn thrown_away(mut rest: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx)).await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > REST_SIZE {
            return;
        }
    }
}
