//! Keys are remembered.

use couplet::store::keys::{AddKey, KeyPurpose, SealedKey};
use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};

fn key(purpose: KeyPurpose, serial: u32) -> SealedKey {
    let created_at = moment(i64::from(serial));
    SealedKey { purpose, serial, kid: format!("kid {serial}"), sealed: (0..=255).collect(), created_at }
}

#[rstest]
#[tokio::test]
async fn a_taken_number_is_not_given_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let first = key(KeyPurpose::TokenRoot, 1);
    cellar.store.add_key(&first).await.unwrap();
    let second = SealedKey { kid: "other".to_owned(), sealed: vec![1], ..first.clone() };
    assert_eq!(cellar.store.add_key(&second).await.unwrap(), AddKey::SerialTaken);
    assert_same(cellar.store.keys(KeyPurpose::TokenRoot).await.unwrap(), vec![first]);
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_key_comes_back_in_order_of_its_number(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let keys = [0, 2, 10, u32::MAX].map(|serial| key(KeyPurpose::SignEs256, serial));
    for key in keys.iter().rev() {
        assert_eq!(cellar.store.add_key(key).await.unwrap(), AddKey::Added);
    }
    assert_same(cellar.store.keys(KeyPurpose::SignEs256).await.unwrap(), keys.to_vec());
}

#[rstest]
#[tokio::test]
async fn each_purpose_counts_for_itself(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let keys = [key(KeyPurpose::SignEs256, 1), key(KeyPurpose::TokenRoot, 1)];
    for key in &keys {
        assert_eq!(cellar.store.add_key(key).await.unwrap(), AddKey::Added);
    }
    for key in keys {
        assert_same(cellar.store.keys(key.purpose).await.unwrap(), vec![key]);
    }
}

#[rstest]
#[tokio::test]
async fn a_key_is_forgotten_by_its_name_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let kept = [key(KeyPurpose::NextMaster, 1), key(KeyPurpose::FormerMaster, 2)];
    for key in [&key(KeyPurpose::NextMaster, 2), &kept[0], &kept[1]] {
        cellar.store.add_key(key).await.unwrap();
    }
    for _ in 0..2 {
        cellar.store.delete_key(KeyPurpose::NextMaster, "kid 2").await.unwrap();
    }
    for key in kept {
        assert_same(cellar.store.keys(key.purpose).await.unwrap(), vec![key]);
    }
}

#[rstest]
#[tokio::test]
async fn a_second_rotation_adds_neither_of_its_rows(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (next, former) = (key(KeyPurpose::NextMaster, 0), key(KeyPurpose::FormerMaster, 0));
    assert_eq!(cellar.store.hand_over(&next, &former).await.unwrap(), AddKey::Added);
    let others = (SealedKey { kid: "other".to_owned(), ..next.clone() }, key(KeyPurpose::FormerMaster, 1));
    assert_eq!(cellar.store.hand_over(&others.0, &others.1).await.unwrap(), AddKey::SerialTaken);
    assert_same(cellar.store.keys(KeyPurpose::NextMaster).await.unwrap(), vec![next]);
    assert_same(cellar.store.keys(KeyPurpose::FormerMaster).await.unwrap(), vec![former]);
}

#[rstest]
#[tokio::test]
async fn a_rotation_whose_former_key_has_no_free_number_does_not_begin(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let former = key(KeyPurpose::FormerMaster, 0);
    cellar.store.add_key(&former).await.unwrap();
    let late = SealedKey { sealed: vec![1], ..former };
    let outcome = cellar.store.hand_over(&key(KeyPurpose::NextMaster, 0), &late).await.unwrap();
    assert_eq!(outcome, AddKey::SerialTaken);
    assert!(cellar.store.keys(KeyPurpose::NextMaster).await.unwrap().is_empty());
}
