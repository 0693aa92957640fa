//! The partner is away when a token must be refreshed: one that still lives is given, the link outlives the fault.

use couplet::rehearse::login_with_amazon::Fault;
use rstest::rstest;

use super::{Stage, assert_refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault::{self, Broken, Close, CutAnswer, Html, LoseAnswer, Redirect};

#[rstest]
#[tokio::test]
async fn a_token_that_ended_is_not_given(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Close, Broken)] fault: WireFault,
) {
    let stage = Stage::on(backend).await;
    stage.pass(3600);
    stage.amazon.fail_always(Some(fault));
    let answer = stage.ask().await;
    let words = assert_refused(&answer, 503, "temporarily_unavailable");
    assert!(words.contains("no new token at the moment"), "{words}");
    assert_eq!(answer.headers["retry-after"], "5");
}

#[rstest]
#[tokio::test]
async fn a_token_in_its_last_ten_seconds_is_not_given(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let token = stage.given().await;
    stage.amazon.fail_always(Some(Broken));
    stage.pass(3589);
    assert_eq!(stage.given().await, token);
    stage.pass(1);
    assert_refused(&stage.ask().await, 503, "temporarily_unavailable");
}

#[rstest]
#[tokio::test]
async fn a_token_that_lives_is_given_meanwhile(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Close, Broken, Html, Redirect, CutAnswer, LoseAnswer)] fault: WireFault,
) {
    let stage = Stage::on(backend).await;
    let token = stage.given().await;
    stage.pass(56 * 60);
    stage.amazon.fail_always(Some(fault));
    let answer = stage.ask().await;
    assert_eq!((super::partner_token_in(&answer), &answer.json["expires_in"]), (token, &240.into()));
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn the_link_outlives_the_fault(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Close, Broken, CutAnswer, LoseAnswer)] fault: WireFault,
) {
    let stage = Stage::on(backend).await;
    stage.pass(3600);
    stage.amazon.fail_next([fault, fault]);
    for _ in 0..2 {
        assert_refused(&stage.ask().await, 503, "temporarily_unavailable");
        stage.pass(5);
    }
    assert!(stage.amazon.is_valid(&stage.given().await));
    stage.amazon.assert_content();
}

/// None of these says anything about the customer's permission.
#[rstest]
#[tokio::test]
async fn another_error_than_invalid_grant_leaves_the_link_active(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("invalid_client", "unauthorized_client", "invalid_request", "ServerError", "temporarily_unavailable")]
    error: &'static str,
) {
    let stage = Stage::on(backend).await;
    let token = stage.given().await;
    stage.pass(56 * 60);
    stage.amazon.break_next([Fault::Error(error)]);
    assert_eq!(stage.given().await, token);
    let active = "SELECT count(*) FROM reverse_links WHERE state = 'active' AND refresh_token IS NOT NULL";
    assert_eq!(stage.rows().await.number(active).await, 1);
    assert_eq!((stage.given().await, stage.amazon.arrived()), (token.clone(), 2), "it is left alone for a moment");
    stage.pass(5);
    assert_ne!(stage.given().await, token, "it is refreshed as soon as the partner wants to");
}

#[rstest]
#[tokio::test]
async fn a_partner_that_refuses_ourselves_is_told_from_one_that_is_away(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(3600);
    stage.amazon.break_next([Fault::Error("invalid_client")]);
    let words = assert_refused(&stage.ask().await, 503, "temporarily_unavailable");
    assert!(words.contains("refuses our own client id or secret") && words.contains("set-partner"), "{words}");
}

#[rstest]
#[tokio::test]
async fn a_status_that_says_invalid_grant_without_being_an_answer_settles_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(200, 302, 429, 500, 503)] status: u16,
) {
    let stage = Stage::on(backend).await;
    let token = stage.given().await;
    stage.pass(56 * 60);
    let body = r#"{"error":"invalid_grant"}"#.to_owned();
    stage.amazon.break_next([Fault::Status(status, "application/json", body)]);
    assert_eq!(stage.given().await, token);
    stage.pass(5);
    assert_ne!(stage.given().await, token);
}
