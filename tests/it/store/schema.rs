//! The two schemas are one in two dialects, and statements stay within what distributed databases with PostgreSQL's
//! protocol run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use couplet::store::sealed::SealedColumn;
use rstest::rstest;

use super::cellar::Cellar;
use super::raw::Raw;
use crate::support::app::Backend::{self, Postgres, Sqlite};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

/// The names of migrations, by number.
pub fn migrations(backend: Backend) -> BTreeSet<String> {
    let folder = match backend {
        Sqlite => "migrations/sqlite",
        Postgres => "migrations/postgres",
    };
    files(folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Every table with its columns, as `table.column`.
async fn columns(raw: &mut Raw) -> BTreeSet<String> {
    let query = match raw {
        Raw::Sqlite(_) => {
            "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        }
        Raw::Postgres(_) => {
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    raw.texts(query).await.into_iter().filter(|column| !column.starts_with("_sqlx")).collect()
}

/// The columns of `grants` that stand in an index.
async fn indexed(raw: &mut Raw) -> BTreeSet<String> {
    let query = match raw {
        Raw::Sqlite(_) => "SELECT c.name FROM pragma_index_list('grants') i, pragma_index_info(i.name) c",
        Raw::Postgres(_) => {
            "SELECT CAST(a.attname AS TEXT) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid \
             WHERE i.indrelid = 'grants'::regclass"
        }
    };
    raw.texts(query).await.into_iter().collect()
}

#[test]
fn migrations_come_in_pairs_of_one_number_and_name() {
    assert_eq!(migrations(Sqlite), migrations(Postgres));
    assert!(!migrations(Sqlite).is_empty());
    let numbers: BTreeSet<String> = migrations(Sqlite).iter().map(|name| name[..4].to_owned()).collect();
    let expected: BTreeSet<String> = (1..=numbers.len()).map(|number| format!("{number:04}")).collect();
    assert_eq!(numbers, expected, "numbers have no gap and are not used twice");
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (Cellar::on(Sqlite).await, Cellar::on(Postgres).await);
    assert_eq!(columns(&mut sqlite.raw().await).await, columns(&mut postgres.raw().await).await);
}

/// Columns of bytes that hold no sealed value: hashes, their salts, and moments.
const NOT_SEALED: [&str; 18] = [
    "_sqlx_migrations.checksum",
    "approvals.secret_hash",
    "brakes.key",
    "clients.former_secret_hash",
    "clients.secret_hash",
    "grants.code_hash",
    "grants.refresh_hash",
    "grants.rotations",
    "push_enrolments.secret_hash",
    "reverse_links.code_hash",
    "reverse_links.code_profile",
    "reverse_links.seen_codes",
    "reverse_links.tokens_from",
    "reverse_links.tokens_profile",
    "sign_ins.secret_hash",
    "text_codes.code_hash",
    "text_codes.key",
    "text_codes.phone_hash",
];

#[tokio::test]
async fn every_column_of_bytes_is_sealed_and_known_to_a_rotation_or_known_not_to_be() {
    let cellar = Cellar::on(Postgres).await;
    let query = "SELECT table_name || '.' || column_name FROM information_schema.columns \
                 WHERE table_schema = 'public' AND data_type = 'bytea'";
    let found: BTreeSet<String> = cellar.raw().await.texts(query).await.into_iter().collect();
    let sealed = SealedColumn::ALL.map(|column| format!("{}.{}", column.table(), column.column()));
    let known: BTreeSet<String> = NOT_SEALED.map(str::to_owned).into_iter().chain(sealed).collect();
    assert_eq!(found, known, "what holds sealed values belongs into SealedColumn");
}

#[rstest]
#[tokio::test]
async fn no_index_holds_what_a_refresh_changes(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let indexed = indexed(&mut cellar.raw().await).await;
    assert_eq!(indexed, ["id", "user_id", "client_id"].map(str::to_owned).into());
}

#[rstest]
#[case("FOR UPDATE")]
#[case("FOR SHARE")]
#[case("LOCK TABLE")]
#[case("PG_ADVISORY")]
#[case("NEXTVAL")]
#[case("CREATE SEQUENCE")]
#[case("AUTOINCREMENT")]
#[case("GENERATED ")]
#[case("SERIAL PRIMARY")]
#[case("SERIAL NOT")]
#[case("BIGSERIAL")]
#[case("SMALLSERIAL")]
fn statements_need_no_locks_and_no_sequences(#[case] forbidden: &str) {
    let folders = ["src/store", "src/store/sql", "src/store/sql/push", "migrations/sqlite", "migrations/postgres"];
    let sources: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
    assert!(sources.len() > 15, "{sources:?}");
    for path in sources {
        let words: Vec<String> =
            std::fs::read_to_string(&path).unwrap().split_whitespace().map(str::to_uppercase).collect();
        assert!(!words.join(" ").contains(forbidden), "{} has {forbidden}", path.display());
    }
}

#[test]
fn sqlite_waits_for_the_disk() {
    // Only the connection itself knows how it synchronizes, and it does not tell; so the source has to.
    let source = std::fs::read_to_string(project().join("src/store/sqlite.rs")).unwrap();
    assert!(source.contains(".synchronous(SqliteSynchronous::Full)"));
}
