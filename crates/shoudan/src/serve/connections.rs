//! The connections: how many, and how long each may make the server wait.
//!
//! A connection is either *working* (its request is here and being answered) or *waiting* for its caller, who has yet
//! to send something or to read the answer. Waiting has a limit of time; and when all places are taken, a newcomer gets
//! the place of the one that has waited longest. So callers who only hold connections open keep nobody out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::Settings;
use super::body::Watched;
use super::patient::Patient;

/// How long an answer may still take once the server was asked to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The pause after the system refused a connection, because it has no more of something.
const SHORT_OF: Duration = Duration::from_millis(200);

/// The most bytes a request's head may have.
const LARGEST_HEAD: usize = 64 * 1024;

/// A connection that is working has waited since never.
const WORKING: u64 = u64::MAX;

/// One connection, as the others see it.
struct Held {
    /// Milliseconds from the start of the server until it began to wait for its caller, or [`WORKING`].
    waits_since: AtomicU64,
    leave: Notify,
}

/// All of them.
struct Connections {
    started: Instant,
    places: Arc<Semaphore>,
    held: Mutex<BTreeMap<u64, Arc<Held>>>,
}

/// A place among them, given back when dropped.
struct Place {
    number: u64,
    held: Arc<Held>,
    all: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            places: Arc::new(Semaphore::new(most)),
            held: Mutex::default(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(WORKING - 1)
    }

    /// A free place; the one of whoever has waited longest, if there is none. Where all are working, the first that
    /// gets free.
    async fn place(self: &Arc<Self>, number: u64) -> Option<Place> {
        let free = Arc::clone(&self.places);
        let permit = if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
            permit
        } else {
            self.longest_waiting_leaves();
            free.acquire_owned().await.ok()?
        };
        let held = Arc::new(Held {
            waits_since: AtomicU64::new(self.now()),
            leave: Notify::new(),
        });
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(number, Arc::clone(&held));
        Some(Place {
            number,
            held,
            all: Arc::clone(self),
            _permit: permit,
        })
    }

    fn longest_waiting_leaves(&self) {
        let all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |held: &Arc<Held>| held.waits_since.load(Ordering::Acquire);
        let longest = all
            .values()
            .filter(|held| since(held) != WORKING)
            .min_by_key(|h| since(h));
        if let Some(longest) = longest {
            longest.leave.notify_one();
        }
    }
}

impl Place {
    fn waits(&self) {
        self.held.waits_since.store(self.all.now(), Ordering::Release);
    }

    fn works(&self) {
        self.held.waits_since.store(WORKING, Ordering::Release);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.all.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.number);
    }
}

/// Serves until `stop` ends, then lets running answers finish.
pub(super) async fn serve(
    router: Router,
    listener: TcpListener,
    settings: &Arc<Settings>,
    stop: impl Future<Output = ()> + Send,
) {
    let all = Connections::new(settings.connections.max(1));
    let (told, _) = watch::channel(false);
    let mut stop = pin!(stop);
    for number in 0.. {
        let next = async {
            let (stream, peer) = accepted(&listener).await;
            all.place(number).await.map(|place| (stream, peer, place))
        };
        let (stream, peer, place) = tokio::select! {
            next = next => match next {
                Some(next) => next,
                None => break,
            },
            () = &mut stop => break,
        };
        let one = one(
            stream,
            peer,
            Arc::new(place),
            router.clone(),
            Arc::clone(settings),
            told.subscribe(),
        );
        tokio::spawn(one);
    }
    drop(listener);
    told.send_replace(true);
    // Each connection holds a receiver while it lasts.
    let _ = tokio::time::timeout(LAST_ANSWERS, told.closed()).await;
}

/// The next caller. One who left again is no fault; what the system is short of may come back.
async fn accepted(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(gone) if matches!(gone.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(short) => {
                tracing::error!("no connection can be accepted: {short}");
                tokio::time::sleep(SHORT_OF).await;
            }
        }
    }
}

/// One connection from its first byte to its last.
async fn one(
    stream: TcpStream,
    peer: SocketAddr,
    place: Arc<Place>,
    router: Router,
    settings: Arc<Settings>,
    mut stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let inside = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let at = Arc::clone(&place);
        let whole = {
            let at = Arc::clone(&at);
            move || at.works()
        };
        at.waits();
        let (mut parts, body) = request.into_parts();
        let (body, watch) = Watched::new(body, settings.body, settings.stalled, whole);
        parts.extensions.insert(ConnectInfo(peer));
        parts.extensions.insert(Arc::clone(&watch));
        let answer = inside.call(hyper::Request::from_parts(parts, axum::body::Body::new(body)));
        async move {
            let mut answer: Response = answer.await?;
            if !watch.is_whole() {
                // What is left of the body would be read as the next request.
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            at.waits();
            Ok::<_, Infallible>(answer)
        }
    });
    let io = TokioIo::new(Patient::new(stream, settings.stalled));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.head)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(io, service)
    );
    let mut asked = false;
    loop {
        tokio::select! {
            // How it ended concerns its caller only.
            _ = &mut connection => return,
            () = place.held.leave.notified() => return,
            _ = stopping.wait_for(|&stop| stop), if !asked => {
                asked = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
