//! What was acknowledged is still there after the process is killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;

use store::testing::{TestDb, databases};
use store::{Config, Db, Error, args};

use crate::SCHEMA;

const PLACE: &str = "SHOUDAN_TEST_CHILD";
const EARLY: &str = "SHOUDAN_TEST_CHILD_EARLY";

/// Not a story: the process that the stories below kill. Prints `+key` for every acknowledged write, for ever.
#[test]
#[ignore = "run by the stories of this file"]
fn child() {
    let Ok(url) = std::env::var(PLACE) else {
        return;
    };
    let early = std::env::var(EARLY).is_ok();
    let mut config = Config::from_url(&url).unwrap();
    config.relaxed = true;
    let db = Db::open(&config).unwrap();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let db = db.clone();
            thread::spawn(move || {
                for round in 0.. {
                    write(&db, format!("{writer}-{round}"), early);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
}

fn write(db: &Db, key: String, early: bool) {
    let acknowledge = |key: &str| println!("+{key}");
    let row = key.clone();
    let written = db.write(move |tx| {
        tx.exactly_one("insert into account (id, fen) values ($1, 1)", args![&row])?;
        if early {
            // The mistake this test exists for: to acknowledge before the commit.
            acknowledge(&row);
            thread::park();
        }
        Ok::<(), Error>(())
    });
    written.wait().unwrap();
    acknowledge(&key);
}

/// Runs the child until it acknowledged `count` writes, kills it, and gives every acknowledged key.
fn acknowledged(test: &TestDb, count: usize, early: bool) -> BTreeSet<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "durability::child", "--ignored", "--nocapture"])
        .env(PLACE, test.url());
    if early {
        command.env(EARLY, "1");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut keys = BTreeSet::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    // The first line shares its place with the test runner's own words.
    let key_of = |line: String| line.rsplit_once('+').map(|(_, key)| key.to_owned());
    while keys.len() < count {
        keys.extend(key_of(lines.next().expect("the child goes on until it is killed")));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    keys.extend(lines.filter_map(key_of));
    keys
}

fn lost(mut test: TestDb, count: usize, early: bool) -> usize {
    test.db().migrate(SCHEMA).unwrap();
    // The child is the one process that may have the file open.
    test.close();
    let keys = acknowledged(&test, count, early);
    test.reopen();
    let stored = test
        .db()
        .read(|tx| -> Result<BTreeSet<String>, Error> {
            tx.all("select id from account", args![])?
                .iter()
                .map(|row| row.take(0))
                .collect()
        })
        .wait()
        .unwrap();
    keys.difference(&stored).count()
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    for test in databases() {
        assert_eq!(lost(test, 500, false), 0);
    }
}

#[test]
fn and_the_test_above_would_notice() {
    for test in databases() {
        assert_ne!(lost(test, 1, true), 0);
    }
}

#[test]
fn writes_of_many_threads_are_all_there_after_a_new_start() {
    for mut test in databases() {
        test.db().migrate(SCHEMA).unwrap();
        let writers: Vec<_> = (0..16)
            .map(|writer| {
                let db = test.db().clone();
                thread::spawn(move || {
                    for round in 0..25 {
                        let row = args![format!("{writer}-{round}")];
                        db.write(move |tx| tx.exactly_one("insert into account (id, fen) values ($1, 1)", row.clone()))
                            .wait()
                            .unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        test.reopen();
        let count = test
            .db()
            .read(|tx| tx.one("select count(*) from account", args![]))
            .wait()
            .unwrap();
        assert_eq!(count.take::<i64>(0), Ok(16 * 25));
    }
}

#[test]
fn nobody_sees_a_row_before_its_commit() {
    for test in databases() {
        let db = test.db();
        db.migrate(SCHEMA).unwrap();
        let count = || {
            db.read(|tx| tx.one("select count(*) from account", args![]))
                .wait()
                .unwrap()
                .take::<i64>(0)
        };
        let (inserted, is_inserted) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Arc::new(std::sync::Mutex::new(may_go_on));
        let write = db.write(move |tx| {
            tx.exactly_one("insert into account (id, fen) values ('x', 1)", args![])?;
            inserted.send(()).unwrap();
            let _ = may_go_on.lock().unwrap().recv();
            Ok::<(), Error>(())
        });
        is_inserted.recv().unwrap();
        assert_eq!(count(), Ok(0));
        drop(go_on);
        write.wait().unwrap();
        assert_eq!(count(), Ok(1));
    }
}
