//! One PostgreSQL connection: statements, values, errors.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres::error::{DbError, SqlState};
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};

use crate::{Error, Given, Kind, Row, Value, text};

/// Prepared statements kept per connection; lists with filters make many texts, so there is an end to it.
const STATEMENTS: usize = 1024;

/// A connection with its prepared statements.
pub(crate) struct Link {
    client: Client,
    /// Usually one statement per text; another where a text's arguments were of other types.
    statements: HashMap<String, Vec<Known>>,
    /// Set by the connection when the server sends a warning.
    warned: Arc<AtomicBool>,
}

/// A prepared statement.
struct Known {
    statement: Statement,
    uses: u32,
}

/// Uses after which a statement is prepared anew: the server keeps a plan that it made while a table was empty, and that
/// reads all of it, until it next counts the rows; by then there can be a million.
const PREPARED_ANEW: [u32; 3] = [100, 1_000, 10_000];

/// How a commit that was not confirmed ended.
pub(crate) enum Lost {
    /// Nothing of it is there.
    Undone(Error),
    /// It may be there.
    Unknown(String),
}

type Arguments<'a> = Vec<&'a (dyn ToSql + Sync)>;

impl Link {
    pub(crate) fn new(client: Client, warned: Arc<AtomicBool>) -> Link {
        Link {
            client,
            statements: HashMap::new(),
            warned,
        }
    }

    pub(crate) fn run(&mut self, sql: &str, args: &[Value]) -> Result<u64, Error> {
        let statement = self.prepare(sql, args)?;
        let args: Vec<Given<'_>> = args.iter().map(Given::from).collect();
        let args: Arguments<'_> = args.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.client
            .execute(&statement, &args)
            .map_err(|error| self.explain(sql, &error))
    }

    pub(crate) fn all(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql, args)?;
        let args: Vec<Given<'_>> = args.iter().map(Given::from).collect();
        let args: Arguments<'_> = args.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self
            .client
            .query(&statement, &args)
            .map_err(|error| self.explain(sql, &error))?;
        Ok(rows
            .iter()
            .map(|row| Row::new((0..row.len()).map(|i| read(row, i)).collect()))
            .collect())
    }

    /// The rows travel as one array per column, so that one statement serves any number of them.
    pub(crate) fn insert_many(
        &mut self,
        head: &str,
        tail: &str,
        columns: usize,
        rows: &[Vec<Given<'_>>],
    ) -> Result<u64, Error> {
        let mut arrays: Vec<(Type, Vec<&Given<'_>>)> = Vec::new();
        let (mut chosen, mut unnested) = (String::new(), String::new());
        for column in 0..columns {
            let values: Vec<&Given<'_>> = rows.iter().filter_map(|row| row.get(column)).collect();
            let comma = if column == 0 { "" } else { ", " };
            let mut kinds = values.iter().filter(|value| ***value != Given::Null);
            let Some(first) = kinds.next() else {
                let _ = write!(chosen, "{comma}null");
                continue;
            };
            if kinds.any(|value| value.kind() != first.kind()) {
                return Err(Error::usage(head, format!("column {column} mixes types")));
            }
            let _ = write!(chosen, "{comma}c{column}");
            let comma = if arrays.is_empty() { "" } else { ", " };
            arrays.push((array_of(first), values));
            let _ = write!(unnested, "{comma}c{column}");
        }
        if arrays.is_empty() {
            return Err(Error::usage(head, "rows of nothing but nulls"));
        }
        let marks: Vec<String> = (1..=arrays.len()).map(|i| format!("${i}")).collect();
        let sql = format!(
            "{head}select {chosen} from unnest({}) as many({unnested}){tail}",
            marks.join(", ")
        );
        let types: Vec<Type> = arrays.iter().map(|(array, _)| array.clone()).collect();
        let statement = self.prepared(&sql, &types, |known| known == types)?;
        let args: Arguments<'_> = arrays.iter().map(|(_, values)| values as &(dyn ToSql + Sync)).collect();
        self.client
            .execute(&statement, &args)
            .map_err(|error| self.explain(&sql, &error))
    }

    /// The rows travel as one array per column.
    pub(crate) fn given(
        &mut self,
        columns: &[(&str, Kind)],
        sql: &str,
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<Row>, Error> {
        if rows
            .iter()
            .flatten()
            .any(|value| matches!(value, Given::Text(text) if text.contains('\0')))
        {
            return Err(Error::usage(sql, "an argument holds a NUL character"));
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let marks: Vec<String> = (1..=columns.len()).map(|i| format!("${i}")).collect();
        let text = format!(
            "with given as (select * from unnest({}) as many({})) {sql}",
            marks.join(","),
            names.join(",")
        );
        let types: Vec<Type> = columns.iter().map(|(_, kind)| array_of_kind(*kind)).collect();
        let statement = self.prepared(&text, &types, |known| known == types)?;
        let arrays: Vec<Vec<&Given<'_>>> = (0..columns.len())
            .map(|column| rows.iter().filter_map(|row| row.get(column)).collect())
            .collect();
        let args: Arguments<'_> = arrays.iter().map(|values| values as &(dyn ToSql + Sync)).collect();
        let found = self
            .client
            .query(&statement, &args)
            .map_err(|error| self.explain(&text, &error))?;
        Ok(found
            .iter()
            .map(|row| Row::new((0..row.len()).map(|i| read(row, i)).collect()))
            .collect())
    }

    pub(crate) fn change_each(
        &mut self,
        columns: &[(&str, Kind)],
        sql: &str,
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        let table = if sql.trim_start().starts_with("delete") {
            "using given g"
        } else {
            "from given g"
        };
        let mut text = sql.replace("{given}", table);
        for (name, _) in columns {
            text = text.replace(&format!("{{{name}}}"), &format!("g.{name}"));
        }
        let key = columns.first().map_or("", |(name, _)| *name);
        let found = self.given(columns, &format!("{text} returning g.{key}"), rows)?;
        found.iter().map(|row| row.take(0)).collect()
    }

    pub(crate) fn insert_each(
        &mut self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: &[Vec<Given<'_>>],
    ) -> Result<Vec<i64>, Error> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let (all, key) = (names.join(","), names.first().copied().unwrap_or_default());
        let text =
            format!("insert into {table} ({all}) select {all} from given on conflict do nothing returning {key}");
        let found = self.given(columns, &text, rows)?;
        found.iter().map(|row| row.take(0)).collect()
    }

    /// Runs a statement of a schema once; it is not worth keeping.
    pub(crate) fn schema(&mut self, sql: &str) -> Result<(), Error> {
        self.client
            .batch_execute(sql)
            .map_err(|error| self.explain(sql, &error))
    }

    /// Runs a statement of the engine itself, such as `begin`.
    pub(crate) fn control(&mut self, sql: &str) -> Result<(), Error> {
        self.schema(sql)
    }

    /// Commits, and says what is known if the server did not confirm it plainly.
    pub(crate) fn commit(&mut self) -> Result<(), Lost> {
        self.warned.store(false, Ordering::Release);
        match self.client.batch_execute("commit") {
            // A server whose wait for its standby was cut short reports success, with a warning: the row may be on
            // no other machine, and vanish with this one.
            Ok(()) if self.warned.load(Ordering::Acquire) => {
                Err(Lost::Unknown("the server committed with a warning".to_owned()))
            }
            Ok(()) => Ok(()),
            Err(error) => Err(match error.as_db_error() {
                Some(said) if surely_undone(said.code()) => Lost::Undone(self.explain("commit", &error)),
                _ => Lost::Unknown(error.to_string()),
            }),
        }
    }

    fn prepare(&mut self, sql: &str, args: &[Value]) -> Result<Statement, Error> {
        if let Some(i) = args
            .iter()
            .position(|value| matches!(value, Value::Text(text) if text.contains('\0')))
        {
            return Err(Error::usage(sql, format!("argument ${} holds a NUL character", i + 1)));
        }
        let types: Vec<Type> = args.iter().map(type_of).collect();
        let fits = |known: &[Type]| {
            known.len() == types.len()
                && known
                    .iter()
                    .zip(&types)
                    .all(|(known, given)| known == given || *given == Type::UNKNOWN)
        };
        self.prepared(sql, &types, fits)
    }

    fn prepared(&mut self, sql: &str, types: &[Type], fits: impl Fn(&[Type]) -> bool) -> Result<Statement, Error> {
        let mut uses = 0;
        if let Some(all) = self.statements.get_mut(sql)
            && let Some(at) = all.iter().position(|known| fits(known.statement.params()))
            && let Some(known) = all.get_mut(at)
        {
            known.uses = known.uses.saturating_add(1);
            if !PREPARED_ANEW.contains(&known.uses) {
                return Ok(known.statement.clone());
            }
            uses = known.uses;
            all.swap_remove(at);
        }
        // The server would put up with too many.
        let wanted = text::arguments(sql);
        if wanted != types.len() {
            return Err(Error::usage(
                sql,
                format!("takes {wanted} arguments, got {}", types.len()),
            ));
        }
        let statement = self
            .client
            .prepare_typed(sql, types)
            .map_err(|error| self.explain(sql, &error))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.entry(sql.to_owned()).or_default().push(Known {
            statement: statement.clone(),
            uses,
        });
        Ok(statement)
    }

    /// The engine's error in this crate's words. The server's `DETAIL` is left out: it quotes rows.
    fn explain(&mut self, sql: &str, error: &postgres::Error) -> Error {
        let Some(said) = error.as_db_error() else {
            let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            return Error::Unavailable(format!("{error}{cause}"));
        };
        let code = said.code().code();
        if code == "0A000" && said.routine() == Some("RevalidateCachedQuery") {
            // The schema changed under a prepared statement: with new ones the transaction will do.
            self.statements.clear();
            return Error::Busy;
        }
        match code {
            "40001" | "40P01" | "55P03" => return Error::Busy,
            "53300" | "57P01" | "57P02" | "57P03" => {
                return Error::Unavailable(said.message().to_owned());
            }
            _ => {}
        }
        let detail = said.message().to_owned();
        match code.get(..2) {
            Some("23" | "P0") => Error::Constraint {
                name: rule(said),
                detail,
            },
            Some("08") => Error::Unavailable(detail),
            // Texts of this class may quote the value that did not fit.
            Some("22") => sql_error(code, detail.split(':').next().unwrap_or_default(), sql),
            _ => sql_error(code, &detail, sql),
        }
    }
}

fn sql_error(code: &str, detail: &str, sql: &str) -> Error {
    Error::Sql {
        code: code.to_owned(),
        detail: detail.to_owned(),
        sql: sql.to_owned(),
    }
}

/// Whether a refused commit left nothing behind: a rule checked late, or a conflict. Anything else may have happened
/// after the point of no return.
fn surely_undone(code: &SqlState) -> bool {
    let code = code.code();
    code != "40003"
        && ["22", "23", "25", "40", "P0"]
            .iter()
            .any(|class| code.starts_with(class))
}

/// The violated rule's name; for a trigger's refusal, its words.
fn rule(said: &DbError) -> String {
    if let Some(name) = said.constraint() {
        return name.to_owned();
    }
    match (said.table(), said.column()) {
        (Some(table), Some(column)) => format!("{table}_{column}_not_null"),
        _ => said.message().to_owned(),
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        // The server finds the type from the place.
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
        Value::Bool(_) => Type::BOOL,
    }
}

fn array_of(value: &Given<'_>) -> Type {
    match value {
        Given::Null | Given::Text(_) => Type::TEXT_ARRAY,
        Given::Int(_) => Type::INT8_ARRAY,
        Given::Blob(_) => Type::BYTEA_ARRAY,
        Given::Bool(_) => Type::BOOL_ARRAY,
    }
}

fn array_of_kind(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8_ARRAY,
        Kind::Text => Type::TEXT_ARRAY,
        Kind::Blob => Type::BYTEA_ARRAY,
        Kind::Bool => Type::BOOL_ARRAY,
    }
}

impl ToSql for Given<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Given::Null => Ok(IsNull::Yes),
            Given::Int(number) => number.to_sql(ty, out),
            Given::Text(text) => text.to_sql(ty, out),
            Given::Blob(bytes) => bytes.to_sql(ty, out),
            Given::Bool(truth) => truth.to_sql(ty, out),
        }
    }

    /// Statements are prepared for the types of their arguments, so they always fit.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn read(row: &postgres::Row, i: usize) -> Result<Value, String> {
    fn get<'a, T: postgres::types::FromSql<'a>>(row: &'a postgres::Row, i: usize) -> Result<Option<T>, String> {
        row.try_get(i).map_err(|error| error.to_string())
    }
    let Some(column) = row.columns().get(i) else {
        return Err("nothing".to_owned());
    };
    let value = match *column.type_() {
        Type::INT8 => get::<i64>(row, i)?.map(Value::Int),
        Type::INT4 => get::<i32>(row, i)?.map(Value::from),
        Type::INT2 => get::<i16>(row, i)?.map(|number| Value::Int(number.into())),
        Type::BOOL => get::<bool>(row, i)?.map(Value::Bool),
        Type::BYTEA => get::<Vec<u8>>(row, i)?.map(Value::Blob),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
            get::<String>(row, i)?.map(Value::Text)
        }
        Type::VOID => None,
        Type::NUMERIC => return Err("numeric; write cast(… as bigint)".to_owned()),
        Type::FLOAT4 | Type::FLOAT8 => return Err("a float".to_owned()),
        ref other => return Err(format!("the type {}", other.name())),
    };
    Ok(value.unwrap_or(Value::Null))
}
