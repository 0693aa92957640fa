//! The brake on guessing client secrets: per client and address, and not to be evaded by inventing addresses.

use couplet::config::Config;
use reqwest::Client;
use rstest::rstest;

use super::{FORM, assert_taken};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::Answer;

/// Where no test's request comes from by itself.
const ELSEWHERE: &str = "203.0.113.7";

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
}

/// Asks as `id`, with what a proxy says about where the request came from.
async fn ask_from(app: &TestApp, forwarded: &str, id: &str, secret: &str) -> Answer {
    let request = Client::new().post(format!("{}/oauth2/token", app.url)).form(&FORM);
    Answer::of(request.basic_auth(id, Some(secret)).header("X-Forwarded-For", forwarded)).await
}

/// Guesses up to 300 times and gives the first answer that says to slow down.
async fn guess(app: &TestApp, forwarded: impl Fn(usize) -> String) -> Answer {
    for number in 0..300 {
        let answer = ask_from(app, &forwarded(number), "app", "wrong").await;
        if answer.status == 429 {
            return answer;
        }
        assert_eq!(answer.error(), "invalid_client");
    }
    panic!("300 wrong secrets were borne");
}

#[rstest]
#[tokio::test]
async fn guessing_is_told_to_wait(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let answer = guess(&app, |_| String::new()).await;
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    assert!(!answer.error().is_empty() && answer.error() != "invalid_grant");
}

#[rstest]
#[case::short("a-short-secret")]
#[case::long_and_plain("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
#[tokio::test]
async fn a_right_secret_that_could_be_guessed_waits_too(#[case] secret: &str) {
    let app = TestApp::on(Sqlite).await;
    app.add_app("app", Some(secret), |_| {}).await;
    assert_taken(&ask_from(&app, "", "app", secret).await);
    guess(&app, |_| String::new()).await;
    let even_right = ask_from(&app, "", "app", secret).await;
    assert_eq!(even_right.status, 429, "or guessing would go on");
}

#[rstest]
#[tokio::test]
async fn a_right_secret_that_nobody_can_guess_never_waits(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = client.link(&app.person()).await;
    guess(&app, |_| String::new()).await;
    assert_taken(&ask_from(&app, "", "app", SECRET).await);
    assert_eq!(client.refresh(&tokens.refresh).await.status, 200, "whoever else sends wrong ones from there");
    assert_eq!(ask_from(&app, "", "app", &SECRET.to_uppercase()).await.status, 429);
}

#[rstest]
#[tokio::test]
async fn invented_addresses_do_not_help(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    guess(&app, |number| format!("198.51.100.{}", number % 250)).await;
}

#[rstest]
#[tokio::test]
async fn invented_hops_before_the_proxy_s_do_not_help(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::with(backend, behind_a_proxy).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    guess(&app, |number| format!("198.51.100.{}, {ELSEWHERE}, 10.1.2.3", number % 250)).await;
}

#[rstest]
#[tokio::test]
async fn another_client_at_the_same_address_is_served(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    app.add_app("other", Some(SECRET), |_| {}).await;
    guess(&app, |_| String::new()).await;
    assert_taken(&ask_from(&app, "", "other", SECRET).await);
}

#[rstest]
#[tokio::test]
async fn the_same_client_at_another_address_is_served(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::with(backend, behind_a_proxy).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    guess(&app, |_| ELSEWHERE.to_owned()).await;
    assert_taken(&ask_from(&app, "203.0.113.8", "app", SECRET).await);
    assert_taken(&ask_from(&app, &format!("{ELSEWHERE}, 203.0.113.8"), "app", SECRET).await);
    assert_taken(&ask_from(&app, "[2001:db8::1]:4711", "app", SECRET).await);
}

#[rstest]
#[tokio::test]
async fn right_secrets_are_never_counted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    for _ in 0..400 {
        assert_taken(&ask_from(&app, "", "app", SECRET).await);
    }
}
