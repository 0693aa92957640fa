//! However a link ends, nothing of its reverse link is left.

use rstest::rstest;

use couplet::model::ids::{ClientId, GrantId};
use couplet::model::login::Login;
use couplet::model::time::Clock;
use couplet::store::grants::GrantFilter;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::platform::Tokens;
use crate::support::rows::Rows;
use crate::support::two_way::TwoWay;

/// A server on which Alice has linked Alexa both ways.
async fn linked(backend: Backend) -> (TestApp, Tokens) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let amazon = app.add_amazon().await;
    let tokens = app.link_both_ways(&amazon).await;
    assert_eq!(count(&app).await, 1);
    assert_eq!(app.alexa().partner_token(&tokens.access, &[]).await.status, 200);
    (app, tokens)
}

async fn count(app: &TestApp) -> i64 {
    Rows::of(&app.database).await.count("reverse_links").await
}

async fn assert_forgotten(app: &TestApp, tokens: &Tokens) {
    assert_eq!(count(app).await, 0);
    let answer = app.alexa().partner_token(&tokens.access, &[]).await;
    assert!(answer.status == 400 || answer.status == 401, "{} {}", answer.status, answer.json);
}

async fn grant_id(app: &TestApp) -> GrantId {
    app.database.store.grants(&GrantFilter::default(), None, 9).await.unwrap().remove(0).link.grant.id
}

#[rstest]
#[tokio::test]
async fn a_person_who_unlinks_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, tokens) = linked(backend).await;
    let alice = app.person();
    let page = alice.open(&format!("{}/account", app.url)).await;
    alice.sign_in(&page, ALICE, PASSWORD).await;
    let page = alice.open(&format!("{}/account", app.url)).await;
    alice.post("/account/unlink", &[("grant", &page.value("grant")), ("csrf", &page.value("csrf"))]).await;
    assert_forgotten(&app, &tokens).await;
}

#[rstest]
#[tokio::test]
async fn a_platform_that_revokes_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, tokens) = linked(backend).await;
    assert_eq!(app.alexa().revoke(&tokens.refresh).await.status, 200);
    assert_forgotten(&app, &tokens).await;
}

#[rstest]
#[tokio::test]
async fn a_store_that_revokes_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, tokens) = linked(backend).await;
    assert!(app.database.store.revoke_grant(grant_id(&app).await, app.clock.now()).await.unwrap());
    assert_forgotten(&app, &tokens).await;
}

#[rstest]
#[tokio::test]
async fn an_operator_who_revokes_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let tokens = two_way.link_both_ways().await;
    let program = &two_way.stage.program;
    program.run(&format!("grant revoke {}", two_way.grant()["id"].as_str().unwrap())).done();
    assert_eq!(Rows::at(&program.database_url()).await.count("reverse_links").await, 0);
    assert_eq!(two_way.partner_token(&tokens).await.error(), "invalid_request");
}

#[rstest]
#[tokio::test]
async fn a_code_that_is_replayed_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let alexa = app.add_alexa(|settings| settings.repeat_exchange = false).await;
    let amazon = app.add_amazon().await;
    let code = alexa.code_from(&app.person()).await;
    let tokens = Tokens::from(&alexa.exchange(&code, &[]).await);
    assert_eq!(alexa.hand_over(&tokens.access, amazon.issue_code().expose()).await.status, 200);
    app.exchange_due().await;
    assert_eq!(count(&app).await, 1);
    assert_eq!(alexa.exchange(&code, &[]).await.error(), "invalid_grant");
    assert_forgotten(&app, &tokens).await;
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, tokens) = linked(backend).await;
    let alice = app.database.store.user_by_login(&Login::parse(ALICE).unwrap()).await.unwrap().unwrap();
    assert!(app.database.store.delete_user(alice.id).await.unwrap());
    assert_forgotten(&app, &tokens).await;
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_leaves_neither_tokens_nor_partner(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, tokens) = linked(backend).await;
    assert!(app.database.store.delete_client(&ClientId::parse("alexa").unwrap()).await.unwrap());
    assert_forgotten(&app, &tokens).await;
    assert_eq!(Rows::of(&app.database).await.count("partners").await, 0);
}
