//! Challenges: what is asked, and how it ends.

use std::time::Duration;

use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd, send};

#[rstest]
#[case(&[("Details.Message", "")])]
#[case(&[("Details.Message", "Is it you?"), ("Details.Message", "Is it you?")])]
#[case(&[("Details.Message", "m"), ("Details.Fields", "From: Tokyo")])]
#[case(&[("Details.Message", "m"), ("Details.Fields", r#"{"label":"From"}"#)])]
#[case(&[("Details.Message", "m"), ("Details.Fields", r#"{"label":"","value":"Tokyo"}"#)])]
#[case(&[("Details.Message", "m"), ("HiddenDetails", "ip")])]
#[case(&[("Details.Message", "m"), ("HiddenDetails", r#"{"ip":1}"#)])]
#[case(&[("Details.Message", "m"), ("ExpirationDate", "soon")])]
#[case(&[("Details.Message", "m"), ("ExpirationDate", "2026-11-18T11:06:40Z")])]
#[case(&[("Details.Message", "m"), ("ExpirationDate", "2026-11-18T12:06:41Z")])]
#[tokio::test]
async fn a_challenge_with_wrong_parameters_is_not_asked(#[case] form: &[(&str, &str)]) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let path = format!("{}/Challenges", device.entity);
    let form = [&[("FactorSid", &*device.factor)], form].concat();
    assert_eq!(back_end.basic.post(&path, &form).await.refusal(), (400, 60306));
    let unknown = [("FactorSid", "YF0123456789abcdef0123456789abcdef"), ("Details.Message", "m")];
    assert_eq!(back_end.basic.post(&path, &unknown).await.refusal(), (404, 20404));
    let no_sid = [("FactorSid", "YF0123"), ("Details.Message", "m")];
    assert_eq!(back_end.basic.post(&path, &no_sid).await.refusal(), (400, 60306));
    assert_eq!(back_end.basic.get(&path).await.json["challenges"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_challenge_is_shown_as_the_sdks_read_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    app.clock.advance(Duration::from_millis(700));
    let fields = [r#"{"label":"From","value":"東京"}"#, r#"{"label":"URL","value":"https://owl.example/a?b=c&d"}"#];
    let more = [
        ("Details.Fields", fields[0]),
        ("Details.Fields", fields[1]),
        ("HiddenDetails", r#"{"ip":"203.0.113.9"}"#),
        ("ExpirationDate", "2026-11-18T12:16:40+01:00"),
    ];
    let path = back_end.ask(&device, &more).await;
    let shown = device.at(app.clock.now()).get(&path).await;
    let expected = json!({
        "sid": path.rsplit('/').next().unwrap(),
        "account_sid": back_end.basic.user,
        "service_sid": back_end.service_sid(),
        "entity_sid": back_end.basic.get(&device.entity).await.json["sid"],
        "identity": ALICE,
        "factor_sid": device.factor,
        "date_created": "2026-11-18T11:06:40Z",
        "date_updated": "2026-11-18T11:06:40Z",
        "date_responded": null,
        "expiration_date": "2026-11-18T11:16:40Z",
        "status": "pending",
        "responded_reason": "none",
        "details": { "message": "Is it you?", "fields": [
            { "label": "From", "value": "東京" },
            { "label": "URL", "value": "https://owl.example/a?b=c&d" },
        ] },
        "hidden_details": { "ip": "203.0.113.9" },
        "metadata": null,
        "factor_type": "push",
        "url": format!("{}{path}", app.url),
        "links": { "notifications": format!("{}{path}/Notifications", app.url) },
    });
    assert_eq!(shown.json, expected);
    assert_eq!(shown.headers["twilio-verify-signature-fields"].to_str().unwrap().split(',').count(), 10);
    assert_eq!(back_end.basic.get(&path).await.json, expected);
}

#[rstest]
#[tokio::test]
async fn the_date_is_told_only_where_the_service_wants_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let without = back_end.ask(&device, &[]).await;
    back_end.basic.post(&back_end.service, &[("Push.IncludeDate", "true")]).await;
    let with = back_end.ask(&device, &[]).await;
    let details = back_end.basic.get(&without).await.json["details"].clone();
    assert_eq!(details, json!({ "message": "Is it you?", "fields": [] }));
    let shown = back_end.basic.get(&with).await;
    assert_eq!(shown.json["details"]["date"], shown.json["date_created"]);
    assert_eq!(device.answer(&with, app.clock.now(), "approved").await.json["status"], "approved");
}

#[rstest]
#[tokio::test]
async fn a_challenge_that_ran_out_is_expired_for_everybody_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    let payload = device.payload(&path, app.clock.now(), "approved").await;
    let token = device.sign_token(&json!({ "typ": "JWT", "alg": "ES256" }), &payload);
    let found = async |status: &str| {
        let list = device.at(app.clock.now()).get(&format!("{}/Challenges?Status={status}", device.entity)).await;
        list.json["challenges"].as_array().unwrap().len()
    };
    app.clock.advance(Duration::from_secs(299));
    assert_eq!((found("pending").await, found("expired").await), (1, 0));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!((found("pending").await, found("expired").await), (0, 1));
    assert_eq!(back_end.status(&path).await, "expired");
    let now = app.clock.now();
    assert_eq!(device.at(now).post(&path, &[("AuthPayload", &token)]).await.refusal(), (403, 60323));
    let notify = format!("{path}/Notifications");
    assert_eq!(back_end.basic.post(&notify, &[]).await.refusal(), (403, 60323));
    assert_eq!(back_end.status(&path).await, "expired");
    app.clock.advance(Duration::from_secs(31 * 86_400));
    couplet::jobs::purge::purge(&app.app).await.unwrap();
    assert_eq!(back_end.basic.get(&path).await.refusal(), (404, 20404));
}

#[rstest]
#[tokio::test]
async fn a_pending_challenge_is_notified_again_and_an_answered_one_is_not(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    let notify = format!("{path}/Notifications");
    assert_eq!(back_end.basic.post(&notify, &[("Ttl", "301")]).await.refusal(), (400, 60306));
    assert_eq!(device.at(app.clock.now()).post(&notify, &[]).await.refusal(), (401, 20003));
    send(back_end.basic.request(reqwest::Method::POST, &notify)).await.made();
    let made = back_end.basic.post(&notify, &[("Ttl", "60")]).await;
    assert!(made.made().starts_with("NT"));
    assert_eq!((&made.json["ttl"], &made.json["priority"]), (&json!(60), &json!("high")));
    assert_eq!(made.json["challenge_sid"], path.rsplit('/').next().unwrap());
    assert_eq!(device.answer(&path, app.clock.now(), "denied").await.json["status"], "denied");
    assert_eq!(back_end.basic.post(&notify, &[]).await.refusal(), (400, 60306));
}
