//! Owns carrying statements to the embedded SQLite. Leaves the statements to `sql/`.
//!
//! One connection writes and several read: writers gather here, and not in SQLite's busy loop.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;

use sqlx::error::ErrorKind;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Arguments, Executor, Sqlite, query_as_with, query_with};
use tokio::time::timeout;

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::open::{is_migrated, pool_state, unavailable};
use crate::store::rows::AnyRow;
use crate::store::together::{Answer, Limits, Together};
use crate::store::{PATIENCE, PoolState};

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read.
const READERS: u32 = 4;

/// One round of writes is under way at a time, since one connection writes. A commit waits for the disk, so all that gathered
/// meanwhile share the next one.
const WRITES: Limits = Limits { rounds: 1, questions: 128 };

/// What became of one caller's statements: how many rows each changed.
type Written = Answer<Vec<u64>>;

/// Connections to one SQLite file.
pub struct SqliteDriver {
    /// The one connection that writes.
    pub writer: SqlitePool,
    readers: SqlitePool,
    writes: Arc<Together<Vec<Statement>, Vec<u64>>>,
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
        let pool = |connections| {
            let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
            // A file has no other end that could go away.
            options.test_before_acquire(false)
        };
        let writer = pool(1).connect_lazy_with(options.clone());
        Ok(Self { writer, readers: pool(READERS).connect_lazy_with(options), writes: Together::new(WRITES) })
    }

    /// Runs a caller's statements, all or none, together with those of others.
    async fn write(&self, statements: Vec<Statement>) -> Written {
        let writer = self.writer.clone();
        self.writes.ask(statements, move |asked| write_round(writer.clone(), asked)).await
    }
}

/// Writes what several callers asked for, an outcome for each. What one of them may not write costs the others nothing; what
/// the database can't do at all fails for all.
async fn write_round(writer: SqlitePool, asked: Vec<Vec<Statement>>) -> Vec<Written> {
    let callers = asked.len();
    match patiently(write_together(writer, asked)).await {
        Ok(written) => written,
        Err(error) => vec![Err(error); callers],
    }
}

async fn write_together(writer: SqlitePool, asked: Vec<Vec<Statement>>) -> Result<Vec<Written>, sqlx::Error> {
    if let [statements] = asked.as_slice()
        && let [statement] = statements.as_slice()
    {
        // A statement alone is a transaction by itself.
        let done = query_with(statement.sql, arguments(&statement.values)?).execute(&writer).await?;
        return Ok(vec![Ok(vec![done.rows_affected()])]);
    }
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let mut written = Vec::with_capacity(asked.len());
    for statements in &asked {
        written.push(write_one(&mut transaction, statements).await?);
    }
    transaction.commit().await?;
    Ok(written)
}

/// Writes one caller's statements within the round's transaction.
async fn write_one(connection: &mut SqliteConnection, statements: &[Statement]) -> Result<Written, sqlx::Error> {
    let several = statements.len() > 1;
    if several {
        connection.execute("SAVEPOINT caller").await?;
    }
    let mut changed = Vec::with_capacity(statements.len());
    for statement in statements {
        let done = query_with(statement.sql, arguments(&statement.values)?).execute(&mut *connection).await;
        match done {
            Ok(done) => changed.push(done.rows_affected()),
            // SQLite took back the one statement and goes on.
            Err(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => {
                if several {
                    connection.execute("ROLLBACK TO caller; RELEASE caller").await?;
                }
                return Ok(Err(unavailable(sqlx::Error::Database(error))));
            }
            Err(error) => return Err(error),
        }
    }
    if several {
        connection.execute("RELEASE caller").await?;
    }
    Ok(Ok(changed))
}

/// Makes the file readable by its owner only, when it does not exist yet; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn arguments(values: &[Value]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.clone()),
            Value::Bytes(value) => arguments.add(value.clone()),
            Value::Id(value) => arguments.add(value),
            Value::Flag(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
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
    const MANY_WRITERS: bool = false;

    async fn change<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let arguments = arguments(&statement.values).map_err(unavailable)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_all(&self.writer)).await
    }

    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let arguments = arguments(&statement.values).map_err(unavailable)?;
        patiently(query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_optional(&self.readers)).await
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let arguments = arguments(&statement.values).map_err(unavailable)?;
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

    fn pools(&self) -> Vec<PoolState> {
        vec![pool_state("writer", &self.writer), pool_state("readers", &self.readers)]
    }
}
