//! The same in the form of draft-ietf-oauth-reciprocal section 3: a grant at the token endpoint, by a client that proves itself.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use reqwest::Client;
use rstest::rstest;

use super::{Stage, assert_accepted, assert_refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::platform::{Answer, Platform};

const TOKEN: &str = "/oauth2/token";
const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:reciprocal");

async fn hand_over(client: &Platform, access: &str, code: &str) -> Answer {
    client.post(TOKEN, &[GRANT, ("code", code), ("access_token", access)]).await
}

#[rstest]
#[tokio::test]
async fn a_client_that_does_not_prove_itself_hands_over_nothing() {
    let stage = Stage::on(Sqlite).await;
    let mut guesser = stage.alexa.clone();
    guesser.secret = Some("wrong".to_owned());
    let mut nobody = stage.alexa.clone();
    nobody.client_id = "nobody".to_owned();
    let mut silent = stage.alexa.clone();
    silent.secret = None;
    for client in [guesser, nobody, silent] {
        assert_refused(&hand_over(&client, &stage.tokens.access, "ANcode").await, 401, "invalid_client");
    }
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn the_bearer_token_alone_proves_no_client() {
    let stage = Stage::on(Sqlite).await;
    let form = [GRANT, ("code", "ANcode"), ("access_token", stage.tokens.access.as_str()), ("client_id", "alexa")];
    let request = Client::new().post(format!("{}{TOKEN}", stage.app.url)).form(&form);
    assert_refused(&Answer::of(request.bearer_auth(&stage.tokens.access)).await, 401, "invalid_client");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_hands_over_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.app.database.store.enable_client(&ClientId::parse("alexa").unwrap(), false).await.unwrap();
    assert_refused(&hand_over(&stage.alexa, &stage.tokens.access, "ANcode").await, 401, "invalid_client");
    stage.assert_untouched().await;
}

#[rstest]
#[case::no_token(&[("code", "ANcode")])]
#[case::empty_token(&[("code", "ANcode"), ("access_token", "")])]
#[case::two_tokens(&[("code", "ANcode"), ("access_token", "a"), ("access_token", "a")])]
#[case::no_code(&[("access_token", "a")])]
#[case::two_codes(&[("code", "ANcode"), ("code", "ANcode"), ("access_token", "a")])]
#[case::line_feed(&[("code", "AN\ncode"), ("access_token", "a")])]
#[tokio::test]
async fn a_malformed_request_is_refused(#[case] parameters: &[(&str, &str)]) {
    let stage = Stage::on(Sqlite).await;
    let answer = stage.alexa.post(TOKEN, &[&[GRANT], parameters].concat()).await;
    assert_refused(&answer, 400, "invalid_request");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn alexa_s_grant_type_is_none_of_the_token_endpoint() {
    let stage = Stage::on(Sqlite).await;
    let grant = ("grant_type", "reciprocal_authorization_code");
    let form = [grant, ("code", "ANcode"), ("access_token", stage.tokens.access.as_str())];
    assert_refused(&stage.alexa.post(TOKEN, &form).await, 400, "unsupported_grant_type");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn another_client_s_token_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    let thief = stage.app.add_app("thief", Some(SECRET), |settings| settings.introspect_any = true).await;
    stage.app.set_partner("thief", "alexa", &stage.amazon).await;
    assert_refused(&hand_over(&thief, &stage.tokens.access, "ANcode").await, 400, "invalid_grant");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_backend_hands_over_what_its_skill_got(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::with(backend, |_| {}).await;
    let serve = |settings: &mut couplet::model::client::ClientSettings| {
        settings.backend_of = vec![ClientId::parse("alexa").unwrap()]
    };
    let backend = stage.app.add_app("backend", Some(SECRET), serve).await;
    let answer = hand_over(&backend, &stage.tokens.access, stage.amazon.issue_code().expose()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    stage.app.exchange_due().await;
    assert_eq!(stage.alexa.partner_token(&stage.tokens.access, &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn what_is_no_access_token_takes_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    for token in ["made-up", "cpla_AAAA", "eyJhbGciOiJub25lIn0.e30.", stage.tokens.refresh.as_str()] {
        assert_refused(&hand_over(&stage.alexa, token, "ANcode").await, 400, "invalid_grant");
    }
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_dead_token_takes_no_code(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
    #[values("expired", "revoked", "user disabled")] death: &str,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    match death {
        "expired" => stage.app.clock.advance(Duration::from_secs(3600)),
        "revoked" => assert_eq!(stage.alexa.revoke(&stage.tokens.access).await.status, 200),
        _ => {
            let disabled = stage.app.database.store.disable_user(stage.alice, stage.app.clock.now()).await;
            assert!(disabled.unwrap());
        }
    }
    assert_refused(&hand_over(&stage.alexa, &stage.tokens.access, "ANcode").await, 400, "invalid_grant");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_client_without_a_partner_takes_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert!(stage.app.database.store.delete_partner(&ClientId::parse("alexa").unwrap()).await.unwrap());
    assert_refused(&hand_over(&stage.alexa, &stage.tokens.access, "ANcode").await, 400, "invalid_target");
    stage.assert_untouched().await;
}

#[rstest]
#[tokio::test]
async fn a_client_that_proves_itself_by_basic_hands_over(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    assert_accepted(&hand_over(&stage.alexa, &stage.tokens.access, stage.amazon.issue_code().expose()).await);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[tokio::test]
async fn a_client_that_proves_itself_in_the_body_hands_over(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let code = stage.amazon.issue_code();
    let client = [("client_id", "alexa"), ("client_secret", SECRET)];
    let form = [GRANT, ("code", code.expose()), ("access_token", stage.tokens.access.as_str()), client[0], client[1]];
    let request = Client::new().post(format!("{}{TOKEN}", stage.app.url)).form(&form);
    assert_accepted(&Answer::of(request).await);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[tokio::test]
async fn a_code_of_one_form_is_known_in_the_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let code = stage.amazon.issue_code();
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code.expose()).await);
    let mut rows = stage.rows().await;
    let before = rows.version().await;
    assert_accepted(&hand_over(&stage.alexa, &stage.tokens.access, code.expose()).await);
    assert_eq!(rows.version().await, before);
    stage.assert_exchanged(1).await;
}
