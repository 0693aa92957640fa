//! What belongs to a deleted user or client goes with it.

use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, client, moment, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn a_deleted_user_takes_sign_ins_and_grants_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let bob = user("Bob");
    cellar.store.add_user(&bob).await.unwrap();
    let (code, link) = (cellar.code().await.id, cellar.link().await);
    let (sign_in, kept_sign_in) = (cellar.sign_in_of(&cellar.alice, 60).await, cellar.sign_in_of(&bob, 60).await);
    let kept = cellar.link_of(&bob, &cellar.alexa).await;
    assert!(cellar.store.delete_user(cellar.alice.id).await.unwrap());
    assert!(!cellar.store.delete_user(cellar.alice.id).await.unwrap());
    for id in [code, link] {
        assert!(cellar.store.grant(id).await.unwrap().is_none());
    }
    assert!(cellar.store.sign_in(sign_in).await.unwrap().is_none());
    assert!(cellar.store.sign_in(kept_sign_in).await.unwrap().is_some());
    assert!(cellar.store.grant(kept).await.unwrap().is_some());
    assert_same(cellar.store.users(None, 9).await.unwrap(), vec![bob]);
    assert_same(cellar.store.clients().await.unwrap(), vec![cellar.alexa]);
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_takes_its_grants_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let app = client("app");
    cellar.store.add_client(&app).await.unwrap();
    let (code, link) = (cellar.code().await.id, cellar.link().await);
    let kept = cellar.link_of(&cellar.alice, &app).await;
    let sign_in = cellar.sign_in_of(&cellar.alice, 60).await;
    assert!(cellar.store.delete_client(&cellar.alexa.id).await.unwrap());
    assert!(!cellar.store.delete_client(&cellar.alexa.id).await.unwrap());
    for id in [code, link] {
        assert!(cellar.store.grant(id).await.unwrap().is_none());
    }
    assert!(cellar.store.grant(kept).await.unwrap().is_some());
    assert!(cellar.store.sign_in(sign_in).await.unwrap().is_some());
    assert_same(cellar.store.users(None, 9).await.unwrap(), vec![cellar.alice]);
    assert_same(cellar.store.clients().await.unwrap(), vec![app]);
}

#[rstest]
#[tokio::test]
async fn the_grants_of_a_client_are_forgotten_up_to_the_limit(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let app = client("app");
    cellar.store.add_client(&app).await.unwrap();
    let kept = cellar.link_of(&cellar.alice, &app).await;
    cellar.code().await;
    let revoked = cellar.link().await;
    cellar.store.revoke_grant(revoked, moment(2)).await.unwrap();
    for _ in 0..3 {
        cellar.link().await;
    }
    for forgotten in [2, 2, 1, 0] {
        assert_eq!(cellar.store.forget_grants_of(&cellar.alexa.id, 2).await.unwrap(), forgotten);
    }
    cellar.active(kept).await;
    assert_same(cellar.store.client(&cellar.alexa.id).await.unwrap(), Some(cellar.alexa));
}

#[rstest]
#[tokio::test]
async fn a_login_and_an_id_are_free_again_after_deletion(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.delete_user(cellar.alice.id).await.unwrap();
    cellar.store.delete_client(&cellar.alexa.id).await.unwrap();
    let (alice, alexa) = (user("ALICE"), client("alexa"));
    cellar.store.add_user(&alice).await.unwrap();
    cellar.store.add_client(&alexa).await.unwrap();
    assert_same(cellar.store.users(None, 9).await.unwrap(), vec![alice]);
    assert_same(cellar.store.clients().await.unwrap(), vec![alexa]);
}
