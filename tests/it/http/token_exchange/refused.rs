//! Who gets no partner token: strangers, and whoever asks with a token that is not in force or for something else.

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use rstest::rstest;

use super::{ACCESS_TOKEN, DAY, GRANT_TYPE, Stage, assert_refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::platform::{CHALLENGE, Tokens, VERIFIER};

const TOKEN: &str = "/oauth2/token";

#[rstest]
#[tokio::test]
async fn a_client_that_does_not_prove_itself_gets_nothing() {
    let stage = Stage::on(Sqlite).await;
    let mut guesser = stage.alexa.clone();
    guesser.secret = Some("wrong".to_owned());
    let mut silent = stage.alexa.clone();
    silent.secret = None;
    for client in [guesser, silent] {
        let answer = client.partner_token(&stage.tokens.access, &[]).await;
        assert_refused(&answer, 401, "invalid_client");
        assert!(answer.headers.contains_key("www-authenticate"));
    }
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_gets_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.app.database.store.enable_client(&ClientId::parse("alexa").unwrap(), false).await.unwrap();
    assert_refused(&stage.ask().await, 401, "invalid_client");
}

#[rstest]
#[tokio::test]
async fn a_public_client_gets_nothing_even_for_its_own_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let public = stage.app.add_app("public", None, |_| {}).await;
    stage.app.set_partner("public", "alexa", &stage.amazon).await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = public.code_with(&stage.app.person(), &pkce).await;
    let own = Tokens::from(&public.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    assert_eq!(public.hand_over(&own.access, stage.amazon.issue_code().expose()).await.status, 200);
    stage.app.exchange_due().await;
    for token in [&own.access, &stage.tokens.access] {
        assert_refused(&public.partner_token(token, &[]).await, 400, "unauthorized_client");
    }
}

#[rstest]
#[tokio::test]
async fn a_client_that_is_no_backend_gets_nothing_for_other_clients_links(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |_| {}, |settings| settings.access_token = format).await;
    stage.link_back(&stage.tokens).await;
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        (settings.introspect_any, settings.exchange_grant_id) = (true, true);
        settings.backend_of = vec![ClientId::parse("another").unwrap()];
    };
    let stranger = stage.app.add_app("stranger", Some(SECRET), change).await;
    stage.app.set_partner("stranger", "alexa", &stage.amazon).await;
    let answer = stranger.partner_token(&stage.tokens.access, &[]).await;
    assert_refused(&answer, 400, "invalid_request");
    let answer = stranger.partner_token(&stage.grant_id().await, &[super::GRANT_ID]).await;
    assert_refused(&answer, 400, "invalid_request");
}

#[rstest]
#[case::no_subject(&[("subject_token", "")])]
#[case::no_type(&[("subject_token_type", "")])]
#[case::no_audience(&[("audience", "")])]
#[case::unknown_type(&[("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")])]
#[case::refresh_type(&[("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token")])]
#[case::actor(&[("actor_token", "a")])]
#[case::refresh_token_wanted(&[("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")])]
#[case::jwt_wanted(&[("requested_token_type", "urn:ietf:params:oauth:token-type:jwt")])]
#[case::two_audiences(&[("audience", "alexa"), ("audience", "alexa")])]
#[case::two_types(&[("subject_token_type", ACCESS_TOKEN), ("subject_token_type", ACCESS_TOKEN)])]
#[case::two_wanted(&[("requested_token_type", ACCESS_TOKEN), ("requested_token_type", ACCESS_TOKEN)])]
#[tokio::test]
async fn a_malformed_request_is_refused(#[case] more: &[(&str, &str)]) {
    let stage = Stage::on(Sqlite).await;
    assert_refused(&stage.alexa.partner_token(&stage.tokens.access, more).await, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn two_subject_tokens_are_refused() {
    let stage = Stage::on(Sqlite).await;
    let more = [("subject_token", stage.tokens.access.as_str()), ("subject_token", stage.tokens.access.as_str())];
    assert_refused(&stage.alexa.partner_token("", &more).await, 400, "invalid_request");
}

#[rstest]
#[case::another("bixby")]
#[case::other_case("Alexa")]
#[case::an_address("https://api.amazon.com/auth/o2/token")]
#[case::ourselves("couplet")]
#[tokio::test]
async fn an_audience_that_is_no_partner_is_refused(#[case] audience: &str) {
    let stage = Stage::on(Sqlite).await;
    let answer = stage.alexa.partner_token(&stage.tokens.access, &[("audience", audience)]).await;
    assert!(assert_refused(&answer, 400, "invalid_target").contains("couplet client show"));
}

#[rstest]
#[tokio::test]
async fn a_resource_is_refused_rather_than_left_out() {
    let stage = Stage::on(Sqlite).await;
    let more = [("resource", "https://api.amazonalexa.com")];
    assert_refused(&stage.alexa.partner_token(&stage.tokens.access, &more).await, 400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn an_opaque_token_is_no_jwt() {
    let stage = Stage::on(Sqlite).await;
    let jwt = [("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")];
    assert_refused(&stage.alexa.partner_token(&stage.tokens.access, &jwt).await, 400, "invalid_request");
}

#[rstest]
#[case::another("alexa::skill_messaging")]
#[case::more("alexa::async_event:write alexa::skill_messaging")]
#[case::malformed("\"")]
#[tokio::test]
async fn a_scope_that_the_token_does_not_have_is_refused(#[case] scope: &str) {
    let stage = Stage::on(Sqlite).await;
    let answer = stage.alexa.partner_token(&stage.tokens.access, &[("scope", scope)]).await;
    assert_refused(&answer, 400, "invalid_scope");
}

#[rstest]
#[tokio::test]
async fn what_is_no_access_token_of_ours_is_no_subject(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let theirs = stage.given().await;
    let grant_id = stage.grant_id().await;
    let refresh = stage.tokens.refresh.as_str();
    for token in ["made-up", "cpla_AAAA", "eyJhbGciOiJub25lIn0.e30.", refresh, &theirs, &grant_id] {
        assert_refused(&stage.alexa.partner_token(token, &[]).await, 400, "invalid_request");
    }
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_not_in_force_is_no_subject(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
    #[values("expired", "revoked", "user disabled")] death: &str,
) {
    let stage = Stage::with(backend, |_| {}, |settings| settings.access_token = format).await;
    stage.link_back(&stage.tokens).await;
    match death {
        "expired" => stage.app.clock.advance(DAY),
        "revoked" => assert_eq!(stage.alexa.revoke(&stage.tokens.access).await.status, 200),
        _ => {
            let disabled = stage.app.database.store.disable_user(stage.alice, stage.app.clock.now()).await;
            assert!(disabled.unwrap());
        }
    }
    assert_refused(&stage.ask().await, 400, "invalid_request");
    assert_eq!(stage.amazon.seen().refreshes, 0);
}

#[rstest]
#[tokio::test]
async fn an_idle_link_is_no_subject(#[values(Sqlite, Postgres)] backend: Backend) {
    let hour = std::time::Duration::from_secs(3600);
    let change = |settings: &mut couplet::model::client::ClientSettings| settings.exchange_grant_id = true;
    let stage = Stage::with(backend, |config| config.tokens.refresh_idle = Some(hour), change).await;
    stage.link_back(&stage.tokens).await;
    stage.app.clock.advance(hour);
    assert_refused(&stage.ask().await, 400, "invalid_request");
    let answer = stage.alexa.partner_token(&stage.grant_id().await, &[super::GRANT_ID]).await;
    assert_refused(&answer, 400, "invalid_request");
}

#[rstest]
#[tokio::test]
async fn a_client_without_a_partner_has_no_target(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    let other = stage.app.add_app("other", Some(SECRET), |_| {}).await;
    let tokens = other.link(&stage.app.person()).await;
    assert_refused(&other.partner_token(&tokens.access, &[]).await, 400, "invalid_target");
}

#[rstest]
#[tokio::test]
async fn a_refused_request_calls_nobody_and_writes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(3400);
    let (mut rows, called) = (stage.rows().await, stage.amazon.arrived());
    let before = rows.version().await;
    let form = [("grant_type", GRANT_TYPE), ("subject_token", stage.tokens.access.as_str())];
    stage.alexa.post(TOKEN, &form).await;
    stage.alexa.partner_token(&stage.tokens.refresh, &[]).await;
    stage.alexa.partner_token(&stage.tokens.access, &[("audience", "bixby")]).await;
    stage.alexa.partner_token(&stage.grant_id().await, &[super::GRANT_ID]).await;
    assert_eq!((rows.version().await, stage.amazon.arrived()), (before, called));
}
