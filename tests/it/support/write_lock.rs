//! Keeps a server from writing, while it can read: the moment between an answer that came and its being stored.
//! It owns only the lock.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::program::Program;

/// A lock on everything that could be written; it ends with [`WriteLock::release`].
pub enum WriteLock {
    /// A transaction that writes.
    Sqlite(SqliteConnection),
    /// A transaction that locks the table.
    Postgres(PgConnection),
}

impl WriteLock {
    /// Takes the lock on the database of a program.
    pub async fn on(program: &Program) -> Self {
        let url = program.variable("DATABASE_URL");
        if url.is_empty() {
            let path = program.folder.path().join("data/couplet.db");
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(url).await.unwrap();
        let lock = "BEGIN; LOCK TABLE reverse_links IN EXCLUSIVE MODE";
        connection.execute(sqlx::raw_sql(AssertSqlSafe(lock.to_owned()))).await.unwrap();
        Self::Postgres(connection)
    }

    /// Gives it back.
    pub async fn release(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
            Self::Postgres(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
        }
    }
}
