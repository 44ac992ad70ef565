//! What can go wrong between a closure and the disk.

/// Every way a call of this crate can fail. Match on the variants, never on the texts.
///
/// No variant carries an argument of a statement: texts are safe to log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The queue is full, or conflicts with other transactions did not end. Nothing was written; try again later.
    #[error("the database is busy; nothing was written, try again")]
    Busy,
    /// A statement that must concern exactly one row concerned another number of rows.
    #[error("expected exactly one row, got {rows}: {sql}")]
    NotOne {
        /// The statement.
        sql: String,
        /// How many rows it changed or returned.
        rows: u64,
    },
    /// A rule of the schema refused the row.
    ///
    /// `name` is a unique index's name, `{table}_pkey`, `{table}_{columns}_key` for an unnamed unique rule, a check's
    /// name, `{table}_{column}_not_null`, or the words a trigger raised. A foreign key has its name on PostgreSQL only
    /// (`foreign_key` on SQLite).
    #[error("the rule {name} refused the change: {detail}")]
    Constraint {
        /// The rule.
        name: String,
        /// The engine's words, without the row's values.
        detail: String,
    },
    /// A column does not hold what was asked for. Floats are never accepted; cast a `numeric` to `bigint`.
    #[error("column {column} holds {found}, expected {expected}")]
    Row {
        /// The column's place, from 0.
        column: usize,
        /// The type asked for.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The database cannot be reached or cannot write. Nothing was written.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The connection or the disk failed during the commit: it may or may not have been written. Read the row that
    /// proves it (an idempotency key) before trying again.
    #[error("whether the change was written is unknown: {0}")]
    Unknown(String),
    /// The schema of this program and that of the database do not fit.
    #[error("migration refused: {0}")]
    Migration(String),
    /// The database was refused at start: the text names the setting and what it must be.
    #[error("the database cannot be used: {0}")]
    Startup(String),
    /// An earlier statement of the transaction failed, so the whole transaction was undone.
    #[error("the transaction was undone: an earlier statement of it failed")]
    Aborted,
    /// The closure panicked. Its transaction was undone; the panic hook has the words.
    #[error("the operation failed inside (a panic); nothing was written")]
    Panic,
    /// The engine refused a statement. A fault in the program, or a value out of range.
    #[error("{detail} ({code}): {sql}")]
    Sql {
        /// SQLSTATE, or SQLite's extended result code.
        code: String,
        /// The engine's words.
        detail: String,
        /// The statement.
        sql: String,
    },
}

impl Error {
    /// A fault found by this crate before the engine saw the statement.
    pub(crate) fn usage(sql: &str, detail: impl Into<String>) -> Error {
        Error::Sql {
            code: "usage".to_owned(),
            detail: detail.into(),
            sql: sql.to_owned(),
        }
    }
}
