//! Links in whose life the operator changes something: the refresh policy, or the database by one of yesterday. No link is
//! lost by that.

use couplet::model::client::RefreshPolicy::{self, Rotate, Stable, Strict};
use couplet::model::ids::ClientId;
use couplet::store::clients::ChangeSettings;
use rstest::rstest;

use super::{AFTER_GRACE, linked, next, refused};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::rows::Rows;

async fn change_to(app: &TestApp, policy: RefreshPolicy) {
    let store = &app.database.store;
    let id = ClientId::parse("app").unwrap();
    let before = store.client(&id).await.unwrap().unwrap().settings;
    let mut after = before.clone();
    after.refresh = policy;
    assert_eq!(store.change_settings(&id, &before, &after).await.unwrap(), ChangeSettings::Changed);
}

#[rstest]
#[tokio::test]
async fn from_rotate_to_stable_the_token_in_force_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let current = next(&client, &tokens.refresh).await;
    change_to(&app, Stable).await;
    for _ in 0..3 {
        assert_eq!(next(&client, &current.refresh).await.refresh, current.refresh);
    }
}

#[rstest]
#[tokio::test]
async fn from_rotate_to_stable_an_answer_lost_before_is_not_lost_for_good(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let lost = next(&client, &tokens.refresh).await;
    change_to(&app, Stable).await;
    app.clock.advance(AFTER_GRACE);
    assert_eq!(next(&client, &tokens.refresh).await.refresh, lost.refresh);
}

#[rstest]
#[tokio::test]
async fn from_rotate_to_stable_a_dead_token_stays_dead(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Rotate).await;
    let successor = next(&client, &tokens.refresh).await;
    next(&client, &successor.refresh).await;
    change_to(&app, Stable).await;
    app.clock.advance(AFTER_GRACE);
    assert_eq!(refused(&client, &tokens.refresh).await, "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn from_stable_to_rotation_the_token_in_force_gets_a_successor(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, Stable).await;
    next(&client, &tokens.refresh).await;
    change_to(&app, policy).await;
    let successor = next(&client, &tokens.refresh).await;
    assert_ne!(successor.refresh, tokens.refresh);
    next(&client, &successor.refresh).await;
}

#[rstest]
#[tokio::test]
async fn a_database_that_lost_its_last_writes_costs_no_link(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Stable, Rotate, Strict)] policy: RefreshPolicy,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, tokens) = linked(&app, policy).await;
    let mut rows = Rows::of(&app.database).await;
    rows.change("CREATE TABLE yesterday AS SELECT * FROM grants").await;
    let lost = next(&client, &tokens.refresh).await;
    let lost = next(&client, &lost.refresh).await;
    rows.change("DELETE FROM grants; INSERT INTO grants SELECT * FROM yesterday").await;
    let kept = next(&client, &lost.refresh).await;
    assert!(client.is_active(&kept.access).await);
    next(&client, &kept.refresh).await;
}
