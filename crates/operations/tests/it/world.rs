//! What every story starts from: a database with the schema, the institution's tables, and someone who acts.

use std::sync::{Arc, LazyLock};

use domain::calendar::Calendar;
use domain::catalog::Catalog;
use domain::ids::IdSource;
use domain::names::Lang;
use domain::time::{Time, Zone};
use operations::key_module::KeyModule;
use operations::refused::{Done, Refused};
use operations::sealing::Sealer;
use operations::{Actor, Ctx, Platform};
use store::testing::TestDb;
use store::{Db, Tx};

/// 2026-03-02, a Monday, 10:00 in Shanghai.
pub const MONDAY: &str = "2026-03-02T10:00:00+08:00";

/// One fresh database per engine, with the schema.
pub fn databases() -> Vec<TestDb> {
    let all = store::testing::databases();
    for test in &all {
        test.db().migrate(store::schema::MIGRATIONS).unwrap();
    }
    all
}

/// The key module of this process; the token's where the tests run for it.
fn key_module() -> Arc<KeyModule> {
    static MODULE: LazyLock<Arc<KeyModule>> =
        LazyLock::new(|| Arc::new(super::keys_module::token().unwrap_or_else(|| KeyModule::software([8; 32]))));
    Arc::clone(&MODULE)
}

/// The shipped tables and a test's keys.
pub fn platform() -> Platform {
    static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::embedded().unwrap()));
    Platform {
        catalog: Arc::clone(&CATALOG),
        calendar: Arc::new(Calendar::parse(include_str!("../../../../catalog/calendar.csv")).unwrap()),
        zone: Zone::default(),
        sealer: Arc::new(Sealer::new([7; 32], [9; 32])),
        keys: key_module(),
    }
}

/// A moment written as people write it.
pub fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

/// A call of `actor` on that Monday.
pub fn ctx(actor: Actor) -> Ctx {
    Ctx {
        platform: platform(),
        actor,
        why: "as told".to_owned(),
        now: at(MONDAY),
        ids: IdSource::seeded(1),
        lang: Lang::Zh,
    }
}

/// A call of the system itself.
pub fn system() -> Ctx {
    ctx(Actor::system("test"))
}

/// Someone with a role; a person of their own.
pub fn someone(name: &str, role: &str) -> Actor {
    Actor {
        id: format!("usr_{name}"),
        person: format!("per_{name}"),
        role: role.to_owned(),
        merchant: "-".to_owned(),
        agent: "-".to_owned(),
    }
}

/// Carries a change out. Ids drawn in it are drawn from `ctx` for good.
pub fn write<T: Send + 'static>(
    db: &Db,
    ctx: &mut Ctx,
    change: impl Fn(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
) -> Done<T> {
    let before = ctx.clone();
    let (result, after) = db
        .write(move |tx| {
            let mut ctx = before.clone();
            let result = change(tx, &mut ctx)?;
            Ok::<_, Refused>((result, ctx.ids))
        })
        .wait()?;
    ctx.ids = after;
    Ok(result)
}

/// Asks a question.
pub fn read<T: Send + 'static>(
    db: &Db,
    ctx: &Ctx,
    question: impl FnOnce(&mut Tx<'_>, &Ctx) -> Done<T> + Send + 'static,
) -> Done<T> {
    let ctx = ctx.clone();
    db.read(move |tx| question(tx, &ctx)).wait()
}

/// Runs statements as they stand, as someone with the database's password might.
pub fn tamper(db: &Db, statements: &'static [&'static str]) {
    db.write(move |tx| {
        for sql in statements {
            tx.run(sql, store::args![])?;
        }
        Ok::<_, store::Error>(())
    })
    .wait()
    .unwrap();
}

/// How many rows a table holds.
pub fn count(db: &Db, table: &'static str) -> i64 {
    db.read(move |tx| {
        tx.one(&format!("select count(*) from {table}"), store::args![])?
            .take(0)
    })
    .wait()
    .map_err(|e: store::Error| e)
    .unwrap()
}
