//! Where a benchmark runs: programs, data, cluster, simulated network.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::Options;
use super::part::Part;
use crate::postgres::{Cluster, free_port};
use crate::run;

/// Keys follow from this; it is written into every world.
pub const SEED: u64 = 8583;
/// The keys at rest of every world: nothing here is secret.
const KEYS: [(&str, &str, usize); 4] = [
    ("SHOUDAN_DATA_KEY", "1a", 32),
    ("SHOUDAN_INDEX_KEY", "2b", 32),
    ("SHOUDAN_ZONE_KEY", "3d", 16),
    ("SHOUDAN_MASTER_KEY", "4e", 32),
];
/// The durable settings, and as much memory as a server of a small institution has.
const SETTINGS: &str = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=200 \
    -c shared_buffers=1GB -c max_wal_size=8GB -c checkpoint_timeout=15min";

/// How long a part may take to begin.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Everything that measurements share.
pub struct Place {
    /// `target/bench`.
    pub directory: PathBuf,
    /// The server that is measured.
    pub server: PathBuf,
    parts: PathBuf,
    /// PostgreSQL, set to lose nothing.
    pub cluster: Cluster,
    /// The simulated network: its process and its address.
    pub network: (Part, String),
    _lock: Lock,
}

/// One benchmark at a time.
struct Lock(PathBuf);

impl Lock {
    fn take(directory: &Path) -> Result<Self, String> {
        let path = directory.join("running");
        let owner = fs::read_to_string(&path).unwrap_or_default();
        if !owner.is_empty() && Path::new("/proc").join(owner.trim()).exists() {
            return Err(format!("another benchmark runs (process {}).", owner.trim()));
        }
        fs::write(&path, std::process::id().to_string()).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What stays names a process that is gone.
        let _ = fs::remove_file(&self.0);
    }
}

impl Place {
    /// Builds the programs, starts PostgreSQL and the network. `SHOUDAN_BIN` names another build of the server.
    pub fn open(options: &Options) -> Result<Self, String> {
        let directory = run::target().join("bench");
        fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let lock = Lock::take(&directory)?;
        let (profile, output) = if options.dev {
            ("dev", "debug")
        } else {
            ("bench", "release")
        };
        let mut build = run::cargo([
            "build",
            "--profile",
            profile,
            "--package",
            "simulators",
            "--example",
            "bench",
        ]);
        let named = std::env::var_os("SHOUDAN_BIN").map(PathBuf::from);
        if named.is_none() {
            build.args(["--package", "shoudan", "--bin", "shoudan"]);
        }
        if !run::watched(&mut build).0 {
            return Err("the programs could not be built.".to_owned());
        }
        let built = run::target().join(output);
        let parts = built.join("examples/bench");
        let cluster = Cluster::kept("bench/postgres", SETTINGS)?;
        let mut network = Command::new(&parts);
        let network = Part::start(network.args(["network", "--listen", &listen()?]))?;
        let address = network.said("address", PATIENCE)?;
        Ok(Self {
            directory,
            server: named.unwrap_or_else(|| built.join("shoudan")),
            parts,
            cluster,
            network: (network, address),
            _lock: lock,
        })
    }

    /// A command of the measuring program.
    pub fn part(&self, name: &str, options: &[(&str, String)]) -> Command {
        let mut command = Command::new(&self.parts);
        command.arg(name).args(["--seed", &SEED.to_string()]);
        for (option, value) in options {
            command.arg(format!("--{option}")).arg(value);
        }
        command
    }

    /// A command of the server, with its keys.
    pub fn server(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.server);
        command.args(words);
        for (name, digits, bytes) in KEYS {
            command.env(name, digits.repeat(bytes));
        }
        command
    }

    /// Runs SQL in a database of the cluster; what it returns, without head and frame.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(self.cluster.client("psql")?);
        psql.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            &self.url(database),
        ]);
        run::quiet(&mut psql).map(|text| text.trim().to_owned())
    }

    /// The address of a database of the cluster.
    pub fn url(&self, database: &str) -> String {
        let (server, _) = self.cluster.url().rsplit_once('/').unwrap_or_default();
        format!("{server}/{database}")
    }

    /// Removes a database.
    pub fn gone(&self, database: &str) -> Result<(), String> {
        self.sql("postgres", &format!("drop database if exists {database} with (force)"))
            .map(drop)
    }

    /// Makes a database anew.
    pub fn fresh(&self, database: &str) -> Result<(), String> {
        self.gone(database)?;
        self.sql("postgres", &format!("create database {database}")).map(drop)
    }

    /// Whether the cluster has a database.
    pub fn has(&self, database: &str) -> Result<bool, String> {
        let found = self.sql(
            "postgres",
            &format!("select 1 from pg_database where datname = '{database}'"),
        )?;
        Ok(!found.is_empty())
    }

    /// The median time to append four KiB to a file and have them on the disk, microseconds.
    pub fn disk_commit_us(&self) -> Result<f64, String> {
        let path = self.directory.join("append");
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::create(&path).map_err(told)?;
        let mut took = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            file.write_all(&[7; 4096])
                .and_then(|()| file.sync_data())
                .map_err(told)?;
            took.push(start.elapsed());
        }
        took.sort_unstable();
        fs::remove_file(&path).map_err(told)?;
        Ok(took.get(100).copied().unwrap_or_default().as_secs_f64() * 1e6)
    }
}

/// An address that is free.
pub fn listen() -> Result<String, String> {
    Ok(format!("127.0.0.1:{}", free_port()?))
}
