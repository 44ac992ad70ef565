//! The listeners terminals come to: plain or encrypted, frames on a bare connection or carried by HTTP, each speaking one
//! profile. All share one count of who is connected.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::arrivals::{Arrivals, Seat, prepare};
use super::peer::Peer;
use super::profile::{Profile, Profiles};
use super::tls::{TlsFiles, device_named};
use super::{Gateway, connection, http};

/// How long messages under way may still take once the server was asked to stop.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Connections the kernel holds for us: a fleet that comes back after an outage comes all at once.
const BACKLOG: u32 = 4096;

/// Encrypted connections that are being agreed on at once; it is the only work done for strangers.
const HANDSHAKES: usize = 256;

/// How frames are carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carriage {
    /// One after the other on the connection.
    #[default]
    Tcp,
    /// Each as the body of a POST.
    Http,
}

/// A further listener, as an operator writes it down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorSettings {
    /// Where it listens.
    pub address: SocketAddr,
    /// How frames are carried.
    #[serde(default)]
    pub carriage: Carriage,
    /// The profile it speaks, by name; `standard` where none is named.
    pub profile: Option<String>,
    /// The files it is encrypted with; none: it is not.
    pub tls: Option<TlsFiles>,
}

impl DoorSettings {
    /// Frames on bare connections, not encrypted, in the standard profile.
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            carriage: Carriage::Tcp,
            profile: None,
            tls: None,
        }
    }
}

/// An open listener.
pub struct Door {
    listener: TcpListener,
    carriage: Carriage,
    profile: Arc<Profile>,
    tls: Option<TlsAcceptor>,
}

impl Door {
    /// Frames on bare connections.
    pub fn plain(listener: TcpListener, profile: Arc<Profile>) -> Self {
        Self {
            listener,
            carriage: Carriage::Tcp,
            profile,
            tls: None,
        }
    }

    /// Opens a listener as it is written down.
    pub fn open(settings: &DoorSettings, profiles: &Profiles) -> anyhow::Result<Self> {
        let profile = profiles.named(settings.profile.as_deref().unwrap_or(Profiles::STANDARD))?;
        let protocols: &[&[u8]] = match settings.carriage {
            Carriage::Tcp => &[],
            Carriage::Http => &[b"http/1.1"],
        };
        let tls = settings
            .tls
            .as_ref()
            .map(|files| files.acceptor(protocols))
            .transpose()?;
        Ok(Self {
            listener: listen(settings.address)?,
            carriage: settings.carriage,
            profile,
            tls,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A socket that listens for a fleet.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that is started again takes its port although connections of the one before still close.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What all listeners share.
struct Hall {
    gateway: Arc<Gateway>,
    arrivals: Arc<Arrivals>,
    seats: Arc<Semaphore>,
    handshakes: Semaphore,
}

/// Serves terminals at all doors until `stop` ends, then lets messages under way be answered.
pub(super) async fn serve(doors: Vec<Door>, gateway: &Arc<Gateway>, stop: impl Future<Output = ()>) {
    let settings = &gateway.settings;
    let hall = Arc::new(Hall {
        gateway: Arc::clone(gateway),
        arrivals: Arrivals::new(settings.per_source.clone()),
        seats: Arc::new(Semaphore::new(settings.connections)),
        handshakes: Semaphore::new(HANDSHAKES),
    });
    let mut open = tokio::task::JoinSet::new();
    for door in doors {
        open.spawn(attend(Arc::new(door), Arc::clone(&hall)));
    }
    stop.await;
    open.shutdown().await;
    hall.arrivals.end_all();
    let all = u32::try_from(settings.connections).unwrap_or(u32::MAX);
    let _ = timeout(LAST_ANSWERS, hall.seats.acquire_many(all)).await;
}

/// Lets terminals in at one door, for ever.
async fn attend(door: Arc<Door>, hall: Arc<Hall>) {
    loop {
        let Ok(place) = Arc::clone(&hall.seats).acquire_owned().await else {
            return;
        };
        let (stream, caller) = match door.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a terminal could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(seat) = hall.arrivals.admit(caller.ip(), Instant::now()) else {
            hall.gateway.app.metrics.gateway("connection", "turned_away");
            continue;
        };
        prepare(&stream);
        let (door, hall) = (Arc::clone(&door), Arc::clone(&hall));
        tokio::spawn(async move {
            welcome(&door, &hall, stream, caller.ip(), &seat).await;
            drop((seat, place));
        });
    }
}

async fn welcome(door: &Door, hall: &Hall, stream: TcpStream, caller: IpAddr, seat: &Seat) {
    let Some(tls) = &door.tls else {
        let peer = Peer::new(Arc::clone(&door.profile), None, caller);
        talk(door, hall, stream, &peer, seat).await;
        return;
    };
    // What an agreement needs is in memory only meanwhile.
    let agreed = Box::pin(agree(tls, hall, stream)).await;
    let Some(stream) = agreed else {
        hall.gateway.app.metrics.gateway("connection", "no_tls");
        return;
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let device = match certificate.map(device_named) {
        None => None,
        Some(Some(device)) => Some(device),
        Some(None) => {
            tracing::warn!(source = %caller, "a terminal's certificate names no device");
            return;
        }
    };
    let peer = Peer::new(Arc::clone(&door.profile), device, caller);
    // Apart, so that plain connections need not carry the room for it.
    Box::pin(talk(door, hall, stream, &peer, seat)).await;
}

async fn agree(
    tls: &TlsAcceptor,
    hall: &Hall,
    stream: TcpStream,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let settings = &hall.gateway.settings;
    let agreeing = async {
        let _turn = hall.handshakes.acquire().await.ok()?;
        match tls.accept(stream).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                tracing::debug!(%error, "no encrypted connection was agreed on");
                None
            }
        }
    };
    timeout(settings.greeting.min(settings.idle), agreeing).await.ok()?
}

async fn talk<S>(door: &Door, hall: &Hall, stream: S, peer: &Peer, seat: &Seat)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    let end = match door.carriage {
        Carriage::Tcp => connection::converse(&hall.gateway, &hall.arrivals, peer, &seat.line, stream).await,
        Carriage::Http => Box::pin(http::converse(&hall.gateway, peer, &seat.line, stream)).await,
    };
    tracing::trace!(source = %peer.source, end = end.name(), "a terminal's connection ended");
    if matches!(end, connection::End::Slow | connection::End::NoFrame) {
        hall.gateway.app.metrics.gateway("connection", end.name());
    }
}
