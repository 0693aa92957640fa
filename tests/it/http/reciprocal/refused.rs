//! What Alexa's form does not take: whose token, which client, and how a request must look. After a refusal nothing is stored.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use reqwest::Client;
use rstest::rstest;

use super::{GOOD, PATH, Stage, assert_refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::Answer;

#[rstest]
#[tokio::test]
async fn without_a_bearer_token_nothing_is_taken() {
    let stage = Stage::on(Sqlite).await;
    let bare = Answer::of(stage.posting(GOOD)).await;
    let basic = Answer::of(stage.posting(GOOD).basic_auth("alexa", Some(SECRET))).await;
    let empty = Answer::of(stage.posting(GOOD).header("Authorization", "Bearer ")).await;
    let other = Answer::of(stage.posting(GOOD).header("Authorization", format!("Token {}", stage.tokens.access))).await;
    for answer in [bare, basic, empty, other] {
        assert_refused(&answer, 401, "invalid_token");
    }
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_token_in_the_query_or_body_is_none() {
    let stage = Stage::on(Sqlite).await;
    let parameter = format!("access_token={}", stage.tokens.access);
    let body = Answer::of(stage.posting(&format!("{GOOD}&{parameter}"))).await;
    let query = Client::new().post(format!("{}{PATH}?{GOOD}&{parameter}", stage.app.url));
    for answer in [body, Answer::of(query).await] {
        assert_refused(&answer, 401, "invalid_token");
    }
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn two_authorization_headers_are_one_too_many() {
    let stage = Stage::on(Sqlite).await;
    let bearer = format!("Bearer {}", stage.tokens.access);
    let twice = stage.posting(GOOD).header("Authorization", &bearer).header("Authorization", &bearer);
    assert_refused(&Answer::of(twice).await, 400, "invalid_request");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_made_up_token_takes_no_code(
    #[values("made-up", "cpla_AAAA", "..", "eyJhbGciOiJub25lIn0.e30.", "a b")] token: &str,
) {
    let stage = Stage::on(Sqlite).await;
    assert_refused(&Answer::of(stage.posting(GOOD).bearer_auth(token)).await, 401, "invalid_token");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_or_a_code_is_no_bearer_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let code = stage.alexa.code_from(&stage.app.person()).await;
    for token in [&stage.tokens.refresh, &code] {
        assert_refused(&Answer::of(stage.posting(GOOD).bearer_auth(token)).await, 401, "invalid_token");
    }
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn an_expired_token_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    stage.app.clock.advance(Duration::from_secs(3600));
    assert_refused(&stage.post(GOOD).await, 401, "invalid_token");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn the_token_of_a_revoked_link_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    assert_eq!(stage.alexa.revoke(&stage.tokens.refresh).await.status, 200);
    assert_refused(&stage.post(GOOD).await, 401, "invalid_token");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_s_token_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    stage.app.database.store.disable_user(stage.alice, stage.app.clock.now()).await.unwrap();
    assert_refused(&stage.post(GOOD).await, 401, "invalid_token");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_s_token_takes_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.app.database.store.enable_client(&ClientId::parse("alexa").unwrap(), false).await.unwrap();
    assert_refused(&stage.post(GOOD).await, 401, "invalid_token");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn another_client_s_token_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::on(backend).await;
    let other = stage.app.add_app("other", Some(SECRET), |settings| settings.access_token = format).await;
    stage.app.set_partner("other", "alexa", &stage.amazon).await;
    let tokens = other.link(&stage.app.person()).await;
    let answer = Answer::of(stage.posting(GOOD).bearer_auth(&tokens.access)).await;
    assert_refused(&answer, 403, "access_denied");
    stage.assert_untouched().await;
}

#[rstest]
#[case::unknown("nobody")]
#[case::other_case("Alexa")]
#[case::impossible("%20")]
#[case::too_long(&"a".repeat(3000))]
#[tokio::test]
async fn an_unknown_client_takes_no_code(#[case] id: &str) {
    let stage = Stage::on(Sqlite).await;
    let answer = stage.post(&format!("grant_type=reciprocal_authorization_code&code=ANcode&client_id={id}")).await;
    assert_refused(&answer, 400, "invalid_client");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_client_without_a_partner_takes_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert!(stage.app.database.store.delete_partner(&ClientId::parse("alexa").unwrap()).await.unwrap());
    let answer = stage.post(GOOD).await;
    assert_refused(&answer, 400, "invalid_client");
    assert!(answer.text("error_description").contains("couplet client set-partner"), "{}", answer.json);
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_client_that_never_had_a_partner_takes_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let tokens = app.alexa().link(&app.person()).await;
    assert_refused(&app.alexa().hand_over(&tokens.access, "ANcode").await, 400, "invalid_client");
}

#[rstest]
#[case::missing("")]
#[case::empty("&code=")]
#[case::doubled("&code=ANcode&code=ANcode")]
#[case::too_long(&format!("&code={}", "a".repeat(2049)))]
#[case::line_feed("&code=AN%0Acode")]
#[case::delete("&code=AN%7Fcode")]
#[case::nul("&code=AN%00code")]
#[case::umlaut("&code=AN%C3%B6")]
#[case::no_utf_8("&code=AN%FF")]
#[case::bad_percent("&code=AN%2")]
#[tokio::test]
async fn a_malformed_code_is_not_taken(#[case] code: &str) {
    let stage = Stage::on(Sqlite).await;
    let answer = stage.post(&format!("grant_type=reciprocal_authorization_code&client_id=alexa{code}")).await;
    assert_refused(&answer, 400, "invalid_request");
    stage.assert_untouched().await;
}

#[rstest]
#[case::no_grant_type("code=ANcode&client_id=alexa", "invalid_request")]
#[case::empty_grant_type("grant_type=&code=ANcode&client_id=alexa", "invalid_request")]
#[case::doubled_grant_type(&format!("{GOOD}&grant_type=reciprocal_authorization_code"), "invalid_request")]
#[case::no_client_id("grant_type=reciprocal_authorization_code&code=ANcode", "invalid_request")]
#[case::doubled_client_id(&format!("{GOOD}&client_id=alexa"), "invalid_request")]
#[case::nothing("", "invalid_request")]
#[case::another("grant_type=authorization_code&code=ANcode&client_id=alexa", "unsupported_grant_type")]
#[case::the_draft_s(
    "grant_type=urn:ietf:params:oauth:grant-type:reciprocal&code=ANcode&client_id=alexa",
    "unsupported_grant_type"
)]
#[tokio::test]
async fn a_request_of_another_kind_is_refused(#[case] body: &str, #[case] error: &str) {
    let stage = Stage::on(Sqlite).await;
    assert_refused(&stage.post(body).await, 400, error);
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_parameter_in_the_query_and_in_the_body_is_doubled(
    #[values("grant_type=reciprocal_authorization_code", "code=ANcode", "client_id=alexa")] parameter: &str,
) {
    let stage = Stage::on(Sqlite).await;
    let request = Client::new().post(format!("{}{PATH}?{parameter}", stage.app.url)).bearer_auth(&stage.tokens.access);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(GOOD);
    assert_refused(&Answer::of(request).await, 400, "invalid_request");
    stage.assert_untouched().await;
}

#[rstest]
#[case::json(&["application/json"], r#"{"grant_type":"reciprocal_authorization_code","code":"a","client_id":"alexa"}"#)]
#[case::form_called_text(&["text/plain"], GOOD)]
#[case::form_without_a_type(&[], GOOD)]
#[case::two_types(&["application/x-www-form-urlencoded", "application/x-www-form-urlencoded"], GOOD)]
#[tokio::test]
async fn a_body_that_is_no_form_is_refused(#[case] types: &[&str], #[case] body: &'static str) {
    let stage = Stage::on(Sqlite).await;
    let request = Client::new().post(format!("{}{PATH}", stage.app.url)).bearer_auth(&stage.tokens.access).body(body);
    let request = types.iter().fold(request, |request, media_type| request.header("Content-Type", *media_type));
    assert_refused(&Answer::of(request).await, 415, "invalid_request");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn only_post_hands_over() {
    let stage = Stage::on(Sqlite).await;
    let request = Client::new().get(format!("{}{PATH}?{GOOD}", stage.app.url)).bearer_auth(&stage.tokens.access);
    let answer = Answer::of(request).await;
    assert_refused(&answer, 405, "invalid_request");
    assert_eq!(answer.headers["allow"], "POST");
    stage.assert_untouched().await;
}
