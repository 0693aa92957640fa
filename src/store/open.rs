//! Owns opening the configured database and bringing its schema up to date. Leaves using it to `sql/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{Acquire, ColumnIndex, Database, Decode, Executor, IntoArguments, Pool, Type};

use crate::model::failure::StoreError;
use crate::store::Store;
use crate::store::postgres::{self, PostgresDriver};
use crate::store::sql::SqlStore;
use crate::store::sqlite::{self, SqliteDriver};

/// Where things are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A server that speaks PostgreSQL's protocol; the URL may hold a password and is never printed.
    Postgres(String),
    /// The embedded SQLite, in this file.
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH` and `sqlite://PATH`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"))?;
        (!path.is_empty()).then(|| Self::Sqlite(PathBuf::from(path)))
    }
}

/// What to do about a schema that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrations {
    /// Bring it up to date first.
    Apply,
    /// Leave it; [`crate::store::Health::check`] tells whether it is up to date.
    Leave,
}

/// How often migrating is tried: of several processes that start at once one wins, the others look again.
const MIGRATION_TRIES: u32 = 10;

/// Opens the database.
pub async fn open(url: &DatabaseUrl, migrations: Migrations) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        DatabaseUrl::Postgres(url) => {
            let driver = PostgresDriver::new(url)?;
            if migrations == Migrations::Apply {
                migrate(&postgres::MIGRATOR, &driver.pool).await?;
            }
            Ok(Arc::new(SqlStore { driver }))
        }
        DatabaseUrl::Sqlite(path) => {
            make_folder(path)?;
            let driver = SqliteDriver::new(path)?;
            if migrations == Migrations::Apply {
                migrate(&sqlite::MIGRATOR, &driver.writer).await?;
            }
            Ok(Arc::new(SqlStore { driver }))
        }
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
            Err(error) => return Err(StoreError::Unavailable(format!("migrating: {error}"))),
        }
    }
}

/// Whether every migration this program knows has been applied.
pub async fn is_migrated<'a, D: Database>(pool: &'a Pool<D>, migrator: &Migrator) -> Result<bool, sqlx::Error>
where
    &'a Pool<D>: Executor<'a, Database = D>,
    D::Arguments: IntoArguments<D>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
{
    let known = migrator.iter().map(|migration| migration.version).max();
    let applied = sqlx::query_scalar::<D, i64>(
        "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version DESC LIMIT 1",
    )
    .fetch_optional(pool)
    .await;
    match applied {
        Ok(applied) => Ok(applied >= known),
        // The database answered, and the table does not exist yet.
        Err(sqlx::Error::Database(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the outside gets to know of a database error: that it happened. The words go to the log.
pub fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
