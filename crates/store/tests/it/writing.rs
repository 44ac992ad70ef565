//! What a write keeps, and what it undoes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use store::testing::databases;
use store::{Answer, Db, Engine, Error, Tx, args};

use crate::{fen, with_accounts};

#[derive(Debug, PartialEq)]
enum Refusal {
    TooPoor,
    Store(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Store(error)
    }
}

fn credit(tx: &mut Tx<'_>, id: &str, by: i64) -> Result<(), Error> {
    tx.exactly_one("update account set fen = fen + $2 where id = $1", args![id, by])
}

/// Keeps every writer busy until the sender goes, so that what is written meanwhile waits in line.
fn hold_the_writers(db: &Db, count: usize) -> (mpsc::Sender<()>, Vec<Answer<(), Error>>) {
    let (hold, held) = mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let (started, has_started) = mpsc::channel();
    let answers = (0..count)
        .map(|_| {
            let (held, started) = (Arc::clone(&held), started.clone());
            db.write(move |_| {
                started.send(()).unwrap();
                let _ = held.lock().unwrap().recv();
                Ok(())
            })
        })
        .collect();
    for _ in 0..count {
        has_started.recv().unwrap();
    }
    (hold, answers)
}

fn writers(engine: Engine) -> usize {
    if engine == Engine::Sqlite { 1 } else { 2 }
}

#[test]
fn a_refusal_undoes_the_half_that_was_written() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let refused = db.write(|tx| {
            credit(tx, "b", 500)?;
            match tx.exactly_one(
                "update account set fen = fen - 500 where id = 'a' and fen >= 500",
                args![],
            ) {
                Err(Error::NotOne { rows: 0, .. }) => Err(Refusal::TooPoor),
                other => other.map_err(Refusal::from),
            }
        });
        assert_eq!(refused.wait(), Err(Refusal::TooPoor));
        assert_eq!((fen(db, "a"), fen(db, "b")), (100, 100));
        // The same half, not refused, is kept: the story above could have failed.
        db.write(|tx| credit(tx, "b", 500)).wait().unwrap();
        assert_eq!(fen(db, "b"), 600);
    }
}

#[test]
fn of_racing_claims_exactly_one_wins() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let start = Arc::new(Barrier::new(8));
        let runners: Vec<_> = (0..8)
            .map(|_| {
                let (db, start) = (db.clone(), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    db.write(|tx| tx.exactly_one("update account set fen = 0 where id = 'a' and fen = 100", args![]))
                        .wait()
                })
            })
            .collect();
        let results: Vec<_> = runners.into_iter().map(|runner| runner.join().unwrap()).collect();
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 7));
        assert!(
            lost.iter()
                .all(|result| matches!(result, Err(Error::NotOne { rows: 0, .. }))),
            "{lost:?}"
        );
    }
}

#[test]
fn a_panic_undoes_its_own_work_and_the_next_write_goes_on() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        for _ in 0..writers(test.engine()) {
            let panicked = db.write(|tx| -> Result<(), Error> {
                credit(tx, "a", 1)?;
                panic!("on purpose")
            });
            assert_eq!(panicked.wait(), Err(Error::Panic));
            let asked = db.read(|_| -> Result<(), Error> { panic!("on purpose") });
            assert_eq!(asked.wait(), Err(Error::Panic));
        }
        assert_eq!(fen(db, "a"), 100);
        db.write(|tx| credit(tx, "a", 1)).wait().unwrap();
        assert_eq!(fen(db, "a"), 101);
    }
}

#[test]
fn neighbours_in_one_commit_do_not_share_their_fate() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let (release, held) = hold_the_writers(db, writers(test.engine()));
        let kept = db.write(|tx| credit(tx, "a", 1));
        let refused = db.write(|tx| -> Result<(), Refusal> {
            credit(tx, "a", 10)?;
            Err(Refusal::TooPoor)
        });
        let panicked = db.write(|tx| -> Result<(), Error> {
            credit(tx, "a", 100)?;
            panic!("on purpose")
        });
        let broken = db.write(|tx| tx.run("insert into account (id, fen) values ('a', 1)", args![]));
        // A rule checked only at commit takes nobody along either.
        let late = db.write(|tx| {
            credit(tx, "a", 1000)?;
            tx.run(
                "insert into child (id, account, late) values (1, 'a', 'nobody')",
                args![],
            )
        });
        let also_kept = db.write(|tx| credit(tx, "a", 10_000));
        drop(release);
        for answer in held {
            answer.wait().unwrap();
        }
        assert_eq!(kept.wait(), Ok(()));
        assert_eq!(refused.wait(), Err(Refusal::TooPoor));
        assert_eq!(panicked.wait(), Err(Error::Panic));
        assert!(matches!(broken.wait(), Err(Error::Constraint { name, .. }) if name == "account_pkey"));
        assert!(matches!(late.wait(), Err(Error::Constraint { .. })));
        assert_eq!(also_kept.wait(), Ok(()));
        assert_eq!(fen(db, "a"), 100 + 1 + 10_000);
    }
}

#[test]
fn a_full_queue_says_busy_and_works_again_when_there_is_room() {
    for mut test in databases() {
        let mut config = test.config();
        config.queue = 2;
        test.reopen_with(&config);
        let db = test.db();
        let (release, held) = hold_the_writers(db, writers(test.engine()));
        let waiting: Vec<_> = (0..2).map(|_| db.write(|_| Ok::<(), Error>(()))).collect();
        assert_eq!(db.write(|_| Ok::<(), Error>(())).wait(), Err(Error::Busy));
        drop(release);
        for answer in held.into_iter().chain(waiting) {
            answer.wait().unwrap();
        }
        assert_eq!(db.write(|_| Ok::<(), Error>(())).wait(), Ok(()));
    }
}

#[test]
fn a_full_disk_refuses_writes_and_keeps_what_it_acknowledged() {
    let test = store::testing::sqlite();
    let db = test.db();
    with_accounts(db);
    let pages = |most: i64| {
        let sql = format!("pragma max_page_count = {most}");
        db.write(move |tx| tx.one(&sql, args![])).wait().unwrap();
    };
    let big = || {
        db.write(|tx| {
            tx.run(
                "insert into account (id, fen) values ($1, 1)",
                args!["x".repeat(1 << 20)],
            )
        })
    };
    pages(1);
    let (release, held) = hold_the_writers(db, 1);
    let (before, full, after) = (
        db.write(|tx| credit(tx, "a", 1)),
        big(),
        db.write(|tx| credit(tx, "a", 10)),
    );
    drop(release);
    for answer in held {
        answer.wait().unwrap();
    }
    assert!(matches!(full.wait(), Err(Error::Unavailable(_))));
    let kept = [(before, 1), (after, 10)].map(|(answer, by)| if answer.wait().is_ok() { by } else { 0 });
    assert_eq!(fen(db, "a"), 100 + kept.iter().sum::<i64>());
    pages(1 << 30);
    assert_eq!(big().wait(), Ok(1));
}

#[test]
fn after_a_failed_statement_nothing_of_the_transaction_is_kept() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let swallowed = db.write(|tx| {
            credit(tx, "a", 1)?;
            let failed = tx.run("insert into account (id, fen) values ('b', 1)", args![]);
            assert!(matches!(failed, Err(Error::Constraint { .. })));
            assert_eq!(credit(tx, "a", 1), Err(Error::Aborted));
            Ok::<(), Error>(())
        });
        assert_eq!(swallowed.wait(), Err(Error::Aborted));
        assert_eq!(fen(db, "a"), 100);
    }
}

#[test]
fn a_question_cannot_write_and_sees_one_moment() {
    let memory = Db::open(&store::Config::from_url("sqlite::memory:").unwrap()).unwrap();
    let tests = databases();
    for db in tests.iter().map(store::testing::TestDb::db).chain([&memory]) {
        with_accounts(db);
        let wrote = db.read(|tx| credit(tx, "a", 1)).wait();
        assert!(matches!(wrote, Err(Error::Sql { .. })), "{wrote:?}");
        assert_eq!(fen(db, "a"), 100);
        db.write(|tx| credit(tx, "a", 1)).wait().unwrap();
    }
    for test in tests {
        let (db, writer) = (test.db(), test.db().clone());
        let seen = db.read(move |tx| -> Result<(i64, i64), Error> {
            let before = tx.one("select fen from account where id = 'a'", args![])?.take(0)?;
            writer.write(|tx| credit(tx, "a", 1)).wait()?;
            Ok((
                before,
                tx.one("select fen from account where id = 'a'", args![])?.take(0)?,
            ))
        });
        assert_eq!(seen.wait(), Ok((101, 101)));
        assert_eq!(fen(db, "a"), 102);
    }
}

#[test]
fn an_answer_can_be_awaited() {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    for test in databases() {
        let db = test.db().clone();
        let mut work = std::pin::pin!(async move {
            let three = db.write(|_| Ok::<_, Error>(3)).await?;
            db.read(move |_| Err::<(), _>(Error::Migration(three.to_string())))
                .await
        });
        let waker = Arc::new(Unpark(thread::current())).into();
        let outcome = loop {
            match work.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
                std::task::Poll::Ready(outcome) => break outcome,
                std::task::Poll::Pending => thread::park(),
            }
        };
        assert_eq!(outcome, Err(Error::Migration("3".to_owned())));
    }
}

#[test]
fn a_deadlock_is_tried_again_until_both_are_done() {
    let Some(test) = store::testing::postgres() else {
        return;
    };
    let db = test.db();
    with_accounts(db);
    let (both_hold_one, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let answers = [("a", "b"), ("b", "a")].map(|(first, second)| {
        let (both_hold_one, runs) = (Arc::clone(&both_hold_one), Arc::clone(&runs));
        db.write(move |tx| {
            credit(tx, first, 1)?;
            if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                both_hold_one.wait();
            }
            credit(tx, second, 1)
        })
    });
    for answer in answers {
        answer.wait().unwrap();
    }
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert_eq!((fen(db, "a"), fen(db, "b")), (102, 102));
}
