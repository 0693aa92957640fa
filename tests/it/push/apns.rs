//! Messages to Apple's devices.

use std::sync::Arc;
use std::time::Duration;

use couplet::config::Config;
use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::{Value, json};

use super::devices::{data_of, device_by, registration, until_counted};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{TestApp, TestStore};
use crate::support::apple::{Apple, TOPIC};
use crate::support::clock::Handed;
use crate::support::push::BackEnd;

/// A server that sends by Apple, and Apple, on the server's clock.
async fn stage(backend: Backend) -> (TestApp, BackEnd, Apple) {
    let clock = Arc::new(Handed::default());
    let apple = Apple::start(clock.clone()).await;
    let settings = apple.settings();
    let app = TestApp::over(TestStore::on(backend).await, |config: &mut Config| config.push.apple = Some(settings));
    let app = app.await;
    clock.follow(app.clock.clone());
    let back_end = BackEnd::of(&app).await;
    (app, back_end, apple)
}

fn token() -> String {
    "0123456789abcdef".repeat(4)
}

#[rstest]
#[tokio::test]
async fn a_device_is_told_what_it_is_asked_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, back_end, apple) = stage(backend).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    let challenge = back_end.ask(&device, &[]).await;
    apple.until(1).await;
    back_end.basic.post(&format!("{challenge}/Notifications"), &[("Ttl", "0")]).await;
    let came = apple.until(2).await;
    assert_eq!(came[0].path, format!("/3/device/{}", token()));
    let until = (app.clock.now().timestamp() + 300).to_string();
    for (came, until) in came.iter().zip([until.as_str(), "0"]) {
        let expected = [
            ("apns-topic", TOPIC),
            ("apns-push-type", "alert"),
            ("apns-priority", "10"),
            ("apns-expiration", until),
            ("content-type", "application/json"),
        ];
        expected.into_iter().for_each(|(name, value)| assert_eq!(came.headers[name], value, "{name}"));
        let mut body = data_of(&challenge, &device);
        body["aps"] = json!({ "alert": "Is it you?", "sound": "default", "category": "verify_push_challenge" });
        assert_eq!(came.json, body);
    }
    until_counted(&app, "apn", "sent", 2).await;
}

#[tokio::test]
async fn a_provider_token_serves_for_less_than_an_hour_and_is_replaced_when_apple_wants_it() {
    let (app, back_end, apple) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    for (many, minutes) in [(1, 49), (2, 1), (3, 0)] {
        back_end.ask(&device, &[]).await;
        apple.until(many).await;
        app.clock.advance(Duration::from_secs(minutes * 60));
    }
    assert_eq!(apple.tokens().len(), 2);
    apple.answer_next([(403, "ExpiredProviderToken", None)]);
    app.clock.advance(Duration::from_secs(1));
    back_end.ask(&device, &[]).await;
    apple.until(5).await;
    until_counted(&app, "apn", "sent", 4).await;
    assert_eq!(apple.tokens().len(), 3);
    apple.answer_next([(403, "ExpiredProviderToken", None), (403, "ExpiredProviderToken", None)]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "apn", "refused", 1).await;
}

#[rstest]
#[case(410, "Unregistered")]
#[case(410, "ExpiredToken")]
#[case(400, "BadDeviceToken")]
#[case(400, "DeviceTokenNotForTopic")]
#[tokio::test]
async fn a_device_that_is_gone_is_forgotten(#[case] status: u16, #[case] reason: &'static str) {
    let (app, back_end, apple) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    back_end.ask(&device, &[]).await;
    until_counted(&app, "apn", "sent", 1).await;
    apple.answer_next([(status, reason, None)]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "apn", "gone", 1).await;
    assert_eq!(registration(&back_end, &device).await, ("none".to_owned(), Value::Null));
}

#[rstest]
#[case::before_anything_was_taken(400, "BadDeviceToken")]
#[case::before_anything_was_taken(400, "DeviceTokenNotForTopic")]
#[case(400, "BadTopic")]
#[case(403, "InvalidProviderToken")]
#[case(413, "PayloadTooLarge")]
#[tokio::test]
async fn what_the_operator_has_to_mend_forgets_nobody(#[case] status: u16, #[case] reason: &'static str) {
    let (app, back_end, apple) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    apple.answer_next([(status, reason, None)]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "apn", "refused", 1).await;
    assert_eq!((apple.came().len(), registration(&back_end, &device).await.0.as_str()), (1, "apn"));
}

#[tokio::test]
async fn a_crowded_service_is_tried_again_when_it_wants_it() {
    let (app, back_end, apple) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    apple.answer_next([(503, "ServiceUnavailable", None), (429, "TooManyRequests", Some("2"))]);
    back_end.ask(&device, &[]).await;
    let came = apple.until(3).await;
    assert!(came[2].at - came[1].at >= Duration::from_secs(2));
    until_counted(&app, "apn", "sent", 1).await;
}

#[tokio::test]
async fn after_a_step_back_of_the_clock_apple_is_told_the_time_that_it_takes_for_now() {
    let (app, back_end, apple) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "apn", &token()).await;
    back_end.ask(&device, &[]).await;
    apple.until(1).await;
    app.clock.step_back(Duration::from_secs(1800));
    back_end.ask(&device, &[]).await;
    let came = apple.until(2).await;
    assert_eq!(came[1].headers["apns-expiration"], (app.clock.now().timestamp() + 300).to_string());
    assert_eq!(apple.tokens().len(), 2, "none comes from the future");
}
