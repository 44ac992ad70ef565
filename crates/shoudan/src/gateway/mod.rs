//! The door for terminals: ISO 8583 over TCP. It parses, calls one operation, asks the network outside any transaction,
//! and answers what is durable; it decides nothing.

mod arrivals;
mod asks;
mod authoriser;
mod card;
mod compose;
mod connection;
mod doors;
mod doubts;
mod downloads;
mod http;
mod lines;
mod messages;
mod notices;
mod numbers;
mod overtaken;
mod pay;
mod peer;
pub mod profile;
mod resolve;
mod reversing;
mod session;
mod sweep;
pub mod tls;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use domain::names::Lang;
use operations::key_module::PinHandle;
use operations::{Actor, Ctx, payments};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::app::App;
use crate::connectors::network::Connector;
pub use arrivals::PerSource;
pub use doors::{Carriage, Door, DoorSettings, listen};
use numbers::Numbers;
pub use profile::Profiles;

/// How the door stands open.
#[derive(Clone)]
pub struct Settings {
    /// The makes of terminals, and how each is spoken to.
    pub profiles: Arc<Profiles>,
    /// Longest frame, bytes.
    pub longest_frame: usize,
    /// How long a connection may be silent before its first message.
    pub greeting: Duration,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long the rest of a frame may take once its first byte is there.
    pub drip: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// What a source address may hold of them.
    pub per_source: PerSource,
    /// Field 32: this acquirer's number.
    pub acquirer: String,
    /// The PIN key shared with the network.
    pub zone_key: PinHandle,
    /// One digit that tells this node's reference numbers from another's.
    pub node: u8,
    /// Whether other nodes take payments for the same merchants: then limits are judged by the database, one payment
    /// after the other, instead of in memory.
    pub beside_others: bool,
    /// How often due reversals are looked for when nothing has called for it.
    pub resolve_every: Duration,
}

impl Settings {
    /// The usual settings with a zone key.
    pub fn with_zone_key(zone_key: PinHandle) -> Self {
        Self {
            profiles: Arc::new(Profiles::standard()),
            longest_frame: iso8583::Framing::DEFAULT_MAXIMUM,
            greeting: Duration::from_secs(30),
            idle: Duration::from_mins(10),
            drip: Duration::from_secs(10),
            connections: 16_000,
            per_source: PerSource::default(),
            acquirer: "48221000".to_owned(),
            zone_key,
            node: 0,
            beside_others: false,
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
    lines: lines::Lines,
    asks: asks::Asks,
    doubts: doubts::Doubts,
    authoriser: authoriser::Authoriser,
    used: Arc<payments::Used>,
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
            lines: lines::Lines::default(),
            asks: asks::Asks::default(),
            doubts: doubts::Doubts::default(),
            authoriser: authoriser::Authoriser::default(),
            used: Arc::default(),
            reversal_queued: Notify::new(),
        };
        resolve::recover_at_start(&gateway).await?;
        let ctx = gateway.own_ctx("limits");
        gateway.app.write_unsettled(ctx, payments::limits::start).await?;
        let ctx = gateway.own_ctx("ledger");
        gateway.app.write_unsettled(ctx, payments::ledger::start).await?;
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

/// Serves terminals at `listener` until `stop` ends, in the standard profile, and sends the reversals that are due meanwhile.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    let profile = Arc::new(profile::Profile::standard());
    serve_at(vec![Door::plain(listener, profile)], gateway, stop).await;
}

/// Serves terminals at every one of these doors until `stop` ends, and sends the reversals that are due meanwhile.
pub async fn serve_at(doors: Vec<Door>, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    let resolving = tokio::spawn(resolve::forever(Arc::clone(&gateway)));
    let telling = tokio::spawn(notices::forever(Arc::clone(&gateway)));
    let authorising = tokio::spawn(authoriser::forever(Arc::clone(&gateway)));
    doors::serve(doors, &gateway, stop).await;
    resolving.abort();
    telling.abort();
    authorising.abort();
    let _ = tokio::time::timeout(doors::LAST_ANSWERS, authoriser::fold_rest(&gateway)).await;
}
