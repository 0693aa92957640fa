//! Requests whose client or redirect URI cannot be trusted: a page, and never a redirect.

use couplet::model::ids::ClientId;
use rstest::rstest;
use url::form_urlencoded::byte_serialize;

use super::{assert_page_400, open};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

const CALLBACK: &str = "redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";

#[rstest]
#[case::missing("")]
#[case::empty("client_id=")]
#[case::unknown("client_id=nobody")]
#[case::another_case("client_id=APP")]
#[case::repeated("client_id=app&client_id=app")]
#[case::impossible("client_id=a%20b%27--")]
#[case::very_long(&format!("client_id={}", "a".repeat(5000)))]
#[tokio::test]
async fn an_unknown_client_is_a_page(#[values(Sqlite, Postgres)] backend: Backend, #[case] client: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_page_400(&open(&app, &format!("response_type=code&{CALLBACK}&{client}")).await);
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_is_a_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    app.database.store.enable_client(&ClientId::parse("app").unwrap(), false).await.unwrap();
    assert_page_400(&open(&app, &format!("response_type=code&{CALLBACK}&client_id=app")).await);
}

#[rstest]
#[case::another_host("https://evil.example/callback")]
#[case::host_before("https://app.example.com.evil.example/callback")]
#[case::user_info("https://app.example.com@evil.example/callback")]
#[case::subdomain("https://x.app.example.com/callback")]
#[case::another_scheme("http://app.example.com/callback")]
#[case::another_path("https://app.example.com/callback/more")]
#[case::climbing("https://app.example.com/callback/../callback")]
#[case::slash("https://app.example.com/callback/")]
#[case::case("https://app.example.com/Callback")]
#[case::port("https://app.example.com:443/callback")]
#[case::query("https://app.example.com/callback?x=1")]
#[case::fragment("https://app.example.com/callback#x")]
#[case::space("https://app.example.com/callback ")]
#[case::line("https://app.example.com/callback\r\nSet-Cookie: a=b")]
#[case::script("javascript:alert(1)//https://app.example.com/callback")]
#[case::relative("/callback")]
#[tokio::test]
async fn an_unregistered_redirect_uri_is_a_page(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] redirect_uri: &str,
) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let redirect_uri: String = byte_serialize(redirect_uri.as_bytes()).collect();
    // The other faults would be told to a client that can be trusted.
    for rest in ["response_type=code", "response_type=token&prompt=none", "scope=%22"] {
        assert_page_400(&open(&app, &format!("{rest}&client_id=app&redirect_uri={redirect_uri}")).await);
    }
}

#[rstest]
#[tokio::test]
async fn a_redirect_uri_given_twice_is_a_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_page_400(&open(&app, &format!("response_type=code&client_id=app&{CALLBACK}&{CALLBACK}")).await);
}

#[rstest]
#[tokio::test]
async fn without_a_redirect_uri_one_of_several_is_not_guessed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await;
    assert_page_400(&open(&app, "response_type=code&client_id=alexa&state=x").await);
}

#[rstest]
#[case::percent("state=%")]
#[case::percent_and_letters("state=%zz")]
#[case::nul("state=a%00b")]
#[case::no_utf8("state=%ff")]
#[case::cut_character("state=%E2%82")]
#[case::overlong_slash("state=%C0%AF")]
#[tokio::test]
async fn a_malformed_query_is_a_page(#[values(Sqlite, Postgres)] backend: Backend, #[case] malformed: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_page_400(&open(&app, &format!("response_type=code&client_id=app&{CALLBACK}&{malformed}")).await);
}

#[rstest]
#[tokio::test]
async fn a_form_is_not_trusted_more_than_a_query(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let code = ("response_type", "code");
    for form in [
        vec![code, ("client_id", "nobody")],
        vec![code, ("client_id", "app"), ("redirect_uri", "https://evil.example/")],
    ] {
        assert_page_400(&app.person().post("/oauth2/authorize", &form).await);
    }
}

#[rstest]
#[tokio::test]
async fn the_hidden_request_of_a_form_is_checked_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let sign_in = person.open(&client.authorize(&[])).await;
    let consent = person.sign_in(&sign_in, "Alice", crate::support::app::PASSWORD).await;
    let (csrf, request) = (consent.value("csrf"), consent.value("request"));
    let elsewhere = request.replace("app.example.com", "evil.example");
    assert_ne!(elsewhere, request);
    let form = [("decision", "allow"), ("csrf", csrf.as_str()), ("request", elsewhere.as_str())];
    assert_page_400(&person.post("/consent", &form).await);
}
