//! The policy `rotate` when a token was stolen: the predecessor dies with the use of its successor, but not before the grace
//! time, and a use after its death ends the link.

use std::time::Duration;

use couplet::config::Config;
use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::client::RefreshPolicy::Rotate;
use rstest::rstest;

use super::{AFTER_GRACE, linked, next, refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

fn without_grace(config: &mut Config) {
    config.tokens.refresh_grace = Duration::ZERO;
}

#[rstest]
#[tokio::test]
async fn a_predecessor_whose_successor_was_refreshed_ends_the_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let successor = next(&client, &tokens.refresh).await;
    let current = next(&client, &successor.refresh).await;
    app.clock.advance(AFTER_GRACE);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &current.refresh).await, "invalid_grant", "the link has ended");
    assert!(!client.is_active(&current.access).await);
}

#[rstest]
#[tokio::test]
async fn a_predecessor_whose_successor_s_access_token_was_seen_ends_the_link(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.access_token = format).await;
    let tokens = client.link(&app.person()).await;
    let successor = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&successor.access).await);
    app.clock.advance(AFTER_GRACE);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &successor.refresh).await, "invalid_grant", "the link has ended");
}

#[rstest]
#[tokio::test]
async fn a_resource_server_sees_the_successor_s_access_token_as_well(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.access_token = format).await;
    let api = app.add_app("api", Some(SECRET), |settings| settings.introspect_any = true).await;
    let tokens = client.link(&app.person()).await;
    let successor = next(&client, &tokens.refresh).await;
    assert!(api.is_active(&successor.access).await);
    app.clock.advance(AFTER_GRACE);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn the_access_token_of_a_retry_counts_for_its_successor(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    let kept = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&kept.access).await);
    app.clock.advance(AFTER_GRACE);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &lost.refresh).await, "invalid_grant", "the link has ended");
}

#[rstest]
#[tokio::test]
async fn without_grace_a_predecessor_dies_at_the_first_refresh_of_its_successor(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::with(backend, without_grace).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let successor = next(&client, &tokens.refresh).await;
    let current = next(&client, &successor.refresh).await;
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &current.refresh).await, "invalid_grant", "the link has ended");
}

#[rstest]
#[tokio::test]
async fn without_grace_a_predecessor_dies_at_the_first_sight_of_the_access_token(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::with(backend, without_grace).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let successor = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&successor.access).await);
    assert!(!client.is_active(&tokens.refresh).await);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
    assert!(!client.is_active(&successor.access).await, "the link has ended");
}

#[rstest]
#[tokio::test]
async fn the_grace_time_of_each_token_begins_with_its_own_replacement(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, first) = linked(&app, Rotate).await;
    let second = next(&client, &first.refresh).await;
    app.clock.advance(Duration::from_secs(50));
    let third = next(&client, &second.refresh).await;
    app.clock.advance(Duration::from_secs(9));
    assert_eq!(next(&client, &first.refresh).await.refresh, third.refresh, "after 59 s");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(next(&client, &second.refresh).await.refresh, third.refresh, "after 10 s");
    assert_eq!(refused(&client, &first.refresh).await, "invalid_grant", "after 60 s");
}

#[rstest]
#[tokio::test]
async fn a_token_of_long_ago_is_dead_also_right_after_many_rotations(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(12, 40)] rotations: u32,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, old) = linked(&app, Rotate).await;
    let mut tokens = next(&client, &old.refresh).await;
    app.clock.advance(Duration::from_secs(3600));
    for _ in 0..rotations {
        tokens = next(&client, &tokens.refresh).await;
    }
    assert_eq!(refused(&client, &old.refresh).await, "invalid_grant");
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant", "the link has ended");
}
