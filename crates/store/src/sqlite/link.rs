//! One SQLite connection: statements, values, errors.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

use crate::{Error, Row, Value, text};

/// Renumbered texts kept per connection; lists with filters make many texts, so there is an end to it.
const TEXTS: usize = 1024;

/// Most rows in one statement of `insert_many`; smaller remainders go in powers of two, so that few texts exist.
const MANY: usize = 64;

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
        rows: &[Vec<Value>],
    ) -> Result<u64, Error> {
        // SQLite takes 32766 arguments.
        let most = (32_766 / columns).clamp(1, MANY);
        let mut rest = rows;
        let mut count = 0;
        while !rest.is_empty() {
            let size = 1 << rest.len().min(most).ilog2();
            let (chunk, after) = rest.split_at(size);
            let mut sql = format!("{head}values ");
            for row in 0..size {
                sql.push_str(if row == 0 { "(" } else { ",(" });
                for column in 0..columns {
                    let comma = if column == 0 { "" } else { "," };
                    let _ = write!(sql, "{comma}${}", row * columns + column + 1);
                }
                sql.push(')');
            }
            sql.push_str(tail);
            count += self.run(&sql, &chunk.concat())?;
            rest = after;
        }
        Ok(count)
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
            if matches!(value, Value::Text(text) if text.contains('\0')) {
                return Err(Error::usage(sql, format!("argument ${} holds a NUL character", i + 1)));
            }
            statement
                .raw_bind_parameter(i + 1, value)
                .map_err(|error| self.explain(sql, &error))?;
        }
        Ok(statement)
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

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
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
