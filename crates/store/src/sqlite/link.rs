//! One SQLite connection: statements, values, errors.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

use crate::{Error, Given, Kind, Row, Value, text};

/// Renumbered texts kept per connection; lists with filters make many texts, so there is an end to it.
const TEXTS: usize = 1024;

/// A connection with its texts.
pub(crate) struct Link {
    pub(crate) conn: Connection,
    texts: RefCell<HashMap<String, String>>,
}

impl Link {
    pub(crate) fn new(conn: Connection) -> Link {
        conn.set_prepared_statement_cache_capacity(512);
        Link {
            conn,
            texts: RefCell::new(HashMap::new()),
        }
    }

    pub(crate) fn run(&self, sql: &str, args: &[Value]) -> Result<u64, Error> {
        let mut statement = self.ready(sql, args)?;
        if statement.column_count() == 0 {
            return statement
                .raw_execute()
                .map(|rows| rows as u64)
                .map_err(|error| self.explain(sql, &error));
        }
        let mut rows = statement.raw_query();
        let mut count = 0;
        while rows.next().map_err(|error| self.explain(sql, &error))?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    pub(crate) fn all(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, Error> {
        let mut statement = self.ready(sql, args)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.explain(sql, &error))? {
            let column = |i| row.get_ref(i).map_err(|error| self.explain(sql, &error)).map(read);
            found.push(Row::new((0..width).map(column).collect::<Result<_, Error>>()?));
        }
        Ok(found)
    }

    pub(crate) fn insert_many(
        &self,
        head: &str,
        tail: &str,
        columns: usize,
        rows: &[Vec<Given<'_>>],
    ) -> Result<u64, Error> {
        // One row at a time: a statement of several would first copy every page it changes, to be able to undo itself.
        let sql = format!("{head}values ({}){tail}", marks(columns));
        let mut statement = self.prepare(&sql).map_err(|error| self.explain(&sql, &error))?;
        let mut count = 0;
        for row in rows {
            self.bind(&mut statement, &sql, row)?;
            let inserted = statement.raw_execute().map_err(|error| self.explain(&sql, &error))?;
            count += inserted as u64;
        }
        Ok(count)
    }

    pub(crate) fn given(
        &self,
        columns: &[(&str, Kind)],
        sql: &str,
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<Row>, Error> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let text = format!(
            "with given({}) as (values ({})) {sql}",
            names.join(","),
            marks(columns.len())
        );
        let mut statement = self.prepare(&text).map_err(|error| self.explain(sql, &error))?;
        let width = statement.column_count();
        let mut found = Vec::new();
        for row in rows {
            self.bind(&mut statement, sql, row)?;
            let mut answers = statement.raw_query();
            while let Some(row) = answers.next().map_err(|error| self.explain(sql, &error))? {
                let column = |i| row.get_ref(i).map_err(|error| self.explain(sql, &error)).map(read);
                found.push(Row::new((0..width).map(column).collect::<Result<_, Error>>()?));
            }
        }
        Ok(found)
    }

    pub(crate) fn change_each(
        &self,
        columns: &[(&str, Kind)],
        sql: &str,
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        let mut text = sql.replace("{given}", "");
        for (i, (name, _)) in columns.iter().enumerate() {
            text = text.replace(&format!("{{{name}}}"), &format!("${}", i + 1));
        }
        self.one_by_one(&text, rows)
    }

    pub(crate) fn insert_each(
        &self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let text = format!(
            "insert into {table} ({}) values ({}) on conflict do nothing",
            names.join(","),
            marks(columns.len())
        );
        self.one_by_one(&text, rows)
    }

    /// Runs a statement for each row; the first value of those that changed something.
    fn one_by_one(&self, sql: &str, rows: &[Vec<Given<'_>>]) -> Result<Vec<i64>, Error> {
        let mut statement = self.prepare(sql).map_err(|error| self.explain(sql, &error))?;
        let mut changed = Vec::with_capacity(rows.len());
        for row in rows {
            self.bind(&mut statement, sql, row)?;
            let count = statement.raw_execute().map_err(|error| self.explain(sql, &error))?;
            if let (1.., Some(Given::Int(key))) = (count, row.first()) {
                changed.push(*key);
            }
        }
        Ok(changed)
    }

    /// Runs a statement of a schema once; it is not worth keeping.
    pub(crate) fn schema(&self, sql: &str) -> Result<(), Error> {
        self.conn.execute_batch(sql).map_err(|error| self.explain(sql, &error))
    }

    /// Runs a statement of the engine itself, such as `begin`.
    pub(crate) fn control(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.raw_execute().map(drop)
    }

    /// The statement with its arguments bound.
    fn ready(&self, sql: &str, args: &[Value]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.prepare(sql).map_err(|error| self.explain(sql, &error))?;
        if statement.parameter_count() != args.len() {
            let wanted = statement.parameter_count();
            return Err(Error::usage(
                sql,
                format!("takes {wanted} arguments, got {}", args.len()),
            ));
        }
        for (i, value) in args.iter().enumerate() {
            self.bind_one(&mut statement, sql, i, Given::from(value))?;
        }
        Ok(statement)
    }

    fn bind(&self, statement: &mut CachedStatement<'_>, sql: &str, row: &[Given<'_>]) -> Result<(), Error> {
        for (i, value) in row.iter().enumerate() {
            self.bind_one(statement, sql, i, *value)?;
        }
        Ok(())
    }

    fn bind_one(
        &self,
        statement: &mut CachedStatement<'_>,
        sql: &str,
        i: usize,
        value: Given<'_>,
    ) -> Result<(), Error> {
        if matches!(value, Given::Text(text) if text.contains('\0')) {
            return Err(Error::usage(sql, format!("argument ${} holds a NUL character", i + 1)));
        }
        statement
            .raw_bind_parameter(i + 1, value)
            .map_err(|error| self.explain(sql, &error))
    }

    fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        if !sql.contains('$') {
            return self.conn.prepare_cached(sql);
        }
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(sql) {
            return self.conn.prepare_cached(text);
        }
        if texts.len() >= TEXTS {
            texts.clear();
        }
        self.conn
            .prepare_cached(texts.entry(sql.to_owned()).or_insert(text::number_placeholders(sql)))
    }

    /// The engine's error in this crate's words.
    pub(crate) fn explain(&self, sql: &str, error: &rusqlite::Error) -> Error {
        let (code, detail) = match error {
            rusqlite::Error::SqliteFailure(code, detail) => (*code, detail.clone().unwrap_or_default()),
            rusqlite::Error::SqlInputError { error: code, msg, .. } => (*code, msg.clone()),
            other => return Error::usage(sql, other.to_string()),
        };
        match code.code {
            ErrorCode::ConstraintViolation if code.extended_code != ffi::SQLITE_CONSTRAINT_DATATYPE => {
                Error::Constraint {
                    name: self.rule(code.extended_code, &detail),
                    detail,
                }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy,
            ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase => Error::Unavailable(detail),
            _ => Error::Sql {
                code: code.extended_code.to_string(),
                detail,
                sql: sql.to_owned(),
            },
        }
    }

    /// The name PostgreSQL would give the violated rule. SQLite says only `UNIQUE constraint failed: t.a, t.b`.
    fn rule(&self, code: i32, detail: &str) -> String {
        let named = detail.split_once(": ").map_or(detail, |(_, name)| name);
        match code {
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "foreign_key".to_owned(),
            ffi::SQLITE_CONSTRAINT_TRIGGER => detail.to_owned(),
            ffi::SQLITE_CONSTRAINT_NOTNULL => format!("{}_not_null", named.replace('.', "_")),
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
                match named.strip_prefix("index ") {
                    Some(index) => index.trim_matches('\'').to_owned(),
                    None => self.unique_rule(named),
                }
            }
            _ => named.to_owned(),
        }
    }

    fn unique_rule(&self, named: &str) -> String {
        let columns: Vec<&str> = named
            .split(", ")
            .filter_map(|name| name.split_once('.').map(|(_, c)| c))
            .collect();
        let table = named.split_once('.').map_or(named, |(table, _)| table);
        let joined = columns.join("_");
        let index = self.conn.query_row(
            "select l.name, l.origin from pragma_index_list(?1) l where l.\"unique\" = 1 and ?2 = \
             (select group_concat(name, ', ') from (select name from pragma_index_info(l.name) order by seqno)) \
             order by l.origin = 'c' desc limit 1",
            [table, columns.join(", ").as_str()],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
        );
        match index.as_ref().map(|(name, origin)| (name, origin.as_str())) {
            Ok((name, "c")) => name.clone(),
            Ok((_, "u")) => format!("{table}_{joined}_key"),
            _ => format!("{table}_pkey"),
        }
    }
}

/// `$1,$2,…`.
fn marks(count: usize) -> String {
    let marks: Vec<String> = (1..=count).map(|i| format!("${i}")).collect();
    marks.join(",")
}

impl rusqlite::ToSql for Given<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Given::Null => ValueRef::Null,
            Given::Int(number) => ValueRef::Integer(*number),
            Given::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Given::Text(text) => ValueRef::Text(text.as_bytes()),
            Given::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn read(value: ValueRef<'_>) -> Result<Value, String> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Real(_) => Err("a float".to_owned()),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err("text that is not UTF-8".to_owned()),
        },
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
    }
}
