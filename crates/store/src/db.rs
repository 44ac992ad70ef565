//! The database as the rest of the program holds it.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::config::Place;
use crate::job::{Answer, Job};
use crate::queue::{Queue, QueueStats};
use crate::{Config, Engine, Error, Migration, MigrationReport, Tx, args, migrate, pg, sqlite};

/// An open database. Clones are cheap and share everything; when the last one goes, work in line is finished and the
/// connections are closed.
#[derive(Clone)]
pub struct Db {
    inside: Arc<Inside>,
}

/// What waits for the database, and how it was taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Changes.
    pub writes: QueueStats,
    /// Questions.
    pub reads: QueueStats,
}

/// What an engine hands over once its threads run.
pub(crate) struct Inside {
    pub(crate) engine: Engine,
    pub(crate) writes: Arc<Queue<Job>>,
    pub(crate) reads: Arc<Queue<Job>>,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) weaknesses: Vec<String>,
    /// Held, and so locked, as long as the database is open.
    pub(crate) _lock: Option<File>,
}

impl Db {
    /// Opens the database, checks that it keeps what it is told, and starts the threads that own the connections.
    ///
    /// [`Error::Startup`] names the setting that does not do; [`Error::Unavailable`] if the server cannot be reached.
    pub fn open(config: &Config) -> Result<Db, Error> {
        let inside = match &config.place {
            Place::File(path) => sqlite::open(config, Some(path))?,
            Place::Memory => sqlite::open(config, None)?,
            Place::Server(server, root) => pg::open(config, server, root.as_deref())?,
        };
        Ok(Db {
            inside: Arc::new(inside),
        })
    }

    /// Runs a change and commits it, or undoes it if the closure returns an error.
    ///
    /// The closure may run more than once, of which only one run is kept.
    pub fn write<T, E>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Answer<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (job, answer) = Job::new(false, f);
        submit(&self.inside.writes, job);
        answer
    }

    /// Runs a question over one consistent picture of the data. A statement that would write is refused.
    pub fn read<T, E>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static) -> Answer<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let mut once = Some(f);
        let (job, answer) = Job::new(true, move |tx: &mut Tx<'_>| match once.take() {
            Some(f) => f(tx),
            None => Err(E::from(Error::Unavailable("the connection was lost".to_owned()))),
        });
        submit(&self.inside.reads, job);
        answer
    }

    /// Brings the schema up to `migrations`, each in a transaction of its own; blocks until done.
    pub fn migrate(&self, migrations: &[Migration]) -> Result<MigrationReport, Error> {
        migrate::migrate(self, migrations)
    }

    /// Commits a small row, to learn whether the database still takes writes. Needs [`Db::migrate`] to have run once.
    pub fn probe(&self) -> Answer<(), Error> {
        self.write(|tx| {
            tx.exactly_one(
                "insert into store_probe (id, beats) values ($1, 1) \
                 on conflict (id) do update set beats = store_probe.beats + 1",
                args![1],
            )
        })
    }

    /// What the lines of writes and reads have seen. In memory both are one line.
    pub fn stats(&self) -> Stats {
        Stats {
            writes: self.inside.writes.stats(),
            reads: self.inside.reads.stats(),
        }
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.inside.engine
    }

    /// What a production system should not have: settings with which a failing machine could lose commits. To be
    /// shown to operators; empty when all is well.
    pub fn weaknesses(&self) -> &[String] {
        &self.inside.weaknesses
    }
}

fn submit(queue: &Queue<Job>, job: Job) {
    if let Err(job) = queue.push(job) {
        job.answer(Some(Error::Busy));
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A closure may hold the last clone: a thread cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
