//! Sign-ins are remembered.

use couplet::app::SystemRandomness;
use couplet::model::approval::FirstFactor;
use couplet::model::ids::SignInId;
use couplet::model::user::{SignIn, User};
use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, moment, sign_in, token_hash, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn an_unknown_sign_in_is_not_found_and_ends_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (known, unknown) = (cellar.sign_in_of(&cellar.alice, 60).await, SignInId::random(&SystemRandomness));
    assert!(cellar.store.sign_in(unknown).await.unwrap().is_none());
    cellar.store.end_sign_in(unknown).await.unwrap();
    assert!(cellar.store.sign_in(known).await.unwrap().is_some());
}

#[rstest]
#[tokio::test]
async fn nobody_signs_in_who_does_not_exist(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    assert!(cellar.store.add_sign_in(&sign_in(&user("nobody"), 60)).await.is_err());
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_sign_in_comes_back_with_its_user(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let disabled = User { disabled_at: Some(moment(3)), password_hash: None, ..user("disabled") };
    cellar.store.add_user(&disabled).await.unwrap();
    for user in [cellar.alice.clone(), disabled] {
        let (secret_hash, created_at, expires_at) = (token_hash(0), moment(-1), moment(86_400));
        let (first, approved) = (FirstFactor::TextCode, true);
        let own = SignIn { secret_hash, first, approved, ..sign_in(&user, 0) };
        let sign_in = SignIn { epoch: u32::MAX, created_at, expires_at, ..own };
        cellar.store.add_sign_in(&sign_in).await.unwrap();
        assert_same(cellar.store.sign_in(sign_in.id).await.unwrap(), Some((sign_in, user)));
    }
}

#[rstest]
#[tokio::test]
async fn one_browser_signs_out_and_the_other_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (phone, laptop) = (cellar.sign_in_of(&cellar.alice, 60).await, cellar.sign_in_of(&cellar.alice, 60).await);
    cellar.store.end_sign_in(phone).await.unwrap();
    assert!(cellar.store.sign_in(phone).await.unwrap().is_none());
    assert!(cellar.store.sign_in(laptop).await.unwrap().is_some());
}

#[rstest]
#[tokio::test]
async fn a_better_hash_of_the_same_password_signs_nobody_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.sign_in_of(&cellar.alice, 60).await;
    assert!(cellar.store.rehash_password(cellar.alice.id, "first hash", "better hash").await.unwrap());
    assert!(cellar.store.sign_in(id).await.unwrap().is_some());
}
