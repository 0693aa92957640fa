//! Devices: how they enrol, show their key, change and go.

use std::time::Duration;

use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd, Basic, Device};
use crate::support::rows::Rows;

#[rstest]
#[case("Binding.PublicKey", "bm8ga2V5")]
#[case("Binding.Alg", "ES384")]
#[case("FactorType", "totp")]
#[case("FriendlyName", "")]
#[case("FriendlyName", "Alice's\nphone")]
#[case("FriendlyName", "Alice\u{202e}enohp")]
#[case("Config.NotificationPlatform", "pigeon")]
#[case("Config.NotificationPlatform", "")]
#[case("Config.NotificationPlatform", "fcm")]
#[case("Metadata", "[1]")]
#[case("Metadata", r#"{"a":1}"#)]
#[tokio::test]
async fn a_device_with_wrong_parameters_is_not_enrolled(#[case] name: &str, #[case] value: &str) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let device = Device::new(&app.url, &back_end.entity(ALICE));
    let (path, token) = (format!("{}/Factors", device.entity), back_end.access_token(ALICE).await);
    let kept: Vec<String> = device
        .enrolment("A phone")
        .split('&')
        .filter(|pair| !pair.starts_with(&format!("{name}=")))
        .map(str::to_owned)
        .chain([format!("{name}={}", couplet::model::parameters::encode(value))])
        .collect();
    let refused = Basic::new(&app.url, "token", &token).post_raw(&path, &kept.join("&")).await;
    assert_eq!(refused.refusal(), (400, 60306));
    let mut device = device;
    device.enrol(&token).await.made();
}

#[rstest]
#[tokio::test]
async fn an_access_token_enrols_one_device_of_its_person_in_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let token = back_end.access_token(ALICE).await;
    let basic = Basic::new(&app.url, "token", &token);
    for elsewhere in [back_end.entity("somebody-else"), back_end.entity(&ALICE.to_uppercase())] {
        let mut device = Device::new(&app.url, &elsewhere);
        assert_eq!(device.enrol(&token).await.refusal(), (401, 20003));
    }
    for forbidden in
        [back_end.service.clone(), back_end.entity(ALICE), format!("{}/Challenges", back_end.entity(ALICE))]
    {
        assert_eq!(basic.get(&forbidden).await.refusal(), (401, 20003), "{forbidden}");
    }
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    for wrong in [&token[..token.len() - 1], "", "cplen", &token.replace("cplen", "cplem")] {
        assert_eq!(device.enrol(wrong).await.refusal(), (401, 20003), "{wrong}");
    }
    device.enrol(&token).await.made();
    assert_eq!(Device::new(&app.url, &device.entity).enrol(&token).await.refusal(), (401, 20003));
    let late = back_end.access_token(ALICE).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(device.enrol(&late).await.refusal(), (401, 20003));
}

#[rstest]
#[tokio::test]
async fn a_device_enrols_as_the_sdks_do_and_is_shown_with_its_key_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    let mut made = device.enrol(&back_end.access_token(ALICE).await).await;
    assert_eq!(made.json["binding"], json!({ "alg": "ES256", "public_key": device.public_key() }));
    assert_eq!((&made.json["status"], &made.json["friendly_name"]), (&json!("unverified"), &json!("Alice's phone")));
    assert_eq!(made.json["options"], json!(null));
    assert!(made.json["config"]["credential_sid"].as_str().unwrap().starts_with("CR"));
    let shown = back_end.basic.get(&device.path()).await;
    made.json.as_object_mut().unwrap().retain(|name, _| name != "binding" && name != "options");
    assert_eq!(shown.json, made.json);
    assert_eq!(back_end.basic.get(&device.entity).await.json["sid"], made.json["entity_sid"]);
}

#[rstest]
#[tokio::test]
async fn only_the_keys_own_signature_over_the_factor_verifies_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    device.enrol(&back_end.access_token(ALICE).await).await.made();
    let other = Device::new(&app.url, &device.entity);
    for wrong in [other.sign_der(&device.factor), device.sign_der("YF0123456789abcdef0123456789abcdef"), "?".to_owned()]
    {
        let refused = device.at(now).post(&device.path(), &[("AuthPayload", &wrong)]).await;
        assert_eq!(refused.refusal(), (403, 60311));
    }
    let path = format!("{}/Challenges", device.entity);
    let form = [("FactorSid", &*device.factor), ("Details.Message", "Is it you?")];
    assert_eq!(back_end.basic.post(&path, &form).await.refusal(), (403, 60318));
    assert_eq!(device.at(now).get(&path).await.refusal(), (403, 60318));
    assert_eq!(device.at(now).get(&back_end.service).await.refusal(), (401, 20003));
    for _ in 0..2 {
        assert_eq!(device.verify(now).await.json["status"], "verified");
    }
    assert_eq!(back_end.basic.get(&device.path()).await.json["status"], "verified");
}

#[rstest]
#[tokio::test]
async fn a_device_changes_and_removes_itself(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let (device, other) = (back_end.device(&app, ALICE).await, back_end.device(&app, ALICE).await);
    assert_eq!(other.at(now).post(&device.path(), &[("FriendlyName", "Mine")]).await.refusal(), (401, 20003));
    assert_eq!(other.at(now).delete(&device.path()).await.refusal(), (401, 20003));
    let without_token = [("Config.NotificationPlatform", "apn")];
    assert_eq!(device.at(now).post(&device.path(), &without_token).await.refusal(), (400, 60306));
    let token = "t".repeat(64);
    let form = [("FriendlyName", "New"), ("Config.NotificationToken", &token), ("Config.NotificationPlatform", "apn")];
    let changed = device.at(now).post(&device.path(), &form).await;
    assert_eq!((changed.status.as_u16(), &changed.json["friendly_name"]), (200, &json!("New")));
    assert_eq!(changed.json["config"]["notification_token"], token);
    assert_eq!(changed.json["config"]["app_id"], "com.example.owl");
    assert_eq!(device.at(now).delete(&device.path()).await.status, 204);
    assert_eq!(device.at(now).delete(&device.path()).await.refusal(), (401, 20003));
    assert_eq!(back_end.basic.get(&device.path()).await.refusal(), (404, 20404));
    assert_eq!(other.at(now).get(&back_end.service).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_device_that_is_never_verified_is_gone_after_a_day(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    device.enrol(&back_end.access_token(ALICE).await).await.made();
    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(device.verify(app.clock.now()).await.refusal(), (401, 20003));
    assert_eq!(back_end.basic.get(&device.path()).await.refusal(), (404, 20404));
    couplet::jobs::purge::purge(&app.app).await.unwrap();
    let form = [("AuthPayload", &*device.sign_der(&device.factor))];
    assert_eq!(back_end.basic.post(&device.path(), &form).await.refusal(), (404, 20404));
}

#[rstest]
#[tokio::test]
async fn an_entity_has_twenty_factors(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    for _ in 0..20 {
        Device::new(&app.url, &back_end.entity(ALICE)).enrol(&back_end.access_token(ALICE).await).await.made();
    }
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    assert_eq!(device.enrol(&back_end.access_token(ALICE).await).await.refusal(), (403, 60315));
}

#[rstest]
#[tokio::test]
async fn tries_to_verify_have_an_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let mut device = Device::new(&app.url, &back_end.entity(ALICE));
    device.enrol(&back_end.access_token(ALICE).await).await.made();
    let mut rows = Rows::at(&app.database.url).await;
    rows.change("UPDATE push_factors SET tries = 99").await;
    let wrong = [("AuthPayload", "AA==")];
    assert_eq!(device.at(app.clock.now()).post(&device.path(), &wrong).await.refusal(), (403, 60311));
    assert_eq!(device.verify(app.clock.now()).await.refusal(), (429, 60310));
}
