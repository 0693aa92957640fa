//! Services, entities and access tokens.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd};

#[rstest]
#[case(&[])]
#[case(&[("FriendlyName", "")])]
#[case(&[("FriendlyName", "a name of more than 32 characters")])]
#[case(&[("FriendlyName", "Owl"), ("CodeLength", "3")])]
#[case(&[("FriendlyName", "Owl"), ("CodeLength", "eleven")])]
#[case(&[("FriendlyName", "Owl"), ("Push.IncludeDate", "perhaps")])]
#[case(&[("FriendlyName", "Owl"), ("FriendlyName", "Bank")])]
#[tokio::test]
async fn a_service_with_wrong_parameters_is_not_made(#[case] form: &[(&str, &str)]) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    assert_eq!(back_end.basic.post("/v2/Services", form).await.refusal(), (400, 60200));
    assert_eq!(back_end.basic.get("/v2/Services").await.json["services"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case(&[("FactorType", "push")])]
#[case(&[("Identity", ALICE)])]
#[case(&[("Identity", ALICE), ("FactorType", "totp")])]
#[case(&[("Identity", "short"), ("FactorType", "push")])]
#[case(&[("Identity", "alice@example.com"), ("FactorType", "push")])]
#[case(&[("Identity", ALICE), ("FactorType", "push"), ("Ttl", "59")])]
#[case(&[("Identity", ALICE), ("FactorType", "push"), ("Ttl", "301")])]
#[tokio::test]
async fn an_access_token_with_wrong_parameters_is_not_made(#[case] form: &[(&str, &str)]) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let path = format!("{}/AccessTokens", back_end.service);
    assert_eq!(back_end.basic.post(&path, form).await.refusal(), (400, 60200));
}

#[rstest]
#[tokio::test]
async fn a_service_is_shown_changed_and_forgotten(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let (basic, path) = (&back_end.basic, &back_end.service);
    let shown = basic.get(path).await;
    assert_eq!(shown.json["account_sid"], basic.user);
    assert_eq!(shown.json["url"], format!("{}{path}", app.url));
    assert_eq!(shown.json["links"]["webhooks"], format!("{}{path}/Webhooks", app.url));
    assert_eq!(shown.json["date_created"], "2026-11-18T11:06:40Z");
    app.clock.advance(Duration::from_secs(5));
    let form = [("FriendlyName", "Owl & Bank"), ("Push.IncludeDate", "true"), ("Totp.Skew", "2"), ("CodeLength", "8")];
    let changed = basic.post(path, &form).await;
    assert_eq!((changed.status.as_u16(), &changed.json["friendly_name"]), (200, &json!("Owl & Bank")));
    assert_eq!(basic.get(path).await.json, changed.json);
    assert_eq!(changed.json["date_updated"], "2026-11-18T11:06:45Z");
    assert_eq!((&changed.json["push"]["include_date"], &changed.json["code_length"]), (&json!(true), &json!(8)));
    let deleted = basic.delete(path).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(basic.get(path).await.refusal(), (404, 20404));
    assert_eq!(basic.delete(path).await.refusal(), (404, 20404));
}

#[rstest]
#[tokio::test]
async fn an_entity_is_made_once_and_takes_its_factors_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let (basic, entities, alice) = (&back_end.basic, format!("{}/Entities", back_end.service), back_end.entity(ALICE));
    assert_eq!(basic.post(&entities, &[("Identity", "two--dashes")]).await.refusal(), (400, 60306));
    assert_eq!(basic.get(&alice).await.refusal(), (404, 20404));
    let made = basic.post(&entities, &[("Identity", ALICE)]).await;
    assert_eq!((made.status.as_u16(), &made.json["identity"]), (201, &json!(ALICE)));
    assert_eq!(made.json["links"]["challenges"], format!("{}{alice}/Challenges", app.url));
    assert_eq!(basic.post(&entities, &[("Identity", ALICE)]).await.made(), made.text("sid"));
    assert_eq!(basic.get(&alice).await.json, made.json);
    let device = back_end.device(&app, ALICE).await;
    assert_eq!(basic.delete(&alice).await.status, 204);
    assert_eq!(
        device.at(couplet::model::time::Clock::now(&*app.clock)).get(&back_end.service).await.refusal(),
        (401, 20003)
    );
    assert_eq!(basic.get(&alice).await.refusal(), (404, 20404));
}

#[rstest]
#[tokio::test]
async fn an_access_token_is_told_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let path = format!("{}/AccessTokens", back_end.service);
    let form = [("Identity", ALICE), ("FactorType", "push"), ("Ttl", "120"), ("FactorFriendlyName", "Her phone")];
    let mut made = back_end.basic.post(&path, &form).await;
    assert!(made.text("token").len() > 40 && made.text("sid").starts_with("YK"), "{made:?}");
    assert_eq!((&made.json["ttl"], &made.json["entity_identity"]), (&json!(120), &json!(ALICE)));
    assert_eq!(made.json["factor_friendly_name"], "Her phone");
    let shown = back_end.basic.get(&format!("{path}/{}", made.text("sid"))).await;
    made.json["token"] = json!(null);
    assert_eq!((shown.status.as_u16(), shown.json), (200, made.json));
}
