//! The gateway itself: the production form of the server, in a process of its own, over a world of terminals.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::Options;
use super::load::{self, Load, Shown, Target, Traces};
use super::part::Part;
use super::place::{PATIENCE, Place, SEED, listen};
use super::table::{Idle, Row};
use super::usage;

/// A database with a world in it.
struct World {
    name: String,
    terminals: u64,
    past: u64,
    /// As the server is told.
    address: String,
    /// The file, on SQLite; the database's name, on PostgreSQL.
    file: Result<PathBuf, String>,
    /// Whether it is kept for the next run.
    lasting: bool,
}

/// How long the writing of a world may take.
const WRITING: Duration = Duration::from_hours(1);

impl World {
    fn of(place: &Place, options: &Options, engine: &str, size: &str) -> Self {
        let (terminals, past) = match size {
            "large" => (options.large, options.past),
            _ => (options.terminals, 0),
        };
        let name = format!("{engine}_{size}_{terminals}_{past}");
        let (address, file) = if engine == "sqlite" {
            let file = place.directory.join(format!("{name}.db"));
            (format!("sqlite:{}", file.display()), Ok(file))
        } else {
            (place.url(&name), Err(name.clone()))
        };
        Self {
            name,
            terminals,
            past,
            address,
            file,
            lasting: size == "large",
        }
    }

    /// Makes it, unless it is there and lasts.
    fn make(&self, place: &Place) -> Result<(), String> {
        if !self.lasting || self.write(place).is_err() {
            self.remove(place)?;
            self.write(place)?;
        }
        if let Err(database) = &self.file {
            place.sql(database, "vacuum (analyze)")?;
            place.sql(database, "checkpoint")?;
        }
        Ok(())
    }

    fn write(&self, place: &Place) -> Result<(), String> {
        if let Err(database) = &self.file
            && !place.has(database)?
        {
            place.fresh(database)?;
        }
        let (terminals, past, seed) = (self.terminals.to_string(), self.past.to_string(), SEED.to_string());
        let mut command = place.server(&["bench-world", "--database", &self.address, "--seed", &seed]);
        command.args(["--terminals", &terminals, "--past", &past]);
        let part = Part::start(&mut command)?;
        let told = part.said("world-", WRITING)?;
        if told == "made" {
            Traces::of(place, &self.name).forget();
        }
        part.end()
    }

    /// Takes away what the next run makes anew.
    fn leave(&self, place: &Place) -> Result<(), String> {
        if self.lasting { Ok(()) } else { self.remove(place) }
    }

    fn remove(&self, place: &Place) -> Result<(), String> {
        Traces::of(place, &self.name).forget();
        match &self.file {
            Err(database) => place.gone(database),
            Ok(file) => {
                for ending in ["", "-wal", "-shm", ".lock"] {
                    let mut name = file.clone().into_os_string();
                    name.push(ending);
                    // What is not there needs no removing.
                    let _ = fs::remove_file(name);
                }
                Ok(())
            }
        }
    }

    fn commit_us(&self, place: &Place) -> Result<f64, String> {
        let part = Part::start(&mut place.server(&["bench-commit", "--database", &self.address]))?;
        let told = part.said("commit-ns", PATIENCE)?;
        part.end()?;
        told.parse::<u64>()
            .map(|ns| load::float(ns) / 1000.0)
            .map_err(|error| error.to_string())
    }
}

/// A running server.
struct Running {
    part: Part,
    address: String,
}

fn start(place: &Place, world: &World) -> Result<Running, String> {
    let (http, address) = (listen()?, listen_beside()?);
    let config = place.directory.join("serve.toml");
    let network = &place.network.1;
    let text = format!(
        "profile = \"test\"\nhttp = \"{http}\"\nterminals = \"{address}\"\norigin = \"http://{http}\"\nnetwork = \"{network}\"\n[institution]\n\
         name = {{ zh = \"测速\", en = \"bench\" }}\nhours = {{ zh = \"全天\", en = \"always\" }}\n\
         hotline = \"-\"\nsite = \"-\"\nsms = \"-\"\nlicence = \"-\"\n"
    );
    fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
    let mut command = place.server(&["serve", "--config"]);
    command
        .arg(&config)
        .env("SHOUDAN_DATABASE", &world.address)
        .env("SHOUDAN_LOG", "error");
    let part = Part::start(&mut command)?;
    part.said("ready", PATIENCE * 5)?;
    Ok(Running { part, address })
}

/// Another free port than the one that was just found and is not taken yet.
fn listen_beside() -> Result<String, String> {
    let first = listen()?;
    let (host, port) = first.rsplit_once(':').unwrap_or_default();
    let port: u16 = port.parse().map_err(|_| "no port".to_owned())?;
    let free = (port + 1..32_000).find(|port| std::net::TcpListener::bind((host, *port)).is_ok());
    free.map(|port| format!("{host}:{port}"))
        .ok_or_else(|| "no port is free".to_owned())
}

/// Measures one engine with one world.
pub fn measure(place: &Place, options: &Options, engine: &str, size: &str) -> Result<Row, String> {
    println!("\n── gateway, {engine}, {size} ──");
    let world = World::of(place, options, engine, size);
    world.make(place)?;
    let commit_us = world.commit_us(place)?;
    let running = start(place, &world)?;
    let on_server = (engine == "postgres").then(|| place.cluster.process()).flatten();
    let target = Target {
        address: &running.address,
        server: running.part.id(),
        database: on_server,
        terminals: world.terminals,
    };
    let lsn = |place: &Place| match on_server {
        Some(_) => place.sql("postgres", "select pg_current_wal_lsn() - '0/0'::pg_lsn"),
        None => Ok(String::new()),
    };
    let traces = Traces::of(place, &world.name);
    let one = |connections: u64, rate: f64, what: &str| -> Result<Shown, String> {
        let load = Load {
            connections,
            rate: whole(rate),
            trace: traces.next(),
            seconds: options.seconds,
        };
        // Room for whatever this load may use, should it be cut off.
        let before = load.trace;
        traces.used(before + 20_000)?;
        let shown = load::run(place, &target, load)?;
        traces.used(shown.trace_after)?;
        println!("{what}, {connections} terminals: {}", shown.told());
        Ok(shown)
    };
    let mut full: Option<(Shown, Option<f64>)> = None;
    let mut by_connections = Vec::new();
    for connections in &options.connections {
        let before = lsn(place)?;
        let shown = one(*connections, 0.0, "full")?;
        let wal = difference(&before, &lsn(place)?, shown.rate * load::float(options.seconds));
        by_connections.push((*connections, shown.rate));
        if full.as_ref().is_none_or(|(best, _)| best.rate < shown.rate) {
            full = Some((shown, wal));
        }
    }
    let (full, wal) = full.ok_or("no number of connections was given")?;
    let half = one(full.connections, full.rate * 0.5, "half")?;
    let most = one(full.connections, full.rate * 0.9, "90 %")?;
    let memory_kib = usage::memory_kib(running.part.id());
    running.part.stop()?;
    world.leave(place)?;
    Ok(Row {
        engine: engine.to_owned(),
        size: size.to_owned(),
        terminals: world.terminals,
        past: world.past,
        commit_us,
        by_connections,
        full,
        half,
        most,
        wal,
        memory_mib: load::float(memory_kib) / 1024.0,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and small"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

/// Bytes of log per sale: of the whole load, its warming up too, so a little more than is true.
fn difference(before: &str, after: &str, sales: f64) -> Option<f64> {
    let (before, after): (f64, f64) = (before.parse().ok()?, after.parse().ok()?);
    Some((after - before) / sales)
}

/// The memory that connected, idle terminals cost, each after one sale.
pub fn idle(place: &Place, options: &Options) -> Result<Idle, String> {
    println!("\n── idle terminals ──");
    let wanted = options.idle.min(options.terminals);
    let world = World::of(place, options, "sqlite", "small");
    world.make(place)?;
    let running = start(place, &world)?;
    thread::sleep(Duration::from_secs(1));
    let before = usage::memory_kib(running.part.id());
    let arguments = [
        ("address", running.address.clone()),
        ("terminals", world.terminals.to_string()),
        ("connections", wanted.to_string()),
        ("trace", "1".to_owned()),
    ];
    let part = Part::start(&mut place.part("idle", &arguments))?;
    part.said("idle", PATIENCE * 2)?;
    thread::sleep(Duration::from_secs(2));
    let after = usage::memory_kib(running.part.id());
    drop(part);
    running.part.stop()?;
    world.leave(place)?;
    let idle = Idle {
        connections: wanted,
        before_mib: load::float(before) / 1024.0,
        after_mib: load::float(after) / 1024.0,
    };
    println!(
        "{wanted} connections: {:.0} MiB, {:.0} MiB before",
        idle.after_mib, idle.before_mib
    );
    Ok(idle)
}
