//! The stand-in for Login with Amazon on the wire: each fault is what it says, and so is its absence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, Error, Response};
use rstest::rstest;

use crate::support::app::TestClock;
use crate::support::login_with_amazon::{AMAZON_CLIENT, AMAZON_SECRET, Amazon, WireFault};

fn amazon() -> Arc<Amazon> {
    Arc::new(Amazon::start(Arc::new(TestClock::new())))
}

/// Exchanges a fresh code as a skill does.
async fn exchange(amazon: &Amazon, secret: &str) -> Result<Response, Error> {
    let code = amazon.issue_code();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("client_id", AMAZON_CLIENT),
        ("client_secret", secret),
    ];
    let http = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(1)).build().unwrap();
    http.post(amazon.url()).form(&form).send().await
}

#[tokio::test]
#[should_panic(expected = "invalid_client")]
async fn a_request_that_is_not_as_it_should_be_is_found_out() {
    let amazon = amazon();
    assert_eq!(exchange(&amazon, "other").await.unwrap().status(), 401);
    amazon.assert_content();
}

#[tokio::test]
#[should_panic(expected = "requests to other paths")]
async fn whoever_follows_a_redirect_is_found_out() {
    let amazon = amazon();
    let elsewhere = amazon.url().replace("/auth/o2/token", "/elsewhere");
    assert_eq!(reqwest::get(elsewhere).await.unwrap().status(), 404);
    amazon.assert_content();
}

#[rstest]
#[case::hang(WireFault::Hang, 0)]
#[case::close(WireFault::Close, 0)]
#[case::lost(WireFault::LoseAnswer, 1)]
#[tokio::test]
async fn a_fault_can_leave_a_request_without_an_answer(#[case] fault: WireFault, #[case] exchanges: u32) {
    let amazon = amazon();
    amazon.fail_next([fault]);
    let error = exchange(&amazon, AMAZON_SECRET).await.unwrap_err();
    assert_eq!(error.is_timeout(), fault == WireFault::Hang, "{error}");
    assert_eq!((amazon.arrived(), amazon.seen().exchanges), (1, exchanges));
    assert_eq!(exchange(&amazon, AMAZON_SECRET).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_can_end_in_the_middle() {
    let amazon = amazon();
    amazon.fail_next([WireFault::CutAnswer]);
    let answer = exchange(&amazon, AMAZON_SECRET).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.is_err());
    assert_eq!(amazon.seen().exchanges, 1);
}

#[rstest]
#[case(WireFault::Html, 200)]
#[case(WireFault::Broken, 500)]
#[case(WireFault::Redirect, 302)]
#[tokio::test]
async fn a_fault_can_be_another_answer(#[case] fault: WireFault, #[case] status: u16) {
    let amazon = amazon();
    amazon.fail_always(Some(fault));
    for _ in 0..2 {
        let answer = exchange(&amazon, AMAZON_SECRET).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("location")), (status, status == 302));
        assert!(!answer.text().await.unwrap().contains("Atza|"));
    }
    amazon.fail_always(None);
    assert_eq!(exchange(&amazon, AMAZON_SECRET).await.unwrap().status(), 200);
    assert_eq!((amazon.arrived(), amazon.seen().calls), (3, 1));
    amazon.assert_content();
}

#[tokio::test]
async fn an_answer_can_be_late() {
    let amazon = amazon();
    amazon.fail_next([WireFault::Slow(Duration::from_millis(300))]);
    let began = Instant::now();
    assert_eq!(exchange(&amazon, AMAZON_SECRET).await.unwrap().status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn what_hangs_ends_with_a_release() {
    let amazon = amazon();
    amazon.fail_next([WireFault::Hang]);
    let asking = amazon.clone();
    let asked = tokio::spawn(async move { exchange(&asking, AMAZON_SECRET).await });
    amazon.until_arrived(1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!asked.is_finished());
    amazon.release();
    assert!(!asked.await.unwrap().unwrap_err().is_timeout());
}

#[tokio::test]
async fn answers_are_kept_back_after_the_tokens_were_made() {
    let amazon = amazon();
    amazon.hold_answers();
    let asking = amazon.clone();
    let asked = tokio::spawn(async move { exchange(&asking, AMAZON_SECRET).await });
    amazon.until_ready(1).await;
    assert_eq!(amazon.seen().exchanges, 1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!asked.is_finished());
    amazon.release();
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    amazon.assert_content();
}
