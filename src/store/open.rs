//! Owns opening the configured database and bringing its schema up to date. Leaves using it to `sql/`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Acquire, ColumnIndex, Database, Decode, Executor, IntoArguments, Pool, Type};

use crate::model::failure::StoreError;
use crate::store::Store;
use crate::store::postgres::{self, PostgresDriver};
use crate::store::sql::SqlStore;
use crate::store::sqlite::{self, SqliteDriver};

/// Where things are remembered.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A server that speaks PostgreSQL's protocol; the URL may hold a password and is never printed.
    Postgres(String),
    /// The embedded SQLite, in this file.
    Sqlite(PathBuf),
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseUrl::Postgres(_) => f.write_str("Postgres(…)"),
            DatabaseUrl::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
        }
    }
}

impl DatabaseUrl {
    /// The SQLite file, if opening the database will make it.
    pub fn missing_file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) if !path.exists() => Some(path),
            Self::Sqlite(_) | Self::Postgres(_) => None,
        }
    }

    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH` and `sqlite://PATH`. A database in memory, or options behind a
    /// question mark, are no files.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return PgConnectOptions::from_str(text).is_ok().then(|| Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"))?;
        let is_file = !path.is_empty() && !path.contains('?') && !path.contains(":memory:");
        is_file.then(|| Self::Sqlite(PathBuf::from(path)))
    }
}

/// What to do about a schema that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrations {
    /// Bring it up to date first.
    Apply,
    /// Make it when there is none at all; leave an older one.
    Initialize,
    /// Leave it; [`crate::store::Health::check`] tells whether it is up to date.
    Leave,
}

/// How often migrating is tried: of several processes that start at once one wins, the others look again.
const MIGRATION_TRIES: u32 = 50;

/// Opens the database.
pub async fn open(url: &DatabaseUrl, migrations: Migrations) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        DatabaseUrl::Postgres(url) => {
            let driver = PostgresDriver::connect(url).await?;
            if wants(migrations, applied(driver.pool()).await.map_err(unavailable)?) {
                let pool = driver.unhurried();
                let migrated = migrate(&postgres::MIGRATOR, &pool).await;
                pool.close().await;
                migrated?;
            }
            Ok(Arc::new(SqlStore::new(driver)))
        }
        DatabaseUrl::Sqlite(path) => {
            make_folder(path)?;
            let driver = SqliteDriver::new(path)?;
            driver.check_writable(path).await?;
            if wants(migrations, applied(driver.writer()).await.map_err(unavailable)?) {
                migrate(&sqlite::MIGRATOR, driver.writer()).await?;
            }
            Ok(Arc::new(SqlStore::new(driver)))
        }
    }
}

fn wants(migrations: Migrations, applied: Option<i64>) -> bool {
    match migrations {
        Migrations::Apply => true,
        Migrations::Initialize => applied.is_none(),
        Migrations::Leave => false,
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .map_err(|error| StoreError::Unavailable(format!("can't make the folder {}: {error}", folder.display())))
}

async fn migrate<'a, D: Database>(migrator: &Migrator, pool: &'a Pool<D>) -> Result<(), StoreError>
where
    D::Connection: Migrate,
    &'a Pool<D>: Acquire<'a, Connection = sqlx::pool::PoolConnection<D>, Database = D>,
{
    let mut tries = 1;
    loop {
        match migrator.run(pool).await {
            Ok(()) => return Ok(()),
            // The database answered and refused: another process made the same table a moment earlier.
            Err(
                MigrateError::Execute(sqlx::Error::Database(_))
                | MigrateError::ExecuteMigration(sqlx::Error::Database(_), _),
            ) if tries < MIGRATION_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(MigrateError::Execute(error)) => return Err(unavailable(error)),
            Err(error) => return Err(StoreError::Unavailable(format!("migrating: {error}"))),
        }
    }
}

/// Whether every migration this program knows has been applied.
pub async fn is_migrated<'a, D: Database, E>(on: E, migrator: &Migrator) -> Result<bool, sqlx::Error>
where
    E: Executor<'a, Database = D>,
    D::Arguments: IntoArguments<D>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
{
    let known = migrator.iter().map(|migration| migration.version).max();
    Ok(applied(on).await? >= known)
}

/// The latest applied migration; `None` when there is no schema at all.
async fn applied<'a, D: Database, E>(on: E) -> Result<Option<i64>, sqlx::Error>
where
    E: Executor<'a, Database = D>,
    D::Arguments: IntoArguments<D>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
{
    const LATEST: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version DESC LIMIT 1";
    match sqlx::query_scalar::<D, i64>(LATEST).fetch_optional(on).await {
        Err(sqlx::Error::Database(error)) if is_missing_table(&*error) => Ok(None),
        applied => applied,
    }
}

/// PostgreSQL has a code for it (42P01), SQLite only words.
fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
}

/// What the outside gets to know of a database error: that it happened. The words go to the log.
pub fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
