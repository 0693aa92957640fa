//! Token introspection (RFC 7662): who may ask about which token, and what is told.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::client::RefreshPolicy::{Rotate, Stable, Strict};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use couplet::store::grants::GrantFilter;
use reqwest::Client;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET, TestApp};
use crate::support::platform::{Answer, CHALLENGE, Platform, Tokens, VERIFIER};
use crate::support::rows::Rows;

const PATH: &str = "/oauth2/introspect";

async fn introspect(client: &Platform, token: &str) -> Value {
    let answer = client.post(PATH, &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.json
}

/// RFC 7662 section 2.2: of an inactive token nothing else is told.
async fn assert_inactive(client: &Platform, token: &str) {
    assert_eq!(introspect(client, token).await, json!({"active": false}), "{token}");
}

async fn client_with(app: &TestApp, format: AccessTokenFormat) -> Platform {
    app.add_app("app", Some(SECRET), |settings| settings.access_token = format).await
}

#[rstest]
#[tokio::test]
async fn only_clients_that_prove_who_they_are_may_ask(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let public = app.add_app("public", None, |_| {}).await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = public.code_with(&app.person(), &pkce).await;
    let tokens = Tokens::from(&public.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    let mut guesser = client_with(&app, Jwt).await;
    guesser.secret = Some("wrong".to_owned());
    let nobody = Client::new().post(format!("{}{PATH}", app.url)).form(&[("token", &tokens.access)]);
    let bearer = nobody.try_clone().unwrap().bearer_auth(&tokens.access);
    let form = [("token", tokens.access.as_str())];
    let answers = [
        public.post(PATH, &form).await,
        guesser.post(PATH, &form).await,
        Answer::of(nobody).await,
        Answer::of(bearer).await,
    ];
    for answer in answers {
        assert_eq!((answer.status.as_u16(), answer.error()), (401, "invalid_client"));
        assert!(answer.headers.contains_key("www-authenticate"));
    }
}

#[rstest]
#[tokio::test]
async fn a_question_about_no_token_or_two_is_malformed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = client_with(&app, Jwt).await;
    for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "a")]] {
        let answer = client.post(PATH, &form).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_request"), "{form:?}");
    }
}

#[rstest]
#[tokio::test]
async fn what_is_no_token_of_ours_is_inactive(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = client_with(&app, Jwt).await;
    let code = client.code_from(&app.person()).await;
    let long = "a".repeat(60_000);
    for token in ["made-up", "cpla_", "cplr_AAAA", "..", "eyJhbGciOiJub25lIn0.e30.", "ö🔗", &long, &code] {
        assert_inactive(&client, token).await;
    }
}

#[rstest]
#[tokio::test]
async fn nothing_is_told_of_another_client_s_tokens(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let other = app.add_app("other", Some(SECRET), |_| {}).await;
    let tokens = client_with(&app, format).await.link(&app.person()).await;
    assert_inactive(&other, &tokens.access).await;
    assert_inactive(&other, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn an_access_token_ends_on_time(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::with(backend, |config| config.tokens.access = Duration::from_secs(600)).await.with_alice().await;
    let client = client_with(&app, format).await;
    let tokens = client.link(&app.person()).await;
    app.clock.advance(Duration::from_secs(599));
    assert!(client.is_active(&tokens.access).await);
    app.clock.advance(Duration::from_secs(1));
    assert_inactive(&client, &tokens.access).await;
    assert!(client.is_active(&tokens.refresh).await);
}

#[rstest]
#[tokio::test]
async fn all_tokens_of_a_revoked_link_are_inactive(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = client_with(&app, format).await;
    let tokens = client.link(&app.person()).await;
    client.revoke(&tokens.refresh).await;
    assert_inactive(&client, &tokens.access).await;
    assert_inactive(&client, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn all_tokens_of_a_disabled_user_are_inactive(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let client = client_with(&app, format).await;
    let tokens = client.link(&app.person()).await;
    app.database.store.disable_user(alice, app.clock.now()).await.unwrap();
    assert_inactive(&client, &tokens.access).await;
    assert_inactive(&client, &tokens.refresh).await;
    app.database.store.enable_user(alice).await.unwrap();
    assert!(client.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_s_tokens_are_inactive(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let api = app.add_app("api", Some(SECRET), |settings| settings.introspect_any = true).await;
    let tokens = client_with(&app, format).await.link(&app.person()).await;
    app.database.store.enable_client(&ClientId::parse("app").unwrap(), false).await.unwrap();
    assert_inactive(&api, &tokens.access).await;
    assert_inactive(&api, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn an_idle_link_s_refresh_token_is_inactive(#[values(Sqlite, Postgres)] backend: Backend) {
    let day = Duration::from_secs(86_400);
    let app = TestApp::with(backend, |config| config.tokens.refresh_idle = Some(day)).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.refresh = Stable).await;
    let tokens = client.link(&app.person()).await;
    app.clock.advance(day);
    assert_inactive(&client, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_resource_server_s_own_policy_says_nothing_about_others_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let mut servers = Vec::new();
    for (id, policy) in [("strict", Strict), ("rotate", Rotate)] {
        let change = |settings: &mut couplet::model::client::ClientSettings| {
            (settings.refresh, settings.introspect_any) = (policy, true);
        };
        servers.push(app.add_app(id, Some(SECRET), change).await);
    }
    for (id, policy, predecessor_lives) in [("a", Strict, false), ("b", Rotate, true)] {
        let client = app.add_app(id, Some(SECRET), |settings| settings.refresh = policy).await;
        let tokens = client.link(&app.person()).await;
        assert_eq!(client.refresh(&tokens.refresh).await.status, 200);
        for server in &servers {
            assert_eq!(server.is_active(&tokens.refresh).await, predecessor_lives, "{id} at {}", server.client_id);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_resource_server_sees_the_tokens_of_all(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let api = app.add_app("api", Some(SECRET), |settings| settings.introspect_any = true).await;
    let tokens = client_with(&app, format).await.link(&app.person()).await;
    assert_eq!(introspect(&api, &tokens.access).await["client_id"], "app");
    assert_eq!(introspect(&api, &tokens.refresh).await["client_id"], "app");
}

#[rstest]
#[tokio::test]
async fn of_an_access_token_all_is_told(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let client = client_with(&app, format).await;
    let tokens = client.link(&app.person()).await;
    let mut told = introspect(&client, &tokens.access).await;
    let (now, jti) = (app.clock.now().timestamp(), told["jti"].take());
    assert!(!jti.as_str().unwrap().is_empty());
    let grants = app.database.store.grants(&GrantFilter::default(), None, 9).await.unwrap();
    let expected = json!({
        "active": true, "client_id": "app", "username": ALICE, "sub": alice.to_string(), "token_type": "Bearer",
        "scope": "read write", "iat": now, "exp": now + 3600, "iss": app.url, "aud": app.url, "jti": null,
        "grant_id": grants[0].link.grant.id.to_string(),
    });
    assert_eq!(told, expected);
}

#[rstest]
#[tokio::test]
async fn of_a_refresh_token_no_end_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let client = client_with(&app, Jwt).await;
    let tokens = client.link(&app.person()).await;
    let told = introspect(&client, &tokens.refresh).await;
    assert_eq!(
        (&told["active"], &told["sub"], &told["scope"]),
        (&json!(true), &json!(alice.to_string()), &json!("read write"))
    );
    assert_eq!((told.get("exp"), told.get("token_type")), (None, None), "it is no Bearer token");
}

#[rstest]
#[tokio::test]
async fn a_hint_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = client_with(&app, Opaque).await;
    let tokens = client.link(&app.person()).await;
    for token in [&tokens.access, &tokens.refresh] {
        for hint in ["access_token", "refresh_token", "nonsense", ""] {
            let answer = client.post(PATH, &[("token", token), ("token_type_hint", hint)]).await;
            assert_eq!(answer.json["active"], true, "{hint}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_question_writes_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = client_with(&app, format).await;
    let first = client.link(&app.person()).await;
    let tokens = Tokens::from(&client.refresh(&first.refresh).await);
    assert!(client.is_active(&tokens.access).await, "the first sight of a successor is noted");
    let mut rows = Rows::of(&app.database).await;
    let before = rows.version().await;
    for token in [&tokens.access, &tokens.refresh, &first.access, &first.refresh, &"made-up".to_owned()] {
        introspect(&client, token).await;
    }
    assert_eq!(rows.version().await, before);
}
