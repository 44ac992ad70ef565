//! PostgreSQL connections that break, and commits nobody confirms.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use store::testing::{TestDb, postgres};
use store::{Config, Db, Error, args};

use crate::{fen, with_accounts};

const BACKEND: &str = "select pg_backend_pid()";

/// Ends one connection of the server, seen from another.
fn terminate(test: &TestDb, backend: i64) {
    let other = Db::open(&test.config()).unwrap();
    let sql = "select pg_terminate_backend(cast($1 as int), 5000)";
    let ended = other.write(move |tx| tx.one(sql, args![backend])).wait().unwrap();
    assert_eq!(ended.take(0), Ok(true));
}

#[test]
fn a_connection_lost_between_transactions_is_made_anew() {
    let Some(mut test) = postgres() else { return };
    with_accounts(test.db());
    let mut config = test.config();
    (config.writers, config.readers) = (1, 1);
    test.reopen_with(&config);
    let backend = || {
        test.db()
            .write(|tx| tx.one(BACKEND, args![]))
            .wait()
            .unwrap()
            .take::<i64>(0)
            .unwrap()
    };
    let first = backend();
    terminate(&test, first);
    assert_ne!(backend(), first);
}

#[test]
fn a_connection_lost_inside_a_transaction_undoes_it() {
    let Some(test) = postgres() else { return };
    let test = Arc::new(test);
    with_accounts(test.db());
    let killer = Arc::downgrade(&test);
    let lost = test.db().write(move |tx| {
        tx.exactly_one("update account set fen = 0 where id = 'a'", args![])?;
        let backend = tx.one(BACKEND, args![])?.take(0)?;
        terminate(&killer.upgrade().unwrap(), backend);
        tx.exactly_one("update account set fen = 0 where id = 'b'", args![])
    });
    assert!(matches!(lost.wait(), Err(Error::Unavailable(_))));
    assert_eq!((fen(test.db(), "a"), fen(test.db(), "b")), (100, 100));
    test.db()
        .write(|tx| tx.exactly_one("update account set fen = 1 where id = 'a'", args![]))
        .wait()
        .unwrap();
}

/// Where the wire is cut: before the server hears of the commit, or after it did it.
#[derive(Clone, Copy)]
enum Cut {
    BeforeCommit,
    AfterCommit,
}

/// A wire to the server that breaks once, at a commit, when it is armed.
struct Wire {
    address: std::net::SocketAddr,
    armed: Arc<AtomicBool>,
}

impl Wire {
    fn to(server: String, cut: Cut) -> Wire {
        let listener = (20_000..32_000)
            .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
            .unwrap();
        let (address, armed) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let fuse = Arc::clone(&armed);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                let fuse = Arc::clone(&fuse);
                thread::spawn(move || carry(&client, &server, cut, &fuse));
            }
        });
        Wire { address, armed }
    }
}

fn carry(client: &TcpStream, server: &TcpStream, cut: Cut, armed: &AtomicBool) {
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let muted = Arc::new(AtomicBool::new(false));
    let mute = Arc::clone(&muted);
    let back = thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(size @ 1..) = from_server.read(&mut buffer) {
            if mute.load(Ordering::SeqCst) || to_client.write_all(&buffer[..size]).is_err() {
                // The first bytes after the commit are its confirmation: it is done, and nobody will hear of it.
                break;
            }
        }
        let _ = (from_server.shutdown(Shutdown::Both), to_client.shutdown(Shutdown::Both));
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut buffer = [0; 8192];
    while let Ok(size @ 1..) = from_client.read(&mut buffer) {
        let commit = buffer[..size].windows(7).any(|bytes| bytes == b"commit\0");
        if commit && armed.swap(false, Ordering::SeqCst) {
            match cut {
                Cut::BeforeCommit => break,
                Cut::AfterCommit => muted.store(true, Ordering::SeqCst),
            }
        }
        if to_server.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    back.join().unwrap();
}

/// The balance after a debit whose commit lost its wire, as a fresh connection sees it.
fn debit_over_a_wire_that_breaks(cut: Cut) -> Option<i64> {
    let test = postgres()?;
    with_accounts(test.db());
    let (user, rest) = test.url().split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let wire = Wire::to(server.to_owned(), cut);
    let mut config = Config::from_url(&format!("{user}@{}/{database}", wire.address)).unwrap();
    (config.writers, config.readers, config.relaxed) = (1, 1, true);
    let db = Db::open(&config).unwrap();
    let debit = || {
        db.write(|tx| tx.exactly_one("update account set fen = fen - 1 where id = 'a'", args![]))
            .wait()
    };
    debit().unwrap();
    wire.armed.store(true, Ordering::SeqCst);
    assert!(matches!(debit(), Err(Error::Unknown(_))));
    let after = fen(test.db(), "a");
    // The next one finds a new wire.
    debit().unwrap();
    assert_eq!(fen(test.db(), "a"), after - 1);
    Some(after)
}

#[test]
fn a_commit_that_never_arrived_is_reported_as_unknown() {
    assert!(matches!(
        debit_over_a_wire_that_breaks(Cut::BeforeCommit),
        None | Some(99)
    ));
}

#[test]
fn a_commit_whose_confirmation_was_lost_is_reported_as_unknown() {
    assert!(matches!(
        debit_over_a_wire_that_breaks(Cut::AfterCommit),
        None | Some(98)
    ));
}

#[test]
#[ignore = "needs a server of its own: it makes commits wait for a standby that does not exist"]
fn a_commit_whose_wait_for_the_standby_was_cancelled_is_reported_as_unknown() {
    let Some(mut test) = postgres() else { return };
    with_accounts(test.db());
    let mut config = test.config();
    config.writers = 1;
    test.reopen_with(&config);
    let mut admin = ::postgres::Client::connect(test.url(), ::postgres::NoTls).unwrap();
    let mut set = |names: &str| {
        admin
            .execute(&format!("alter system set synchronous_standby_names = '{names}'"), &[])
            .unwrap();
        admin.execute("select pg_reload_conf()", &[]).unwrap();
    };
    set("nobody");
    // A connection takes up a new setting in its own time.
    let names = || {
        test.db()
            .write(|tx| tx.one("show synchronous_standby_names", args![]))
            .wait()
            .unwrap()
    };
    while names().take::<String>(0) != Ok("nobody".to_owned()) {
        thread::yield_now();
    }
    let debit = test
        .db()
        .write(|tx| tx.exactly_one("update account set fen = fen - 1 where id = 'a'", args![]));
    let mut other = ::postgres::Client::connect(test.url(), ::postgres::NoTls).unwrap();
    let cancel = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'";
    while other.query(cancel, &[]).unwrap().is_empty() {
        thread::yield_now();
    }
    let outcome = debit.wait();
    set("");
    assert!(matches!(outcome, Err(Error::Unknown(_))), "{outcome:?}");
    assert_eq!(fen(test.db(), "a"), 99, "it is there, on this server");
}
