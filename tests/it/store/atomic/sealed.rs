//! A sealed value is exchanged for another one only as long as nobody changed it.

use couplet::store::keys::{KeyPurpose, SealedKey};
use couplet::store::sealed::SealedColumn::{Key, ReverseAccessToken, ReverseCode};
use rstest::rstest;

use crate::store::cellar::{Cellar, count, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::rows::Rows;

#[rstest]
#[tokio::test]
async fn what_was_written_meanwhile_is_not_overwritten(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await.to_string();
    let mut rows = Rows::of(&cellar.database).await;
    let (id, old) = (rows.id(&link), rows.bytes(b"old"));
    rows.change(&format!(
        "INSERT INTO reverse_links (grant_id, partner, state, version, seen_codes, code, attempts, access_token, \
         created_at, changed_at) VALUES ({id}, 'lwa', 'pending', 1, {old}, {old}, 0, {old}, 0, 0)"
    ))
    .await;
    let newer = rows.bytes(b"newer");
    rows.change(&format!("UPDATE reverse_links SET code = {newer}")).await;
    assert!(!cellar.store.reseal(ReverseCode, &link, b"old", b"anew").await.unwrap());
    assert!(!cellar.store.reseal(ReverseCode, "no id", b"newer", b"anew").await.unwrap());
    assert_eq!(rows.number("SELECT version FROM reverse_links").await, 1);
    assert!(cellar.store.reseal(ReverseAccessToken, &link, b"old", b"anew").await.unwrap());
    assert_eq!(rows.number("SELECT version FROM reverse_links").await, 2);
    for (column, expected) in [(ReverseCode, b"newer".as_slice()), (ReverseAccessToken, b"anew")] {
        assert_eq!(cellar.store.sealed_values(column, None, 9).await.unwrap()[0].sealed, expected);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_exchanges_a_value(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (purpose, kid, created_at) = (KeyPurpose::TokenRoot, "kid".to_owned(), moment(0));
    cellar.store.add_key(&SealedKey { purpose, serial: 3, kid, sealed: b"old".to_vec(), created_at }).await.unwrap();
    let outcomes = cellar.crowd(|store, number| async move {
        store.reseal(Key, "token-root/3", b"old", number.to_string().as_bytes()).await.unwrap()
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, true), 1);
    let winner = outcomes.iter().position(|won| *won).unwrap().to_string();
    assert_eq!(cellar.store.keys(purpose).await.unwrap()[0].sealed, winner.as_bytes());
}
