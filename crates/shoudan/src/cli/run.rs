//! Starting and stopping the server.

use std::fmt::Write as _;
use std::fs;
use std::io::{IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use iso8583::crypto::DesKey;
use operations::refused::Done;
use simulators::network::{CardScript, Network, NetworkScript, Outcome};
use store::settings;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::{Demo, WhichClock};
use crate::app::{App, Options};
use crate::clock::{Kind, entropy};
use crate::config::{self, demo_keys, demo_zone_key};
use crate::connectors::network::{self as line, Connector};
use crate::demo::{self, PASSWORD, TestCard, World};
use crate::gateway::{self, Carriage, Door, DoorSettings, Gateway, Profiles, Settings, tls};
use crate::portal::sample::HOUSE;
use crate::{jobs, serve as http};

/// How long the demonstration's gateway waits for the network: long enough to see, short enough to wait for.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many accounts of a role are printed; all of staff are.
const SHOWN: [(&str, usize); 2] = [("agent", 1), ("owner", 3)];

/// Where the file describing the demonstration's world is.
const WORLD: &str = "world.json";

/// What the simulated network is told to do; read again whenever it changes.
const NETWORK_PLAY: &str = "network.json";

/// What it has approved; its clearing files stand beside.
const NETWORK_BOOK: &str = "network-book.jsonl";

/// The demonstration: the seeded world, every simulator, and a clock that may be moved.
pub fn demo(asked: &Demo) -> anyhow::Result<ExitCode> {
    log("warn");
    fs::create_dir_all(&asked.data).with_context(|| asked.data.display().to_string())?;
    let database = asked
        .database
        .clone()
        .unwrap_or_else(|| format!("sqlite:{}", asked.data.join("shoudan.db").display()));
    let app = App::open(Options {
        database,
        data: Some(asked.data.clone()),
        catalog: None,
        clock: if asked.clock == WhichClock::Test {
            Kind::Frozen
        } else {
            Kind::Movable
        },
        seed: asked.seed,
        demo: true,
        keys: demo_keys(&asked.data, entropy)?,
        origin: format!("http://{}", asked.http),
        institution: HOUSE,
    })?;
    let zone_key = demo_zone_key(&asked.data)?;
    let mut world = world(&app, asked)?;
    let script = script(&world.test_cards, &zone_key);
    runtime()?.block_on(async {
        let network = Network::bind("127.0.0.1:0", script)
            .await
            .context("the simulated card network cannot listen")?;
        network.keep_book(&asked.data.join(NETWORK_BOOK))?;
        network.keep_files(&asked.data);
        network.follow(asked.data.join(NETWORK_PLAY));
        let upstream = line::Config {
            timeout: PATIENCE,
            ..line::Config::at(network.address().to_string())
        };
        let doors = demo_doors(asked)?;
        let settings = Settings::with_zone_key(app.platform.keys.zone(&zone_key)?);
        let running = Running::open(&app, asked.http, &doors, upstream, settings).await?;
        if let [_, tls, http] = running.doors.as_slice() {
            world.terminals_tls = tls.to_string();
            world.terminals_http = http.to_string();
        }
        let certificate = asked.data.canonicalize()?.join(tls::DEMO_CERTIFICATE);
        world.terminals_tls_certificate = certificate.display().to_string();
        world.write(&asked.data.join(WORLD))?;
        ready(asked.quiet, || told(asked, &world))?;
        let following = tokio::spawn(demo::follow(app.clone(), world, asked.data.join(WORLD)));
        let ended = running.until_stopped(http::Settings::default()).await;
        following.abort();
        ended
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The production form.
pub fn serve(path: &Path) -> anyhow::Result<ExitCode> {
    log("info");
    let config = config::read(path)?;
    let database = config
        .database
        .clone()
        .or_else(|| std::env::var("SHOUDAN_DATABASE").ok());
    let module = config.keys.module(config.profile)?;
    let zone_key = config.keys.zone(&module, config.profile)?;
    let options = Options {
        database: database.context("there is no database: name it in database, or in SHOUDAN_DATABASE")?,
        data: None,
        catalog: config.catalog.clone(),
        clock: Kind::Machine,
        seed: 0,
        demo: false,
        keys: config.keys.read()?,
        origin: config.origin.clone(),
        institution: config.institution.institution(),
    };
    let app = App::open_with(options, module)?;
    runtime()?.block_on(async {
        let upstream = line::Config::at(&config.network);
        let settings = Settings {
            profiles: Arc::new(Profiles::load(config.catalog.as_deref())?),
            ..Settings::with_zone_key(zone_key)
        };
        let mut doors = vec![DoorSettings {
            profile: config.terminal_profile.clone(),
            ..DoorSettings::plain(config.terminals)
        }];
        doors.extend_from_slice(&config.terminal_doors);
        let running = Running::open(&app, config.http, &doors, upstream, settings).await?;
        ready(false, || {
            let doors: Vec<String> = running.doors.iter().map(ToString::to_string).collect();
            format!("pages and API on {}, terminals on {}\n", config.http, doors.join(", "))
        })?;
        running.until_stopped(config.http_settings).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The demonstration's listeners for terminals: plain, encrypted, and carried by HTTP.
fn demo_doors(asked: &Demo) -> anyhow::Result<[DoorSettings; 3]> {
    let beside = std::net::SocketAddr::new(asked.terminals.ip(), 0);
    Ok([
        DoorSettings::plain(asked.terminals),
        DoorSettings {
            tls: Some(tls::demo(&asked.data)?),
            ..DoorSettings::plain(asked.terminals_tls.unwrap_or(beside))
        },
        DoorSettings {
            carriage: Carriage::Http,
            ..DoorSettings::plain(asked.terminals_http.unwrap_or(beside))
        },
    ])
}

/// Both servers, listening, and what ends them.
struct Running {
    app: App,
    http: TcpListener,
    /// Where terminals are listened for, in the order the doors were named.
    doors: Vec<std::net::SocketAddr>,
    gateway: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// SIGTERM and Ctrl-C, listened for before anybody is told that the server is ready.
    asked: [Signal; 2],
}

impl Running {
    async fn open(
        app: &App,
        pages: std::net::SocketAddr,
        doors: &[DoorSettings],
        upstream: line::Config,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let taken = |what, address| format!("{what} cannot listen on {address}; is it taken?");
        let http = TcpListener::bind(pages).await.with_context(|| taken("HTTP", pages))?;
        let doors = doors
            .iter()
            .map(|door| {
                Door::open(door, &settings.profiles).with_context(|| taken("the terminal gateway", door.address))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let addresses = doors.iter().map(Door::address).collect::<std::io::Result<_>>()?;
        let connector = Connector::start(upstream);
        // One line a process: the counters that are asked for are its.
        let _ = app.network.set(connector.clone());
        let opened = Gateway::open(app.clone(), connector, settings).await?;
        let stop = watch::Sender::new(false);
        let gateway = tokio::spawn(gateway::serve_at(doors, opened, asked(stop.subscribe())));
        Ok(Self {
            app: app.clone(),
            http,
            doors: addresses,
            gateway,
            stop,
            asked: [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?],
        })
    }

    /// Serves until the process is asked to end: SIGTERM, or Ctrl-C.
    async fn until_stopped(self, callers: http::Settings) -> anyhow::Result<()> {
        let [mut term, mut interrupt] = self.asked;
        let told = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.send_replace(true);
        });
        let jobs = tokio::spawn(jobs::run(self.app.clone()));
        http::serve_with(&self.app, self.http, callers, asked(self.stop.subscribe())).await?;
        self.stop.send_replace(true);
        self.gateway.await?;
        jobs.abort();
        Ok(())
    }
}

/// Ends when everything is asked to stop.
async fn asked(mut stop: watch::Receiver<bool>) {
    // An error means that nobody is left who could ask.
    let _ = stop.wait_for(|&stop| stop).await;
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Log lines go to standard error; `SHOUDAN_LOG` says which (`error`, `warn`, `info`, `debug`, `trace`).
fn log(default: &str) {
    let wanted = std::env::var("SHOUDAN_LOG").unwrap_or_else(|_| default.to_owned());
    let level = wanted.parse().unwrap_or(tracing::Level::WARN);
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        .init();
}

/// The world: seeded at the first start, read back at later ones.
fn world(app: &App, asked: &Demo) -> anyhow::Result<World> {
    const SEEDED: &str = "demo.seeded";
    let path = asked.data.join(WORLD);
    let seeded = app
        .db
        .read(|tx| -> Done<Option<String>> { Ok(settings::get(tx, SEEDED)?) })
        .wait()?;
    let mut world = match seeded.as_deref() {
        None => {
            app.db
                .write(|tx| -> Done<()> { Ok(settings::put(tx, SEEDED, "begun")?) })
                .wait()?;
            demo::seed(&app.db, &app.platform, asked.seed, app.now())?
        }
        Some("done") => World::read(&path)?,
        Some(_) => bail!("the seeding of this database was cut off; start again with an empty directory or database"),
    };
    world.http = format!("http://{}", asked.http);
    world.terminals = asked.terminals.to_string();
    world.write(&path)?;
    app.db
        .write(|tx| -> Done<()> { Ok(settings::put(tx, SEEDED, "done")?) })
        .wait()?;
    Ok(world)
}

/// What the simulated network does with each card.
fn script(cards: &[TestCard], zone_key: &DesKey) -> NetworkScript {
    let late = u64::try_from((PATIENCE + Duration::from_secs(4)).as_millis()).unwrap_or(u64::MAX);
    let outcome = |card: &TestCard| match (card.outcome.as_str(), card.response_code.as_str()) {
        ("no_answer", _) => Outcome::Silent,
        ("late", _) => Outcome::Late { ms: late },
        (_, "00") => Outcome::Approve,
        (_, code) => Outcome::Decline { code: code.to_owned() },
    };
    NetworkScript {
        zone_key: operations::sealing::hex(zone_key.expose()),
        cards: cards
            .iter()
            .map(|card| CardScript {
                pan: card.pan.clone(),
                pin: Some(card.pin.clone()),
                outcome: outcome(card),
            })
            .collect(),
        ..NetworkScript::default()
    }
}

/// What a newcomer needs: addresses, accounts, three things to try.
fn told(asked: &Demo, world: &World) -> String {
    let accounts = accounts(world);
    let live = world
        .terminals_list
        .iter()
        .find(|terminal| terminal.situation == "live");
    let number = live.map_or("", |terminal| terminal.terminal_number.as_str());
    let data = match asked.data.to_str() {
        Some("data") | None => String::new(),
        Some(path) => format!(" --data {path}"),
    };
    let (http, terminals, file) = (&world.http, &world.terminals, asked.data.join(WORLD));
    let (tls, posted) = (&world.terminals_tls, &world.terminals_http);
    format!(
        "Shoudan 收单 · demonstration

  Pages and API    {http}
  POS terminals    {terminals} (ISO 8583), encrypted {tls}, by HTTP {posted}

  Accounts (password {PASSWORD}; all of them are in {})
{accounts}
  Three things to try
    1  sell           shoudan pos{data} sign-in && shoudan pos{data} sale 12.34
                      or on the virtual POS at {http}/pos
    2  stop and ask   shoudan trigger{data} device.fault.card_reader --terminal {number}
                      sell again, and type the code on the slip at {http}/
    3  bring it back  shoudan explain{data} {number}, then log in as its owner and follow the plan

",
        file.display()
    )
}

/// Staff with the keys of their authenticators, some of the others, and how many more there are.
fn accounts(world: &World) -> String {
    let mut lines = String::new();
    let mut shown = 0;
    for (n, account) in world.accounts.iter().enumerate() {
        let before = world.accounts.iter().take(n);
        let alike = before.filter(|other| other.role == account.role).count();
        let most = SHOWN.iter().find(|row| row.0 == account.role).map_or(0, |row| row.1);
        if account.totp_secret.is_none() && alike >= most {
            continue;
        }
        shown += 1;
        let secret = account.totp_secret.as_deref();
        let code = secret.map_or(String::new(), |secret| format!("  second factor {secret}"));
        // Writing into a String cannot fail.
        let _ = writeln!(
            lines,
            "    {:14} {:14} {}{code}",
            account.role, account.login, account.name
        );
    }
    let others = world.accounts.len() - shown;
    if others > 0 {
        let _ = writeln!(lines, "    … and {others} more in {WORLD}");
    }
    lines
}

/// Says what there is, then the line that programs wait for.
fn ready(quiet: bool, words: impl FnOnce() -> String) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if !quiet {
        out.write_all(words().as_bytes())?;
    }
    out.write_all(b"ready\n")?;
    Ok(out.flush()?)
}
