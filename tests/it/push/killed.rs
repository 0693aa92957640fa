//! Between the commit and the webhook lies nothing that could get lost.

use couplet::config::Config;
use couplet::model::time::Clock;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::program::Program;
use crate::support::push::{ALICE, BackEnd};
use crate::support::receiver::Receiver;

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
