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
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Executor, Sqlite, SqliteConnection, query_as_with, query_with, raw_sql,
};
use tokio::time::{Instant, timeout};

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::open::{is_migrated, unavailable};
use crate::store::rows::AnyRow;

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Longest wait for a free connection, for another process that writes, and for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longest wait of one attempt for another process that writes.
const TURN: Duration = Duration::from_millis(200);

/// `SQLITE_BUSY`: another process writes.
const BUSY: u32 = 5;

/// `SQLITE_PERM`, `SQLITE_READONLY` and `SQLITE_CANTOPEN`.
const NOT_WRITABLE: [u32; 3] = [3, 8, 14];

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
        let writer = pool(1).after_connect(|connection, _| {
            let turn = AssertSqlSafe(format!("PRAGMA busy_timeout = {}", TURN.as_millis()));
            Box::pin(async move { connection.execute(raw_sql(turn)).await.map(drop) })
        });
        Ok(Self { writer: writer.connect_lazy_with(options.clone()), readers: pool(4).connect_lazy_with(options) })
    }

    /// Tells a file or folder that can't be written, before anyone relies on it. Another process that writes at this moment is
    /// no obstacle.
    pub async fn check_writable(&self, path: &Path) -> Result<(), StoreError> {
        // Beginning alone does not tell: SQLite takes that for reading when it can't write.
        let attempt = async {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
            transaction.execute("PRAGMA user_version = 0").await?;
            transaction.rollback().await
        };
        match timeout(PATIENCE, attempt).await {
            Ok(Err(error)) if NOT_WRITABLE.contains(&code_of(&error).unwrap_or_default()) => {
                Err(StoreError::ReadOnly { file: path.display().to_string(), why: error.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Runs statements on the writing connection: one by itself, several as one transaction. While another process writes it is
    /// tried again; what has begun ends before our patience does, so that nothing is done after we gave up on it.
    async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        let prepared = statements.into_iter().map(|it| Ok((it.sql, arguments(it.values)?)));
        let prepared: Vec<(&'static str, SqliteArguments)> = prepared.collect::<Result<_, StoreError>>()?;
        let deadline = Instant::now() + PATIENCE;
        let tries = async {
            loop {
                let mut connection = self.writer.acquire().await?;
                if Instant::now() + TURN > deadline {
                    return Err(sqlx::Error::PoolTimedOut);
                }
                match run(&mut connection, &prepared).await {
                    Err(error) if code_of(&error) == Some(BUSY) => {}
                    result => return result,
                }
            }
        };
        patiently(tries).await
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

async fn run(
    connection: &mut SqliteConnection,
    statements: &[(&'static str, SqliteArguments)],
) -> Result<Vec<u64>, sqlx::Error> {
    if let [(sql, arguments)] = statements {
        return Ok(vec![query_with(*sql, arguments.clone()).execute(connection).await?.rows_affected()]);
    }
    let mut changed = Vec::with_capacity(statements.len());
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for (sql, arguments) in statements {
        changed.push(query_with(*sql, arguments.clone()).execute(&mut *transaction).await?.rows_affected());
    }
    transaction.commit().await?;
    Ok(changed)
}

/// SQLite's primary result code (<https://www.sqlite.org/rescode.html>).
fn code_of(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

async fn patiently<T>(attempt: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(PATIENCE, attempt).await {
        Ok(result) => result.map_err(unavailable),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

impl Driver for SqliteDriver {
    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_optional(&self.readers)).await
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_all(&self.readers)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.write(vec![statement]).await?.into_iter().sum())
    }

    async fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        self.write(statements).await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        patiently(is_migrated(&self.readers, &MIGRATOR)).await
    }
}
