//! Requests of a client that can be trusted, with a fault: the client is told, with its state.

use couplet::model::client::GrantType;
use rstest::rstest;

use super::{SIGN_IN, assert_told, open};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::{CHALLENGE, Platform, VERIFIER};

const S256: (&str, &str) = ("code_challenge_method", "S256");

#[rstest]
#[case::response_type(&[("response_type", "")], "invalid_request")]
#[case::implicit(&[("response_type", "token")], "unsupported_response_type")]
#[case::hybrid(&[("response_type", "code id_token")], "unsupported_response_type")]
#[case::response_mode(&[("response_mode", "fragment")], "invalid_request")]
#[case::unknown_scope(&[("scope", "read admin")], "invalid_scope")]
#[case::scope_in_another_case(&[("scope", "Read")], "invalid_scope")]
#[case::commas(&[("scope", "read,write")], "invalid_scope")]
#[case::malformed_scope(&[("scope", "re\"ad")], "invalid_scope")]
#[case::none_and_more(&[("prompt", "none login")], "invalid_request")]
#[tokio::test]
async fn a_faulty_parameter_is_told_to_the_client(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] parameters: &[(&str, &str)],
    #[case] error: &str,
) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = app.person().open(&client.authorize(parameters)).await;
    assert_told(&page, &client, error, Some("a state"));
}

#[rstest]
#[case::plain(&[("code_challenge", VERIFIER), ("code_challenge_method", "plain")])]
#[case::plain_by_default(&[("code_challenge", VERIFIER)])]
#[case::another_method(&[("code_challenge", CHALLENGE), ("code_challenge_method", "s256")])]
#[case::method_alone(&[S256])]
#[case::short(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c"), S256])]
#[case::long(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA"), S256])]
#[case::padded(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="), S256])]
#[case::other_alphabet(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), S256])]
#[tokio::test]
async fn only_s256_challenges_are_taken(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] parameters: &[(&str, &str)],
) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = app.person().open(&client.authorize(parameters)).await;
    assert_told(&page, &client, "invalid_request", Some("a state"));
}

#[rstest]
#[tokio::test]
async fn a_client_that_needs_pkce_does_not_get_on_without(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let public = app.add_app("public", None, |_| {}).await;
    let strict = app.add_app("strict", Some(SECRET), |settings| settings.require_pkce = true).await;
    for client in [public, strict] {
        let page = app.person().open(&client.authorize(&[])).await;
        assert_told(&page, &client, "invalid_request", Some("a state"));
        let page = app.person().open(&client.authorize(&[("code_challenge", CHALLENGE), S256])).await;
        assert!(page.has(SIGN_IN));
    }
}

#[rstest]
#[tokio::test]
async fn a_client_without_the_grant_gets_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        settings.grant_types = vec![GrantType::RefreshToken];
    };
    let client = app.add_app("app", Some(SECRET), change).await;
    let page = app.person().open(&client.authorize(&[])).await;
    assert_told(&page, &client, "unauthorized_client", Some("a state"));
}

fn query_of(client: &Platform, more: &str) -> String {
    let authorize = client.authorize(&[]);
    let (_, query) = authorize.split_once('?').unwrap();
    format!("{query}&{more}")
}

#[rstest]
#[case("response_type=code")]
#[case("scope=read&scope=read")]
#[case("scope=&scope=read")]
#[case("prompt=login&prompt=login")]
#[case("response_mode=query&response_mode=query")]
#[case("code_challenge_method=S256&code_challenge_method=S256")]
#[tokio::test]
async fn a_repeated_parameter_is_refused(#[values(Sqlite, Postgres)] backend: Backend, #[case] more: &str) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = open(&app, &query_of(&client, more)).await;
    assert_told(&page, &client, "invalid_request", Some("a state"));
}

#[rstest]
#[tokio::test]
async fn of_two_states_none_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = open(&app, &query_of(&client, "state=another")).await;
    assert_told(&page, &client, "invalid_request", None);
}

#[rstest]
#[tokio::test]
async fn an_error_is_described_in_the_characters_that_rfc_6749_allows(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    for fault in [("scope", "\u{e9}\""), ("response_type", "\u{e9}\\"), ("code_challenge", "\u{1}")] {
        let page = app.person().open(&client.authorize(&[fault])).await;
        let description = crate::support::platform::answer_parameter(&page, "error_description").unwrap();
        let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        assert!(!description.is_empty() && description.chars().all(allowed), "{description}");
    }
}
