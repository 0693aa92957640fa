//! What holds for a refresh under every policy.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::client::GrantType;
use couplet::model::client::RefreshPolicy::{self, Rotate, Stable, Strict};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use rstest::rstest;

use super::{AFTER_GRACE, linked, next, refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET, TestApp};
use crate::support::platform::{Answer, Platform};

async fn refresh_for(client: &Platform, token: &str, scope: &str) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
    client.post("/oauth2/token", &form).await
}

#[rstest]
#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_costs_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_from(&app.person()).await;
    let tokens = client.exchange(&code, &[]).await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let cut = &refresh[..refresh.len() - 1];
    let doubled = format!("{refresh}{refresh}");
    for token in ["made-up", "cplr_", "cplr_AAAA", cut, &doubled, &code, &access, &refresh.to_lowercase(), "ö 🔗"] {
        let answer = client.refresh(token).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_grant"), "{token}");
    }
    next(&client, &refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_request_without_a_token_or_with_two_is_malformed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    let token = ("refresh_token", tokens.refresh.as_str());
    let kind = ("grant_type", "refresh_token");
    for form in [vec![kind], vec![kind, ("refresh_token", "")], vec![kind, token, token], vec![kind, kind, token]] {
        let answer = client.post("/oauth2/token", &form).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_request"), "{form:?}");
    }
}

#[rstest]
#[tokio::test]
async fn another_client_gets_nothing_for_a_token_and_ends_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, policy).await;
    let thief = app.add_app("thief", Some(SECRET), |settings| settings.refresh = policy).await;
    let successor = next(&client, &tokens.refresh).await;
    let current = next(&client, &successor.refresh).await;
    app.clock.advance(AFTER_GRACE);
    for stolen in [&tokens.refresh, &successor.refresh, &current.refresh] {
        assert_eq!(refused(&thief, stolen).await, "invalid_grant");
    }
    next(&client, &current.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_wider_or_malformed_scope_is_refused_and_costs_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.refresh = policy).await;
    let code = client.code_with(&app.person(), &[("scope", "read")]).await;
    let refresh = client.exchange(&code, &[]).await.text("refresh_token");
    for scope in ["read write", "write", "read admin", "re\"ad", "read\u{e9}"] {
        let answer = refresh_for(&client, &refresh, scope).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_scope"), "{scope}");
    }
    assert_eq!(client.refresh(&refresh).await.text("scope"), "read");
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_s_link_rests(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let (client, tokens) = linked(&app, policy).await;
    app.database.store.disable_user(alice, app.clock.now()).await.unwrap();
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    app.database.store.enable_user(alice).await.unwrap();
    next(&client, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_s_link_is_gone(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let (client, tokens) = linked(&app, Stable).await;
    app.database.store.delete_user(alice).await.unwrap();
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert!(!client.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_s_links_rest(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, policy).await;
    let id = ClientId::parse("app").unwrap();
    app.database.store.enable_client(&id, false).await.unwrap();
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_client");
    app.database.store.enable_client(&id, true).await.unwrap();
    next(&client, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_client_without_the_grant_gets_no_refresh_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let only_codes = vec![GrantType::AuthorizationCode];
    let client = app.add_app("app", Some(SECRET), |settings| settings.grant_types = only_codes).await;
    let code = client.code_from(&app.person()).await;
    let answer = client.exchange(&code, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json.get("refresh_token")), (200, None));
    assert_eq!(refused(&client, "cplr_any").await, "unauthorized_client");
}

#[rstest]
#[tokio::test]
async fn a_narrower_scope_holds_for_one_access_token(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        (settings.refresh, settings.access_token) = (policy, format);
    };
    let client = app.add_app("app", Some(SECRET), change).await;
    let tokens = client.link(&app.person()).await;
    let narrow = refresh_for(&client, &tokens.refresh, "write").await;
    assert_eq!(narrow.text("scope"), "write");
    let seen = client.post("/oauth2/introspect", &[("token", &narrow.text("access_token"))]).await;
    assert_eq!(seen.text("scope"), "write");
    let whole = client.refresh(&narrow.text("refresh_token")).await;
    assert_eq!(whole.text("scope"), "read write");
}

#[rstest]
#[tokio::test]
async fn a_refresh_does_not_shorten_the_life_of_earlier_access_tokens(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        (settings.refresh, settings.access_token) = (policy, format);
    };
    let client = app.add_app("app", Some(SECRET), change).await;
    let first = client.link(&app.person()).await;
    let second = next(&client, &first.refresh).await;
    next(&client, &second.refresh).await;
    app.clock.advance(Duration::from_secs(3599));
    assert!(client.is_active(&first.access).await && client.is_active(&second.access).await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!client.is_active(&first.access).await);
}

#[rstest]
#[tokio::test]
async fn a_refresh_depends_on_no_browser_session_and_on_no_password(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let (client, tokens) = linked(&app, Stable).await;
    app.database.store.set_password(alice, "$argon2id$changed").await.unwrap();
    next(&client, &tokens.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_refresh_answers_as_rfc_6749_says(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, policy).await;
    let answer = client.refresh(&tokens.refresh).await;
    assert_eq!((answer.status.as_u16(), answer.text("token_type")), (200, "Bearer".to_owned()));
    assert_eq!(answer.json["expires_in"], 3600);
    assert_ne!(answer.text("access_token"), tokens.access);
    assert_eq!(
        (&answer.headers["cache-control"], &answer.headers["pragma"]),
        (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
    );
}
