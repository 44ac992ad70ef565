//! Fresh databases for tests, here and in the crates above (feature `testing`).
//!
//! A story is told once per database:
//!
//! ```no_run
//! for test in store::testing::databases() {
//!     let db = test.db();
//!     db.migrate(&[]).unwrap();
//! }
//! ```
//!
//! There is always a SQLite file; if `SHOUDAN_TEST_PG` is the address of a PostgreSQL server on which databases may be
//! created, there is one of those too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::thread;

use postgres::NoTls;

use crate::{Config, Db, Engine};

/// The name of the variable that holds a PostgreSQL server's address.
pub const SERVER: &str = "SHOUDAN_TEST_PG";

/// A database of one test's own, removed when it is dropped.
pub struct TestDb {
    db: Option<Db>,
    url: String,
    engine: Engine,
    /// A directory, or a database of the server at this address.
    remains: Remains,
}

enum Remains {
    Directory(PathBuf),
    Database { server: String, name: String },
}

/// One fresh, empty database per engine at hand.
///
/// # Panics
/// If one cannot be made.
pub fn databases() -> Vec<TestDb> {
    std::iter::once(sqlite()).chain(postgres()).collect()
}

/// A fresh SQLite file.
///
/// # Panics
/// If it cannot be made.
pub fn sqlite() -> TestDb {
    let directory = std::env::temp_dir().join(fresh_name());
    std::fs::create_dir(&directory).unwrap();
    let url = format!("sqlite:{}", directory.join("test.db").display());
    TestDb::open(url, Engine::Sqlite, Remains::Directory(directory))
}

/// A fresh database on the server named by the environment, if there is one.
///
/// # Panics
/// If it cannot be made.
pub fn postgres() -> Option<TestDb> {
    let server = std::env::var(SERVER).ok().filter(|address| !address.is_empty())?;
    let name = fresh_name();
    command(
        &server,
        format!("create database {name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"),
    );
    let (address, options) = server.split_once('?').map_or((server.as_str(), ""), |(a, o)| (a, o));
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let question = if options.is_empty() { "" } else { "?" };
    let url = format!("postgres://{host}/{name}{question}{options}");
    Some(TestDb::open(url, Engine::Postgres, Remains::Database { server, name }))
}

impl TestDb {
    fn open(url: String, engine: Engine, remains: Remains) -> TestDb {
        let mut test = TestDb {
            db: None,
            url,
            engine,
            remains,
        };
        test.db = Some(Db::open(&test.config()).unwrap());
        test
    }

    /// The open database.
    ///
    /// # Panics
    /// Between [`TestDb::close`] and [`TestDb::reopen`].
    pub fn db(&self) -> &Db {
        self.db.as_ref().expect("the test closed it")
    }

    /// How it was opened: few connections, and a server without `fsync` will do.
    ///
    /// # Panics
    /// If the address of the server cannot be read.
    pub fn config(&self) -> Config {
        let mut config = Config::from_url(&self.url).unwrap();
        config.writers = 2;
        config.readers = 2;
        config.relaxed = true;
        config
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Closes it, so that another process can open it; [`TestDb::reopen`] opens it again.
    pub fn close(&mut self) {
        self.db = None;
    }

    /// Closes and opens it again, as a new start of the program would. No other clone of the [`Db`] may be left.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub fn reopen(&mut self) {
        let config = self.config();
        self.reopen_with(&config);
    }

    /// As [`TestDb::reopen`], with knobs turned.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub fn reopen_with(&mut self, config: &Config) {
        self.db = None;
        self.db = Some(Db::open(config).unwrap());
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        self.db = None;
        match &self.remains {
            Remains::Directory(path) => drop(std::fs::remove_dir_all(path)),
            Remains::Database { server, name } => {
                command(server, format!("drop database if exists {name} with (force)"));
            }
        }
    }
}

/// Unlike any other, also of other processes that test at the same server.
fn fresh_name() -> String {
    format!("shoudan_test_{:016x}", RandomState::new().hash_one(std::process::id()))
}

/// On a thread of its own, as a blocking client cannot be used inside an asynchronous test.
fn command(server: &str, sql: String) {
    let server = server.to_owned();
    let done = thread::spawn(move || {
        postgres::Client::connect(&server, NoTls)
            .unwrap()
            .batch_execute(&sql)
            .unwrap();
    });
    let refused = done.join().is_err();
    assert!(!refused || thread::panicking(), "the test server refused; see {SERVER}");
}
