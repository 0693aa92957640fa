//! Messages to Android phones by Firebase Cloud Messaging.

use std::sync::Arc;
use std::time::Duration;

use couplet::config::Config;
use rstest::rstest;
use serde_json::{Value, json};

use super::devices::{data_of, device_by, register, registration, until_counted};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{TestApp, TestStore};
use crate::support::clock::Handed;
use crate::support::firebase::{Firebase, error, unregistered};
use crate::support::push::BackEnd;
use crate::support::stand_in::Answer;

/// A server that sends by Firebase, and Firebase, on the server's clock.
async fn stage(backend: Backend) -> (TestApp, BackEnd, Firebase) {
    let clock = Arc::new(Handed::default());
    let firebase = Firebase::start(clock.clone()).await;
    let settings = firebase.settings();
    let app = TestApp::over(TestStore::on(backend).await, |config: &mut Config| config.push.firebase = Some(settings));
    let app = app.await;
    clock.follow(app.clock.clone());
    let back_end = BackEnd::of(&app).await;
    (app, back_end, firebase)
}

fn token() -> String {
    format!("{}:APA91b{}", "c".repeat(22), "d".repeat(134))
}

#[rstest]
#[tokio::test]
async fn a_phone_is_told_what_it_is_asked_with_high_priority(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, back_end, firebase) = stage(backend).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    let challenge = back_end.ask(&device, &[]).await;
    let came = firebase.until(1).await;
    let expected = json!({ "message": {
        "token": token(),
        "data": data_of(&challenge, &device),
        "android": { "priority": "HIGH", "ttl": "300s" },
    } });
    assert_eq!(came, [expected]);
    back_end.basic.post(&format!("{challenge}/Notifications"), &[("Ttl", "0")]).await;
    let came = firebase.until(2).await;
    assert_eq!(came[1]["message"]["android"]["ttl"], "0s");
    until_counted(&app, "fcm", "sent", 2).await;
    assert!(firebase.refused().is_empty(), "{:?}", firebase.refused());
}

#[tokio::test]
async fn an_access_token_that_is_not_good_any_more_is_replaced_once() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    back_end.ask(&device, &[]).await;
    firebase.until(1).await;
    firebase.revoke();
    firebase.server.hold(true);
    for _ in 0..5 {
        back_end.ask(&device, &[]).await;
    }
    firebase.server.hold(false);
    firebase.until(6).await;
    until_counted(&app, "fcm", "sent", 6).await;
    assert_eq!(firebase.granted(), 3, "of those who are refused at once, one asks for another");
    firebase.answer_next([error(401, "UNAUTHENTICATED", json!([])), error(401, "UNAUTHENTICATED", json!([]))]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "fcm", "refused", 1).await;
    assert_eq!(registration(&back_end, &device).await.0, "fcm");
}

#[rstest]
#[case::unregistered(unregistered())]
#[case::malformed(error(400, "INVALID_ARGUMENT", json!([{
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    "fieldViolations": [{ "field": "message.token", "description": "Invalid registration token" }],
}])))]
#[tokio::test]
async fn a_phone_that_is_gone_is_forgotten(#[case] answer: Answer) {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    firebase.answer_next([answer]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "fcm", "gone", 1).await;
    assert_eq!(registration(&back_end, &device).await, ("none".to_owned(), Value::Null));
    assert_eq!(register(&app, &device, "fcm", &token()).await.status, 200, "it may come back");
    back_end.ask(&device, &[]).await;
    firebase.until(2).await;
}

#[rstest]
#[case::another_project(error(404, "NOT_FOUND", json!([])))]
#[case::another_sender(error(403, "PERMISSION_DENIED", json!([{ "errorCode": "SENDER_ID_MISMATCH" }])))]
#[case::another_member(error(400, "INVALID_ARGUMENT", json!([{ "fieldViolations": [{ "field": "message.data" }] }])))]
#[case::no_json(Answer::new(400, "<html>"))]
#[tokio::test]
async fn what_the_operator_has_to_mend_forgets_nobody(#[case] answer: Answer) {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    firebase.answer_next([answer]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "fcm", "refused", 1).await;
    assert_eq!(registration(&back_end, &device).await.0, "fcm");
}

#[tokio::test]
async fn a_crowded_service_and_a_token_endpoint_that_is_away_are_tried_again() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    let later =
        Answer { headers: vec![("Retry-After", "1".to_owned())], ..error(429, "RESOURCE_EXHAUSTED", json!([])) };
    firebase.answer_next_grants([Answer::new(503, "")]);
    firebase.answer_next([later, error(503, "UNAVAILABLE", json!([]))]);
    back_end.ask(&device, &[]).await;
    firebase.until(3).await;
    until_counted(&app, "fcm", "sent", 1).await;
    firebase.answer_next_grants([Answer::new(400, json!({ "error": "invalid_grant" }))]);
    app.clock.advance(Duration::from_secs(3600));
    back_end.ask(&device, &[]).await;
    until_counted(&app, "fcm", "refused", 1).await;
}

#[tokio::test]
async fn assertions_carry_the_time_that_google_takes_for_now() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    app.clock.step_back(Duration::from_secs(1800));
    back_end.ask(&device, &[]).await;
    firebase.until(1).await;
    assert!(firebase.refused().is_empty(), "{:?}", firebase.refused());
}

#[tokio::test]
async fn while_google_gives_no_token_one_asks_for_all_and_no_try_waits_for_another() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    firebase.server.hold(true);
    for _ in 0..10 {
        back_end.ask(&device, &[]).await;
    }
    let asked = async {
        while firebase.granted() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("somebody asks");
    tokio::time::timeout(Duration::from_secs(30), app.app.push.sender.ended())
        .await
        .expect("no try waits for the others");
    until_counted(&app, "fcm", "lost", 10).await;
    assert_eq!(firebase.granted(), 1);
}

#[tokio::test]
async fn a_new_access_token_that_is_refused_too_is_not_replaced_for_each_message() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    let refusals = || (0..2).map(|_| error(401, "UNAUTHENTICATED", json!([])));
    for refused in [1, 2] {
        firebase.answer_next(refusals());
        back_end.ask(&device, &[]).await;
        until_counted(&app, "fcm", "refused", refused).await;
    }
    assert_eq!(firebase.granted(), 2);
}

#[tokio::test]
async fn what_firebase_lacks_to_reach_a_device_in_its_turn_is_not_taken_for_a_refusal_of_our_token() {
    let (app, back_end, firebase) = stage(Sqlite).await;
    let device = device_by(&app, &back_end, "fcm", &token()).await;
    firebase.answer_next([error(401, "UNAUTHENTICATED", json!([{ "errorCode": "THIRD_PARTY_AUTH_ERROR" }]))]);
    back_end.ask(&device, &[]).await;
    until_counted(&app, "fcm", "refused", 1).await;
    assert_eq!((firebase.granted(), firebase.messages().len()), (1, 1));
}
