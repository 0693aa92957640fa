//! Two master keys side by side, seen from inside: who learns which key, and when.

use std::sync::Arc;
use std::time::Duration;

use couplet::app::{SystemClock, SystemRandomness};
use couplet::model::time::Clock;
use couplet::store::keys::{KeyPurpose, SealedKey};
use couplet::tokens::handover::{Rotation, begin, finish, learn_keys};
use couplet::tokens::keys::{KeyParts, Keys};
use couplet::tokens::master_key::MasterKey;
use couplet::tokens::seal::{KeyName, Place, Sealer};
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{TestApp, TestStore};

const NEXT: Place<'static> = Place { table: "keys", column: "sealed", row: "next-master/0" };

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

fn sealer(byte: u8) -> Sealer {
    Sealer::new(&key(byte)).unwrap()
}

fn name(byte: u8) -> KeyName {
    sealer(byte).current()
}

/// Begins a rotation as the command does, with `old` in its file.
async fn rotation(database: &TestStore, old: u8, new: u8) -> Rotation {
    let sealer = sealer(old);
    learn_keys(&*database.store, &sealer).await.unwrap();
    begin(&*database.store, &sealer, &key(old), &key(new), SystemClock.now()).await.unwrap()
}

/// What a server with that file knows.
async fn learnt(database: &TestStore, file: u8) -> Sealer {
    let sealer = sealer(file);
    learn_keys(&*database.store, &sealer).await.unwrap();
    sealer
}

/// A row as only somebody could write it who knows the key `byte`.
async fn forge_next(database: &TestStore, byte: u8, kid: String) {
    let sealed = sealer(byte).seal(NEXT, &[66; 32]).unwrap();
    let row = SealedKey { purpose: KeyPurpose::NextMaster, serial: 0, kid, sealed, created_at: SystemClock.now() };
    database.store.add_key(&row).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_key_that_was_replaced_has_no_say_in_what_comes_next(#[values(Sqlite, Postgres)] backend: Backend) {
    let database = TestStore::on(backend).await;
    assert_eq!(rotation(&database, 1, 2).await, Rotation::UnderWay);
    finish(&*database.store, name(2)).await.unwrap();
    let server = learnt(&database, 2).await;
    forge_next(&database, 1, name(66).to_string()).await;
    learn_keys(&*database.store, &server).await.unwrap();
    assert!(server.knows(&name(1).to_string()) && server.current() == name(2));
    assert!(!server.knows(&name(66).to_string()));
}

#[rstest]
#[tokio::test]
async fn a_key_under_the_name_of_another_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let database = TestStore::on(backend).await;
    forge_next(&database, 1, name(2).to_string()).await;
    let server = sealer(1);
    assert!(learn_keys(&*database.store, &server).await.is_err());
    assert_eq!(server.current(), name(1));
}

#[rstest]
#[tokio::test]
async fn while_it_is_under_way_either_file_knows_both_keys_and_seals_under_the_new(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let database = TestStore::on(backend).await;
    rotation(&database, 1, 2).await;
    for file in [1, 2] {
        let server = learnt(&database, file).await;
        assert!(server.knows(&name(1).to_string()) && server.current() == name(2), "{file}");
    }
    for (old, new, expected) in [
        (1, 2, Rotation::UnderWay),
        (2, 2, Rotation::UnderWay),
        (1, 3, Rotation::Another(name(2).to_string())),
        (2, 1, Rotation::Another(name(2).to_string())),
    ] {
        assert_eq!(rotation(&database, old, new).await, expected);
    }
    assert_eq!(database.store.keys(KeyPurpose::FormerMaster).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn afterwards_the_old_file_learns_nothing_and_the_new_one_still_opens_everything(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let database = TestStore::on(backend).await;
    for (old, new) in [(1, 2), (2, 3), (3, 1), (1, 4)] {
        assert_eq!(rotation(&database, old, new).await, Rotation::UnderWay);
        finish(&*database.store, name(new)).await.unwrap();
        assert_eq!(rotation(&database, new, new).await, Rotation::NotNeeded);
    }
    assert!(!learnt(&database, 3).await.knows(&name(4).to_string()));
    let server = learnt(&database, 4).await;
    assert!([1, 2, 3].iter().all(|former| server.knows(&name(*former).to_string())) && server.current() == name(4));
}

#[rstest]
#[tokio::test]
async fn a_server_that_meets_an_unknown_master_key_learns_it_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    // Its jobs do not run.
    let app = TestApp::on(backend).await;
    rotation(&app.database, 7, 8).await;
    let parts = KeyParts {
        store: app.database.store.clone(),
        sealer: Arc::new(sealer(8)),
        clock: app.clock.clone(),
        overlap: Duration::from_secs(3600),
    };
    let added = Keys::open(parts, &SystemRandomness).await.unwrap().rotate().await.unwrap();
    let published = app.app.protocol.keys.published().await.unwrap();
    assert_eq!(published.last().unwrap().key.jwk().kid, added.key.jwk().kid);
    assert_eq!(published.len(), 2);
}
