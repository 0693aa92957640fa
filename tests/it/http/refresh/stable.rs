//! The policy `stable`: one refresh token for the life of the link.

use couplet::model::client::RefreshPolicy::Stable;
use couplet::model::grant::GrantState;
use couplet::model::time::Clock;
use couplet::store::grants::GrantFilter;
use rstest::rstest;

use super::{AFTER_GRACE, DAY, linked, next, refresh_at_once, refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::rows::Rows;

#[rstest]
#[tokio::test]
async fn a_link_ends_when_it_is_idle_for_as_long_as_the_operator_says(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::with(backend, |config| config.tokens.refresh_idle = Some(30 * DAY)).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    app.clock.advance(30 * DAY);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_link_in_use_outlives_the_idle_time_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::with(backend, |config| config.tokens.refresh_idle = Some(30 * DAY)).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    for _ in 0..5 {
        app.clock.advance(29 * DAY);
        next(&client, &tokens.refresh).await;
    }
}

#[rstest]
#[tokio::test]
async fn every_refresh_gives_the_same_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    for _ in 0..5 {
        let again = next(&client, &tokens.refresh).await;
        assert_eq!(again.refresh, tokens.refresh);
        assert!(client.is_active(&again.access).await);
        app.clock.advance(AFTER_GRACE);
    }
}

#[rstest]
#[tokio::test]
async fn of_32_parallel_refreshes_all_succeed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    let answers = refresh_at_once(&client, &tokens.refresh, 32).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text("refresh_token") == tokens.refresh));
}

#[rstest]
#[tokio::test]
async fn a_refresh_writes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    let mut rows = Rows::of(&app.database).await;
    let before = rows.version().await;
    for _ in 0..10 {
        let again = next(&client, &tokens.refresh).await;
        assert!(client.is_active(&again.access).await);
        app.clock.advance(AFTER_GRACE);
    }
    refresh_at_once(&client, &tokens.refresh, 8).await;
    assert_eq!(rows.version().await, before);
}

#[rstest]
#[tokio::test]
async fn a_link_that_slept_for_400_days_wakes_up(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    app.clock.advance(400 * DAY);
    let woken = next(&client, &tokens.refresh).await;
    assert_eq!(woken.refresh, tokens.refresh);
    assert!(client.is_active(&woken.access).await);
}

#[rstest]
#[tokio::test]
async fn the_day_of_the_last_use_is_known(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    app.clock.advance(3 * DAY);
    next(&client, &tokens.refresh).await;
    let grants = app.database.store.grants(&GrantFilter::default(), None, 10).await.unwrap();
    let GrantState::Active(active) = &grants[0].link.grant.state else { panic!("the link has ended") };
    assert_eq!(active.last_used_at, app.clock.now());
}
