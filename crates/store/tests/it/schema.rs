//! Opening a database, and bringing its schema up to date.

use std::thread;

use store::testing::{databases, sqlite};
use store::{Config, Db, Engine, Error, Migration, MigrationReport, args};

const FIRST: Migration = Migration {
    number: 1,
    name: "first",
    sql: "create table a (id bigint primary key, note text default 'x;y'); -- a; b\ninsert into a (id) values (1);",
    sqlite: "",
    postgres: "",
};
const SECOND: Migration = Migration {
    number: 2,
    name: "second",
    sql: "alter table a add column size bigint",
    ..FIRST
};

fn report(applied: &[i64], already: &[i64], ahead: &[i64]) -> MigrationReport {
    MigrationReport {
        applied: applied.to_vec(),
        already: already.to_vec(),
        ahead: ahead.to_vec(),
    }
}

#[test]
fn steps_are_taken_once() {
    for mut test in databases() {
        assert_eq!(test.db().migrate(&[FIRST]), Ok(report(&[1], &[], &[])));
        assert_eq!(test.db().migrate(&[FIRST, SECOND]), Ok(report(&[2], &[1], &[])));
        test.reopen();
        assert_eq!(test.db().migrate(&[FIRST, SECOND]), Ok(report(&[], &[1, 2], &[])));
        // An older program finds that a newer one was here.
        assert_eq!(test.db().migrate(&[FIRST]), Ok(report(&[], &[1], &[2])));
        let rows = test
            .db()
            .read(|tx| tx.all("select id, note, size from a", args![]))
            .wait()
            .unwrap();
        assert_eq!(rows.len(), 1);
    }
}

#[test]
fn a_step_that_was_changed_afterwards_is_refused() {
    for test in databases() {
        test.db().migrate(&[FIRST]).unwrap();
        let tampered = Migration {
            sql: "create table a (id bigint primary key)",
            ..FIRST
        };
        assert!(matches!(test.db().migrate(&[tampered]), Err(Error::Migration(text)) if text.contains("step 1")));
        let missed = Migration { number: 0, ..SECOND };
        assert!(matches!(test.db().migrate(&[missed, FIRST]), Err(Error::Migration(text)) if text.contains("step 0")));
        assert!(matches!(test.db().migrate(&[SECOND, FIRST]), Err(Error::Migration(_))));
    }
}

#[test]
fn a_step_that_fails_in_the_middle_leaves_nothing() {
    for test in databases() {
        let broken = Migration {
            sql: "create table b (id bigint primary key); insert into nowhere values (1)",
            ..SECOND
        };
        let failed = test.db().migrate(&[FIRST, broken]);
        assert!(
            matches!(&failed, Err(Error::Migration(text)) if text.contains("step 2")),
            "{failed:?}"
        );
        let repaired = Migration {
            sql: "create table b (id bigint primary key)",
            ..SECOND
        };
        assert_eq!(test.db().migrate(&[FIRST, repaired]), Ok(report(&[2], &[1], &[])));
    }
}

#[test]
fn nodes_that_start_together_take_each_step_once() {
    let Some(test) = store::testing::postgres() else {
        return;
    };
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let config = test.config();
            thread::spawn(move || Db::open(&config).unwrap().migrate(&[FIRST, SECOND]).unwrap().applied)
        })
        .collect();
    let mut applied: Vec<i64> = nodes.into_iter().flat_map(|node| node.join().unwrap()).collect();
    applied.sort_unstable();
    assert_eq!(applied, [1, 2]);
}

#[test]
fn the_probe_commits() {
    for test in databases() {
        assert!(
            matches!(test.db().probe().wait(), Err(Error::Sql { .. })),
            "there is no table yet"
        );
        test.db().migrate(&[]).unwrap();
        test.db().probe().wait().unwrap();
        test.db().probe().wait().unwrap();
        let beats = test
            .db()
            .read(|tx| tx.one("select beats from store_probe", args![]))
            .wait()
            .unwrap();
        assert_eq!(beats.take::<i64>(0), Ok(2));
    }
}

#[test]
fn a_second_opening_of_a_file_is_refused() {
    let mut test = sqlite();
    let second = Db::open(&test.config());
    assert!(
        matches!(&second, Err(Error::Startup(text)) if text.contains("in use")),
        "{:?}",
        second.err()
    );
    test.reopen();
}

#[test]
fn addresses_that_cannot_be_honoured_are_refused_with_the_reason() {
    let table = [
        ("mysql://localhost/x", "sqlite: or postgres://"),
        ("sqlite:", "path"),
        ("postgres://u@localhost/x?sslmode=require", "sslrootcert"),
        ("postgres://u@localhost/x?sslmode=verify-full", "sslrootcert"),
        ("postgres://u@localhost/x?sslrootcert=/ca.pem", "sslmode=require"),
        ("postgres://u:secret@localhost/x?nonsense=1", "should look like"),
    ];
    for (url, reason) in table {
        let refusal = Config::from_url(url).unwrap_err().to_string();
        assert!(refusal.contains(reason) && !refusal.contains("secret"), "{refusal}");
    }
    assert!(!format!("{:?}", Config::from_url("postgres://u:secret@localhost/x").unwrap()).contains("secret"));
    let nowhere = Db::open(&Config::from_url("sqlite:/nowhere/at/all.db").unwrap());
    assert!(matches!(nowhere.err(), Some(Error::Startup(_))));
}

#[test]
fn a_server_that_could_lose_commits_is_refused_unless_told_otherwise() {
    let Some(mut test) = store::testing::postgres() else {
        return;
    };
    let name = test.url().rsplit('/').next().unwrap().to_owned();
    let careless = move |db: &Db| {
        let sql = format!(
            "alter database {} set synchronous_commit = off",
            name.split('?').next().unwrap()
        );
        db.write(move |tx| tx.run(&sql, args![])).wait().unwrap();
    };
    careless(test.db());
    let mut strict = test.config();
    strict.relaxed = false;
    let refused = Db::open(&strict).err();
    assert!(matches!(&refused, Some(Error::Startup(_))), "{refused:?}");
    test.reopen();
    assert!(
        test.db()
            .weaknesses()
            .iter()
            .any(|text| text.contains("synchronous_commit"))
    );
    assert_eq!(test.db().engine(), Engine::Postgres);
}
