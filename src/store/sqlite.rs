//! Owns carrying statements to the embedded SQLite. Leaves the statements to `sql/`.
//!
//! One connection writes (`writer.rs`) and several read.

mod writer;

use std::fs::OpenOptions;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments, Sqlite, query_as_with};
use tokio::time::timeout;

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::kept::KeptPool;
use crate::store::open::{is_migrated, unavailable};
use crate::store::rows::AnyRow;
use crate::store::sqlite::writer::Writer;
use crate::store::{PATIENCE, PoolState, QUEUE};

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read for pages and lists.
const READERS: u32 = 3;

/// Connections that read for codes, refreshes and introspections, which never wait behind pages.
const FOR_TOKENS: u32 = 2;

/// Connections to one SQLite file.
pub struct SqliteDriver {
    writer: Writer,
    readers: KeptPool<Sqlite>,
    for_tokens: KeptPool<Sqlite>,
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
        let readers = |many| KeptPool::new(pool_of(many).connect_lazy_with(options.clone()));
        let (readers, for_tokens) = (readers(READERS), readers(FOR_TOKENS));
        Ok(Self { writer: Writer::new(options), readers, for_tokens })
    }

    /// The one connection that writes.
    pub fn writer(&self) -> &SqlitePool {
        self.writer.kept().pool()
    }

    /// Tells a file or folder that can't be written, before anyone relies on it. Another process that writes at this moment is
    /// no obstacle.
    pub async fn check_writable(&self, path: &Path) -> Result<(), StoreError> {
        // Asked first: on a file that it can only read, SQLite makes companions that nobody can write.
        #[cfg(unix)]
        if path.exists()
            && let Err(why) = rustix::fs::access(path, rustix::fs::Access::WRITE_OK)
        {
            return Err(StoreError::ReadOnly { file: path.display().to_string(), why: why.to_string() });
        }
        match self.writer.why_not_writable().await {
            Some(why) => Err(StoreError::ReadOnly { file: path.display().to_string(), why }),
            None => Ok(()),
        }
    }
}

/// As many connections. A file has no other end that could go away.
fn pool_of(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).acquire_timeout(QUEUE).test_before_acquire(false)
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

async fn fetch<T: AnyRow>(kept: &KeptPool<Sqlite>, statement: Statement) -> Result<Vec<T>, StoreError> {
    let arguments = arguments(&statement.values).map_err(unavailable)?;
    patiently(async {
        let mut lent = kept.lend().await?;
        let rows = query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_all(&mut **lent).await?;
        kept.keep(lent);
        Ok(rows)
    })
    .await
}

impl Driver for SqliteDriver {
    const NOW: &'static str = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS millis";

    const MANY_WRITERS: bool = false;

    async fn gathered<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        fetch(&self.for_tokens, statement).await
    }

    async fn returning<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        self.change(statement).await
    }

    async fn change<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        self.writer.change(statement).await
    }

    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        fetch(&self.readers, statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.writer.write(vec![statement]).await?.into_iter().sum())
    }

    async fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        self.writer.write(statements).await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        patiently(async {
            let mut lent = self.readers.lend().await?;
            let migrated = is_migrated(&mut **lent, &MIGRATOR).await?;
            self.readers.keep(lent);
            Ok(migrated)
        })
        .await
    }

    fn pools(&self) -> Vec<PoolState> {
        vec![self.writer.kept().state("writer"), self.readers.state("readers"), self.for_tokens.state("tokens")]
    }

    async fn close(&self) {
        // The last connection to go takes what waits beside the file into it, which only a writing one can.
        self.readers.close().await;
        self.for_tokens.close().await;
        self.writer.kept().close().await;
    }
}
