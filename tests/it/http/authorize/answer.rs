//! What comes back: the code or the error, the state as it was, and who answers.

use rstest::rstest;

use super::{CONSENT, SIGN_IN, assert_told};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::platform::answer_parameter;

#[rstest]
#[tokio::test]
async fn who_says_no_is_believed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let sign_in = person.open(&client.authorize(&[])).await;
    let consent = person.sign_in(&sign_in, ALICE, PASSWORD).await;
    let page = person.decide(&consent, "deny").await;
    assert_told(&page, &client, "access_denied", Some("a state"));
    assert!(person.open(&client.authorize(&[])).await.has(CONSENT), "a no is not for ever");
}

#[rstest]
#[tokio::test]
async fn an_answer_carries_code_state_and_issuer(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = app.person().link(&client.authorize(&[])).await;
    assert_eq!(page.status, 302);
    assert!(page.location().unwrap().starts_with("https://app.example.com/callback?"));
    assert_eq!(answer_parameter(&page, "state").unwrap(), "a state");
    assert_eq!(answer_parameter(&page, "iss").unwrap(), app.url);
    assert_eq!(answer_parameter(&page, "error"), None);
    assert_eq!(page.header("referrer-policy"), "no-referrer", "the code is nobody else's business");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[rstest]
#[tokio::test]
async fn without_a_state_none_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = app.person().link(&client.authorize(&[("state", "")])).await;
    assert!(answer_parameter(&page, "code").is_some());
    assert_eq!(answer_parameter(&page, "state"), None);
}

/// Characters that mean something in URLs, forms, HTML, headers or nowhere.
const AWKWARD: &str = "&=+%#?/;,: \"'<>\\`{}|^~%2B%26&amp;\t\r\n\u{7f}é日🔗\u{202e}\u{feff}";

#[rstest]
#[tokio::test]
async fn a_state_of_4_kib_of_awkward_characters_comes_back_unchanged(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let mut state = AWKWARD.repeat(4096 / AWKWARD.len());
    state.extend(std::iter::repeat_n('+', 4096 - state.len()));
    let denied = app.person().open(&client.authorize(&[("state", &state), ("prompt", "none")])).await;
    assert_told(&denied, &client, "login_required", Some(&state));
    let allowed = app.person().link(&client.authorize(&[("state", &state)])).await;
    assert_eq!(answer_parameter(&allowed, "state"), Some(state));
}

#[rstest]
#[tokio::test]
async fn a_request_line_of_16_kib_is_served(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let state = "s".repeat(4096);
    let short = client.authorize(&[("state", &state), ("padding", "p")]);
    let line = format!("GET {} HTTP/1.1\r\n", short.trim_start_matches(&app.url));
    let padding = "p".repeat(1 + 16 * 1024 - line.len());
    let page = app.person().link(&client.authorize(&[("state", &state), ("padding", &padding)])).await;
    assert_eq!(answer_parameter(&page, "state"), Some(state));
    let code = answer_parameter(&page, "code").unwrap();
    assert_eq!(client.exchange(&code, &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn unknown_and_empty_parameters_are_ignored(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let strange = "&x=1&x=2&nonce=a&ui_locales=de&code=stolen&error=x&iss=x&=&&y&scope=&prompt=&code_challenge=";
    let page = app.person().link(&format!("{}{strange}", client.authorize(&[]))).await;
    let code = answer_parameter(&page, "code").unwrap();
    assert_eq!(answer_parameter(&page, "iss").unwrap(), app.url);
    assert_eq!(client.exchange(&code, &[]).await.text("scope"), "read write");
}

#[rstest]
#[tokio::test]
async fn a_request_may_come_as_a_form(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let uri = client.redirect_uri.as_str();
    let form = [("response_type", "code"), ("client_id", "app"), ("redirect_uri", uri), ("state", "ü+&")];
    let sign_in = person.post("/oauth2/authorize", &form).await;
    assert!(sign_in.has(SIGN_IN));
    let consent = person.sign_in(&sign_in, ALICE, PASSWORD).await;
    let page = person.decide(&consent, "allow").await;
    assert_eq!(answer_parameter(&page, "state").unwrap(), "ü+&");
    assert_eq!(client.exchange(&answer_parameter(&page, "code").unwrap(), &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn the_scope_asked_for_is_the_scope_given(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_with(&app.person(), &[("scope", "write")]).await;
    let answer = client.exchange(&code, &[]).await;
    assert_eq!(answer.text("scope"), "write");
}
