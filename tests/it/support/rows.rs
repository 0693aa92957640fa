//! A second connection to a test's database, which sees what the server wrote and can change it unseen.
//! It owns only the connection; what ought to be there is the tests'.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::app::TestStore;

/// Every table that a request can write to.
const TABLES: [&str; 14] = [
    "clients",
    "users",
    "sign_ins",
    "grants",
    "keys",
    "partners",
    "reverse_links",
    "push_services",
    "push_enrolments",
    "push_entities",
    "push_factors",
    "push_challenges",
    "push_webhooks",
    "push_deliveries",
];

/// The tables as they are committed.
pub enum Rows {
    /// In a file.
    Sqlite(SqliteConnection),
    /// On a server.
    Postgres(PgConnection),
}

impl Rows {
    /// Looks into a database.
    pub async fn of(database: &TestStore) -> Self {
        Self::at(&database.url).await
    }

    /// Looks into the database at a URL.
    pub async fn at(url: &str) -> Self {
        if url.starts_with("postgres") {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        } else {
            Self::Sqlite(SqliteConnection::connect(url).await.unwrap())
        }
    }

    /// Bytes as a statement has them.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Sqlite(_) => format!("X'{hex}'"),
            Self::Postgres(_) => format!("'\\x{hex}'"),
        }
    }

    /// An id as a statement has it.
    pub fn id(&self, id: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("X'{}'", id.replace('-', "")),
            Self::Postgres(_) => format!("'{id}'"),
        }
    }

    /// How many rows a table has.
    pub async fn count(&mut self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    /// The one whole number that a statement gives.
    pub async fn number(&mut self, statement: &str) -> i64 {
        let statement = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(statement).fetch_one(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_scalar(statement).fetch_one(connection).await.unwrap(),
        }
    }

    /// Changes something behind the server's back.
    pub async fn change(&mut self, statement: &str) {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(connection) => connection.execute(statement).await.map(drop).unwrap(),
            Self::Postgres(connection) => connection.execute(statement).await.map(drop).unwrap(),
        }
    }

    /// A text that is another one after anybody has changed anything.
    pub async fn version(&mut self) -> String {
        match self {
            Self::Sqlite(_) => self.number("PRAGMA data_version").await.to_string(),
            Self::Postgres(connection) => {
                let versions = TABLES.map(|table| format!("SELECT '{table}' || ctid || xmin AS version FROM {table}"));
                let versions = versions.join(" UNION ALL ");
                let all = format!("SELECT coalesce(string_agg(version, ' ' ORDER BY version), '') FROM ({versions}) v");
                sqlx::query_scalar(AssertSqlSafe(all)).fetch_one(connection).await.unwrap()
            }
        }
    }
}
