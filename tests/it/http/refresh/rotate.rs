//! The policy `rotate` when all is well: a lost answer never costs a link.

use std::time::Duration;

use couplet::model::client::RefreshPolicy::Rotate;
use rstest::rstest;

use super::{AFTER_GRACE, DAY, WITHIN_GRACE, linked, next, refresh_at_once};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::rows::Rows;

#[rstest]
#[tokio::test]
async fn a_refresh_gives_a_successor(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let mut seen = vec![tokens.refresh];
    for _ in 0..5 {
        let successor = next(&client, &seen[seen.len() - 1]).await.refresh;
        assert!(!seen.contains(&successor));
        seen.push(successor);
        app.clock.advance(DAY);
    }
}

#[rstest]
#[tokio::test]
async fn of_32_parallel_refreshes_all_get_the_same_successor(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let answers = refresh_at_once(&client, &tokens.refresh, 32).await;
    let successor = answers[0].text("refresh_token");
    assert_ne!(successor, tokens.refresh);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text("refresh_token") == successor));
    next(&client, &successor).await;
}

#[rstest]
#[tokio::test]
async fn a_retry_within_grace_gets_the_same_successor(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&lost.access).await, "being seen in use ends the predecessor only after the grace time");
    app.clock.advance(WITHIN_GRACE);
    assert_eq!(next(&client, &tokens.refresh).await.refresh, lost.refresh);
}

#[rstest]
#[tokio::test]
async fn within_grace_all_predecessors_get_the_current_successor(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let mut all = vec![tokens.refresh];
    for _ in 0..20 {
        all.push(next(&client, &all[all.len() - 1]).await.refresh);
    }
    app.clock.advance(WITHIN_GRACE);
    for predecessor in &all {
        if predecessor != &all[20] {
            assert_eq!(next(&client, predecessor).await.refresh, all[20]);
        }
    }
}

#[rstest]
#[tokio::test]
async fn long_after_grace_a_successor_that_was_never_used_is_given_again(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(60, 0)] grace: u64,
) {
    let change = |config: &mut couplet::config::Config| config.tokens.refresh_grace = Duration::from_secs(grace);
    let app = TestApp::with(backend, change).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    for _ in 0..3 {
        app.clock.advance(100 * DAY);
        assert_eq!(next(&client, &tokens.refresh).await.refresh, lost.refresh);
    }
    next(&client, &lost.refresh).await;
}

#[rstest]
#[tokio::test]
async fn an_earlier_access_token_in_use_does_not_show_that_the_successor_arrived(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&tokens.access).await);
    app.clock.advance(AFTER_GRACE);
    assert!(client.is_active(&tokens.access).await);
    assert_eq!(next(&client, &tokens.refresh).await.refresh, lost.refresh);
}

#[rstest]
#[tokio::test]
async fn looking_at_refresh_tokens_uses_none_of_them(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    assert!(client.is_active(&tokens.refresh).await && client.is_active(&lost.refresh).await);
    app.clock.advance(AFTER_GRACE);
    assert_eq!(next(&client, &tokens.refresh).await.refresh, lost.refresh);
}

#[rstest]
#[tokio::test]
async fn a_link_takes_the_same_room_however_often_it_is_refreshed(#[values(Sqlite, Postgres)] backend: Backend) {
    const ROOM: &str = "SELECT sum(length(rotations) + length(refresh_hash) + length(scope)) FROM grants";
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, mut tokens) = linked(&app, Rotate).await;
    let mut rows = Rows::of(&app.database).await;
    let mut room = Vec::new();
    for refreshes in 1..=60 {
        tokens = next(&client, &tokens.refresh).await;
        if [1, 2, 60].contains(&refreshes) {
            room.push((rows.number(ROOM).await, rows.count("grants").await));
        }
    }
    assert_eq!(room, [(room[0].0, 1); 3]);
}
