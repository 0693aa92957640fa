//! Owns writing to the SQLite file by its one connection: who writes at the same moment shares a transaction, since a commit
//! waits for the disk, and waits here and not in SQLite's busy loop.

use std::sync::Arc;
use std::time::Duration;

use sqlx::error::ErrorKind;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Sqlite, query_as_with, query_with, raw_sql};
use tokio::time::{Instant, timeout};

use super::{arguments, pool_of};
use crate::model::failure::StoreError;
use crate::store::kept::{KeptPool, Lent};
use crate::store::open::unavailable;
use crate::store::rows::AnyRow;
use crate::store::sql::Statement;
use crate::store::together::{Answer, Limits, Together};
use crate::store::{PATIENCE, ROUND};

/// One round of writes is under way at a time.
const WRITES: Limits = Limits { rounds: 1, questions: 128 };

/// Longest wait of one attempt for another process that writes.
const TURN: Duration = Duration::from_millis(200);

/// `SQLITE_BUSY`: another process writes.
const BUSY: u32 = 5;

/// `SQLITE_PERM`, `SQLITE_READONLY` and `SQLITE_CANTOPEN`.
const NOT_WRITABLE: [u32; 3] = [3, 8, 14];

/// What became of one caller's statements: how many rows each changed.
type Written = Answer<Vec<u64>>;

/// The connection that writes, and who waits for it.
pub struct Writer {
    kept: Arc<KeptPool<Sqlite>>,
    writes: Arc<Together<Vec<Statement>, Vec<u64>>>,
}

impl Writer {
    /// Opens the file when it is first needed.
    pub fn new(options: SqliteConnectOptions) -> Self {
        let pool = pool_of(1).after_connect(|connection, _| {
            let turn = AssertSqlSafe(format!("PRAGMA busy_timeout = {}", TURN.as_millis()));
            Box::pin(async move { connection.execute(raw_sql(turn)).await.map(drop) })
        });
        Self { kept: Arc::new(KeptPool::new(pool.connect_lazy_with(options))), writes: Together::new(WRITES) }
    }

    /// The connection itself.
    pub fn kept(&self) -> &KeptPool<Sqlite> {
        &self.kept
    }

    /// Why nobody can write, for as long as the file and its folder stay as they are.
    pub async fn why_not_writable(&self) -> Option<String> {
        let attempt = async {
            let mut transaction = self.kept.pool().begin_with("BEGIN IMMEDIATE").await?;
            // SQLite lets a transaction begin on what it can only read; a write that is taken back shows it.
            transaction.execute("PRAGMA user_version = 0").await?;
            transaction.rollback().await
        };
        let error = timeout(PATIENCE, attempt).await.ok()?.err()?;
        NOT_WRITABLE.contains(&code_of(&error)?).then(|| error.to_string())
    }

    /// Runs a caller's statements, all or none, together with those of others.
    pub async fn write(&self, statements: Vec<Statement>) -> Written {
        let kept = self.kept.clone();
        self.writes.ask(statements, move |asked| write_round(kept.clone(), asked)).await
    }

    /// Runs a statement that gives rows.
    pub async fn change<T: AnyRow>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let statement = &statement;
        let attempt = |mut lent: Lent<Sqlite>| async move {
            let arguments = arguments(&statement.values)?;
            let rows = query_as_with::<Sqlite, T, _>(statement.sql, arguments).fetch_all(&mut **lent).await?;
            Ok((rows, lent))
        };
        in_turn(&self.kept, attempt).await
    }
}

/// Works on the connection, which comes back when that went well; again while another process writes. What has begun ends in
/// time, so that nothing is done after everyone gave up on it.
async fn in_turn<T, W>(kept: &KeptPool<Sqlite>, work: impl Fn(Lent<Sqlite>) -> W) -> Result<T, StoreError>
where
    W: Future<Output = Result<(T, Lent<Sqlite>), sqlx::Error>>,
{
    let end = Instant::now() + ROUND;
    let attempts = async {
        loop {
            let lent = kept.lend().await?;
            if Instant::now() + TURN > end {
                return Err(sqlx::Error::PoolTimedOut);
            }
            match work(lent).await {
                Err(error) if code_of(&error) == Some(BUSY) => {}
                Err(error) => return Err(error),
                Ok((done, lent)) => {
                    kept.keep(lent);
                    return Ok(done);
                }
            }
        }
    };
    match timeout(ROUND, attempts).await {
        Ok(result) => result.map_err(unavailable),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

/// Writes what several callers asked for, an outcome for each. What one of them may not write costs the others nothing; what
/// the database can't do at all fails for all.
async fn write_round(kept: Arc<KeptPool<Sqlite>>, asked: Vec<Vec<Statement>>) -> Vec<Written> {
    let written = in_turn(&kept, |lent| write_together(lent, &asked)).await;
    written.unwrap_or_else(|error| vec![Err(error); asked.len()])
}

async fn write_together(
    mut lent: Lent<Sqlite>,
    asked: &[Vec<Statement>],
) -> Result<(Vec<Written>, Lent<Sqlite>), sqlx::Error> {
    match write_on(&mut lent, asked).await {
        Ok(written) => Ok((written, lent)),
        Err(error) => {
            if code_of(&error) != Some(BUSY) {
                // SQLite ends a transaction by itself when the disk fails it, and the connection would go on in the belief
                // that it still has one.
                lent.close();
            }
            Err(error)
        }
    }
}

async fn write_on(connection: &mut SqliteConnection, asked: &[Vec<Statement>]) -> Result<Vec<Written>, sqlx::Error> {
    if let [statements] = asked
        && let [statement] = statements.as_slice()
    {
        // A statement alone is a transaction by itself.
        let done = query_with(statement.sql, arguments(&statement.values)?).execute(&mut *connection).await?;
        return Ok(vec![Ok(vec![done.rows_affected()])]);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut written = Vec::with_capacity(asked.len());
    for statements in asked {
        written.push(write_one(&mut transaction, statements).await?);
    }
    transaction.commit().await?;
    Ok(written)
}

/// Ends one caller's part of a round as if it had not been.
const TAKE_BACK: &str = "ROLLBACK TO caller; RELEASE caller";

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
            Ok(done) => {
                changed.push(done.rows_affected());
                if statement.must_change && done.rows_affected() == 0 {
                    if several {
                        connection.execute(TAKE_BACK).await?;
                    }
                    return Ok(Ok(changed));
                }
            }
            // SQLite took back the one statement and goes on.
            Err(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => {
                if several {
                    connection.execute(TAKE_BACK).await?;
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

/// SQLite's primary result code (<https://www.sqlite.org/rescode.html>).
fn code_of(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
