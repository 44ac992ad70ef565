//! SQLite: one thread that writes, a few that read.
//!
//! The writer takes everything that waits, runs each operation in a savepoint, commits once and then answers all. The
//! others wait for the same disk flush, so a commit costs each of them a share.

mod checkpoint;
mod link;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use crate::db::Inside;
use crate::job::Job;
use crate::queue::Queue;
use crate::{Config, Engine, Error, Tx};

pub(crate) use link::Link;

/// Pages in the log before the writer copies them itself: only where [`checkpoint`] cannot keep up.
const CHECKPOINT: &str = "20000";

/// Older libraries can corrupt a database with more than one connection when its log starts over.
const OLDEST: i32 = 3_051_003;

/// Opens a file, or a database in memory whose one connection serves readers too.
pub(crate) fn open(config: &Config, path: Option<&Path>) -> Result<Inside, Error> {
    let lock = path.map(lock).transpose()?;
    let link = connect(config, path)?;
    let writes = Arc::new(Queue::new(config.queue));
    let reads = if path.is_some() {
        Arc::new(Queue::new(config.queue))
    } else {
        Arc::clone(&writes)
    };
    let mut threads = Vec::new();
    let mut start = |name: String, body: Box<dyn FnOnce() + Send>| -> Result<(), Error> {
        let spawned = thread::Builder::new().name(name).spawn(body);
        threads.push(spawned.map_err(|error| Error::Startup(format!("a thread cannot be started: {error}")))?);
        Ok(())
    };
    if path.is_some() {
        for number in 0..config.readers.max(1) {
            let reader = connect(config, path)?;
            set(&reader.conn, "query_only", "on")?;
            let queue = Arc::clone(&reads);
            start(
                format!("store-reader-{number}"),
                Box::new(move || read(&reader, &queue)),
            )?;
        }
    }
    let desk = Arc::new(checkpoint::Desk::default());
    if path.is_some() {
        let (beside, desk) = (connect(config, path)?, Arc::clone(&desk));
        start(
            "store-checkpoint".to_owned(),
            Box::new(move || checkpoint::serve(&beside.conn, &desk)),
        )?;
    }
    let queue = Arc::clone(&writes);
    // In memory there is no flush to share, and a question must not see a neighbour's uncommitted rows.
    let batch = if path.is_some() { config.batch.max(1) } else { 1 };
    start(
        "store-writer".to_owned(),
        Box::new(move || {
            let broken = None;
            Writer { link, desk, broken }.serve(&queue, batch);
        }),
    )?;
    Ok(Inside {
        engine: Engine::Sqlite,
        writes,
        reads,
        threads: Mutex::new(threads),
        weaknesses: Vec::new(),
        _lock: lock,
    })
}

/// One process per file: a second one could not take part in the batches, and would fight for the write lock.
fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let shown = path.display();
    let cannot = |error| Error::Startup(format!("{shown} cannot be locked: {error}"));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name)
        .map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Startup(format!(
            "{shown} is in use by another process; stop it first, or give another path"
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn connect(config: &Config, path: Option<&Path>) -> Result<Link, Error> {
    let conn = match path {
        Some(path) => Connection::open(path),
        None => Connection::open_in_memory(),
    };
    let conn = conn.map_err(|error| Error::Startup(format!("the database cannot be opened: {error}")))?;
    // Waiting is for the moments in which a reader opens or closes the log; there is no other writer.
    set(&conn, "busy_timeout", "5000")?;
    set(&conn, "journal_mode", if path.is_some() { "wal" } else { "memory" })?;
    set(&conn, "synchronous", "full")?;
    set(&conn, "fullfsync", "on")?;
    set(&conn, "foreign_keys", "on")?;
    set(&conn, "trusted_schema", "off")?;
    set(&conn, "temp_store", "memory")?;
    set(&conn, "wal_autocheckpoint", CHECKPOINT)?;
    set(&conn, "cache_size", &format!("-{}", config.cache_kib))?;
    // One plan for a statement whatever its values: a plan that looks at them is made anew with each.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| Error::Startup(format!("plans that hold cannot be had: {error}")))?;
    check(&conn, path.is_some())?;
    Ok(Link::new(conn))
}

fn set(conn: &Connection, pragma: &str, value: &str) -> Result<(), Error> {
    // Some of these answer with a row and some do not.
    conn.execute_batch(&format!("pragma {pragma} = {value}"))
        .map_err(|error| Error::Startup(format!("pragma {pragma} = {value} was refused: {error}")))
}

/// Reads back what was set: a pragma that is misspelt or impossible is ignored in silence.
fn check(conn: &Connection, file: bool) -> Result<(), Error> {
    let version = rusqlite::version_number();
    if version < OLDEST {
        return Err(Error::Startup(format!(
            "SQLite {} is too old: 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    let wanted = [
        ("journal_mode", if file { "wal" } else { "memory" }),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("encoding", "UTF-8"),
    ];
    for (pragma, wanted) in wanted {
        let found: String = conn
            .query_row(
                &format!("select cast({pragma} as text) from pragma_{pragma}"),
                [],
                |row| row.get(0),
            )
            .map_err(|error| Error::Startup(format!("pragma {pragma} cannot be read: {error}")))?;
        if found != wanted {
            return Err(Error::Startup(format!("pragma {pragma} is {found}, must be {wanted}")));
        }
    }
    Ok(())
}

fn read(link: &Link, queue: &Queue<Job>) {
    while let Some(jobs) = queue.take(1) {
        for job in jobs {
            read_one(link, job);
        }
    }
}

/// One question in a transaction of its own, which sees one state of the data throughout.
fn read_one(link: &Link, mut job: Job) {
    if let Err(error) = link.control("begin deferred") {
        return job.answer(Some(link.explain("begin", &error)));
    }
    job.run(&mut Tx::on_sqlite(link));
    if !link.conn.is_autocommit()
        && let Err(error) = link.control("rollback")
    {
        tracing::error!(%error, "a reader could not end its transaction");
    }
    job.answer(None);
}

/// The thread that owns the only connection that writes.
struct Writer {
    link: Link,
    desk: Arc<checkpoint::Desk>,
    /// Why nothing can be written any more. After a failed flush the system may have dropped pages it calls clean, so
    /// a later commit could be acknowledged on top of a lost one: only a new start reads what is really there.
    broken: Option<String>,
}

/// How a commit that was not confirmed ended.
enum Lost {
    /// Nothing of it is there.
    Undone(Error),
    /// A rule checked at commit refused it; nothing of it is there.
    Refused(Error),
    /// It may be there.
    Unknown(String),
}

impl Writer {
    fn serve(mut self, queue: &Queue<Job>, batch: usize) {
        while let Some(jobs) = queue.take(batch) {
            self.desk.finish(&self.link.conn);
            self.batch(jobs);
        }
        self.desk.end();
    }

    fn batch(&mut self, mut jobs: Vec<Job>) {
        if let [job] = jobs.as_slice()
            && job.reads
        {
            return self.read(jobs);
        }
        if let Some(reason) = &self.broken {
            let error = Error::Unavailable(reason.clone());
            return answer(jobs, Some(&error));
        }
        match self.attempt(&mut jobs) {
            Ok(()) => answer(jobs, None),
            Err(Lost::Refused(_)) if jobs.len() > 1 => {
                // One of them broke a rule that is checked at commit; alone, each gets its own verdict.
                for job in jobs {
                    self.batch(vec![job]);
                }
            }
            Err(Lost::Refused(error) | Lost::Undone(error)) => answer(jobs, Some(&error)),
            Err(Lost::Unknown(reason)) => {
                tracing::error!(%reason, "a commit failed; no more writes until the program is started again");
                answer(jobs, Some(&Error::Unknown(reason.clone())));
                self.broken = Some(format!("an earlier commit failed ({reason}); start the program again"));
            }
        }
    }

    /// Runs all jobs and commits. The jobs are answered by the caller, once the commit's fate is known.
    fn attempt(&mut self, jobs: &mut [Job]) -> Result<(), Lost> {
        let undone = |link: &Link, error: &rusqlite::Error| {
            let error = match link.explain("", error) {
                Error::Unavailable(reason) => Error::Unavailable(reason),
                Error::Busy => Error::Busy,
                other => Error::Unavailable(other.to_string()),
            };
            Lost::Undone(error)
        };
        let link = &self.link;
        link.control("begin immediate").map_err(|error| undone(link, &error))?;
        if let [job] = jobs {
            // Alone it needs no savepoint, which would copy every page before it is changed.
            let keep = job.run(&mut Tx::on_sqlite(link));
            if link.conn.is_autocommit() {
                return Err(Lost::Undone(Error::Unavailable("the disk refused a write".to_owned())));
            }
            return if keep {
                self.commit()
            } else {
                link.control("rollback").map_err(|error| undone(link, &error))
            };
        }
        for job in jobs.iter_mut() {
            if let Err(error) = in_savepoint(link, job) {
                if !link.conn.is_autocommit() {
                    let _ = link.control("rollback");
                }
                return Err(undone(link, &error));
            }
            if link.conn.is_autocommit() {
                // A full disk, for one, makes SQLite undo the whole transaction by itself.
                return Err(Lost::Undone(Error::Unavailable("the disk refused a write".to_owned())));
            }
        }
        self.commit()
    }

    fn commit(&self) -> Result<(), Lost> {
        let link = &self.link;
        let Err(error) = link.control("commit") else {
            return Ok(());
        };
        let doubtful = !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::DiskFull | ErrorCode::DatabaseBusy)
        );
        let reason = error.to_string();
        let rolled_back = link.conn.is_autocommit() || link.control("rollback").is_ok();
        if doubtful || !rolled_back {
            return Err(Lost::Unknown(reason));
        }
        match link.explain("commit", &error) {
            error @ Error::Constraint { .. } => Err(Lost::Refused(error)),
            error => Err(Lost::Undone(error)),
        }
    }

    /// A question on a database in memory.
    fn read(&self, jobs: Vec<Job>) {
        for job in jobs {
            if let Err(error) = set(&self.link.conn, "query_only", "on") {
                job.answer(Some(error));
                continue;
            }
            read_one(&self.link, job);
            let _ = set(&self.link.conn, "query_only", "off");
        }
    }
}

fn in_savepoint(link: &Link, job: &mut Job) -> rusqlite::Result<()> {
    link.control("savepoint job")?;
    let keep = job.run(&mut Tx::on_sqlite(link));
    if link.conn.is_autocommit() {
        return Ok(());
    }
    if !keep {
        link.control("rollback to job")?;
    }
    link.control("release job")
}

fn answer(jobs: Vec<Job>, instead: Option<&Error>) {
    for job in jobs {
        job.answer(instead.cloned());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Link, check, connect, set};
    use crate::{Config, Error};

    fn memory() -> Link {
        connect(&Config::from_url("sqlite::memory:").unwrap(), None).unwrap()
    }

    #[test]
    fn the_self_check_refuses_settings_that_could_lose_a_commit() {
        let conn = memory().conn;
        assert_eq!(check(&conn, false), Ok(()));
        for (pragma, value) in [
            ("synchronous", "normal"),
            ("synchronous", "off"),
            ("foreign_keys", "off"),
        ] {
            set(&conn, pragma, value).unwrap();
            let refusal = check(&conn, false).unwrap_err();
            assert!(
                matches!(&refusal, Error::Startup(text) if text.contains(pragma)),
                "{refusal}"
            );
            set(&conn, "synchronous", "full").unwrap();
        }
    }

    #[test]
    fn the_self_check_refuses_a_file_without_a_log() {
        assert!(matches!(check(&memory().conn, true), Err(Error::Startup(text)) if text.contains("journal_mode")));
    }
}
