//! A stored value that was damaged is reported with its table, column and row, and never taken for something else.

mod reverse_links;

use couplet::model::ids::GrantId;
use couplet::store::StoreError;
use couplet::store::grants::GrantFilter;
use couplet::store::keys::{KeyPurpose, SealedKey};
use rstest::rstest;

use super::cellar::{Cellar, client, moment, secret_hash, successor};
use super::raw::Raw;
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// A moment that no calendar has.
const NEVER: &str = "9223372036854775807";

/// Rotations of which the latest is the earliest moment there is, one is alive, and it came a millisecond before.
const BYTES: &str = "80000000000000000000000100000001";

/// Damages one column of all rows of a table.
async fn damage(cellar: &Cellar, table: &str, column: &str, value: &str) {
    let mut raw = cellar.raw().await;
    let bytes = match raw {
        Raw::Sqlite(_) => format!("X'{BYTES}'"),
        Raw::Postgres(_) => format!("'\\x{BYTES}'"),
    };
    let value = value.replace("NEVER", NEVER).replace("BYTES", &bytes);
    assert_eq!(raw.run(&format!("UPDATE {table} SET {column} = {value}")).await, 1);
}

#[track_caller]
fn assert_corrupt<T>(result: Result<T, StoreError>, place: (&str, &str), row: impl ToString) {
    match result.err().unwrap() {
        StoreError::Corrupt { table, column, id } => assert_eq!(((table, column), id), (place, row.to_string())),
        other => panic!("{other}"),
    }
}

/// A link that was rotated once, so that every column has a value.
async fn link(cellar: &Cellar) -> GrantId {
    let link = cellar.link().await;
    let from = cellar.active(link).await.refresh;
    cellar.store.rotate_refresh(link, &from, &successor(&from, moment(2)), moment(2)).await.unwrap();
    link
}

#[rstest]
#[case("settings", "'broken'")]
#[case("secret_hash", "substr(secret_hash, 1, 47)")]
#[case("former_secret_hash", "substr(secret_hash, 1, 47)")]
#[case("former_secret_until", "NEVER")]
#[case("former_secret_until", "NULL")]
#[case("former_secret_hash", "NULL")]
#[case("created_at", "NEVER")]
#[tokio::test]
async fn a_damaged_client_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    cellar.store.rotate_secret(&cellar.alexa.id, &secret_hash("second"), moment(60)).await.unwrap();
    damage(&cellar, "clients", column, value).await;
    assert_corrupt(cellar.store.client(&cellar.alexa.id).await, ("clients", column), &cellar.alexa.id);
    assert_corrupt(cellar.store.clients().await, ("clients", column), &cellar.alexa.id);
    assert_corrupt(cellar.store.presented(&cellar.alexa.id, None).await, ("clients", column), &cellar.alexa.id);
}

#[rstest]
#[tokio::test]
async fn a_damaged_client_id_names_itself(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    damage(&cellar, "clients", "id", "'al exa'").await;
    assert_corrupt(cellar.store.clients().await, ("clients", "id"), "al exa");
}

#[rstest]
#[case("login", "''")]
#[case("email", "'nobody'")]
#[case("phone", "'12'")]
#[case("disabled_at", "NEVER")]
#[case("sign_in_epoch", "-1")]
#[case("created_at", "NEVER")]
#[tokio::test]
async fn a_damaged_user_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let sign_in = cellar.sign_in_of(&cellar.alice, 60).await;
    damage(&cellar, "users", column, value).await;
    let (alice, login) = (cellar.alice.id, cellar.alice.login.clone());
    assert_corrupt(cellar.store.user(alice).await, ("users", column), alice);
    assert_corrupt(cellar.store.user_by_login(&login).await, ("users", column), alice);
    assert_corrupt(cellar.store.users(None, 9).await, ("users", column), alice);
    assert_corrupt(cellar.store.sign_in(sign_in).await, ("users", column), alice);
}

#[rstest]
#[tokio::test]
async fn a_grant_with_a_damaged_owner_names_the_owner(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    damage(&cellar, "users", "login", "''").await;
    assert_corrupt(cellar.store.grant(link).await, ("users", "login"), cellar.alice.id);
}

#[rstest]
#[case("secret_hash", "substr(secret_hash, 1, 31)")]
#[case("epoch", "-1")]
#[case("created_at", "NEVER")]
#[case("expires_at", "NEVER")]
#[tokio::test]
async fn a_damaged_sign_in_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let sign_in = cellar.sign_in_of(&cellar.alice, 60).await;
    damage(&cellar, "sign_ins", column, value).await;
    assert_corrupt(cellar.store.sign_in(sign_in).await, ("sign_ins", column), sign_in);
}

#[rstest]
#[case("scope", "'\"'")]
#[case("state", "'pending'")]
#[case("code_hash", "substr(code_hash, 1, 31)")]
#[case("code_expires_at", "NEVER")]
#[case("code_challenge", "'short'")]
#[case("created_at", "NEVER")]
#[case("redeemed_at", "NEVER")]
#[case("last_used_at", "NULL")]
#[case("last_used_at", "NEVER")]
#[case("refresh_hash", "NULL")]
#[case("refresh_hash", "substr(refresh_hash, 1, 31)")]
#[case("generation", "-1")]
#[case("rotations", "substr(rotations, 1, 7)")]
#[case("rotations", "BYTES")]
#[tokio::test]
async fn a_damaged_grant_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let link = link(&cellar).await;
    damage(&cellar, "grants", column, value).await;
    assert_corrupt(cellar.store.grant(link).await, ("grants", column), link);
    assert_corrupt(cellar.store.grants(&GrantFilter::default(), None, 9).await, ("grants", column), link);
    assert_corrupt(cellar.store.presented(&cellar.alexa.id, Some(link)).await, ("grants", column), link);
}

#[rstest]
#[tokio::test]
async fn a_damaged_scope_is_not_taken_for_what_was_allowed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    damage(&cellar, "grants", "scope", "'\"'").await;
    let allowed = cellar.store.links_of(cellar.alice.id, 9).await;
    assert_corrupt(allowed, ("grants", "scope"), link);
}

#[rstest]
#[case("NULL")]
#[case("NEVER")]
#[tokio::test]
async fn a_revoked_grant_without_its_end_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    cellar.store.revoke_grant(link, moment(2)).await.unwrap();
    damage(&cellar, "grants", "revoked_at", value).await;
    assert_corrupt(cellar.store.grant(link).await, ("grants", "revoked_at"), link);
}

#[rstest]
#[case("serial", "-1")]
#[case("created_at", "NEVER")]
#[tokio::test]
async fn a_damaged_key_names_itself(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] column: &str,
    #[case] value: &str,
) {
    let cellar = Cellar::on(backend).await;
    let purpose = KeyPurpose::SignEs256;
    let key = SealedKey { purpose, serial: 3, kid: "Kid".to_owned(), sealed: vec![1], created_at: moment(0) };
    cellar.store.add_key(&key).await.unwrap();
    damage(&cellar, "keys", column, value).await;
    assert_corrupt(cellar.store.keys(purpose).await, ("keys", column), "Kid");
}

#[rstest]
#[tokio::test]
async fn a_damaged_row_does_not_hide_the_others(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    damage(&cellar, "clients", "settings", "'broken'").await;
    let app = client("app");
    cellar.store.add_client(&app).await.unwrap();
    assert!(cellar.store.client(&app.id).await.unwrap().is_some());
}
