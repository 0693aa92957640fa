//! Owns carrying statements to PostgreSQL and to databases that speak its protocol. Leaves the statements to `sql/`.

use std::str::FromStr;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, Executor, Postgres, query_as_with, query_with, raw_sql,
};
use tokio::time::{Instant, timeout};

use super::sql::{Driver, Statement, Value};
use crate::model::failure::StoreError;
use crate::store::kept::{A_MOMENT, KeptPool};
use crate::store::lanes::Lanes;
use crate::store::open::{is_migrated, unavailable};
use crate::store::rows::AnyRow;
use crate::store::{PATIENCE, PoolState, QUEUE, ROUND};

/// The schema, as a list of steps.
pub static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("migrations/postgres");
    // The lock would be an advisory one, which distributed databases lack; `open.rs` retries instead.
    migrator.locking = false;
    migrator
};

/// Connections of one process, shared out among its threads.
const CONNECTIONS: u32 = 24;

/// The fewest connections of a thread for everything else.
const FEWEST: u32 = 4;

/// From when on an idle connection is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(1);

/// Connections of a thread that carry only codes, refreshes and introspections: these never wait behind pages.
const FOR_TOKENS: u32 = 3;

/// As many threads as have connections of their own; with more, some share them.
const MOST_LANES: usize = 8;

type PgKept = KeptPool<Postgres>;

/// Pools of connections to PostgreSQL.
pub struct PostgresDriver {
    pools: Lanes<PgKept>,
    for_tokens: Lanes<PgKept>,
}

impl PostgresDriver {
    /// Connections that no thread has for itself.
    pub fn pool(&self) -> &PgPool {
        self.pools.common().pool()
    }

    /// Connects once, so that a wrong address is told as what it is, and makes a pool.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(unavailable)?.application_name("couplet");
        match timeout(PATIENCE, options.connect()).await {
            Ok(connected) => drop(connected.map_err(unavailable)?.close().await),
            Err(_) => return Err(StoreError::Unavailable("no answer in time".to_owned())),
        }
        let lanes = available_parallelism().map_or(2, usize::from).min(MOST_LANES);
        let share = CONNECTIONS.checked_div(u32::try_from(lanes).unwrap_or(u32::MAX).saturating_add(1));
        let rest = share.unwrap_or_default().saturating_sub(FOR_TOKENS).max(FEWEST);
        let pool = PgPoolOptions::new()
            .acquire_timeout(QUEUE)
            .after_connect(|connection, _| {
                let limit = AssertSqlSafe(format!("SET statement_timeout = {}", ROUND.as_millis()));
                Box::pin(async move { connection.execute(raw_sql(limit)).await.map(drop) })
            })
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                Box::pin(async move {
                    // A server that went away is noticed by a question; on a connection in use a moment ago it would only
                    // double the round trips.
                    if known.idle_for >= IDLE {
                        timeout(A_MOMENT, connection.ping()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                    }
                    Ok(true)
                })
            });
        let lanes_of = |most| {
            let pool = pool.clone().max_connections(most);
            Lanes::new(lanes, || KeptPool::new(pool.clone().connect_lazy_with(options.clone())))
        };
        Ok(Self { pools: lanes_of(rest), for_tokens: lanes_of(FOR_TOKENS) })
    }

    /// One connection on which a statement may take its time, for migrations.
    pub fn unhurried(&self) -> PgPool {
        let options = (*self.pool().connect_options()).clone();
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

/// Whether a row that a statement had seen was gone when its own referred to it (SQLSTATE 23503): the next try sees that.
fn gone(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_foreign_key_violation())
}

/// Runs an attempt within our patience, again when the database asked for it.
async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let began = Instant::now();
    let tries = async {
        let mut was_gone = false;
        loop {
            match attempt().await {
                Err(error) if lost(&error) && began.elapsed() + QUEUE + ROUND < PATIENCE => {}
                Err(error) if gone(&error) && !was_gone => was_gone = true,
                result => return result,
            }
        }
    };
    match timeout(PATIENCE, tries).await {
        Ok(result) => result.map_err(unavailable),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

async fn fetch<T: AnyRow>(kept: &PgKept, statement: Statement) -> Result<Vec<T>, StoreError> {
    let arguments = arguments(statement.values)?;
    patiently(|| async {
        let mut lent = kept.lend().await?;
        let rows = query_as_with::<Postgres, T, _>(statement.sql, arguments.clone()).fetch_all(&mut **lent).await?;
        kept.keep(lent);
        Ok(rows)
    })
    .await
}

impl Driver for PostgresDriver {
    const NOW: &'static str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS millis";
    const MANY_WRITERS: bool = true;

    async fn gathered<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        fetch(self.for_tokens.here(), statement).await
    }

    async fn returning<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        self.all(statement).await
    }

    async fn change<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        fetch(self.for_tokens.here(), statement).await
    }

    async fn optional<T: AnyRow>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    async fn all<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        fetch(self.pools.here(), statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let (arguments, kept) = (arguments(statement.values)?, self.pools.here());
        patiently(|| async {
            let mut lent = kept.lend().await?;
            let done = query_with(statement.sql, arguments.clone()).execute(&mut **lent).await?;
            kept.keep(lent);
            Ok(done.rows_affected())
        })
        .await
    }

    async fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        let prepared: Vec<(&'static str, PgArguments, bool)> = statements
            .into_iter()
            .map(|statement| Ok((statement.sql, arguments(statement.values)?, statement.must_change)))
            .collect::<Result<_, StoreError>>()?;
        let kept = self.pools.here();
        patiently(|| async {
            let mut lent = kept.lend().await?;
            let mut transaction = lent.begin().await?;
            let mut changed = Vec::with_capacity(prepared.len());
            for (sql, arguments, must_change) in &prepared {
                let done = query_with(*sql, arguments.clone()).execute(&mut *transaction).await?.rows_affected();
                changed.push(done);
                if *must_change && done == 0 {
                    transaction.rollback().await?;
                    kept.keep(lent);
                    return Ok(changed);
                }
            }
            transaction.commit().await?;
            kept.keep(lent);
            Ok(changed)
        })
        .await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        let kept = self.pools.here();
        patiently(|| async {
            let mut lent = kept.lend().await?;
            let migrated = is_migrated(&mut **lent, &MIGRATOR).await?;
            kept.keep(lent);
            Ok(migrated)
        })
        .await
    }

    fn pools(&self) -> Vec<PoolState> {
        let as_one = |name, lanes: &Lanes<PgKept>| lanes.all().map(|kept| kept.state(name)).reduce(PoolState::and);
        as_one("main", &self.pools).into_iter().chain(as_one("tokens", &self.for_tokens)).collect()
    }

    async fn close(&self) {
        // At once: one that is stuck keeps none of the others open.
        join_all(self.pools.all().chain(self.for_tokens.all()).map(KeptPool::close)).await;
    }
}
