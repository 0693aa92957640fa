//! Owns carrying statements to the embedded SQLite. Leaves the statements to `sql/`.
//!
//! One connection writes and several read: writers queue here in order, and not in SQLite's busy loop.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments, Sqlite, query_as_with, query_with};
use tokio::time::timeout;

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::open::{is_migrated, unavailable};
use crate::store::rows::AnyRow;

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Longest wait for a free connection, for another process that writes, and for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Connections to one SQLite file.
pub struct SqliteDriver {
    /// The one connection that writes.
    pub writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteDriver {
    /// Opens the file, made when missing.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        make_private(path).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        Ok(Self { writer: pool(1).connect_lazy_with(options.clone()), readers: pool(4).connect_lazy_with(options) })
    }
}

/// Makes the file readable by its owner only, when it does not exist yet; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn arguments(values: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Int(value) => Arguments::add(&mut arguments, value),
            Value::Text(value) => Arguments::add(&mut arguments, value),
            Value::Bytes(value) => Arguments::add(&mut arguments, value),
            Value::Id(value) => Arguments::add(&mut arguments, value),
            Value::Flag(value) => Arguments::add(&mut arguments, value),
        };
        added.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    }
    Ok(arguments)
}

async fn patiently<T>(attempt: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(PATIENCE, attempt).await {
        Ok(result) => result.map_err(unavailable),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

impl Driver for SqliteDriver {
    const NOW: &'static str = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS millis";

    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_optional(&self.readers)).await
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_all(&self.readers)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let arguments = arguments(statement.values)?;
        let done = patiently(query_with(statement.sql, arguments).execute(&self.writer)).await?;
        Ok(done.rows_affected())
    }

    async fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        let mut changed = Vec::with_capacity(statements.len());
        let mut transaction = patiently(self.writer.begin_with("BEGIN IMMEDIATE")).await?;
        for statement in statements {
            let arguments = arguments(statement.values)?;
            let done = patiently(query_with(statement.sql, arguments).execute(&mut *transaction)).await?;
            changed.push(done.rows_affected());
        }
        patiently(transaction.commit()).await?;
        Ok(changed)
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        patiently(is_migrated(&self.readers, &MIGRATOR)).await
    }
}
