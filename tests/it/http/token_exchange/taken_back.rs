//! The customer took the permission back: the partner refuses the refresh token, and nothing of it is kept or used any more.

use rstest::rstest;

use super::{Stage, assert_refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// Both ways, and Amazon's customers take their permission back; the token has to be refreshed.
async fn stage_on(backend: Backend) -> Stage {
    let stage = Stage::on(backend).await;
    stage.amazon.remove_permission();
    stage.pass(56 * 60);
    stage
}

#[rstest]
#[tokio::test]
async fn the_reverse_link_is_revoked_and_says_so(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    let words = assert_refused(&stage.ask().await, 400, "invalid_grant");
    assert!(words.contains("revoked") && words.contains("link again"), "{words}");
}

#[rstest]
#[tokio::test]
async fn its_tokens_are_gone(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    stage.ask().await;
    let empty = "SELECT count(*) FROM reverse_links WHERE state = 'revoked' AND access_token IS NULL \
                 AND refresh_token IS NULL AND code IS NULL";
    assert_eq!(stage.rows().await.number(empty).await, 1);
}

#[rstest]
#[tokio::test]
async fn the_partner_is_asked_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    let before = stage.amazon.arrived();
    for _ in 0..3 {
        assert_refused(&stage.ask().await, 400, "invalid_grant");
    }
    assert_eq!(stage.amazon.arrived(), before + 1);
}

#[rstest]
#[tokio::test]
async fn the_link_itself_lives_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    assert_refused(&stage.ask().await, 400, "invalid_grant");
    assert!(stage.alexa.is_active(&stage.tokens.access).await);
    assert_eq!(stage.alexa.refresh(&stage.tokens.refresh).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn another_code_mends_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    assert_refused(&stage.ask().await, 400, "invalid_grant");
    stage.link_back(&stage.tokens).await;
    assert!(stage.amazon.is_valid(&stage.given().await));
}

#[rstest]
#[tokio::test]
async fn a_code_that_waits_already_makes_it_pending(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    stage.alexa.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await;
    assert_refused(&stage.ask().await, 503, "temporarily_unavailable");
    stage.app.exchange_due().await;
    assert!(stage.amazon.is_valid(&stage.given().await));
}

#[rstest]
#[tokio::test]
async fn links_of_others_are_left_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = stage_on(backend).await;
    let bob = stage.link_bob().await;
    stage.link_back(&bob).await;
    assert_refused(&stage.ask().await, 400, "invalid_grant");
    let token = super::partner_token_in(&stage.alexa.partner_token(&bob.access, &[]).await);
    assert!(stage.amazon.is_valid(&token));
}
