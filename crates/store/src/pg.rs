//! PostgreSQL: a few threads, each with a blocking connection; a job is a transaction.
//!
//! No cancel request is ever sent: one that meets a commit waiting for its standby makes it look successful.

mod link;
pub(crate) mod tls;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use postgres::config::{SslMode, TargetSessionAttrs};
use postgres::error::Severity;
use postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::Inside;
use crate::job::Job;
use crate::queue::Queue;
use crate::{Config, Engine, Error, Tx};

pub(crate) use link::Link;
use link::Lost;

const VANISHED: Duration = Duration::from_secs(30);
const BEGIN_WRITE: &str = "begin";
/// A question sees one state of the data throughout, as it does on SQLite.
const BEGIN_READ: &str = "begin transaction isolation level repeatable read, read only";

/// Refuses an address this program cannot honour: encryption goes with an authority to trust, and the other way round.
pub(crate) fn check_address(server: &postgres::Config, root: bool) -> Result<(), Error> {
    let why = match (server.get_ssl_mode(), root) {
        (SslMode::Disable | SslMode::Prefer, false) | (SslMode::Require, true) => return Ok(()),
        (SslMode::Disable | SslMode::Prefer, true) => {
            "the address names a certificate authority (sslrootcert) and does not ask for encryption; \
             add sslmode=require"
        }
        _ => {
            "the address asks for sslmode=require; name the file with the authority that signed the server's \
             certificate: sslrootcert=/path/to/ca.pem (in PEM)"
        }
    };
    Err(Error::Startup(why.to_owned()))
}

/// Starts the threads; each connects, and all must succeed.
pub(crate) fn open(config: &Config, server: &postgres::Config, root: Option<&Path>) -> Result<Inside, Error> {
    let tls = root.map(tls::connector).transpose()?;
    let mut server = server.clone();
    server.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if server.get_connect_timeout().is_none() {
        server.connect_timeout(Duration::from_secs(5));
    }
    // A server that vanished without a word is noticed in half a minute rather than in hours. One that is slow still
    // acknowledges packets, so a commit may wait for its standby as long as it must.
    if server.get_tcp_user_timeout().is_none() {
        server.tcp_user_timeout(VANISHED).keepalives_idle(VANISHED);
    }
    if server.get_application_name().is_none() {
        server.application_name("shoudan");
    }
    let (writes, reads) = (Arc::new(Queue::new(config.queue)), Arc::new(Queue::new(config.queue)));
    let (tell, told) = mpsc::channel();
    let mut threads = Vec::new();
    let lines = [
        ("writer", config.writers.max(1), &writes),
        ("reader", config.readers.max(1), &reads),
    ];
    for (kind, count, queue) in lines {
        for number in 0..count {
            let worker = Worker {
                server: server.clone(),
                tls: tls.clone(),
                config: config.clone(),
                number,
                link: None,
            };
            let (queue, tell) = (Arc::clone(queue), tell.clone());
            let spawned = thread::Builder::new()
                .name(format!("store-{kind}-{number}"))
                .spawn(move || worker.serve(&queue, tell));
            threads.push(spawned.map_err(|error| Error::Startup(format!("a thread cannot be started: {error}")))?);
        }
    }
    drop(tell);
    // From here on, leaving early closes the queues, and the threads end.
    let mut inside = Inside {
        engine: Engine::Postgres,
        writes,
        reads,
        threads: Mutex::new(threads),
        weaknesses: Vec::new(),
        _lock: None,
    };
    for connected in told {
        inside.weaknesses = connected?;
    }
    Ok(inside)
}

/// The only place a connection is made.
fn connect(
    server: &postgres::Config,
    tls: Option<&MakeRustlsConnect>,
    config: &Config,
) -> Result<(Link, Vec<String>), Error> {
    let warned = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&warned);
    let mut server = server.clone();
    server.notice_callback(move |notice| {
        if notice.parsed_severity() == Some(Severity::Warning) {
            tracing::warn!(code = notice.code().code(), "PostgreSQL warned: {}", notice.message());
            seen.store(true, Ordering::Release);
        }
    });
    let connected = match tls {
        Some(tls) => server.connect(tls.clone()),
        None => server.connect(NoTls),
    };
    let mut client = connected.map_err(|error| unreachable_server(&error))?;
    client
        .batch_execute(&format!(
            "set client_min_messages = warning; set standard_conforming_strings = on; set time zone 'UTC'; \
             set statement_timeout = {}; set lock_timeout = {}; set idle_in_transaction_session_timeout = 60000",
            config.statement_timeout.as_millis(),
            config.lock_timeout.as_millis(),
        ))
        .map_err(|error| unreachable_server(&error))?;
    let weaknesses = check(&mut client, config.relaxed)?;
    Ok((Link::new(client, warned), weaknesses))
}

fn unreachable_server(error: &postgres::Error) -> Error {
    let cause = std::error::Error::source(error)
        .map(|source| format!(": {source}"))
        .unwrap_or_default();
    Error::Unavailable(format!("{error}{cause}"))
}

/// What a setting must be.
struct Wanted {
    setting: &'static str,
    accepted: fn(&str) -> bool,
    must: &'static str,
    need: Need,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Never without it: results would differ.
    Always,
    /// Not without it unless the configuration is relaxed: commits could be lost.
    Durable,
    /// Accepted, but operators are told.
    Advised,
}

#[rustfmt::skip]
const WANTED: &[Wanted] = &[
    Wanted { setting: "server_version_num",  need: Need::Always,  accepted: |v| v.parse::<i64>().is_ok_and(|v| v >= 150_000), must: "150000 or more (PostgreSQL 15)" },
    Wanted { setting: "server_encoding",     need: Need::Always,  accepted: |v| v == "UTF8", must: "UTF8: create the database with encoding 'UTF8' template template0" },
    Wanted { setting: "collation",           need: Need::Always,  accepted: |v| matches!(v, "C" | "POSIX" | "C.UTF-8" | "C.utf8"), must: "C: create the database with lc_collate 'C' template template0" },
    Wanted { setting: "in_recovery",         need: Need::Always,  accepted: |v| v == "f", must: "f: this server is a standby, connect to the primary" },
    Wanted { setting: "fsync",               need: Need::Durable, accepted: |v| v == "on", must: "on" },
    Wanted { setting: "full_page_writes",    need: Need::Durable, accepted: |v| v == "on", must: "on" },
    Wanted { setting: "synchronous_commit",  need: Need::Durable, accepted: |v| matches!(v, "on" | "remote_apply"), must: "on or remote_apply" },
    Wanted { setting: "data_checksums",      need: Need::Advised, accepted: |v| v == "on", must: "on, so that a damaged page is noticed" },
    Wanted { setting: "synchronous_standby_names", need: Need::Advised, accepted: |v| !v.is_empty(), must: "set, so that a commit survives the loss of the server" },
];

/// Refuses a server that cannot be trusted with a commit; what is only inadvisable is returned.
fn check(client: &mut Client, relaxed: bool) -> Result<Vec<String>, Error> {
    let rows = client
        .query(
            "select name, setting from pg_settings \
             union all select 'collation', datcollate from pg_database where datname = current_database() \
             union all select 'in_recovery', cast(pg_is_in_recovery() as char(1))",
            &[],
        )
        .map_err(|error| unreachable_server(&error))?;
    let mut found = std::collections::HashMap::new();
    for row in rows {
        let (name, setting) = (row.try_get::<_, String>(0), row.try_get::<_, String>(1));
        found.insert(name.unwrap_or_default(), setting.unwrap_or_default());
    }
    let mut weaknesses = Vec::new();
    for wanted in WANTED {
        let setting = found.get(wanted.setting).map_or("", String::as_str);
        if (wanted.accepted)(setting) {
            continue;
        }
        let text = format!(
            "the server's {} is {setting:?}, must be {}",
            wanted.setting, wanted.must
        );
        if wanted.need == Need::Always || (wanted.need == Need::Durable && !relaxed) {
            return Err(Error::Startup(text));
        }
        weaknesses.push(text);
    }
    Ok(weaknesses)
}

/// A thread and its connection, made anew when it is lost.
struct Worker {
    server: postgres::Config,
    tls: Option<MakeRustlsConnect>,
    config: Config,
    number: usize,
    link: Option<Link>,
}

/// What came of one try of a job.
enum Tried {
    /// The caller can be told what the closure said, or this instead.
    Settled(Option<Error>),
    /// It conflicted with others and left nothing: it may be tried again.
    Conflict,
    /// The connection was dead before the transaction began.
    NotBegun(Error),
}

impl Worker {
    fn serve(mut self, queue: &Queue<Job>, tell: mpsc::Sender<Result<Vec<String>, Error>>) {
        let connected = connect(&self.server, self.tls.as_ref(), &self.config);
        let (link, weaknesses) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                let _ = tell.send(Err(error));
                return;
            }
        };
        self.link = Some(link);
        let _ = tell.send(Ok(weaknesses));
        // Whoever opens waits until no thread has anything more to tell.
        drop(tell);
        while let Some(jobs) = queue.take(1) {
            for mut job in jobs {
                let instead = self.settle(&mut job);
                job.answer(instead);
            }
        }
    }

    /// Tries a job until it is settled; what to tell the caller instead of the closure's words.
    fn settle(&mut self, job: &mut Job) -> Option<Error> {
        let mut reconnected = false;
        let mut attempt = 0;
        loop {
            match self.attempt(job) {
                Tried::Settled(instead) => return instead,
                Tried::NotBegun(error) if reconnected => return Some(error),
                Tried::NotBegun(_) => reconnected = true,
                Tried::Conflict => {
                    attempt += 1;
                    if attempt >= self.config.attempts || job.reads {
                        return Some(Error::Busy);
                    }
                    // Threads that collided wait for different times.
                    let step = u64::from(attempt)
                        .saturating_mul(3)
                        .saturating_add(self.number as u64 * 2);
                    thread::sleep(Duration::from_millis(step));
                }
            }
        }
    }

    fn attempt(&mut self, job: &mut Job) -> Tried {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => match connect(&self.server, self.tls.as_ref(), &self.config) {
                Ok((link, _)) => link,
                Err(error) => return Tried::Settled(Some(error)),
            },
        };
        if let Err(error) = link.control(if job.reads { BEGIN_READ } else { BEGIN_WRITE }) {
            return Tried::NotBegun(error);
        }
        let mut tx = Tx::on_postgres(&mut link);
        let keep = job.run(&mut tx);
        let conflict = matches!(tx.failure(), Some(Error::Busy));
        if !keep || job.reads {
            // A connection that cannot even undo is dropped, which undoes too.
            if link.control("rollback").is_ok() {
                self.link = Some(link);
            }
            return if conflict {
                Tried::Conflict
            } else {
                Tried::Settled(None)
            };
        }
        match link.commit() {
            Ok(()) => {
                self.link = Some(link);
                Tried::Settled(None)
            }
            Err(Lost::Undone(error)) => {
                self.link = Some(link);
                if error == Error::Busy {
                    Tried::Conflict
                } else {
                    Tried::Settled(Some(error))
                }
            }
            Err(Lost::Unknown(reason)) => {
                tracing::error!(%reason, "a commit was not confirmed");
                Tried::Settled(Some(Error::Unknown(reason)))
            }
        }
    }
}
