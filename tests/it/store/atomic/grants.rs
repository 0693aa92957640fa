//! Each step in the life of a link is taken once.

use couplet::model::grant::GrantState;
use couplet::store::grants::{RedeemCode, RotateRefresh};
use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar, assert_same, count, moment, successor, token_hash};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_redeems_a_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.code().await;
    let (id, code) = (grant.id, grant.code.hash);
    let outcomes = cellar.crowd(|store, number| {
        let (code, refresh) = (code.clone(), token_hash(u8::try_from(number).unwrap()));
        async move { store.redeem_code(id, &code, &refresh, moment(1)).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, RedeemCode::Redeemed), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == RedeemCode::Redeemed).unwrap();
    assert_eq!(cellar.active(id).await.refresh.hash, token_hash(u8::try_from(winner).unwrap()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_refused_is_never_redeemed_and_a_link_is_not_ended_as_a_code(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    let (grant, link) = (cellar.code().await, cellar.link().await);
    assert!(cellar.store.end_issued(grant.id, moment(7)).await.unwrap());
    assert!(!cellar.store.end_issued(grant.id, moment(8)).await.unwrap());
    assert!(!cellar.store.end_issued(link, moment(8)).await.unwrap());
    let redeemed = cellar.store.redeem_code(grant.id, &grant.code.hash, &token_hash(1), moment(1)).await.unwrap();
    assert_eq!(redeemed, RedeemCode::Spent);
    assert_same(cellar.state(grant.id).await, GrantState::Revoked { at: moment(7) });
    cellar.active(link).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_replaces_a_refresh_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.link().await;
    let from = cellar.active(id).await.refresh;
    let outcomes = cellar.crowd(|store, number| {
        let (from, mut to) = (from.clone(), successor(&from, moment(2)));
        to.hash = token_hash(100 + u8::try_from(number).unwrap());
        async move { store.rotate_refresh(id, &from, &to, moment(2)).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, RotateRefresh::Rotated), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == RotateRefresh::Rotated).unwrap();
    let refresh = cellar.active(id).await.refresh;
    assert_eq!((refresh.generation, refresh.hash), (1, token_hash(100 + u8::try_from(winner).unwrap())));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_ends_a_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (id, owner) = (cellar.link().await, cellar.alice.id);
    let outcomes = cellar.crowd(|store, number| async move {
        let at = moment(i64::try_from(number).unwrap());
        if number % 4 < 2 {
            store.revoke_grant(id, at).await.unwrap()
        } else {
            store.unlink(id, owner, at).await.unwrap()
        }
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, true), 1);
    let winner = outcomes.iter().position(|won| *won).unwrap();
    assert_same(cellar.state(id).await, GrantState::Revoked { at: moment(i64::try_from(winner).unwrap()) });
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_while_it_is_redeemed_ends_revoked(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.code().await;
    let (id, code) = (grant.id, grant.code.hash);
    let redeemed = cellar.crowd(|store, number| {
        let code = code.clone();
        async move {
            if number == CROWD / 2 {
                assert!(store.revoke_grant(id, moment(2)).await.unwrap());
                return false;
            }
            store.redeem_code(id, &code, &token_hash(0), moment(1)).await.unwrap() == RedeemCode::Redeemed
        }
    });
    assert!(count(&redeemed.await, true) <= 1);
    assert_same(cellar.state(id).await, GrantState::Revoked { at: moment(2) });
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_while_it_is_rotated_ends_revoked(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.link().await;
    let from = cellar.active(id).await.refresh;
    let rotated = cellar.crowd(|store, number| {
        let (from, to) = (from.clone(), successor(&from, moment(2)));
        async move {
            if number == CROWD / 2 {
                assert!(store.revoke_grant(id, moment(3)).await.unwrap());
                return false;
            }
            store.rotate_refresh(id, &from, &to, moment(2)).await.unwrap() == RotateRefresh::Rotated
        }
    });
    assert!(count(&rotated.await, true) <= 1);
    assert_same(cellar.state(id).await, GrantState::Revoked { at: moment(3) });
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_latest_of_many_uses_is_the_last_use(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.link().await;
    let noted = cellar.crowd(|store, number| async move {
        // 37 and 64 have no common factor: the moments come in no order.
        store.note_use(id, moment(2 + i64::try_from(number * 37 % CROWD).unwrap())).await.unwrap();
    });
    noted.await;
    assert_eq!(cellar.active(id).await.last_used_at, moment(65));
}
