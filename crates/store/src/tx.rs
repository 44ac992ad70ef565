//! The only thing operations see of a database.

use crate::{Error, Given, Kind, Row, Value, pg, sqlite};

/// Which engine a transaction runs on. For the few lines of schema that differ, and for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database.
    Sqlite,
    /// A PostgreSQL server, 15 or newer.
    Postgres,
}

/// An open transaction: its statements see each other, and are kept or undone together.
pub struct Tx<'a> {
    on: On<'a>,
    failure: Option<Error>,
}

enum On<'a> {
    Sqlite(&'a sqlite::Link),
    Postgres(&'a mut pg::Link),
}

impl<'a> Tx<'a> {
    pub(crate) fn on_sqlite(link: &'a sqlite::Link) -> Tx<'a> {
        Tx {
            on: On::Sqlite(link),
            failure: None,
        }
    }

    pub(crate) fn on_postgres(link: &'a mut pg::Link) -> Tx<'a> {
        Tx {
            on: On::Postgres(link),
            failure: None,
        }
    }

    /// The first statement's failure, after which nothing of this transaction can be kept.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Which engine this runs on.
    pub fn engine(&self) -> Engine {
        match self.on {
            On::Sqlite(_) => Engine::Sqlite,
            On::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; how many rows it changed (or returned, if it returns rows).
    pub fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, Error> {
        self.guarded(|on| match on {
            On::Sqlite(link) => link.run(sql, &args),
            On::Postgres(link) => link.run(sql, &args),
        })
    }

    /// Every row of a statement's answer, in its order.
    pub fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.guarded(|on| match on {
            On::Sqlite(link) => link.all(sql, &args),
            On::Postgres(link) => link.all(sql, &args),
        })
    }

    /// The only row of a statement's answer; [`Error::NotOne`] if there is none, or another.
    pub fn one(&mut self, sql: &str, args: Vec<Value>) -> Result<Row, Error> {
        self.maybe(sql, args)?.ok_or_else(|| Error::NotOne {
            sql: sql.to_owned(),
            rows: 0,
        })
    }

    /// The only row of a statement's answer, or nothing; [`Error::NotOne`] if there is another.
    pub fn maybe(&mut self, sql: &str, args: Vec<Value>) -> Result<Option<Row>, Error> {
        let mut rows = self.all(sql, args)?;
        if rows.len() > 1 {
            return Err(Error::NotOne {
                sql: sql.to_owned(),
                rows: rows.len() as u64,
            });
        }
        Ok(rows.pop())
    }

    /// Runs a statement that must change exactly one row: the guard of every conditional update.
    ///
    /// [`Error::NotOne`] does not end the transaction: the caller may look at the row to say why, and should then
    /// return an error.
    pub fn exactly_one(&mut self, sql: &str, args: Vec<Value>) -> Result<(), Error> {
        match self.run(sql, args)? {
            1 => Ok(()),
            rows => Err(Error::NotOne {
                sql: sql.to_owned(),
                rows,
            }),
        }
    }

    /// Inserts many rows with few statements; how many were inserted.
    ///
    /// `sql` is `insert into t (a, b) values`, optionally followed by an `on conflict` clause; `columns` is the length
    /// of every row. On PostgreSQL the rows travel as one array per column, so all values of a column are of one type
    /// (or null).
    pub fn insert_many(&mut self, sql: &str, columns: usize, rows: Vec<Vec<Value>>) -> Result<u64, Error> {
        let rows: Vec<Vec<Given<'_>>> = rows.iter().map(|row| row.iter().map(Given::from).collect()).collect();
        self.insert_given(sql, columns, &rows)
    }

    /// As [`Tx::insert_many`], of borrowed values.
    pub fn insert_given(&mut self, sql: &str, columns: usize, rows: &[Vec<Given<'_>>]) -> Result<u64, Error> {
        if rows.is_empty() {
            return Ok(0);
        }
        let Some((head, tail)) = sql.rsplit_once("values") else {
            return Err(Error::usage(sql, "the statement must have the word values"));
        };
        if columns == 0 || rows.iter().any(|row| row.len() != columns) {
            return Err(Error::usage(sql, format!("every row must have {columns} values")));
        }
        self.guarded(|on| match on {
            On::Sqlite(link) => link.insert_many(head, tail, columns, rows),
            On::Postgres(link) => link.insert_many(head, tail, columns, rows),
        })
    }

    /// Asks one question about many rows, which it reads as the table `given`; its answer's rows, in no order.
    ///
    /// PostgreSQL gets one array per column and is asked once; SQLite, which has no way to go, row by row.
    pub fn given(&mut self, columns: &[(&str, Kind)], sql: &str, rows: &[Vec<Given<'_>>]) -> Result<Vec<Row>, Error> {
        Self::fitting(columns, sql, rows)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.guarded(|on| match on {
            On::Sqlite(link) => link.given(columns, sql, rows),
            On::Postgres(link) => link.given(columns, sql, rows),
        })
    }

    /// Changes or deletes for many rows at once; the first column, a number, of each row that changed something.
    ///
    /// `sql` names the columns in braces, `{place}`, and says `{given}` where PostgreSQL has to name their table: after
    /// the `set` of an update, after the table of a delete.
    pub fn change_each(
        &mut self,
        columns: &[(&str, Kind)],
        sql: &str,
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        Self::fitting(columns, sql, rows)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.guarded(|on| match on {
            On::Sqlite(link) => link.change_each(columns, sql, rows),
            On::Postgres(link) => link.change_each(columns, sql, rows),
        })
    }

    /// Inserts many rows, those apart that meet one already there; the first column, a number, of those inserted.
    pub fn insert_each(
        &mut self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        Self::fitting(columns, table, rows)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.guarded(|on| match on {
            On::Sqlite(link) => link.insert_each(table, columns, rows),
            On::Postgres(link) => link.insert_each(table, columns, rows),
        })
    }

    fn fitting(columns: &[(&str, Kind)], sql: &str, rows: &[Vec<Given<'_>>]) -> Result<(), Error> {
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(Error::usage(
                sql,
                format!("every row must have {} values", columns.len()),
            ));
        }
        Ok(())
    }

    /// Says that every statement of this transaction finds its rows by their keys. PostgreSQL would otherwise keep a plan
    /// that it made while a table was empty, and that reads all of it, until it next counts the rows: by then there can be
    /// a million.
    pub fn by_key(&mut self) -> Result<(), Error> {
        const BY_KEY: &str =
            "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";
        self.guarded(|on| match on {
            On::Sqlite(_) => Ok(()),
            On::Postgres(link) => link.schema(BY_KEY),
        })
    }

    /// Runs one statement of a schema, as it stands.
    pub(crate) fn schema(&mut self, sql: &str) -> Result<(), Error> {
        self.guarded(|on| match on {
            On::Sqlite(link) => link.schema(sql),
            On::Postgres(link) => link.schema(sql),
        })
    }

    /// PostgreSQL refuses everything after a failure; SQLite would go on. Both refuse here.
    fn guarded<T>(&mut self, call: impl FnOnce(&mut On<'a>) -> Result<T, Error>) -> Result<T, Error> {
        if self.failure.is_some() {
            return Err(Error::Aborted);
        }
        let result = call(&mut self.on);
        if let Err(error) = &result {
            self.failure = Some(error.clone());
        }
        result
    }
}
