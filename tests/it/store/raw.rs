//! A connection past the store, to look at what is stored and to damage it.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, query_scalar, raw_sql};

use crate::support::app::TestStore;

/// A connection to one of the databases.
pub enum Raw {
    /// To the file.
    Sqlite(SqliteConnection),
    /// To the server.
    Postgres(PgConnection),
}

impl Raw {
    /// Connects to the database of a store.
    pub async fn to(database: &TestStore) -> Self {
        Self::at(&database.url).await
    }

    /// Connects to the database at a URL.
    pub async fn at(url: &str) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                // Damage that foreign keys would prevent is damage too.
                let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
                Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
            None => Self::Postgres(PgConnection::connect(url).await.unwrap()),
        }
    }

    /// Runs statements; tells how many rows they changed.
    pub async fn run(&mut self, sql: &str) -> u64 {
        let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => connection.execute(sql).await.unwrap().rows_affected(),
            Self::Postgres(connection) => connection.execute(sql).await.unwrap().rows_affected(),
        }
    }

    /// The number that a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => query_scalar(sql).fetch_one(connection).await.unwrap(),
            Self::Postgres(connection) => query_scalar(sql).fetch_one(connection).await.unwrap(),
        }
    }

    /// The texts that a query gives.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => query_scalar(sql).fetch_all(connection).await.unwrap(),
            Self::Postgres(connection) => query_scalar(sql).fetch_all(connection).await.unwrap(),
        }
    }

    /// Makes every deletion from `sign_ins` fail.
    pub async fn refuse_to_end_sign_ins(&mut self) {
        let trigger = match self {
            Self::Sqlite(_) => {
                "CREATE TRIGGER refuse BEFORE DELETE ON sign_ins BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
            Self::Postgres(_) => {
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
                 CREATE TRIGGER refuse BEFORE DELETE ON sign_ins FOR EACH ROW EXECUTE FUNCTION refuse()"
            }
        };
        self.run(trigger).await;
    }
}
