//! Between the commit and the webhook lies nothing that could get lost.

use couplet::app::SystemClock;
use couplet::config::Config;
use couplet::model::time::Clock;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::program::Program;
use crate::support::push::{ALICE, BackEnd};
use crate::support::receiver::{Receiver, Says};

#[rstest]
#[tokio::test]
async fn what_a_dead_process_did_not_tell_the_next_one_tells(#[values(Sqlite, Postgres)] backend: Backend) {
    let receiver = Receiver::saying([]).await;
    let loopback = |config: &mut Config| config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()];
    // A server without the job that brings events, as if it had died at once after each.
    let app = TestApp::with(backend, loopback).await;
    let back_end = BackEnd::of(&app).await;
    let form = [("FriendlyName", "Events"), ("WebhookUrl", &*receiver.url), ("EventTypes", "challenge.approved")];
    back_end.basic.post(&format!("{}/Webhooks", back_end.service), &form).await.made();
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    device.answer(&path, app.clock.now(), "approved").await;
    assert!(receiver.came().is_empty());

    let program = Program::new().with("DATABASE_URL", &app.database.url).set_up_to_serve();
    let program = program.with("COUPLET_PUSH_WEBHOOK_NETWORKS", "127.0.0.0/8");
    let server = program.serve("serve").await;
    let came = receiver.until(1).await;
    assert_eq!((came[0].value("type"), came[0].value("uuid").len()), ("challenge.approved", 36));
    server.terminate();
    assert_eq!(receiver.came().len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_try_during_which_the_server_is_killed_is_made_again_by_the_next_one(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let receiver = Receiver::saying([Says::Nothing]).await;
    let program = Program::on(backend).await.set_up_to_serve().with("COUPLET_PUSH_WEBHOOK_NETWORKS", "127.0.0.0/8");
    let account = program.run("push account add --json").json();
    let mut server = program.serve("serve").await;
    let text = |member: &str| account[member].as_str().unwrap();
    let back_end = BackEnd::at(&server.url, text("account_sid"), text("auth_token")).await;
    let form = [("FriendlyName", "Events"), ("WebhookUrl", &*receiver.url), ("EventTypes", "challenge.denied")];
    back_end.basic.post(&format!("{}/Webhooks", back_end.service), &form).await.made();
    let device = back_end.device_at(SystemClock.now(), ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    assert_eq!(device.answer(&path, SystemClock.now(), "denied").await.status, 200);
    let first = receiver.until(1).await.remove(0);
    server.kill().await;

    let _next = program.serve("serve").await;
    let again = receiver.until(2).await.remove(1);
    assert_eq!((again.value("type"), again.value("uuid")), ("challenge.denied", first.value("uuid")));
    assert!(first.form == again.form && first.header("x-twilio-signature") == again.header("x-twilio-signature"));
}
