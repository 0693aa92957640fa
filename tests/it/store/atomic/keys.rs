//! One key gets a number, and one rotation of the master key is under way.

use couplet::store::keys::{AddKey, KeyPurpose, SealedKey};
use rstest::rstest;

use crate::store::cellar::{Cellar, count, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_adds_the_next_key(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let purpose = KeyPurpose::SignEs256;
    let outcomes = cellar.crowd(|store, number| async move {
        let (kid, sealed) = (number.to_string(), vec![u8::try_from(number).unwrap(); 64]);
        store.add_key(&SealedKey { purpose, serial: 1, kid, sealed, created_at: moment(0) }).await.unwrap()
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, AddKey::Added), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == AddKey::Added).unwrap();
    let keys = cellar.store.keys(purpose).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].kid, winner.to_string());
    assert_eq!(keys[0].sealed, vec![u8::try_from(winner).unwrap(); 64]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_begins_a_rotation_with_both_its_rows(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let row = |purpose, number: usize| {
        let (kid, sealed) = (number.to_string(), vec![u8::try_from(number).unwrap(); 64]);
        SealedKey { purpose, serial: 0, kid, sealed, created_at: moment(0) }
    };
    let outcomes = cellar.crowd(|store, number| async move {
        store.hand_over(&row(KeyPurpose::NextMaster, number), &row(KeyPurpose::FormerMaster, number)).await.unwrap()
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, AddKey::Added), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == AddKey::Added).unwrap().to_string();
    for purpose in [KeyPurpose::NextMaster, KeyPurpose::FormerMaster] {
        let kids: Vec<String> = cellar.store.keys(purpose).await.unwrap().into_iter().map(|key| key.kid).collect();
        assert_eq!(kids.join(","), winner, "{purpose:?}");
    }
}
