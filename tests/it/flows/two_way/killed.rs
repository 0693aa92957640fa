//! The server is killed at the worst moments; what it had promised holds after the next start.

use std::time::Duration;

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault;
use crate::support::two_way::TwoWay;
use crate::support::write_lock::WriteLock;

#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Alexa has its answer; the exchange may or may not have begun.
    AfterTheAnswer,
    /// The partner was asked and was not there; the next try is due in a second.
    BetweenTwoTries,
}

#[rstest]
#[tokio::test]
async fn a_code_that_was_stored_and_not_exchanged_is_exchanged_after_the_restart(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Moment::AfterTheAnswer, Moment::BetweenTwoTries)] moment: Moment,
) {
    let mut two_way = TwoWay::on(backend).await;
    let tokens = two_way.link().await;
    two_way.amazon.fail_always(Some(WireFault::Close));
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    while matches!(moment, Moment::BetweenTwoTries) && two_way.grant()["partner_error"].is_null() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    two_way.kill().await;
    assert_eq!(two_way.grant()["partner"], "pending");
    two_way.amazon.fail_always(None);
    two_way.restart().await;
    two_way.until("active").await;
    let token = two_way.partner_token(&tokens).await.text("access_token");
    assert!(two_way.amazon.is_valid(&token));
    assert_eq!(two_way.amazon.seen().exchanges, 1);
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_refresh_whose_answer_was_never_stored_loses_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two_way = TwoWay::on(backend).await;
    two_way.amazon.expires_in(1, true);
    let tokens = two_way.link_both_ways().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    two_way.amazon.hold_answers();
    let asked = tokio::time::timeout(Duration::from_secs(3), two_way.partner_token(&tokens));
    let (_, ()) = tokio::join!(asked, two_way.amazon.until_ready(2));
    // Amazon has made new tokens. From here on the server receives them, but can't store them.
    let lock = WriteLock::on(&two_way.stage.program).await;
    two_way.amazon.release();
    tokio::time::sleep(Duration::from_millis(500)).await;
    two_way.kill().await;
    lock.release().await;
    two_way.amazon.expires_in(3600, true);
    two_way.restart().await;
    let token = loop {
        let answer = two_way.partner_token(&tokens).await;
        match answer.status.as_u16() {
            200 => break answer.text("access_token"),
            // The refresh that died holds its lease for a few seconds more.
            503 => tokio::time::sleep(Duration::from_millis(500)).await,
            _ => panic!("{} {}", answer.status, answer.json),
        }
    };
    assert!(two_way.amazon.is_valid(&token), "the old refresh token was still there, and good");
    assert_eq!(two_way.grant()["partner"], "active");
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_server_that_is_told_to_stop_waits_for_the_answer_to_a_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut two_way = TwoWay::on(backend).await;
    two_way.amazon.fail_next([WireFault::Slow(Duration::from_secs(2))]);
    let tokens = two_way.link().await;
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    two_way.amazon.until_arrived(1).await;
    two_way.stage.server.terminate();
    assert_eq!(two_way.stage.server.ended().await, Some(0));
    assert_eq!(two_way.grant()["partner"], "active");
}
