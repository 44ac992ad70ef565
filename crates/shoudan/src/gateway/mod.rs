//! The door for terminals: ISO 8583 over TCP. It parses, calls one operation, asks the network outside any transaction,
//! and answers what is durable; it decides nothing.

mod card;
mod compose;
mod connection;
mod messages;
mod numbers;
mod overtaken;
mod pay;
mod resolve;
mod session;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use domain::names::Lang;
use iso8583::HeaderForm;
use iso8583::crypto::DesKey;
use operations::{Actor, Ctx};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::app::App;
use crate::connectors::network::Connector;
use numbers::Numbers;

/// How the door stands open.
#[derive(Clone)]
pub struct Settings {
    /// Whether frames have the six bytes of header.
    pub header: HeaderForm,
    /// Longest frame, bytes.
    pub longest_frame: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long the rest of a frame may take once its first byte is there.
    pub drip: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Field 32: this acquirer's number.
    pub acquirer: String,
    /// The PIN key shared with the network.
    pub zone_key: DesKey,
    /// One digit that tells this node's reference numbers from another's.
    pub node: u8,
    /// How often due reversals are looked for when nothing has called for it.
    pub resolve_every: Duration,
}

impl Settings {
    /// The usual settings with a zone key.
    pub fn with_zone_key(zone_key: DesKey) -> Self {
        Self {
            header: HeaderForm::SixBytes,
            longest_frame: iso8583::Framing::DEFAULT_MAXIMUM,
            idle: Duration::from_mins(2),
            drip: Duration::from_secs(10),
            connections: 10_000,
            acquirer: "48221000".to_owned(),
            zone_key,
            node: 0,
            resolve_every: Duration::from_secs(1),
        }
    }
}

/// The running gateway.
pub struct Gateway {
    app: App,
    connector: Connector,
    settings: Settings,
    numbers: Numbers,
    overtaken: overtaken::Overtaken,
    /// Rung when a reversal has been queued.
    reversal_queued: Notify,
}

impl Gateway {
    /// Takes up where the process before stopped: transactions it left pending are reversed.
    pub async fn open(app: App, connector: Connector, settings: Settings) -> anyhow::Result<Arc<Self>> {
        let numbers = Numbers::start(&app, settings.node).await?;
        let overtaken = overtaken::Overtaken::default();
        let gateway = Self {
            app,
            connector,
            settings,
            numbers,
            overtaken,
            reversal_queued: Notify::new(),
        };
        resolve::recover_at_start(&gateway).await?;
        Ok(Arc::new(gateway))
    }

    /// The context of a message from a terminal.
    fn ctx(&self, terminal_number: &str, merchant: &str, why: &str) -> Ctx {
        self.app.ctx(Actor::terminal(terminal_number, merchant), Lang::Zh, why)
    }

    /// The context of the gateway's own work.
    fn own_ctx(&self, why: &str) -> Ctx {
        self.app.ctx(Actor::system("gateway"), Lang::Zh, why)
    }
}

/// How long messages under way may still take once the server was asked to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves terminals at `listener` until `stop` ends, and sends the reversals that are due meanwhile.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    let seats = Arc::new(Semaphore::new(gateway.settings.connections));
    let resolving = tokio::spawn(resolve::forever(Arc::clone(&gateway)));
    let (closing, closed) = tokio::sync::watch::channel(false);
    tokio::pin!(stop);
    loop {
        let seat = tokio::select! {
            () = &mut stop => break,
            seat = Arc::clone(&seats).acquire_owned() => match seat { Ok(seat) => seat, Err(_) => break },
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (gateway, closed) = (Arc::clone(&gateway), closed.clone());
                tokio::spawn(async move {
                    connection::converse(&gateway, stream, closed).await;
                    tracing::trace!(%peer, "the terminal's connection ended");
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a terminal could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    closing.send_replace(true);
    let all = u32::try_from(gateway.settings.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(LAST_ANSWERS, seats.acquire_many(all)).await;
    resolving.abort();
}
