//! What the long stories share: an estate of many terminals, an acquirer in this process or as the built server, the
//! papers that its terminals printed, and the judgement over all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener as Probe};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::secret::Secret;
use operations::key_module::KeyModule;
use shoudan::app::{App, Options};
use shoudan::clock::Kind as ClockKind;
use shoudan::config::Keys;
use shoudan::connectors::network::{Config, Connector};
use shoudan::gateway::{self, Gateway, Settings};
use simulators::Terminal;
use simulators::network::{Entry, Standing};
use store::testing::TestDb;
use store::transactions::TransactionRow;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::clerk::Paper;
use super::scene::{PATIENCE, ZONE_KEY, institution, system, zone_key};
use crate::estate::{self, Estate};

/// The keys at rest, as the built server gets them from its environment: each byte of them.
const KEYS: [(&str, &str); 3] = [
    ("SHOUDAN_DATA_KEY", "01"),
    ("SHOUDAN_INDEX_KEY", "02"),
    ("SHOUDAN_MASTER_KEY", "03"),
];

/// An estate of terminals in a database.
pub struct World {
    pub estates: Vec<Estate>,
    pub db: TestDb,
}

/// The master key of the `n`th terminal: no two share one.
fn master_key(n: usize) -> [u8; 16] {
    let mut key = *b"terminal's key 0";
    key[15] = u8::try_from(n * 2 + 1).unwrap();
    key
}

impl World {
    /// Builds it; nobody has the database open afterwards but the returned [`App`].
    pub async fn make(mut db: TestDb, terminals: usize) -> (Self, App) {
        db.close();
        let mut world = Self {
            estates: Vec::new(),
            db,
        };
        let app = world.open().await;
        for n in 1..=terminals {
            let estate = app
                .write(system(&app), move |tx, ctx| {
                    let estate = estate::build(tx, ctx, n)?;
                    let key = Secret::new(master_key(n));
                    operations::keys::install_master(tx, ctx, &estate.merchant, &estate.terminal, &key)?;
                    Ok(estate)
                })
                .await
                .unwrap();
            world.estates.push(estate);
        }
        (world, app)
    }

    /// The system over the database. Another process may just have been killed with it in its hands.
    pub async fn open(&self) -> App {
        let url = self.db.url().to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let options = || Options {
                database: url.clone(),
                data: None,
                catalog: None,
                clock: ClockKind::Movable,
                seed: 1,
                demo: true,
                keys: Keys {
                    data: Secret::new([1; 32]),
                    index: Secret::new([2; 32]),
                },
                origin: "http://127.0.0.1:1".into(),
                institution: institution(),
            };
            for _ in 0..100 {
                match App::open_with(options(), KeyModule::software([3; 32])) {
                    Ok(app) => return app,
                    Err(_) => std::thread::sleep(Duration::from_millis(100)),
                }
            }
            App::open_with(options(), KeyModule::software([3; 32])).unwrap()
        });
        opened.await.unwrap()
    }

    /// The `n`th terminal, counted from 0, as it leaves the workshop.
    pub fn terminal(&self, n: usize, address: SocketAddr) -> Terminal {
        let estate = &self.estates[n];
        let key = operations::sealing::hex(&master_key(n + 1));
        let mut terminal = Terminal::new(&address.to_string(), &estate.number, &estate.merchant_number, &key);
        terminal.patience_ms = 700;
        terminal
    }
}

/// The gateway in this process.
pub struct Here {
    pub app: App,
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Here {
    pub async fn start(app: &App, upstream: Config) -> Self {
        let connector = Connector::start(Config {
            timeout: PATIENCE,
            longest_pause: Duration::from_millis(100),
            ..upstream
        });
        let settings = Settings {
            idle: Duration::from_millis(1500),
            drip: Duration::from_millis(500),
            resolve_every: Duration::from_millis(100),
            ..Settings::with_zone_key(zone_key())
        };
        let gateway = Gateway::open(app.clone(), connector, settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(gateway::serve(listener, Arc::clone(&gateway), async {
            let _ = stopped.await;
        }));
        Self {
            app: app.clone(),
            address,
            _stop: stop,
        }
    }
}

/// The built server, as its own process. Dropping it kills it at once.
pub struct Built {
    child: Child,
    /// Open as long as it may write there.
    out: BufReader<ChildStdout>,
    config: PathBuf,
}

/// Two free ports below those that the kernel gives to outgoing connections.
pub fn free_addresses() -> [SocketAddr; 2] {
    let first = 12_000 + u16::try_from(std::process::id() % 9_000).unwrap();
    let mut free = (first..32_000).filter(|port| Probe::bind(("127.0.0.1", *port)).is_ok());
    let mut next = || SocketAddr::from(([127, 0, 0, 1], free.next().expect("a free port")));
    [next(), next()]
}

impl Built {
    /// Starts it over the world's database.
    pub fn spawn(world: &World, [http, terminals]: [SocketAddr; 2], network: SocketAddr) -> Result<Self, String> {
        let config = std::env::temp_dir().join(format!("shoudan-{}-{}.toml", std::process::id(), http.port()));
        let text = format!(
            "profile = \"test\"\nhttp = \"{http}\"\nterminals = \"{terminals}\"\norigin = \"http://{http}\"\n\
             network = \"{network}\"\n[institution]\nname = {{ zh = \"试\", en = \"test\" }}\n\
             hours = {{ zh = \"全天\", en = \"always\" }}\nhotline = \"-\"\nsite = \"-\"\nsms = \"-\"\nlicence = \"-\"\n"
        );
        std::fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoudan"));
        command
            .args(["serve", "--config"])
            .arg(&config)
            .env("SHOUDAN_DATABASE", world.db.url())
            .env("SHOUDAN_ZONE_KEY", ZONE_KEY)
            .env("SHOUDAN_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        for (name, byte) in KEYS {
            command.env(name, byte.repeat(32));
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, out, config })
    }

    /// Waits until it serves; what it says otherwise is the error.
    pub fn ready(mut self) -> Result<Self, String> {
        let (mut said, mut line) = (String::new(), String::new());
        while self.out.read_line(&mut line).is_ok_and(|count| count > 0) {
            if line.starts_with("ready") {
                return Ok(self);
            }
            said.push_str(&line);
            line.clear();
        }
        Err(format!("the server ended before it was ready: {said}"))
    }

    /// Ends it as a power cut would: nothing in it runs any more.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait(), std::fs::remove_file(&self.config));
    }
}

/// How long it may take until nothing is under way any more.
pub const QUIET_WITHIN: Duration = Duration::from_mins(1);

/// What the database holds of payments, by terminal number.
pub async fn stored(app: &App) -> Vec<(TransactionRow, String)> {
    let read = app.read(system(app), |tx, _| {
        let mut rows: Vec<(TransactionRow, String)> = Vec::new();
        loop {
            let before = rows.last().map(|(row, _)| row.id.clone()).unwrap_or_default();
            let page = store::transactions::list(tx, &store::transactions::Filter::default(), &before, 500)?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    });
    read.await.unwrap()
}

/// Waits until nothing is under way: no payment is pending or unknown, no reversal waits. What is left, else.
pub async fn quiet(app: &App, within: Duration) -> Vec<String> {
    let until = tokio::time::Instant::now() + within;
    loop {
        let left = app
            .read(system(app), |tx, _| {
                let waiting = store::reversals::waiting(tx)?.count;
                let journal = store::journal::oldest(tx)?.is_some();
                let mut left = Vec::new();
                if waiting > 0 {
                    left.push(format!("INV-H8: {waiting} reversals wait"));
                }
                if journal {
                    left.push("INV-H8: payments stand in the journal".to_owned());
                }
                for state in ["pending", "unknown"] {
                    let filter = store::transactions::Filter {
                        state: state.into(),
                        ..Default::default()
                    };
                    for (row, number) in store::transactions::list(tx, &filter, "", 5)? {
                        left.push(format!("INV-T02: {number} {:06} is {state}", row.stan));
                    }
                }
                Ok(left)
            })
            .await
            .unwrap();
        if left.is_empty() || tokio::time::Instant::now() > until {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The amounts of sales in effect in the network's book, of one terminal.
pub fn at_the_network(book: &[Entry], number: &str) -> Vec<i64> {
    let sale = |entry: &&Entry| {
        entry.terminal == number && entry.kind == Some(iso8583::Kind::Sale) && entry.standing == Standing::Approved
    };
    let amounts = book
        .iter()
        .filter(sale)
        .map(|entry| i64::try_from(entry.amount).unwrap());
    let mut amounts: Vec<i64> = amounts.collect();
    amounts.sort_unstable();
    amounts
}

/// Everything that is not as it must be once nothing is under way any more.
pub fn judge(papers: &BTreeMap<String, Vec<Paper>>, rows: &[(TransactionRow, String)], book: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    let mut references = BTreeSet::new();
    for (number, papers) in papers {
        let mine: Vec<&TransactionRow> = rows.iter().filter(|(_, of)| of == number).map(|(row, _)| row).collect();
        let mut printed: Vec<i64> = papers
            .iter()
            .filter(|paper| !paper.undone)
            .map(|paper| paper.amount)
            .collect();
        printed.sort_unstable();
        for paper in papers {
            found.extend(told_otherwise(number, paper, &mine));
            if !references.insert(paper.reference.clone()) {
                found.push(format!(
                    "INV-T12: {number}: reference {} stands on two slips",
                    paper.reference
                ));
            }
        }
        let sale =
            |row: &&&TransactionRow| row.kind == "sale" && row.message_class == "request" && row.state == "approved";
        let mut kept: Vec<i64> = mine.iter().filter(sale).map(|row| row.amount).collect();
        kept.sort_unstable();
        let network = at_the_network(book, number);
        if kept != printed {
            found.push(format!(
                "INV-T01: {number}: printed {printed:?}, in effect here {kept:?}"
            ));
        }
        if network != printed {
            found.push(format!(
                "INV-T16: {number}: printed {printed:?}, in effect at the network {network:?}"
            ));
        }
    }
    for (row, number) in rows
        .iter()
        .filter(|(row, _)| matches!(row.state.as_str(), "pending" | "unknown"))
    {
        found.push(format!("INV-T02: {number} {:06} is {}", row.stan, row.state));
    }
    found
}

/// An approval that a terminal was told stands here once, with the same numbers.
fn told_otherwise(number: &str, paper: &Paper, rows: &[&TransactionRow]) -> Option<String> {
    let same = |row: &&&TransactionRow| {
        row.kind == "sale" && row.message_class == "request" && (row.batch, row.stan) == (paper.batch, paper.trace)
    };
    let mine: Vec<_> = rows.iter().filter(same).collect();
    let [row] = mine.as_slice() else {
        return Some(format!("INV-T11: {number}: {paper:?} stands here {} times", mine.len()));
    };
    let state = if paper.undone { "voided" } else { "approved" };
    let here = (
        row.amount,
        row.response_code.as_str(),
        row.rrn.as_str(),
        row.auth_code.as_str(),
        row.state.as_str(),
    );
    let there = (
        paper.amount,
        "00",
        paper.reference.as_str(),
        paper.authorisation.as_str(),
        state,
    );
    (here != there).then(|| format!("INV-T11: {number} {:06}: told {there:?}, stored {here:?}", paper.trace))
}

/// What `shoudan check` finds.
pub async fn checked(app: &App) -> Vec<String> {
    let platform = app.platform.clone();
    let found = app.read(system(app), move |tx, ctx| {
        operations::check::check(tx, &platform, ctx.now)
    });
    found
        .await
        .unwrap()
        .iter()
        .map(|violation| format!("{violation:?}"))
        .collect()
}
