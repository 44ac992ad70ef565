//! Stories of the database floor, each told on SQLite and, where `SHOUDAN_TEST_PG` leads to a server, on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connection;
mod durability;
mod encrypted;
mod results;
mod schema;
mod writing;

use store::{Db, Error, Migration, args};

/// What most stories need: accounts, and a table with rules to break.
const SCHEMA: &[Migration] = &[Migration {
    number: 1,
    name: "accounts and rules",
    sql:
        "create table account (id text primary key, fen bigint not null, constraint fen_not_negative check (fen >= 0));
        create table child (
            id bigint primary key,
            account text not null references account (id),
            late text references account (id) deferrable initially deferred,
            code text unique,
            live boolean not null default true
        );
        create unique index one_live_child on child (account) where live;",
    sqlite: "create trigger account_is_kept before delete on account begin select raise(abort, 'account_is_kept'); end;",
    postgres: "create function keep_account() returns trigger language plpgsql as
            $$ begin raise exception 'account_is_kept'; end; $$;
        create trigger account_is_kept before delete on account for each row execute function keep_account();",
}];

fn with_accounts(db: &Db) {
    db.migrate(SCHEMA).unwrap();
    db.write(|tx| tx.run("insert into account (id, fen) values ('a', 100), ('b', 100)", args![]))
        .wait()
        .unwrap();
}

fn fen(db: &Db, id: &'static str) -> i64 {
    db.read(move |tx| -> Result<i64, Error> { tx.one("select fen from account where id = $1", args![id])?.take(0) })
        .wait()
        .unwrap()
}
