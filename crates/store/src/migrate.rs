//! Bringing a schema up to date.

use sha2::{Digest, Sha256};

use crate::{Db, Engine, Error, Tx, args, text};

/// One step of the schema. What it says may not change once a database has taken it.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order; rising, from 1.
    pub number: i64,
    /// A few words for people.
    pub name: &'static str,
    /// Statements for both engines. On SQLite every `create table` among them becomes strict.
    pub sql: &'static str,
    /// Statements for SQLite only, run after `sql` as they stand.
    pub sqlite: &'static str,
    /// Statements for PostgreSQL only, run after `sql`.
    pub postgres: &'static str,
}

/// What [`Db::migrate`] found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationReport {
    /// Steps taken now.
    pub applied: Vec<i64>,
    /// Steps the database had already.
    pub already: Vec<i64>,
    /// Steps the database has and this program does not know: a newer program ran here.
    pub ahead: Vec<i64>,
}

/// Any number does, so long as all nodes use it: they queue here rather than race.
const ADVISORY_LOCK: i64 = 0x5348_4f55_4441_4e01;

const OWN_TABLES: &[&str] = &[
    "create table if not exists store_migration (number bigint primary key, name text not null, checksum text not null)",
    "create table if not exists store_probe (id bigint primary key, beats bigint not null)",
];

pub(crate) fn migrate(db: &Db, migrations: &[Migration]) -> Result<MigrationReport, Error> {
    let rising = migrations
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a.number < b.number));
    if !rising {
        return Err(Error::Migration("the numbers of the steps do not rise".to_owned()));
    }
    db.write(|tx| -> Result<(), Error> {
        lock(tx)?;
        for table in OWN_TABLES {
            tx.schema(&for_engine(tx.engine(), table))?;
        }
        Ok(())
    })
    .wait()?;
    let mut report = MigrationReport::default();
    for migration in migrations {
        let step = *migration;
        if db.write(move |tx| apply(tx, &step)).wait()? {
            report.applied.push(step.number);
        } else {
            report.already.push(step.number);
        }
    }
    let known: Vec<i64> = migrations.iter().map(|migration| migration.number).collect();
    let taken: Vec<i64> = db
        .read(|tx| -> Result<Vec<i64>, Error> {
            let rows = tx.all("select number from store_migration order by number", args![])?;
            rows.iter().map(|row| row.take(0)).collect()
        })
        .wait()?;
    report.ahead = taken.into_iter().filter(|number| !known.contains(number)).collect();
    if !report.ahead.is_empty() {
        tracing::warn!(steps = ?report.ahead, "the database has schema steps this program does not know");
    }
    Ok(report)
}

/// Takes one step, or finds that it was taken; true if taken now.
fn apply(tx: &mut Tx<'_>, step: &Migration) -> Result<bool, Error> {
    let Migration { number, name, .. } = *step;
    lock(tx)?;
    let checksum = checksum(tx.engine(), step);
    if let Some(row) = tx.maybe("select checksum from store_migration where number = $1", args![number])? {
        if row.take::<String>(0)? != checksum {
            return Err(Error::Migration(format!(
                "step {number} ({name}) differs from what this database was given; steps once taken must not change"
            )));
        }
        return Ok(false);
    }
    let later = tx.one("select count(*) from store_migration where number > $1", args![number])?;
    if later.take::<i64>(0)? > 0 {
        return Err(Error::Migration(format!(
            "step {number} ({name}) is missing though later ones were taken"
        )));
    }
    let own = if tx.engine() == Engine::Sqlite {
        step.sqlite
    } else {
        step.postgres
    };
    let common = text::statements(step.sql)
        .into_iter()
        .map(|statement| for_engine(tx.engine(), &statement));
    let all: Vec<String> = common.chain(text::statements(own)).collect();
    for statement in all {
        if let Err(error) = tx.schema(&statement) {
            // What may pass when tried again must keep its kind.
            return Err(match error {
                Error::Sql { .. } | Error::Constraint { .. } => {
                    Error::Migration(format!("step {number} ({name}): {error}"))
                }
                other => other,
            });
        }
    }
    tx.exactly_one(
        "insert into store_migration (number, name, checksum) values ($1, $2, $3)",
        args![number, name, checksum],
    )?;
    Ok(true)
}

fn lock(tx: &mut Tx<'_>) -> Result<(), Error> {
    match tx.engine() {
        // The only writer of the only process.
        Engine::Sqlite => Ok(()),
        Engine::Postgres => tx
            .run("select pg_advisory_xact_lock($1)", args![ADVISORY_LOCK])
            .map(drop),
    }
}

fn for_engine(engine: Engine, statement: &str) -> String {
    match engine {
        Engine::Sqlite => text::strict(statement),
        Engine::Postgres => statement.to_owned(),
    }
}

/// Over the name and everything this engine runs, so that the other engine's part may still be repaired.
fn checksum(engine: Engine, step: &Migration) -> String {
    let own = if engine == Engine::Sqlite {
        step.sqlite
    } else {
        step.postgres
    };
    let mut hash = Sha256::new();
    for part in [step.name, step.sql, own] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
