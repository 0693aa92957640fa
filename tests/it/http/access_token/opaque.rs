//! Opaque access tokens: short, of harmless characters, and nothing is stored for them.

use couplet::model::client::AccessTokenFormat::Opaque;
use couplet::model::scope::Scope;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::rows::Rows;

#[track_caller]
fn assert_promised_form(token: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    assert!(!token.is_empty() && token.len() <= 128 && token.chars().all(allowed), "{token}");
}

#[rstest]
#[tokio::test]
async fn the_form_is_the_promised_one_whatever_the_scope(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let tokens: Vec<String> = (0..64).map(|number| format!("https://api.example.com/a-long-scope/{number}")).collect();
    let scope = Scope::parse(&tokens.join(" ")).unwrap();
    let change = |settings: &mut couplet::model::client::ClientSettings| {
        (settings.access_token, settings.scope) = (Opaque, scope.clone());
    };
    let client = app.add_app("app", Some(SECRET), change).await;
    let linked = client.link(&app.person()).await;
    assert_promised_form(&linked.access);
    let told = client.post("/oauth2/introspect", &[("token", &linked.access)]).await;
    assert_eq!(told.text("scope"), scope.to_string());
    assert_promised_form(&client.refresh(&linked.refresh).await.text("access_token"));
}

#[rstest]
#[tokio::test]
async fn alexa_gets_opaque_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let tokens = app.alexa().link(&app.person()).await;
    assert_promised_form(&tokens.access);
    assert_eq!(tokens.access.matches('.').count(), 0, "it is no JWT");
}

#[rstest]
#[tokio::test]
async fn no_two_are_alike_and_none_is_stored(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    let mut rows = Rows::of(&app.database).await;
    let before = rows.version().await;
    let mut seen = vec![tokens.access];
    for _ in 0..20 {
        let access = alexa.refresh(&tokens.refresh).await.text("access_token");
        assert!(!seen.contains(&access) && alexa.is_active(&access).await);
        seen.push(access);
    }
    assert_eq!(rows.version().await, before);
}
