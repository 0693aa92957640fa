//! Token revocation (RFC 7009): whichever token of a link is revoked, the whole link ends.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::client::RefreshPolicy::{self, Rotate, Stable, Strict};
use reqwest::Client;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::{Answer, CHALLENGE, Tokens, VERIFIER};

const PATH: &str = "/oauth2/revoke";

#[rstest]
#[tokio::test]
async fn only_clients_that_prove_who_they_are_may_revoke(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = client.link(&app.person()).await;
    let mut guesser = client.clone();
    guesser.secret = Some("wrong".to_owned());
    let nobody = Client::new().post(format!("{}{PATH}", app.url)).form(&[("token", &tokens.refresh)]);
    for answer in [guesser.revoke(&tokens.refresh).await, Answer::of(nobody).await] {
        assert_eq!((answer.status.as_u16(), answer.error()), (401, "invalid_client"));
    }
    assert!(client.is_active(&tokens.refresh).await);
}

#[rstest]
#[tokio::test]
async fn another_client_s_tokens_are_refused_and_live_on(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.access_token = format).await;
    let thief = app.add_app("thief", Some(SECRET), |settings| settings.introspect_any = true).await;
    let tokens = client.link(&app.person()).await;
    for token in [&tokens.access, &tokens.refresh] {
        let answer = thief.revoke(token).await;
        assert_eq!(answer.status, 400, "RFC 7009 section 2.1: the client is informed");
        assert!(!answer.error().is_empty());
    }
    assert!(client.is_active(&tokens.access).await && client.is_active(&tokens.refresh).await);
}

#[rstest]
#[tokio::test]
async fn a_request_without_a_token_or_with_two_is_malformed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "a")]] {
        let answer = client.post(PATH, &form).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_request"), "{form:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_unknown_token_is_as_good_as_revoked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    for token in ["made-up", "cplr_AAAA", "eyJhbGciOiJub25lIn0.e30.", "ö🔗"] {
        assert_eq!(client.revoke(token).await.status, 200, "{token}");
    }
}

#[rstest]
#[tokio::test]
async fn an_access_token_that_has_expired_ends_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.access_token = format).await;
    let tokens = client.link(&app.person()).await;
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(client.revoke(&tokens.access).await.status, 200);
    assert_eq!(client.refresh(&tokens.refresh).await.status, 200);
}

#[rstest]
#[case::refresh_token(0)]
#[case::its_predecessor(1)]
#[case::access_token(2)]
#[case::an_earlier_one(3)]
#[tokio::test]
async fn any_token_ends_the_whole_link(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
    #[case] which: usize,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        (settings.refresh, settings.access_token) = (policy, format);
    };
    let client = app.add_app("app", Some(SECRET), change).await;
    let first = client.link(&app.person()).await;
    let second = Tokens::from(&client.refresh(&first.refresh).await);
    let all = [second.refresh, first.refresh, second.access, first.access];
    let answer = client.revoke(&all[which]).await;
    assert_eq!((answer.status.as_u16(), answer.headers["content-length"].to_str().unwrap()), (200, "0"));
    for token in &all {
        assert!(!client.is_active(token).await);
    }
    assert_eq!(client.refresh(&all[0]).await.error(), "invalid_grant");
    assert_eq!(client.revoke(&all[which]).await.status, 200, "a second time is no error");
}

#[rstest]
#[tokio::test]
async fn other_links_live_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    app.add_user("Bob").await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let alice = app.person();
    let (gone, kept) = (client.link(&alice).await, client.link(&alice).await);
    let page = app.person().link_as("Bob", &client.authorize(&[])).await;
    let code = crate::support::platform::answer_parameter(&page, "code").unwrap();
    let bobs = Tokens::from(&client.exchange(&code, &[]).await);
    assert_eq!(client.revoke(&gone.refresh).await.status, 200);
    assert!(!client.is_active(&gone.access).await);
    assert!(client.is_active(&kept.access).await && client.is_active(&bobs.access).await);
}

#[rstest]
#[tokio::test]
async fn a_hint_changes_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("access_token", "refresh_token", "nonsense")] hint: &str,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = client.link(&app.person()).await;
    let form = [("token", tokens.refresh.as_str()), ("token_type_hint", hint)];
    assert_eq!(client.post(PATH, &form).await.status, 200);
    assert!(!client.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn a_public_client_revokes_its_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let public = app.add_app("public", None, |_| {}).await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = public.code_with(&app.person(), &pkce).await;
    let tokens = Tokens::from(&public.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    assert_eq!(public.revoke(&tokens.access).await.status, 200);
    assert_eq!(public.refresh(&tokens.refresh).await.error(), "invalid_grant");
}
