//! What every story starts from: a database, an estate with a healthy terminal, the gateway and the network behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::secret::Secret;
use iso8583::crypto::DesKey;
use operations::key_module::{KeyModule, PinHandle};
use operations::{Actor, Ctx};
use shoudan::app::{App, Options};
use shoudan::clock::Kind;
use shoudan::config::Keys;
use shoudan::connectors::network::{Config, Connector};
use shoudan::gateway::{self, Gateway, Settings};
use shoudan::portal::Institution;
use shoudan::portal::words::Word;
use simulators::Terminal;
use simulators::network::{CardScript, Network, NetworkScript, Outcome};
use simulators::terminal::Card;
use store::testing::TestDb;
use store::transactions::TransactionRow;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::estate::{self, Estate};

pub const TMK: [u8; 16] = *b"a terminal's key";
pub const ZONE_KEY: &str = "0123456789ABCDEFFEDCBA9876543210";

/// The handle on it that the gateway gets.
pub fn zone_key() -> PinHandle {
    KeyModule::software([0; 32])
        .zone(&DesKey::from_hex(ZONE_KEY).unwrap())
        .unwrap()
}
/// How long the gateway waits for the network.
pub const PATIENCE: Duration = Duration::from_millis(400);

/// Everything that runs. Dropping it stops it.
pub struct Scene {
    pub app: App,
    pub estate: Estate,
    pub network: Network,
    pub address: SocketAddr,
    /// How the line to the network is kept, from the next start on; its address is the network's, or `through`.
    pub upstream: Config,
    /// A proxy before the network, from the next start on.
    pub through: Option<SocketAddr>,
    /// The line, while the gateway runs.
    pub connector: Option<Connector>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    _db: TestDb,
}

/// A card of the network's script.
pub fn card(last_four: &str) -> Card {
    let pan = format!("621700000000000{last_four}");
    Card {
        track2: format!("{pan}=30122010000000000"),
        pan,
        pin: Some("123456".into()),
    }
}

pub const GOOD: &str = "0018";
pub const POOR: &str = "0026";
pub const SLOW: &str = "0034";
pub const MUTE: &str = "0042";
pub const FALSE: &str = "0059";
pub const CUT: &str = "0067";

pub fn script() -> NetworkScript {
    let row = |four: &str, outcome| CardScript {
        pan: card(four).pan,
        pin: Some("123456".into()),
        outcome,
    };
    NetworkScript {
        zone_key: ZONE_KEY.into(),
        cards: vec![
            row(GOOD, Outcome::Approve),
            row(POOR, Outcome::Decline { code: "51".into() }),
            row(SLOW, Outcome::Late { ms: 700 }),
            row(MUTE, Outcome::Silent),
            row(FALSE, Outcome::WrongAmount),
            row(CUT, Outcome::Drop),
        ],
        ..NetworkScript::default()
    }
}

/// Runs a story once per database.
pub fn on_every_database<F: Future<Output = ()>>(story: impl Fn(Scene) -> F) {
    for test in store::testing::databases() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { story(Scene::open(test).await).await });
    }
}

pub fn institution() -> Institution {
    Institution {
        name: Word {
            zh: "测试收单",
            en: "Test acquirer",
        },
        hotline: "400-000-0000",
        hours: Word {
            zh: "全天",
            en: "All day",
        },
        site: "example.com",
        sms: "106",
        licence: "Z0",
    }
}

impl Scene {
    async fn open(db: TestDb) -> Self {
        let options = Options {
            database: db.url().to_owned(),
            data: None,
            catalog: None,
            clock: Kind::Movable,
            seed: 1,
            demo: true,
            keys: Keys {
                data: Secret::new([1; 32]),
                index: Secret::new([2; 32]),
            },
            origin: "http://127.0.0.1:1".into(),
            institution: institution(),
        };
        let mut db = db;
        db.close();
        let app = tokio::task::spawn_blocking(move || App::open(options).unwrap())
            .await
            .unwrap();
        let estate = app
            .write(system(&app), |tx, ctx| {
                let estate = estate::build(tx, ctx, 1)?;
                operations::keys::install_master(tx, ctx, &estate.merchant, &estate.terminal, &Secret::new(TMK))?;
                Ok(estate)
            })
            .await
            .unwrap();
        let network = Network::bind("127.0.0.1:0", script()).await.unwrap();
        let mut scene = Self {
            address: ([127, 0, 0, 1], 0).into(),
            upstream: Config {
                timeout: PATIENCE,
                longest_pause: Duration::from_millis(200),
                ..Config::at("")
            },
            through: None,
            connector: None,
            app,
            estate,
            network,
            stop: None,
            served: None,
            _db: db,
        };
        scene.start().await;
        scene
    }

    /// Starts the gateway on the same database, as a new process would.
    pub async fn start(&mut self) {
        let connector = Connector::start(Config {
            address: self.through.unwrap_or(self.network.address()).to_string(),
            ..self.upstream.clone()
        });
        self.connector = Some(connector.clone());
        let settings = Settings {
            idle: Duration::from_millis(1500),
            drip: Duration::from_millis(500),
            resolve_every: Duration::from_millis(100),
            ..Settings::with_zone_key(zone_key())
        };
        let gateway = Gateway::open(self.app.clone(), connector, settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        self.served = Some(tokio::spawn(gateway::serve(listener, Arc::clone(&gateway), async {
            let _ = stopped.await;
        })));
        self.stop = Some(stop);
    }

    /// Stops the gateway.
    pub async fn stop(&mut self) {
        self.stop = None;
        self.connector = None;
        if let Some(served) = self.served.take() {
            served.await.unwrap();
        }
    }

    /// The estate's terminal, not yet signed in.
    pub fn terminal(&self) -> Terminal {
        let key = operations::sealing::hex(&TMK);
        let number = &self.estate.number;
        let mut terminal = Terminal::new(&self.address.to_string(), number, &self.estate.merchant_number, &key);
        terminal.patience_ms = 5_000;
        terminal
    }

    /// The same, signed in.
    pub async fn signed_in(&self) -> Terminal {
        let mut terminal = self.terminal();
        let shown = terminal.sign_in().await.unwrap();
        assert!(shown.approved, "{} {}", shown.code, shown.text);
        terminal
    }

    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut store::Tx<'_>, &mut Ctx) -> operations::refused::Done<T> + Send + 'static,
    ) -> T {
        self.app.read(system(&self.app), question).await.unwrap()
    }

    pub async fn write<T: Send + 'static>(
        &self,
        change: impl Fn(&mut store::Tx<'_>, &mut Ctx) -> operations::refused::Done<T> + Send + 'static,
    ) -> T {
        self.app.write(system(&self.app), change).await.unwrap()
    }

    /// All transactions of the estate, oldest first.
    pub async fn transactions(&self) -> Vec<TransactionRow> {
        let filter = store::transactions::Filter {
            merchant_id: self.estate.merchant.clone(),
            ..Default::default()
        };
        let rows = self
            .read(move |tx, _| Ok(store::transactions::list(tx, &filter, "", 100)?))
            .await;
        rows.into_iter().map(|(row, _)| row).rev().collect()
    }

    /// The states of all transactions, oldest first, as `sale approved`.
    pub async fn states(&self) -> Vec<String> {
        self.transactions()
            .await
            .iter()
            .map(|row| format!("{} {}", row.kind, row.state))
            .collect()
    }

    /// Waits until the states are these.
    pub async fn settles_at(&self, expected: &[&str]) {
        for _ in 0..200 {
            if self.states().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(self.states().await, expected);
    }

    /// Kinds of the terminal's events, oldest first, without those of its making.
    pub async fn events(&self) -> Vec<String> {
        let terminal = self.estate.terminal.clone();
        let filter = store::events::Filter {
            terminal_id: terminal,
            ..Default::default()
        };
        let rows = self
            .read(move |tx, _| Ok(store::events::list(tx, &filter, "", 200)?))
            .await;
        let told = |kind: &String| {
            kind.starts_with("terminal.s")
                || kind.starts_with("terminal.d")
                || kind.starts_with("terminal.v")
                || kind.starts_with("terminal.re")
                || kind.starts_with("reversal")
                || kind.starts_with("transaction")
        };
        rows.into_iter().map(|row| row.kind).rev().filter(told).collect()
    }

    /// The invariants hold.
    pub async fn is_sound(&self) {
        let platform = self.app.platform.clone();
        let found = self
            .read(move |tx, ctx| operations::check::check(tx, &platform, ctx.now))
            .await;
        assert_eq!(found, []);
    }
}

pub fn system(app: &App) -> Ctx {
    app.ctx(Actor::system("test"), domain::names::Lang::Zh, "as told")
}
