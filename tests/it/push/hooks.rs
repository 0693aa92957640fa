//! Webhooks: who may be told, what they are told, and for how long it is tried.

use std::time::Duration;

use couplet::config::Config;
use couplet::model::time::Clock;
use couplet::push::webhook_signature::Scheme;
use rstest::rstest;
use serde_json::json;

use super::vectors::is_accepted;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd};
use crate::support::receiver::{Receiver, Says};

/// A server that may tell webhooks on this machine.
async fn app_for_loopback(backend: Backend) -> TestApp {
    TestApp::with(backend, |config: &mut Config| config.webhook_networks = vec!["127.0.0.0/8".parse().unwrap()]).await
}

/// Tries all that is due, as the server does by itself.
async fn deliver(app: &TestApp) {
    let outbox = &app.app.push.outbox;
    for webhook in outbox.due_webhooks().await.unwrap() {
        for delivery in outbox.due(webhook, 100).await.unwrap() {
            outbox.deliver(&delivery).await.unwrap();
        }
    }
}

async fn add_webhook(back_end: &BackEnd, url: &str, event_types: &[&str]) -> String {
    let mut form = vec![("FriendlyName", "Events"), ("WebhookUrl", url)];
    form.extend(event_types.iter().map(|kind| ("EventTypes", *kind)));
    back_end.basic.post(&format!("{}/Webhooks", back_end.service), &form).await.made()
}

#[rstest]
#[case(&[("WebhookUrl", "http://127.0.0.1:9/")])]
#[case(&[("WebhookUrl", "http://localhost/")])]
#[case(&[("WebhookUrl", "http://[::1]/")])]
#[case(&[("WebhookUrl", "http://169.254.169.254/")])]
#[case(&[("WebhookUrl", "https://user:password@example.com/")])]
#[case(&[("WebhookUrl", "ftp://example.com/")])]
#[case(&[("WebhookUrl", "hook")])]
#[case(&[("EventTypes", "factor.lost")])]
#[case(&[("Status", "perhaps")])]
#[case(&[("Version", "v3")])]
#[tokio::test]
async fn a_webhook_that_leads_inside_or_is_malformed_is_refused(#[case] wrong: &[(&str, &str)]) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let path = format!("{}/Webhooks", back_end.service);
    let good = [("FriendlyName", "Events"), ("EventTypes", "*"), ("WebhookUrl", "https://hooks.example.com/")];
    let form: Vec<(&str, &str)> =
        good.into_iter().filter(|(name, _)| *name != wrong[0].0).chain(wrong.iter().copied()).collect();
    assert_eq!(back_end.basic.post(&path, &form).await.refusal(), (400, 60306));
    for missing in 0..3 {
        let form: Vec<_> =
            good.into_iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, pair)| pair).collect();
        assert_eq!(back_end.basic.post(&path, &form).await.refusal(), (400, 60306));
    }
    let sid = back_end.basic.post(&path, &good).await.made();
    assert_eq!(back_end.basic.post(&format!("{path}/{sid}"), wrong).await.refusal(), (400, 60306));
}

#[rstest]
#[tokio::test]
async fn a_name_that_leads_inside_is_told_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let inside = Receiver::saying([]).await;
    let app = app_for_loopback(backend).await;
    let back_end = BackEnd::of(&app).await;
    // The configuration of another server, in which loopback is not allowed.
    add_webhook(&back_end, &inside.url, &["*"]).await;
    add_webhook(&back_end, &inside.url.replace("127.0.0.1", "localhost"), &["*"]).await;
    let strict = TestApp::on(backend).await;
    let outbox = couplet::push::outbox::Outbox::new(
        app.app.store.clone(),
        app.app.push.keys.clone(),
        app.clock.clone(),
        strict.app.push.outbox.targets.clone(),
    )
    .unwrap();
    back_end.device(&app, ALICE).await;
    for webhook in outbox.due_webhooks().await.unwrap() {
        for delivery in outbox.due(webhook, 10).await.unwrap() {
            outbox.deliver(&delivery).await.unwrap();
        }
    }
    assert!(inside.came().is_empty());
}

#[rstest]
#[tokio::test]
async fn what_happens_is_told_signed_and_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let receiver = Receiver::saying([]).await;
    let app = app_for_loopback(backend).await;
    let back_end = BackEnd::of(&app).await;
    add_webhook(&back_end, &receiver.url, &["*"]).await;
    let device = back_end.device(&app, ALICE).await;
    let now = app.clock.now();
    for word in ["approved", "denied"] {
        let path = back_end.ask(&device, &[]).await;
        device.answer(&path, now, word).await;
        device.answer(&path, now, word).await;
    }
    device.at(now).delete(&device.path()).await;
    deliver(&app).await;
    deliver(&app).await;
    let came = receiver.came();
    let mut kinds: Vec<&str> = came.iter().map(|came| came.value("type")).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["challenge.approved", "challenge.denied", "factor.created", "factor.deleted", "factor.verified"]
    );
    for event in &came {
        assert_eq!(event.line, "POST /hook?from=couplet HTTP/1.1");
        let token = back_end.basic.password.clone().into();
        let signature = event.header("x-twilio-signature");
        assert!(is_accepted(Scheme::Sha1, &token, &receiver.url, &event.form, signature), "{event:?}");
        let same = [
            ("account_sid", &*back_end.basic.user),
            ("service_sid", back_end.service_sid()),
            ("entity_identity", ALICE),
            ("factor_sid", &device.factor),
            ("factor_type", "push"),
        ];
        for (name, value) in same {
            assert_eq!(event.value(name), value);
        }
        let of_challenge = event.value("type").starts_with("challenge.");
        assert_eq!(event.value("challenge_sid").starts_with("YC"), of_challenge, "{event:?}");
    }
    let uuids: std::collections::BTreeSet<&str> = came.iter().map(|event| event.value("uuid")).collect();
    assert_eq!(uuids.len(), 5);
}

#[rstest]
#[tokio::test]
async fn what_was_not_taken_is_tried_five_times_with_the_same_uuid(#[values(Sqlite, Postgres)] backend: Backend) {
    let elsewhere = Receiver::saying([]).await;
    let says = [Says::Status(500), Says::Redirect(elsewhere.url.clone()), Says::Status(404), Says::Status(503)];
    let receiver = Receiver::saying(says.into_iter().chain([Says::Status(500), Says::Status(500)])).await;
    let app = app_for_loopback(backend).await;
    let back_end = BackEnd::of(&app).await;
    add_webhook(&back_end, &receiver.url, &["factor.verified"]).await;
    back_end.device(&app, ALICE).await;
    for (tries, pause) in [(1, 15), (2, 60), (3, 300), (4, 1800), (5, 36_000), (5, 36_000)] {
        deliver(&app).await;
        assert_eq!(receiver.came().len(), tries);
        app.clock.advance(Duration::from_secs(pause - 1));
        deliver(&app).await;
        assert_eq!(receiver.came().len(), tries, "not before its time");
        app.clock.advance(Duration::from_secs(1));
    }
    let uuids: std::collections::BTreeSet<String> =
        receiver.came().iter().map(|event| event.value("uuid").to_owned()).collect();
    assert_eq!((uuids.len(), elsewhere.came().len()), (1, 0));
}

#[rstest]
#[tokio::test]
async fn a_try_that_dies_with_its_process_is_made_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let receiver = Receiver::saying([Says::Nothing]).await;
    let app = app_for_loopback(backend).await;
    let back_end = BackEnd::of(&app).await;
    add_webhook(&back_end, &receiver.url, &["factor.verified"]).await;
    back_end.device(&app, ALICE).await;
    tokio::select! {
        () = deliver(&app) => panic!("the receiver says nothing"),
        _ = receiver.until(1) => {}
    }
    deliver(&app).await;
    assert_eq!(receiver.came().len(), 1, "another process lets the first have its time");
    app.clock.advance(Duration::from_secs(15));
    deliver(&app).await;
    deliver(&app).await;
    let came = receiver.came();
    assert_eq!((came.len(), came[0].value("uuid")), (2, came[1].value("uuid")));
}

#[rstest]
#[tokio::test]
async fn a_webhook_is_shown_changed_and_forgotten(#[values(Sqlite, Postgres)] backend: Backend) {
    let receiver = Receiver::saying([]).await;
    let app = app_for_loopback(backend).await;
    let back_end = BackEnd::of(&app).await;
    let sid = add_webhook(&back_end, &receiver.url, &["challenge.denied", "factor.verified"]).await;
    let path = format!("{}/Webhooks/{sid}", back_end.service);
    let shown = back_end.basic.get(&path).await;
    assert_eq!(shown.json["event_types"], json!(["challenge.denied", "factor.verified"]));
    assert_eq!((&shown.json["status"], &shown.json["version"]), (&json!("enabled"), &json!("v2")));
    assert_eq!((&shown.json["webhook_url"], &shown.json["webhook_method"]), (&json!(receiver.url), &json!("POST")));
    assert_eq!(shown.json["url"], format!("{}{path}", app.url));
    let list = back_end.basic.get(&format!("{}/Webhooks", back_end.service)).await;
    assert_eq!(list.json["webhooks"], json!([shown.json]));
    let changed = back_end.basic.post(&path, &[("Status", "disabled")]).await;
    assert_eq!((changed.status.as_u16(), &changed.json["status"]), (200, &json!("disabled")));
    back_end.device(&app, ALICE).await;
    deliver(&app).await;
    assert!(receiver.came().is_empty());
    assert_eq!(back_end.basic.delete(&path).await.status, 204);
    assert_eq!(back_end.basic.get(&path).await.refusal(), (404, 20404));
}
