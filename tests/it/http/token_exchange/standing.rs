//! Where a reverse link is in its life decides what its backend is told, in words that say what helps.

use rstest::rstest;

use super::{Stage, assert_refused, partner_token_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault;

#[rstest]
#[tokio::test]
async fn a_link_without_a_code_was_never_linked_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    let words = assert_refused(&stage.ask().await, 400, "invalid_target");
    assert!(words.contains("no reverse link") && words.contains("link again"), "{words}");
}

#[rstest]
#[tokio::test]
async fn a_code_that_waits_is_pending(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    stage.alexa.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await;
    let answer = stage.ask().await;
    let words = assert_refused(&answer, 503, "temporarily_unavailable");
    assert!(words.contains("pending"), "{words}");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[rstest]
#[tokio::test]
async fn a_code_that_was_not_exchanged_yet_stays_pending(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    stage.amazon.fail_next([WireFault::Broken]);
    stage.link_back(&stage.tokens).await;
    assert_refused(&stage.ask().await, 503, "temporarily_unavailable");
    stage.pass(1);
    stage.app.exchange_due().await;
    stage.given().await;
}

#[rstest]
#[tokio::test]
async fn a_code_that_the_partner_refuses_is_failed(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await;
    stage.app.exchange_due().await;
    let words = assert_refused(&stage.ask().await, 400, "invalid_grant");
    assert!(words.contains("failed") && words.contains("link again"), "{words}");
}

#[rstest]
#[tokio::test]
async fn a_later_code_mends_a_failed_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await;
    stage.app.exchange_due().await;
    stage.link_back(&stage.tokens).await;
    assert!(stage.amazon.is_valid(&stage.given().await));
}

#[rstest]
#[tokio::test]
async fn a_later_code_that_fails_leaves_the_tokens_in_force(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let before = stage.given().await;
    stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await;
    assert_eq!(stage.given().await, before, "while it waits");
    stage.app.exchange_due().await;
    assert_eq!(stage.given().await, before, "and afterwards");
}

#[rstest]
#[tokio::test]
async fn a_link_that_ended_takes_its_tokens_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert_eq!(stage.alexa.revoke(&stage.tokens.refresh).await.status, 200);
    assert_eq!(stage.rows().await.count("reverse_links").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_link_made_anew_does_not_inherit_the_tokens_of_the_one_before(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let anew = stage.alexa.link(&stage.app.person()).await;
    let answer = stage.alexa.partner_token(&anew.access, &[]).await;
    assert_refused(&answer, 400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn a_partner_configured_under_another_name_does_not_get_the_former_one_s_tokens(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let stage = Stage::on(backend).await;
    stage.app.set_partner("alexa", "amazon", &stage.amazon).await;
    assert_refused(&stage.ask().await, 400, "invalid_target");
    let renamed = [("audience", "amazon")];
    let answer = stage.alexa.partner_token(&stage.tokens.access, &renamed).await;
    let words = assert_refused(&answer, 400, "invalid_target");
    assert!(words.contains("link again"), "{words}");
    stage.link_back(&stage.tokens).await;
    partner_token_in(&stage.alexa.partner_token(&stage.tokens.access, &renamed).await);
}

#[rstest]
#[tokio::test]
async fn a_partner_configured_again_under_its_name_keeps_its_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let before = stage.given().await;
    stage.app.set_partner("alexa", "alexa", &stage.amazon).await;
    assert_eq!(stage.given().await, before);
}

#[rstest]
#[tokio::test]
async fn tokens_of_another_account_at_the_partner_are_neither_given_nor_lost(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let stage = Stage::on(backend).await;
    let before = stage.given().await;
    stage.app.set_account("alexa", "amzn1.application-oa2-client.mistyped", &stage.amazon).await;
    let words = assert_refused(&stage.ask().await, 400, "invalid_target");
    assert!(words.contains("set-partner"), "{words}");
    stage.pass(58 * 60);
    assert_refused(&stage.ask().await, 400, "invalid_target");
    stage.app.set_partner("alexa", "alexa", &stage.amazon).await;
    assert_ne!(stage.given().await, before, "set back, it is refreshed");
    stage.amazon.assert_content();
}
