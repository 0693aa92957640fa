//! Grants are remembered, through their whole life.

use std::sync::Arc;

use couplet::app::SystemRandomness;
use couplet::model::grant::{ActiveGrant, CodeBinding, Grant, GrantState, RefreshState, Rotations};
use couplet::model::ids::{ClientId, GrantId};
use couplet::model::pkce::CodeChallenge;
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::store::grants::{Link, NewGrant, OwnedGrant, Presented, RedeemCode, RotateRefresh};
use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, client, moment, new_grant, successor, token_hash, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::CHALLENGE;

/// What is to be found of a code just issued by Alice.
fn owned(cellar: &Cellar, new: NewGrant) -> OwnedGrant {
    let NewGrant { id, user_id, client_id, scope, code, created_at } = new;
    let grant = Grant { id, user_id, client_id, scope, code, created_at, state: GrantState::Issued };
    OwnedGrant { grant, login: cellar.alice.login.clone(), owner_enabled: true }
}

#[rstest]
#[tokio::test]
async fn an_unknown_grant_is_not_found_and_not_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, link, unknown) = (&cellar.store, cellar.link().await, GrantId::random(&SystemRandomness));
    let before = cellar.active(link).await;
    let next = successor(&before.refresh, moment(2));
    assert!(store.grant(unknown).await.unwrap().is_none());
    let redeemed = store.redeem_code(unknown, &token_hash(7), &token_hash(0), moment(2)).await;
    assert_eq!(redeemed.unwrap(), RedeemCode::Spent);
    let rotated = store.rotate_refresh(unknown, &before.refresh, &next, moment(2)).await;
    assert_eq!(rotated.unwrap(), RotateRefresh::Overtaken);
    store.note_use(unknown, moment(2)).await.unwrap();
    store.note_refresh_used(unknown, 0).await.unwrap();
    assert!(!store.revoke_grant(unknown, moment(2)).await.unwrap());
    assert_same(cellar.active(link).await, before);
}

#[rstest]
#[tokio::test]
async fn a_code_without_its_user_or_client_is_not_issued(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    assert!(cellar.store.issue_code(&new_grant(&user("nobody"), &cellar.alexa)).await.is_err());
    assert!(cellar.store.issue_code(&new_grant(&cellar.alice, &client("nothing"))).await.is_err());
}

#[rstest]
#[tokio::test]
async fn a_code_that_is_wrong_or_late_is_not_redeemed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.code().await;
    for (code, at) in [(8, 1), (7, 300), (7, 301)] {
        let outcome = cellar.store.redeem_code(grant.id, &token_hash(code), &token_hash(0), moment(at)).await;
        assert_eq!(outcome.unwrap(), RedeemCode::Spent);
    }
    assert_same(cellar.store.grant(grant.id).await.unwrap(), Some(owned(&cellar, grant)));
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_not_in_force_is_not_replaced(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    let before = cellar.active(link).await;
    let next = successor(&before.refresh, moment(2));
    let other_hash = RefreshState { hash: token_hash(99), ..before.refresh.clone() };
    let other_generation = RefreshState { generation: 1, ..before.refresh.clone() };
    for from in [other_hash, other_generation] {
        let outcome = cellar.store.rotate_refresh(link, &from, &next, moment(2)).await;
        assert_eq!(outcome.unwrap(), RotateRefresh::Overtaken);
    }
    cellar.store.note_refresh_used(link, 1).await.unwrap();
    assert_same(cellar.active(link).await, before);
}

#[rstest]
#[tokio::test]
async fn nothing_happens_to_a_revoked_grant(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (code, link) = (cellar.code().await, cellar.link().await);
    let before = cellar.active(link).await.refresh;
    for id in [code.id, link] {
        assert!(cellar.store.revoke_grant(id, moment(2)).await.unwrap());
        assert!(!cellar.store.revoke_grant(id, moment(3)).await.unwrap());
        cellar.store.note_use(id, moment(3)).await.unwrap();
        cellar.store.note_refresh_used(id, 0).await.unwrap();
    }
    let redeemed = cellar.store.redeem_code(code.id, &code.code.hash, &token_hash(0), moment(3)).await;
    assert_eq!(redeemed.unwrap(), RedeemCode::Spent);
    let rotated = cellar.store.rotate_refresh(link, &before, &successor(&before, moment(3)), moment(3)).await;
    assert_eq!(rotated.unwrap(), RotateRefresh::Overtaken);
    assert!(!cellar.store.unlink(link, cellar.alice.id, moment(3)).await.unwrap());
    for id in [code.id, link] {
        assert_same(cellar.state(id).await, GrantState::Revoked { at: moment(2) });
    }
}

#[rstest]
#[tokio::test]
async fn a_link_is_not_ended_for_somebody_else(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (link, mallory) = (cellar.link().await, user("Mallory"));
    cellar.store.add_user(&mallory).await.unwrap();
    assert!(!cellar.store.unlink(link, mallory.id, moment(2)).await.unwrap());
    cellar.active(link).await;
    assert!(cellar.store.unlink(link, cellar.alice.id, moment(2)).await.unwrap());
    assert_same(cellar.state(link).await, GrantState::Revoked { at: moment(2) });
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_code_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let plain = new_grant(&cellar.alice, &cellar.alexa);
    let code = CodeBinding {
        hash: token_hash(0),
        expires_at: moment(-1),
        redirect_uri: RedirectUri::as_received("http://127.0.0.1:65535/cb?x=%00&'"),
        redirect_uri_given: false,
        challenge: Some(CodeChallenge::parse(CHALLENGE).unwrap()),
    };
    let scope = Scope::default();
    let other = NewGrant { scope, code, created_at: moment(-9), ..new_grant(&cellar.alice, &cellar.alexa) };
    for grant in [plain, other] {
        cellar.store.issue_code(&grant).await.unwrap();
        assert_same(cellar.store.grant(grant.id).await.unwrap(), Some(owned(&cellar, grant)));
    }
}

#[rstest]
#[tokio::test]
async fn a_redeemed_code_is_a_link_with_its_first_refresh_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let new = cellar.code().await;
    let at = moment(300) - chrono::Duration::milliseconds(1);
    let outcome = cellar.store.redeem_code(new.id, &new.code.hash, &token_hash(3), at).await.unwrap();
    assert_eq!(outcome, RedeemCode::Redeemed);
    let refresh = RefreshState { hash: token_hash(3), generation: 0, used: false, rotations: Rotations::default() };
    let mut expected = owned(&cellar, new.clone());
    expected.grant.state = GrantState::Active(ActiveGrant { redeemed_at: at, last_used_at: at, refresh });
    assert_same(cellar.store.grant(new.id).await.unwrap(), Some(expected));
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_rotated_token_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    let mut expected = cellar.active(link).await;
    let far = RefreshState { generation: u32::MAX, used: true, ..successor(&expected.refresh, moment(2)) };
    for (to, at) in [(successor(&expected.refresh, moment(2)), 2), (far, 3)] {
        let outcome = cellar.store.rotate_refresh(link, &expected.refresh, &to, moment(at)).await;
        assert_eq!(outcome.unwrap(), RotateRefresh::Rotated);
        expected = ActiveGrant { last_used_at: moment(at), refresh: to, ..expected };
        assert_same(cellar.active(link).await, expected.clone());
    }
}

#[rstest]
#[tokio::test]
async fn the_last_use_moves_forwards_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    for (use_at, last) in [(0, 1), (7, 7), (5, 7)] {
        cellar.store.note_use(link, moment(use_at)).await.unwrap();
        assert_eq!(cellar.active(link).await.last_used_at, moment(last));
    }
}

#[rstest]
#[tokio::test]
async fn the_use_of_the_token_in_force_is_noted(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    let before = cellar.active(link).await;
    for _ in 0..2 {
        cellar.store.note_refresh_used(link, 0).await.unwrap();
        let refresh = RefreshState { used: true, ..before.refresh.clone() };
        assert_same(cellar.active(link).await, ActiveGrant { refresh, ..before.clone() });
    }
}

#[rstest]
#[tokio::test]
async fn a_grant_is_found_with_its_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, id) = (&cellar.store, cellar.link().await);
    assert!(store.link(GrantId::random(&SystemRandomness)).await.unwrap().is_none());
    let owned = store.grant(id).await.unwrap().unwrap();
    let expected = Link { owned, client: Arc::new(cellar.alexa.clone()) };
    assert_same(store.link(id).await.unwrap(), Some(expected));
    store.revoke_grant(id, moment(5)).await.unwrap();
    store.disable_user(cellar.alice.id, moment(6)).await.unwrap();
    store.enable_client(&cellar.alexa.id, false).await.unwrap();
    let ended = store.link(id).await.unwrap().unwrap();
    assert!(!ended.owner_enabled && !ended.client.enabled && matches!(ended.grant.state, GrantState::Revoked { .. }));
}

#[rstest]
#[tokio::test]
async fn a_client_is_presented_with_the_grant_it_names(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, link, app) = (&cellar.store, cellar.link().await, client("app"));
    store.add_client(&app).await.unwrap();
    let unknown = ClientId::parse("unknown").unwrap();
    assert!(store.presented(&unknown, Some(link)).await.unwrap().is_none());
    for (client, named) in [
        (&cellar.alexa, None),
        (&cellar.alexa, Some(GrantId::random(&SystemRandomness))),
        (&cellar.alexa, Some(link)),
        (&app, Some(link)),
    ] {
        let owned = match named {
            Some(id) => store.grant(id).await.unwrap(),
            None => None,
        };
        let link = owned.map(|owned| Link { owned, client: Arc::new(cellar.alexa.clone()) });
        let found = store.presented(&client.id, named).await.unwrap();
        assert_same(found, Some(Presented { client: Arc::new(client.clone()), link }));
    }
}
