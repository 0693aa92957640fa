//! Owns carrying statements to PostgreSQL and to databases that speak its protocol. Leaves the statements to `sql/`.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, Executor, Postgres, query_as_with, query_with, raw_sql,
};
use tokio::time::timeout;

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::open::{is_migrated, unavailable};
use crate::store::rows::AnyRow;

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("migrations/postgres");
    // The lock would be an advisory one, which distributed databases lack; `open.rs` retries instead.
    migrator.locking = false;
    migrator
};

/// Longest wait for a free connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longest that the database itself works on a statement, or waits for a lock: less than we wait for it, so that nothing is
/// done after we gave up on it.
const STATEMENT_PATIENCE: Duration = Duration::from_millis(2700);

/// How often a transaction that lost against another one is tried.
const TRIES: u32 = 5;

/// A pool of connections to PostgreSQL.
pub struct PostgresDriver {
    /// The connections.
    pub pool: PgPool,
}

impl PostgresDriver {
    /// Connects once, so that a wrong address is told as what it is, and makes a pool.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(unavailable)?.application_name("couplet");
        match timeout(PATIENCE, options.connect()).await {
            Ok(connected) => drop(connected.map_err(unavailable)?.close().await),
            Err(_) => return Err(StoreError::Unavailable("no answer in time".to_owned())),
        }
        let pool = PgPoolOptions::new().max_connections(20).acquire_timeout(PATIENCE).after_connect(|connection, _| {
            let limit = AssertSqlSafe(format!("SET statement_timeout = {}", STATEMENT_PATIENCE.as_millis()));
            Box::pin(async move { connection.execute(raw_sql(limit)).await.map(drop) })
        });
        Ok(Self { pool: pool.connect_lazy_with(options) })
    }
}

impl PostgresDriver {
    /// One connection on which a statement may take its time, for migrations.
    pub fn unhurried(&self) -> PgPool {
        let options = (*self.pool.connect_options()).clone();
        PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_lazy_with(options)
    }
}

fn arguments(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Id(value) => arguments.add(value),
            Value::Flag(value) => arguments.add(value),
        }
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    }
    Ok(arguments)
}

/// Whether the database asks to try the same again: it chose this transaction to lose (SQLSTATE 40001, 40P01).
fn lost(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// Runs an attempt within our patience, again when the database asked for it.
async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let tries = async {
        for _ in 1..TRIES {
            match attempt().await {
                Err(error) if lost(&error) => continue,
                result => return result,
            }
        }
        attempt().await
    };
    match timeout(PATIENCE, tries).await {
        Ok(result) => result.map_err(unavailable),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

impl Driver for PostgresDriver {
    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(|| query_as_with::<Postgres, T, _>(statement.sql, arguments.clone()).fetch_optional(&self.pool)).await
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let arguments = arguments(statement.values)?;
        patiently(|| query_as_with::<Postgres, T, _>(statement.sql, arguments.clone()).fetch_all(&self.pool)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let arguments = arguments(statement.values)?;
        let done = patiently(|| query_with(statement.sql, arguments.clone()).execute(&self.pool)).await?;
        Ok(done.rows_affected())
    }

    async fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        let prepared: Vec<(&'static str, PgArguments)> = statements
            .into_iter()
            .map(|statement| Ok((statement.sql, arguments(statement.values)?)))
            .collect::<Result<_, StoreError>>()?;
        patiently(|| async {
            let mut transaction = self.pool.begin().await?;
            let mut changed = Vec::with_capacity(prepared.len());
            for (sql, arguments) in &prepared {
                let done = query_with(*sql, arguments.clone()).execute(&mut *transaction).await?;
                changed.push(done.rows_affected());
            }
            transaction.commit().await?;
            Ok(changed)
        })
        .await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        patiently(|| is_migrated(&self.pool, &MIGRATOR)).await
    }
}
