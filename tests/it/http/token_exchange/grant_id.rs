//! A link named by its grant id, for work while no user is there: only for clients that may, and only while the link lives.

use couplet::model::client::ClientSettings;
use couplet::model::time::Clock;
use rstest::rstest;

use super::{GRANT_ID, Stage, assert_refused, partner_token_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};

fn may(settings: &mut ClientSettings) {
    settings.exchange_grant_id = true;
}

/// Both ways, with a client that may name links by their id; gives the id as well.
async fn stage_on(backend: Backend) -> (Stage, String) {
    let stage = Stage::with(backend, |_| {}, may).await;
    stage.link_back(&stage.tokens).await;
    let id = stage.grant_id().await;
    (stage, id)
}

#[rstest]
#[tokio::test]
async fn a_client_that_may_not_gets_nothing_by_a_grant_id(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let answer = stage.alexa.partner_token(&stage.grant_id().await, &[GRANT_ID]).await;
    assert_refused(&answer, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn a_backend_that_may_not_gets_nothing_by_a_grant_id(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, id) = stage_on(backend).await;
    let service = stage.add_backend(|_| {}).await;
    assert_refused(&service.partner_token(&id, &[GRANT_ID]).await, 400, "invalid_request");
}

#[rstest]
#[case("00000000-0000-0000-0000-000000000000")]
#[case("not-an-id")]
#[case("*")]
#[tokio::test]
async fn an_id_of_no_link_gets_nothing(#[case] id: &str) {
    let (stage, _) = stage_on(Sqlite).await;
    assert_refused(&stage.alexa.partner_token(id, &[GRANT_ID]).await, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn an_access_token_is_no_grant_id() {
    let (stage, _) = stage_on(Sqlite).await;
    assert_refused(&stage.alexa.partner_token(&stage.tokens.access, &[GRANT_ID]).await, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn an_ended_link_s_id_gets_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, id) = stage_on(backend).await;
    assert_eq!(stage.alexa.revoke(&stage.tokens.refresh).await.status, 200);
    assert_refused(&stage.alexa.partner_token(&id, &[GRANT_ID]).await, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn the_id_of_a_disabled_user_s_link_gets_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, id) = stage_on(backend).await;
    stage.app.database.store.disable_user(stage.alice, stage.app.clock.now()).await.unwrap();
    assert_refused(&stage.alexa.partner_token(&id, &[GRANT_ID]).await, 400, "invalid_request");
    stage.app.database.store.enable_user(stage.alice).await.unwrap();
    partner_token_in(&stage.alexa.partner_token(&id, &[GRANT_ID]).await);
}

#[rstest]
#[tokio::test]
async fn a_client_that_may_gets_a_token_long_after_the_user_left(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, id) = stage_on(backend).await;
    stage.pass(30 * 86_400);
    assert_refused(&stage.ask().await, 400, "invalid_request");
    let token = partner_token_in(&stage.alexa.partner_token(&id, &[GRANT_ID]).await);
    assert!(stage.amazon.is_valid(&token));
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_backend_that_may_gets_a_token_whatever_its_client_may(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let service = stage.add_backend(may).await;
    let token = partner_token_in(&service.partner_token(&stage.grant_id().await, &[GRANT_ID]).await);
    assert_eq!(token, stage.given().await);
}
