//! Where the database is, and how hard to lean on it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Engine, Error};

/// How to open a database. Make one with [`Config::from_url`], then turn the knobs.
#[derive(Clone)]
pub struct Config {
    pub(crate) place: Place,
    /// Threads that write on PostgreSQL, each with a connection. SQLite always has one.
    pub writers: usize,
    /// Threads that read, each with a connection.
    pub readers: usize,
    /// How many operations may wait, for writers and for readers each, before [`Error::Busy`].
    pub queue: usize,
    /// How many operations may share a commit on SQLite.
    pub batch: usize,
    /// How often a whole transaction is tried on PostgreSQL when it conflicts with others.
    pub attempts: u32,
    /// PostgreSQL: the longest a statement may take. SQLite has no such limit.
    pub statement_timeout: Duration,
    /// PostgreSQL: the longest wait for another transaction's lock.
    pub lock_timeout: Duration,
    /// SQLite: page cache of each connection, in KiB.
    pub cache_kib: u32,
    /// Accept a PostgreSQL server that may lose commits (`fsync`, `full_page_writes` or `synchronous_commit` off).
    /// For tests; never where money is real.
    pub relaxed: bool,
}

/// Where the data is.
#[derive(Clone)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
    /// A server, and the file with the authority that signed its certificate, where the way there is encrypted.
    Server(Box<postgres::Config>, Option<PathBuf>),
}

impl Config {
    /// Reads `sqlite:PATH`, `sqlite::memory:` or `postgres://user:password@host:port/database?…`.
    ///
    /// With `sslmode=require` the way to PostgreSQL is encrypted, and the server must show a certificate made out to
    /// the host in the address and signed by the authority in `sslrootcert=/path/to/ca.pem`.
    pub fn from_url(url: &str) -> Result<Config, Error> {
        let place = if url == "sqlite::memory:" {
            Place::Memory
        } else if let Some(path) = url.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(Error::Startup("the database address sqlite: lacks a path".to_owned()));
            }
            Place::File(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // Neither the address nor the parser's words are shown: they may hold the password.
            let (url, root) = crate::pg::tls::root_of(url);
            let server: postgres::Config = url.parse().map_err(|_| {
                Error::Startup(
                    "the PostgreSQL address cannot be read; it should look like \
                     postgres://user:password@host:port/database?option=value"
                        .to_owned(),
                )
            })?;
            crate::pg::check_address(&server, root.is_some())?;
            Place::Server(Box::new(server), root)
        } else {
            return Err(Error::Startup(
                "the database address must begin with sqlite: or postgres://".to_owned(),
            ));
        };
        Ok(Config {
            place,
            writers: 4,
            readers: 2,
            queue: 4096,
            batch: 256,
            attempts: 8,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            cache_kib: 32 * 1024,
            relaxed: false,
        })
    }

    /// The engine this leads to.
    pub fn engine(&self) -> Engine {
        match self.place {
            Place::File(_) | Place::Memory => Engine::Sqlite,
            Place::Server(..) => Engine::Postgres,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("engine", &self.engine())
            .field("relaxed", &self.relaxed)
            .finish_non_exhaustive()
    }
}
