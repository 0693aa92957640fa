//! Owns making many rows from one: fast, and whatever columns a table has. The first one is made by the product itself.

use std::fmt::Write;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, query, query_scalar, raw_sql};
use uuid::Uuid;

/// A way to the database beside the server's own.
pub enum Database {
    /// PostgreSQL.
    Postgres(PgPool),
    /// SQLite.
    Sqlite(SqlitePool),
}

/// A column in which the copies differ from their original, with its values.
pub enum Column {
    /// Ids.
    Ids(&'static str, Vec<Uuid>),
    /// Text.
    Texts(&'static str, Vec<String>),
    /// Bytes.
    Bytes(&'static str, Vec<Vec<u8>>),
}

impl Column {
    fn name(&self) -> &'static str {
        match self {
            Column::Ids(name, _) | Column::Texts(name, _) | Column::Bytes(name, _) => name,
        }
    }

    fn postgres_type(&self) -> &'static str {
        match self {
            Column::Ids(..) => "uuid",
            Column::Texts(..) => "text",
            Column::Bytes(..) => "bytea",
        }
    }

    fn len(&self) -> usize {
        match self {
            Column::Ids(_, values) => values.len(),
            Column::Texts(_, values) => values.len(),
            Column::Bytes(_, values) => values.len(),
        }
    }
}

impl Database {
    /// Connects.
    pub async fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(30));
                Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
            }
            None => {
                let options: PgConnectOptions = url.parse().unwrap();
                Self::Postgres(PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
            }
        }
    }

    /// Copies the row with that id as often as there are values.
    pub async fn copy(&self, table: &str, original: Uuid, columns: Vec<Column>) {
        match self {
            Self::Postgres(pool) => copy_in_postgres(pool, table, original, columns).await,
            Self::Sqlite(pool) => copy_in_sqlite(pool, table, original, columns).await,
        }
    }

    /// Finishes what the database would do later about many new rows, so that it does not do it while something is measured.
    pub async fn settle(&self) {
        match self {
            Self::Postgres(pool) => {
                raw_sql("VACUUM (FREEZE, ANALYZE)").execute(pool).await.unwrap();
                raw_sql("CHECKPOINT").execute(pool).await.unwrap();
            }
            Self::Sqlite(pool) => {
                raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await.unwrap();
            }
        }
    }

    /// The pool of a PostgreSQL database.
    pub fn postgres(&self) -> &PgPool {
        match self {
            Self::Postgres(pool) => pool,
            Self::Sqlite(_) => panic!("this is about PostgreSQL"),
        }
    }

    /// The parent of the database's processes, when it has any.
    pub async fn parent_process(&self) -> Option<u32> {
        let Self::Postgres(pool) = self else { return None };
        let backend: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(pool).await.unwrap();
        Some(crate::machine::parent_of(backend.try_into().unwrap()))
    }
}

/// Which expression each column of the copy is read from.
fn insert(table: &str, all: &[String], columns: &[Column], changed: impl Fn(usize) -> String, from: &str) -> String {
    let mut list = String::new();
    for name in all {
        let separator = if list.is_empty() { "" } else { ", " };
        match columns.iter().position(|column| column.name() == name) {
            Some(index) => write!(list, "{separator}{}", changed(index)).unwrap(),
            None => write!(list, "{separator}t.{name}").unwrap(),
        }
    }
    format!("INSERT INTO {table} ({}) SELECT {list} FROM {table} t{from} WHERE t.id = $1", all.join(", "))
}

async fn copy_in_postgres(pool: &PgPool, table: &str, original: Uuid, columns: Vec<Column>) {
    let all =
        "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public'";
    let all: Vec<String> = query_scalar(all).bind(table).fetch_all(pool).await.unwrap();
    let arrays: Vec<_> =
        columns.iter().zip(2..).map(|(column, number)| format!("${number}::{}[]", column.postgres_type())).collect();
    let names: Vec<_> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    let from = format!(", UNNEST({}) AS u({})", arrays.join(", "), names.join(", "));
    let sql = insert(table, &all, &columns, |index| format!("u.c{index}"), &from);
    let mut insert = query(AssertSqlSafe(sql)).bind(original);
    for column in columns {
        insert = match column {
            Column::Ids(_, values) => insert.bind(values),
            Column::Texts(_, values) => insert.bind(values),
            Column::Bytes(_, values) => insert.bind(values),
        };
    }
    insert.execute(pool).await.unwrap();
}

async fn copy_in_sqlite(pool: &SqlitePool, table: &str, original: Uuid, columns: Vec<Column>) {
    let all: Vec<String> =
        query_scalar("SELECT name FROM pragma_table_info($1)").bind(table).fetch_all(pool).await.unwrap();
    let sql = insert(table, &all, &columns, |index| format!("${}", index + 2), "");
    let mut transaction = pool.begin().await.unwrap();
    for row in 0..columns[0].len() {
        let mut insert = query(AssertSqlSafe(sql.clone())).bind(original);
        for column in &columns {
            insert = match column {
                Column::Ids(_, values) => insert.bind(values[row]),
                Column::Texts(_, values) => insert.bind(values[row].clone()),
                Column::Bytes(_, values) => insert.bind(values[row].clone()),
            };
        }
        insert.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}
