//! A PostgreSQL cluster: a throw-away one for one run of the tests, or one that the benchmarks keep.
//!
//! The cluster of the tests must be gone afterwards however the run ends: well, badly, by Ctrl-C or by a kill. So a small shell process keeps watch: it waits for
//! the end of a pipe that only this process holds open, then stops the server and removes its files. The kernel closes the pipe in every one of those cases.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};

use crate::{prepare, run};

/// The superuser of a cluster; it listens on the loopback address only.
const USER: &str = "shoudan";
/// Below the range from which the kernel takes ports for outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A running cluster; stopped when dropped, and removed unless it is kept.
pub struct Cluster {
    url: String,
    data: PathBuf,
    programs: PathBuf,
    watch: Child,
}

/// How the cluster of the tests is set.
const FOR_TESTS: &str = "-c max_connections=200 -c fsync=on";

impl Cluster {
    /// Creates and starts a cluster, in `target/xtask` or, where the server's user may not go there, in the system's directory for temporary files.
    pub fn start() -> Result<Self, String> {
        let programs = prepare::postgres()?;
        let user = ServerUser::find()?;
        remove_leftovers(&user, &programs);
        let data = user.make_data_directory()?;
        initialise(&user, &programs, &data)?;
        Self::run(&user, programs, data, FOR_TESTS, false)
    }

    /// Starts a cluster that is kept from run to run, in `target/<name>`, with settings for `postgres`.
    pub fn kept(name: &str, settings: &str) -> Result<Self, String> {
        let programs = prepare::postgres()?;
        let user = ServerUser::find()?;
        let data = run::target().join(name);
        fs::create_dir_all(&data).map_err(|error| format!("{} could not be created: {error}", data.display()))?;
        if !user.can_use(&data) {
            return Err(format!(
                "{} is not open to the user that runs PostgreSQL.",
                data.display()
            ));
        }
        if !data.join("PG_VERSION").exists() {
            initialise(&user, &programs, &data)?;
        }
        // One that a killed run left behind holds the files still.
        let _ = run::quiet(&mut stop_command(&user, &programs, &data, "fast"));
        Self::run(&user, programs, data, settings, true)
    }

    fn run(user: &ServerUser, programs: PathBuf, data: PathBuf, settings: &str, keep: bool) -> Result<Self, String> {
        let watch = keep_watch(user, &programs, &data, keep)?;
        let mut cluster = Self {
            url: String::new(),
            data,
            programs,
            watch,
        };
        let mut refusal = String::new();
        // Another program may take the port between our look and the server's start.
        for _ in 0..5 {
            let port = free_port()?;
            match start_server(user, &cluster.programs, &cluster.data, port, settings) {
                Ok(()) => {
                    cluster.url = format!("postgres://{USER}@127.0.0.1:{port}/postgres");
                    return Ok(cluster);
                }
                Err(error) => refusal = error,
            }
        }
        let log = fs::read_to_string(cluster.data.join("server.log")).unwrap_or_default();
        Err(format!("The PostgreSQL server did not start. {refusal}\n{log}"))
    }

    /// `postgres://USER@127.0.0.1:PORT/postgres`; its user may create databases.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client program that comes with the server, such as `psql`.
    pub fn client(&self, name: &str) -> Result<PathBuf, String> {
        // Where the server's programs were found by links, the others lie beside what these lead to.
        let real = fs::canonicalize(self.programs.join("pg_ctl")).ok();
        let beside = [Some(self.programs.as_path()), real.as_deref().and_then(Path::parent)];
        let found = beside
            .into_iter()
            .flatten()
            .map(|dir| dir.join(name))
            .find(|file| file.is_file());
        let found = found.or_else(|| run::on_path(name));
        found.ok_or_else(|| format!("`{name}` of PostgreSQL was not found beside its server nor on PATH."))
    }

    /// The process that started all others of the server.
    pub fn process(&self) -> Option<u32> {
        let lines = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        lines.lines().next()?.trim().parse().ok()
    }
}

fn initialise(user: &ServerUser, programs: &Path, data: &Path) -> Result<(), String> {
    let mut initdb = user.command(&programs.join("initdb"));
    initdb
        .args([
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--username",
            USER,
            "--pgdata",
        ])
        .arg(data);
    run::quiet(&mut initdb).map(drop)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        if !self.watch.wait().is_ok_and(|status| status.success()) {
            eprintln!(
                "xtask: the PostgreSQL cluster at {} could not be stopped and removed cleanly.",
                self.url
            );
        }
    }
}

fn start_server(user: &ServerUser, programs: &Path, data: &Path, port: u16, settings: &str) -> Result<(), String> {
    let settings = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {settings}");
    let mut start = user.command(&programs.join("pg_ctl"));
    start
        .args([
            "start",
            "--wait",
            "--timeout=60",
            "--silent",
            "--options",
            &settings,
            "--pgdata",
        ])
        .arg(data);
    start.arg("--log").arg(data.join("server.log"));
    // The server inherits what pg_ctl was given, so a captured pipe would never end.
    let status = start
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` failed ({status}).", run::shown(&start))),
        Err(error) => Err(format!("`{}` could not be started: {error}.", run::shown(&start))),
    }
}

fn keep_watch(user: &ServerUser, programs: &Path, data: &Path, keep: bool) -> Result<Child, String> {
    // The first `cat` ends when the pipe does.
    const SCRIPT: &str =
        r#"trap "" INT TERM HUP; cat >/dev/null; "$@" >/dev/null 2>&1; test -z "$DATA" || rm -rf "$DATA""#;
    let stop = stop_command(user, programs, data, if keep { "fast" } else { "immediate" });
    let mut watch = Command::new("sh");
    watch
        .args(["-c", SCRIPT, "watch"])
        .arg(stop.get_program())
        .args(stop.get_args());
    watch
        .env("DATA", if keep { Path::new("") } else { data })
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    // A group of its own: what is typed at the terminal, or kills the whole group, misses it.
    watch.process_group(0);
    watch
        .spawn()
        .map_err(|error| format!("`sh` could not be started: {error}"))
}

/// Who runs the server: PostgreSQL refuses the super-user, so for root it is the user `postgres` that comes with the package.
struct ServerUser {
    switch: Option<&'static str>,
}

impl ServerUser {
    fn find() -> Result<Self, String> {
        if !run::is_root() {
            return Ok(Self { switch: None });
        }
        if run::quiet(Command::new("id").args(["-u", "postgres"])).is_err() {
            return Err("PostgreSQL does not run as root, and there is no user `postgres`. Create one:\n    useradd --system --shell /bin/sh postgres".to_owned());
        }
        let tool = ["runuser", "setpriv"]
            .into_iter()
            .find(|tool| run::on_path(tool).is_some());
        Ok(Self { switch: Some(tool.ok_or("Neither `runuser` nor `setpriv` (both of util-linux) is on PATH, to start PostgreSQL as another user than root.")?) })
    }

    /// A command that runs as this user, in a directory that it can enter.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.switch {
            None => return in_root_directory(Command::new(program)),
            Some("setpriv") => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]);
                command
            }
            Some(tool) => {
                let mut command = Command::new(tool);
                command.args(["-u", "postgres", "--"]);
                command
            }
        };
        command.arg(program);
        in_root_directory(command)
    }

    fn make_data_directory(&self) -> Result<PathBuf, String> {
        let mut refusal = String::new();
        for parent in [run::target().join("xtask"), std::env::temp_dir()] {
            let data = parent.join(format!("pg-{}", id()));
            match fs::create_dir_all(&data) {
                Ok(()) if self.can_use(&data) => return Ok(data),
                Ok(()) => {
                    refusal = format!("{} is not open to the user that runs PostgreSQL.", data.display());
                }
                Err(error) => {
                    refusal = format!("{} could not be created: {error}.", data.display());
                }
            }
            let _ = fs::remove_dir(&data);
        }
        Err(format!("There is no place for a PostgreSQL cluster. {refusal}"))
    }

    fn can_use(&self, data: &Path) -> bool {
        let owned = self.switch.is_none() || run::quiet(Command::new("chown").arg("postgres:").arg(data)).is_ok();
        // The directories above it may be closed to that user (a home directory, for one), which only trying shows.
        owned && run::quiet(self.command(Path::new("test")).arg("-w").arg(data)).is_ok()
    }
}

fn in_root_directory(mut command: Command) -> Command {
    command.current_dir("/");
    command
}

/// Stops and removes the clusters of runs whose process is gone, in case even the watch was killed.
fn remove_leftovers(user: &ServerUser, programs: &Path) {
    let clusters = fs::read_dir(run::target().join("xtask"))
        .into_iter()
        .flatten()
        .flatten();
    for data in clusters.map(|entry| entry.path()) {
        let name = data
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let owner = name.strip_prefix("pg-").and_then(|owner| owner.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
            // Only tidying: a server that is not running cannot be stopped, and what cannot be
            // removed now is tried again by the next run.
            let _ = run::quiet(&mut stop_command(user, programs, &data, "immediate"));
            let _ = fs::remove_dir_all(&data);
        }
    }
}

fn stop_command(user: &ServerUser, programs: &Path, data: &Path, mode: &str) -> Command {
    let mut stop = user.command(&programs.join("pg_ctl"));
    stop.args(["stop", "--wait", "--mode", mode, "--pgdata"]).arg(data);
    stop
}

/// A port that nobody listens on, below the range that the kernel gives to outgoing connections.
pub fn free_port() -> Result<u16, String> {
    let first = PORTS.start + u16::try_from(id() % 9_000).unwrap_or_default();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..PORTS.end)
        .find(free)
        .ok_or_else(|| format!("No port between {first} and {} is free.", PORTS.end))
}
