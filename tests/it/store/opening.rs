//! Opening: once migrated by however many at once, and SQLite as it promises.

use std::process::{Command, Stdio};
use std::time::Duration;

use couplet::store::StoreError;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::store::users::AddUser;
use rstest::rstest;
use tempfile::TempDir;

use super::cellar::{Cellar, user};
use super::raw::Raw;
use super::schema::migrations;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::postgres::{fresh_database, in_background};

/// How many open an empty database at once.
const SERVERS: usize = 4;

/// The URL of a database without a schema, and what keeps it.
async fn empty(backend: Backend) -> (String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = match backend {
        Sqlite => format!("sqlite:{}", folder.path().join("new/folder/couplet.db").display()),
        Postgres => fresh_database().await,
    };
    (url, folder)
}

async fn assert_migrated_once(url: &str, backend: Backend) {
    let applied = Raw::at(url).await.number("SELECT count(*) FROM _sqlx_migrations WHERE success").await;
    assert_eq!(usize::try_from(applied).unwrap(), migrations(backend).len());
    let store = open(&DatabaseUrl::parse(url).unwrap(), Migrations::Leave).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(store.add_user(&user("first")).await.unwrap(), AddUser::Added);
}

#[rstest]
#[tokio::test]
async fn a_database_without_a_schema_is_unavailable_when_left_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let (url, _folder) = empty(backend).await;
    let store = open(&DatabaseUrl::parse(&url).unwrap(), Migrations::Leave).await.unwrap();
    let said = store.check().await.unwrap_err().to_string();
    assert!(said.contains("couplet migrate"), "{said}");
    assert!(matches!(store.users(None, 1).await, Err(StoreError::Unavailable(_))));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn several_tasks_migrate_an_empty_database_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let (url, _folder) = empty(backend).await;
    let parsed = DatabaseUrl::parse(&url).unwrap();
    let opening = |_| {
        let parsed = parsed.clone();
        tokio::spawn(async move { open(&parsed, Migrations::Apply).await.unwrap().check().await })
    };
    for opened in (0..SERVERS).map(opening).collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
    assert_migrated_once(&url, backend).await;
}

#[rstest]
#[tokio::test]
async fn several_processes_migrate_an_empty_database_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let (url, _folder) = empty(backend).await;
    let named = url.clone();
    let said = in_background(move || {
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_couplet"));
        migrate.arg("migrate").env("DATABASE_URL", named).stdout(Stdio::piped()).stderr(Stdio::piped());
        let processes: Vec<_> = (0..SERVERS).map(|_| migrate.spawn().unwrap()).collect();
        processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect::<Vec<_>>()
    });
    for output in said.await {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_migrated_once(&url, backend).await;
}

#[rstest]
#[tokio::test]
async fn opening_again_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let again = open(&DatabaseUrl::parse(&cellar.database.url).unwrap(), Migrations::Apply).await.unwrap();
    assert!(again.user(cellar.alice.id).await.unwrap().is_some());
    let applied = cellar.raw().await.number("SELECT count(*) FROM _sqlx_migrations").await;
    assert_eq!(usize::try_from(applied).unwrap(), migrations(backend).len());
}

#[tokio::test]
async fn sqlite_keeps_a_write_ahead_log() {
    let cellar = Cellar::on(Sqlite).await;
    assert_eq!(cellar.raw().await.texts("PRAGMA journal_mode").await, ["wal"]);
    assert!(cellar.database.folder.path().join("couplet.db-wal").exists());
}

#[tokio::test]
async fn sqlite_answers_readers_and_makes_writers_wait_while_another_process_writes() {
    let cellar = Cellar::on(Sqlite).await;
    let mut other = cellar.raw().await;
    other.run("BEGIN IMMEDIATE; UPDATE users SET email = 'a@example.com'").await;
    let (store, id) = (cellar.store.clone(), cellar.alice.id);
    let waiting = tokio::spawn(async move { store.set_password(id, "second hash").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    let seen = cellar.store.user(id).await.unwrap().unwrap();
    assert!(seen.email.is_none(), "a reader sees what was committed");
    other.run("COMMIT").await;
    assert!(waiting.await.unwrap().unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn what_sqlite_makes_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let (url, folder) = empty(Sqlite).await;
    let store = open(&DatabaseUrl::parse(&url).unwrap(), Migrations::Apply).await.unwrap();
    store.add_user(&user("first")).await.unwrap();
    let made = [("new", 0o700), ("new/folder", 0o700)];
    let files = ["", "-wal", "-shm"].map(|end| (format!("new/folder/couplet.db{end}"), 0o600));
    for (path, expected) in made.map(|(path, mode)| (path.to_owned(), mode)).into_iter().chain(files) {
        let mode = folder.path().join(&path).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{path}");
    }
}
