//! A service's backend, a client of its own (`backend_of`): it sees the tokens and gets the partner tokens of its clients'
//! links, and of no others.

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::ids::ClientId;
use rstest::rstest;

use super::{Stage, assert_refused, partner_token_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;

#[rstest]
#[tokio::test]
async fn it_gets_nothing_for_links_of_other_clients(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let service = stage.add_backend(|_| {}).await;
    let other = stage.app.add_app("other", Some(SECRET), |_| {}).await;
    stage.app.set_partner("other", "alexa", &stage.amazon).await;
    let tokens = other.link(&stage.app.person()).await;
    assert_eq!(other.hand_over(&tokens.access, stage.amazon.issue_code().expose()).await.status, 200);
    stage.app.exchange_due().await;
    assert_refused(&service.partner_token(&tokens.access, &[]).await, 400, "invalid_request");
    partner_token_in(&other.partner_token(&tokens.access, &[]).await);
}

#[rstest]
#[tokio::test]
async fn it_gets_nothing_once_its_client_is_disabled(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let service = stage.add_backend(|_| {}).await;
    stage.app.database.store.enable_client(&ClientId::parse("alexa").unwrap(), false).await.unwrap();
    assert_refused(&service.partner_token(&stage.tokens.access, &[]).await, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn the_clients_it_serves_are_no_backends_of_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let service = stage.add_backend(|_| {}).await;
    stage.app.set_partner("backend", "alexa", &stage.amazon).await;
    let tokens = service.link(&stage.app.person()).await;
    assert_refused(&stage.alexa.partner_token(&tokens.access, &[]).await, 400, "invalid_request");
    assert!(!stage.alexa.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn it_hands_over_no_code_for_its_clients(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    let service = stage.add_backend(|_| {}).await;
    stage.app.set_partner("backend", "alexa", &stage.amazon).await;
    let answer = service.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await;
    assert_eq!((answer.status.as_u16(), answer.error()), (403, "access_denied"));
    assert_eq!(stage.rows().await.count("reverse_links").await, 0);
}

#[rstest]
#[tokio::test]
async fn it_gets_the_tokens_of_its_clients_links(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |_| {}, |settings| settings.access_token = format).await;
    stage.link_back(&stage.tokens).await;
    let service = stage.add_backend(|_| {}).await;
    let token = partner_token_in(&service.partner_token(&stage.tokens.access, &[]).await);
    assert!(stage.amazon.is_valid(&token));
    assert_eq!(token, stage.given().await);
}

#[rstest]
#[tokio::test]
async fn its_own_partner_is_not_asked_for_its_clients_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let service = stage.add_backend(|_| {}).await;
    stage.app.set_partner("backend", "own", &stage.amazon).await;
    let own = service.partner_token(&stage.tokens.access, &[("audience", "own")]).await;
    assert_refused(&own, 400, "invalid_target");
    partner_token_in(&service.partner_token(&stage.tokens.access, &[]).await);
}

#[rstest]
#[tokio::test]
async fn it_sees_its_clients_tokens_and_no_others(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |_| {}, |settings| settings.access_token = format).await;
    let service = stage.add_backend(|_| {}).await;
    let other = stage.app.add_app("other", Some(SECRET), |settings| settings.access_token = format).await;
    let others = other.link(&stage.app.person()).await;
    assert!(service.is_active(&stage.tokens.access).await && service.is_active(&stage.tokens.refresh).await);
    assert!(!service.is_active(&others.access).await && !service.is_active(&others.refresh).await);
}
