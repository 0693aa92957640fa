//! Answers of the partner that are lost, late, or can't be stored at once.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault::{self, CutAnswer, LoseAnswer, Slow};
use crate::support::platform::Tokens;
use crate::support::two_way::TwoWay;
use crate::support::write_lock::WriteLock;

async fn linked_for_a_second(backend: Backend) -> (TwoWay, Tokens) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.expires_in(1, true);
    let tokens = two_way.link_both_ways().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    two_way.amazon.expires_in(3600, true);
    (two_way, tokens)
}

/// Asks until there is a token; a refresh that failed is not repeated for a few seconds.
async fn ask_until_given(two_way: &TwoWay, tokens: &Tokens) -> String {
    let began = Instant::now();
    loop {
        let answer = two_way.partner_token(tokens).await;
        if answer.status == 200 {
            return answer.text("access_token");
        }
        assert_eq!((answer.status.as_u16(), began.elapsed().as_secs() < 40), (503, true), "{}", answer.json);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_code_whose_answer_was_lost_is_spent_and_the_user_hears_to_link_again(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.fail_next([LoseAnswer]);
    let tokens = two_way.link().await;
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    let why = two_way.until("failed").await["partner_error"].as_str().unwrap().to_owned();
    assert!(why.starts_with("invalid_grant: the code was used"), "{why}");
    assert!(two_way.stage.alexa().is_active(&tokens.access).await);
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    two_way.until("active").await;
}

#[rstest]
#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_made_again(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(LoseAnswer, CutAnswer)] fault: WireFault,
) {
    let (two_way, tokens) = linked_for_a_second(backend).await;
    two_way.amazon.fail_next([fault]);
    let token = ask_until_given(&two_way, &tokens).await;
    assert!(two_way.amazon.is_valid(&token));
    assert_eq!(two_way.amazon.arrived(), 3, "the exchange, the lost refresh and its repetition");
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn an_answer_that_cannot_be_stored_is_kept_until_it_can(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("code", "refresh")] what: &str,
) {
    let (two_way, tokens) = linked_for_a_second(backend).await;
    let (_second, _running) = two_way.stage.second_server().await;
    two_way.amazon.hold_answers();
    if what == "code" {
        two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    } else {
        assert_eq!(two_way.partner_token(&tokens).await.status, 503);
    }
    two_way.amazon.until_ready(2).await;
    let lock = WriteLock::on(&two_way.stage.program).await;
    two_way.amazon.release();
    tokio::time::sleep(Duration::from_secs(5)).await;
    lock.release().await;
    // Whoever asks before the answer to the code is stored gets the tokens of before, which are refreshed first.
    two_way.until("active").await;
    let token = ask_until_given(&two_way, &tokens).await;
    assert!(two_way.amazon.is_valid(&token));
    assert_eq!(two_way.amazon.arrived(), 2, "nobody asked Amazon again");
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_server_that_is_told_to_stop_waits_for_the_answer_to_a_refresh(#[values(Sqlite, Postgres)] backend: Backend) {
    let (mut two_way, tokens) = linked_for_a_second(backend).await;
    two_way.amazon.fail_next([Slow(Duration::from_secs(4))]);
    assert_eq!(two_way.partner_token(&tokens).await.status, 503, "it takes longer than Alexa waits");
    two_way.stage.server.terminate();
    assert_eq!(two_way.stage.server.ended().await, Some(0));
    two_way.restart().await;
    let token = two_way.partner_token(&tokens).await.text("access_token");
    assert_eq!((two_way.amazon.is_valid(&token), two_way.amazon.arrived()), (true, 2));
}
