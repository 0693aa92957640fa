//! Rotating the signing key: nobody notices, because the key before stays published as long as its tokens live.

use std::time::Duration;

use couplet::jobs::purge::purge;
use rstest::rstest;

use super::{kid_of, published, verified};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::Tokens;

#[rstest]
#[tokio::test]
async fn a_replaced_key_is_published_no_longer_than_it_is_needed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let old = client.link(&app.person()).await;
    app.app.protocol.keys.rotate().await.unwrap();
    app.clock.advance(Duration::from_secs(86_400));
    let keys = published(&app).await;
    assert_eq!(keys.keys.len(), 1);
    assert!(keys.find(&kid_of(&old.access)).is_none());
    assert!(!client.is_active(&old.access).await);
    let new = Tokens::from(&client.refresh(&old.refresh).await);
    verified(&app, &new.access).await;
}

#[rstest]
#[tokio::test]
async fn after_a_rotation_new_tokens_have_the_new_key_and_old_ones_live_on(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let old = client.link(&app.person()).await;
    app.app.protocol.keys.rotate().await.unwrap();
    let new = Tokens::from(&client.refresh(&old.refresh).await);
    assert_ne!(kid_of(&new.access), kid_of(&old.access));
    app.clock.advance(Duration::from_secs(3599));
    for token in [&old.access, &new.access] {
        verified(&app, token).await;
        assert!(client.is_active(token).await);
    }
}

#[rstest]
#[tokio::test]
async fn several_rotations_at_once_cost_no_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let mut tokens = client.link(&app.person()).await;
    let mut all = vec![tokens.access.clone()];
    for _ in 0..3 {
        app.app.protocol.keys.rotate().await.unwrap();
        tokens = Tokens::from(&client.refresh(&tokens.refresh).await);
        all.push(tokens.access.clone());
    }
    app.clock.advance(Duration::from_secs(3599));
    for token in &all {
        verified(&app, token).await;
        assert!(client.is_active(token).await);
    }
    assert_eq!(published(&app).await.keys.len(), 4);
}

#[rstest]
#[tokio::test]
async fn what_is_opaque_does_not_depend_on_signing_keys(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    app.app.protocol.keys.rotate().await.unwrap();
    assert!(alexa.is_active(&tokens.access).await);
    assert_eq!(alexa.refresh(&tokens.refresh).await.text("refresh_token"), tokens.refresh);
}

#[rstest]
#[tokio::test]
async fn a_replaced_key_is_kept_for_a_month_after_it_was_published(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.app.protocol.keys.rotate().await.unwrap();
    app.clock.advance(Duration::from_secs(2 * 3600 + 30 * 86_400));
    assert_eq!(published(&app).await.keys.len(), 1);
    assert_eq!(purge(&app.app).await.unwrap().keys, 0, "another server may publish longer");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(purge(&app.app).await.unwrap().keys, 1);
}
