//! The policy `strict`: any reuse ends the link (RFC 9700 section 4.14.2).

use couplet::model::client::RefreshPolicy::Strict;
use rstest::rstest;

use super::{AFTER_GRACE, DAY, linked, next, refresh_at_once, refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;

#[rstest]
#[tokio::test]
async fn a_reuse_at_the_same_moment_ends_the_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Strict).await;
    let successor = next(&client, &tokens.refresh).await;
    assert!(!client.is_active(&tokens.refresh).await);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &successor.refresh).await, "invalid_grant");
    assert!(!client.is_active(&successor.access).await && !client.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn a_late_reuse_of_an_early_token_ends_the_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Strict).await;
    let mut current = tokens.clone();
    for _ in 0..12 {
        current = next(&client, &current.refresh).await;
        app.clock.advance(AFTER_GRACE);
    }
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &current.refresh).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn of_32_parallel_refreshes_one_succeeds_and_the_link_ends(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Strict).await;
    let answers = refresh_at_once(&client, &tokens.refresh, 32).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(good.len(), 1);
    assert!(bad.iter().all(|answer| answer.error() == "invalid_grant"));
    assert_eq!(refused(&client, &good[0].text("refresh_token")).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn without_reuse_the_link_lives_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, mut tokens) = linked(&app, Strict).await;
    for _ in 0..5 {
        let successor = next(&client, &tokens.refresh).await;
        assert_ne!(successor.refresh, tokens.refresh);
        assert!(client.is_active(&successor.access).await && client.is_active(&successor.refresh).await);
        app.clock.advance(100 * DAY);
        tokens = successor;
    }
}
