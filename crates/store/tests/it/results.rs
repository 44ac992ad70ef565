//! The same text gives the same answer on both engines.

use store::testing::databases;
use store::{Error, Row, Value, args};

use crate::with_accounts;

/// Rows as text, one line each.
fn shown(rows: &[Row]) -> Vec<String> {
    let cell = |value: Value| match value {
        Value::Null => "null".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Bool(truth) => i64::from(truth).to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:?}"),
    };
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|i| cell(row.take(i).unwrap()))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn one_text_one_answer() {
    let table: Vec<(&str, Vec<Value>, &[&str])> = vec![
        ("select $2, $1", args![10, 20], &["20 10"]),
        (
            "select $1, $2, $3, $1",
            args!["x", true, b"\x01\x02"],
            &["x 1 [1, 2] x"],
        ),
        (
            "select '$1', \"fen\" from account where id = $1",
            args!["a"],
            &["$1 100"],
        ),
        (
            "select 1, count(*), cast(sum(fen) as bigint) from account",
            args![],
            &["1 2 200"],
        ),
        ("select $1 + 1", args![9_000_000_000_i64], &["9000000001"]),
        (
            "insert into account as t (id, fen) values ($1, $2) on conflict (id) do update set fen = t.fen + excluded.fen returning id, fen",
            args!["a", 5],
            &["a 105"],
        ),
        (
            "insert into account (id, fen) values ($1, 1) on conflict do nothing returning fen",
            args!["a"],
            &[],
        ),
        (
            "update account set fen = fen - $1 where id = 'a' returning fen",
            args![5],
            &["100"],
        ),
        (
            "with t (x, y) as (values (1, 'p'), (2, null), (3, 'q')) select x from t order by y desc nulls last",
            args![],
            &["3", "1", "2"],
        ),
        (
            "select id from account where (fen, id) > ($1, $2) order by fen, id",
            args![100, "a"],
            &["b"],
        ),
        (
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select i from n",
            args![],
            &["1", "2", "3"],
        ),
        (
            "select id, row_number() over (order by id desc) from account order by id",
            args![],
            &["a 2", "b 1"],
        ),
        (
            "select count(*) filter (where id = 'a'), string_agg(id, '+' order by id) from account",
            args![],
            &["1 a+b"],
        ),
        (
            "select id from account where fen is not distinct from $1 order by id limit $2",
            args![100, 1],
            &["a"],
        ),
        (
            "with t (x) as (values ('b'), ('A'), ('a'), ('B'), ('é')) select x from t order by x",
            args![],
            &["A", "B", "a", "b", "é"],
        ),
        ("delete from child where id = $1 returning id", args![99], &[]),
    ];
    for test in databases() {
        with_accounts(test.db());
        for (sql, given, expected) in table.clone() {
            let rows = test.db().write(move |tx| tx.all(sql, given.clone())).wait();
            let rows = rows.unwrap_or_else(|error| panic!("{:?}: {error}", test.engine()));
            assert_eq!(shown(&rows), expected, "{:?}: {sql}", test.engine());
        }
    }
}

#[test]
fn a_null_of_any_type_and_one_text_for_all_of_them() {
    for test in databases() {
        let db = test.db();
        db.migrate(&[store::Migration {
            number: 1,
            name: "all types",
            sql: "create table thing (id bigint primary key, a text, b bigint, c boolean, d bytea)",
            sqlite: "",
            postgres: "",
        }])
        .unwrap();
        let rows = [
            args![1, None::<&str>, None::<i64>, None::<bool>, None::<Vec<u8>>],
            args![2, "x", 7, true, vec![9_u8]],
            args![3, Some("y"), &Some(8_i64), Value::Null, &[1_u8, 2][..]],
        ];
        for row in rows {
            db.write(move |tx| {
                tx.exactly_one(
                    "insert into thing (id, a, b, c, d) values ($1, $2, $3, $4, $5)",
                    row.clone(),
                )
            })
            .wait()
            .unwrap();
        }
        let rows = db
            .read(|tx| tx.all("select a, b, c, d from thing order by id", args![]))
            .wait()
            .unwrap();
        assert_eq!(shown(&rows), ["null null null null", "x 7 1 [9]", "y 8 null [1, 2]"]);
        let [first, second, _] = rows.as_slice() else { panic!() };
        assert_eq!(first.take::<Option<i64>>(1), Ok(None));
        assert!(matches!(
            first.take::<i64>(1),
            Err(Error::Row {
                column: 1,
                expected: "bigint",
                ..
            })
        ));
        assert!(matches!(second.take::<i64>(0), Err(Error::Row { column: 0, .. })));
        assert!(matches!(second.take::<bool>(4), Err(Error::Row { column: 4, .. })));
        assert_eq!(second.take::<Option<bool>>(2), Ok(Some(true)));
    }
}

#[test]
fn floats_and_numbers_too_big_are_refused() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let float = db.read(|tx| tx.one("select 1.5e0", args![])).wait().unwrap();
        assert!(matches!(float.take::<i64>(0), Err(Error::Row { .. })), "{float:?}");
        // SQLite would answer this with a float, PostgreSQL with an error.
        let sum = db
            .read(|tx| -> Result<i64, Error> { tx.one("select $1 + 1", args![i64::MAX])?.take(0) })
            .wait();
        assert!(matches!(sum, Err(Error::Row { .. } | Error::Sql { .. })), "{sum:?}");
        db.write(|tx| tx.run("update account set fen = $1 where id = 'a'", args![i64::MAX]))
            .wait()
            .unwrap();
        let stored = db
            .write(|tx| tx.run("update account set fen = fen + 1 where id = 'a'", args![]))
            .wait();
        assert!(matches!(stored, Err(Error::Sql { .. })), "{stored:?}");
        let text = db
            .write(|tx| tx.run("update account set fen = $1 where id = 'a'", args!["many"]))
            .wait();
        assert!(matches!(text, Err(Error::Sql { .. })), "{text:?}");
        assert_eq!(crate::fen(db, "a"), i64::MAX);
    }
}

#[test]
fn a_violated_rule_is_named_the_same() {
    let table = [
        ("insert into account (id, fen) values ('a', 1)", "account_pkey"),
        ("update account set fen = fen - 101 where id = 'a'", "fen_not_negative"),
        (
            "insert into child (id, account, code) values (2, 'b', 'x')",
            "child_code_key",
        ),
        ("insert into child (id, account) values (2, 'a')", "one_live_child"),
        ("insert into child (id, account) values (1, 'b')", "child_pkey"),
        (
            "insert into child (id, account) values (2, null)",
            "child_account_not_null",
        ),
        ("delete from account", "account_is_kept"),
    ];
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        db.write(|tx| tx.run("insert into child (id, account, code) values (1, 'a', 'x')", args![]))
            .wait()
            .unwrap();
        for (sql, rule) in table {
            match db.write(move |tx| tx.run(sql, args![])).wait() {
                Err(Error::Constraint { name, .. }) => {
                    assert_eq!(name, rule, "{:?}", test.engine());
                }
                other => panic!("{:?}: {sql}: {other:?}", test.engine()),
            }
        }
        let orphan = db
            .write(|tx| tx.run("insert into child (id, account) values (2, 'nobody')", args![]))
            .wait();
        assert!(matches!(orphan, Err(Error::Constraint { .. })), "{orphan:?}");
    }
}

#[test]
fn statements_used_wrongly_are_refused_alike() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let too_few = db
            .read(|tx| tx.all("select id from account where id = $1 and fen = $2", args!["a"]))
            .wait();
        assert!(matches!(too_few, Err(Error::Sql { .. })), "{too_few:?}");
        let too_many = db.read(|tx| tx.all("select id from account", args!["a"])).wait();
        assert!(matches!(too_many, Err(Error::Sql { .. })), "{too_many:?}");
        let nul = db
            .read(|tx| tx.all("select id from account where id = $1", args!["a\0"]))
            .wait();
        assert!(matches!(nul, Err(Error::Sql { .. })), "{nul:?}");
        let two = db.read(|tx| tx.one("select id from account", args![])).wait();
        assert!(matches!(two, Err(Error::NotOne { rows: 2, .. })), "{two:?}");
        let none = db
            .read(|tx| tx.one("select id from account where id = 'z'", args![]))
            .wait();
        assert!(matches!(none, Err(Error::NotOne { rows: 0, .. })), "{none:?}");
        // A connection that refused a statement is still good.
        assert_eq!(crate::fen(db, "a"), 100);
    }
}

#[test]
fn many_rows_go_in_few_statements() {
    for test in databases() {
        let db = test.db();
        with_accounts(db);
        let rows: Vec<Vec<Value>> = (0..1000_i64).map(|i| args![format!("m{i:04}"), i]).collect();
        let inserted = db.write(move |tx| tx.insert_many("insert into account (id, fen) values", 2, rows.clone()));
        assert_eq!(inserted.wait(), Ok(1000));
        let sum = db.read(|tx| -> Result<i64, Error> {
            tx.one(
                "select cast(sum(fen) as bigint) from account where id like 'm%'",
                args![],
            )?
            .take(0)
        });
        assert_eq!(sum.wait(), Ok(999 * 1000 / 2));
        let with_nulls = vec![args![1, "a", Value::Null, "x"], args![2, "b", Value::Null, Value::Null]];
        let inserted = db.write(move |tx| {
            let sql = "insert into child (id, account, late, code) values on conflict (id) do nothing";
            let first = tx.insert_many(sql, 4, with_nulls.clone())?;
            Ok::<_, Error>((
                first,
                tx.insert_many(sql, 4, with_nulls.clone())?,
                tx.insert_many(sql, 4, vec![])?,
            ))
        });
        assert_eq!(inserted.wait(), Ok((2, 0, 0)));
        let uneven = db
            .write(|tx| tx.insert_many("insert into account (id, fen) values", 2, vec![args!["q"]]))
            .wait();
        assert!(matches!(uneven, Err(Error::Sql { .. })), "{uneven:?}");
    }
}
