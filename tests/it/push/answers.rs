//! Answers to challenges: the device's own signature over what it was shown, once.

use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd, Device};
use crate::support::rows::Rows;

fn header() -> Value {
    json!({ "typ": "JWT", "alg": "ES256" })
}

#[rstest]
#[tokio::test]
async fn what_the_device_did_not_sign_is_no_answer(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let (device, other) = (back_end.device(&app, ALICE).await, back_end.device(&app, ALICE).await);
    let path = back_end.ask(&device, &[]).await;
    let good = device.payload(&path, now, "approved").await;
    let with = |name: &str, value: Value| {
        let mut payload = good.clone();
        payload[name] = value;
        device.sign_token(&header(), &payload)
    };
    let without = |name: &str| {
        let mut payload = good.clone();
        payload.as_object_mut().unwrap().remove(name);
        device.sign_token(&header(), &payload)
    };
    let signed = device.sign_token(&header(), &good);
    let (text, _) = signed.rsplit_once('.').unwrap();
    let asked_before = back_end.ask(&device, &[]).await;
    let of_another = device.payload(&asked_before, now, "approved").await;
    let forged = [
        with("status", json!("expired")),
        with("status", json!("pending")),
        with("details", json!({ "message": "Is it me?", "fields": [] })),
        with("hidden_details", json!({})),
        with("factor_sid", json!(other.factor)),
        without("status"),
        without("hidden_details"),
        device.sign_token(&header(), &of_another),
        device.sign_token(&json!({ "alg": "none" }), &good),
        device.sign_token(&json!({ "alg": "HS256" }), &good),
        other.sign_token(&header(), &good),
        format!("{text}."),
        format!("{text}.{}", "A".repeat(84)),
        format!("{text}.{}", device.sign_der(text).replace('+', "-").replace('/', "_").trim_end_matches('=')),
    ];
    for (number, token) in forged.iter().enumerate() {
        let refused = device.at(now).post(&path, &[("AuthPayload", token)]).await;
        assert_eq!(refused.refusal(), (403, 60324), "{number}: {token}");
        let refused = back_end.basic.post(&path, &[("AuthPayload", token)]).await;
        assert_eq!(refused.refusal(), (403, 60324), "{number}: {token}");
    }
    for unreadable in ["approved", "a.b.c", "e30.e30.AA", &format!("{signed}.x"), text] {
        let refused = device.at(now).post(&path, &[("AuthPayload", unreadable)]).await;
        assert_eq!(refused.refusal(), (400, 60306), "{unreadable}");
    }
    assert_eq!(back_end.basic.post(&path, &[("Status", "approved")]).await.refusal(), (400, 60306));
    assert_eq!(back_end.status(&path).await, "pending");
    assert_eq!(device.at(now).post(&path, &[("AuthPayload", &signed)]).await.json["status"], "approved");
}

#[rstest]
#[tokio::test]
async fn another_device_neither_sees_nor_answers_a_challenge(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let (device, other) = (back_end.device(&app, ALICE).await, back_end.device(&app, ALICE).await);
    let stranger = back_end.device(&app, "somebody-else").await;
    let path = back_end.ask(&device, &[]).await;
    let token = device.sign_token(&header(), &device.payload(&path, now, "approved").await);
    for wrong in [&other, &stranger] {
        assert_eq!(wrong.at(now).get(&path).await.refusal(), (401, 20003));
        assert_eq!(wrong.at(now).post(&path, &[("AuthPayload", &token)]).await.refusal(), (401, 20003));
    }
    let list = other.at(now).get(&format!("{}/Challenges", device.entity)).await;
    assert_eq!(list.json["challenges"], json!([]));
    let list = other.at(now).get(&format!("{}/Challenges?FactorSid={}", device.entity, device.factor)).await;
    assert_eq!(list.refusal(), (401, 20003));
    let moved = path.replace(ALICE, "somebody-else");
    assert_eq!(stranger.at(now).post(&moved, &[("AuthPayload", &token)]).await.refusal(), (404, 20404));
    assert_eq!(back_end.status(&path).await, "pending");
}

#[rstest]
#[tokio::test]
async fn an_answer_counts_once(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("approved", "denied")] first: &str,
) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    let mut tokens = Vec::new();
    for word in ["approved", "denied"] {
        tokens.push(device.sign_token(&header(), &device.payload(&path, now, word).await));
    }
    let answered = device.answer(&path, now, first).await;
    assert_eq!((answered.status.as_u16(), &answered.json["status"]), (200, &json!(first)));
    assert_eq!(answered.json["date_responded"], "2026-11-18T11:06:40Z");
    for token in tokens {
        assert_eq!(device.at(now).post(&path, &[("AuthPayload", &token)]).await.refusal(), (403, 60324));
    }
    assert_eq!(back_end.basic.get(&path).await.json, answered.json);
}

#[rstest]
#[tokio::test]
async fn of_many_answers_at_once_one_counts(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    let answer = async |device: Device, word: &'static str| {
        let payload = device.payload(&path, now, word).await;
        let token = device.sign_token(&header(), &payload);
        device.at(now).post(&path, &[("AuthPayload", &token)]).await.status.as_u16()
    };
    let crowd = (0..64).map(|number| answer(device.clone(), if number % 2 == 0 { "approved" } else { "denied" }));
    let statuses = futures_util::future::join_all(crowd).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 403].contains(status)), "{statuses:?}");
}

#[rstest]
#[tokio::test]
async fn json_is_compared_by_value_and_more_may_be_signed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[("Details.Fields", r#"{"label":"URL","value":"a/b é"}"#)]).await;
    let mut payload = device.payload(&path, now, "denied").await;
    payload["more"] = json!("of it");
    let escaped = payload.to_string().replace('/', "\\/").replace('é', "\\u00e9");
    let token = device.sign_token_text(&header().to_string(), &escaped);
    let form = [("AuthPayload", &*token), ("Metadata", r#"{"os":"14"}"#)];
    let answered = device.at(now).post(&path, &form).await;
    assert_eq!((&answered.json["status"], &answered.json["metadata"]), (&json!("denied"), &json!({ "os": "14" })));
}

#[rstest]
#[tokio::test]
async fn the_longest_question_can_be_answered(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let line = json!({ "label": "é".repeat(36), "value": "漢".repeat(128) }).to_string();
    let hidden = json!({ "token": "x".repeat(1000) }).to_string();
    let message = "問".repeat(256);
    let mut form = vec![("FactorSid", &*device.factor), ("Details.Message", &message), ("HiddenDetails", &hidden)];
    form.extend(std::iter::repeat_n(("Details.Fields", &*line), 20));
    let sid = back_end.basic.post(&format!("{}/Challenges", device.entity), &form).await.made();
    let path = format!("{}/Challenges/{sid}", device.entity);
    assert_eq!(device.answer(&path, now, "approved").await.json["status"], "approved");
    let short = back_end.ask(&device, &[]).await;
    let mut payload = device.payload(&short, now, "approved").await;
    payload["padding"] = json!("x".repeat(20_000));
    let long = device.sign_token(&header(), &payload);
    assert_eq!(device.at(now).post(&short, &[("AuthPayload", &long)]).await.refusal(), (400, 60306));
}

#[rstest]
#[tokio::test]
async fn tries_to_answer_have_an_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    Rows::at(&app.database.url).await.change("UPDATE push_challenges SET tries = 99").await;
    assert_eq!(device.at(now).post(&path, &[("AuthPayload", "no token")]).await.refusal(), (400, 60306));
    assert_eq!(device.answer(&path, now, "approved").await.refusal(), (429, 60308));
    assert_eq!(back_end.status(&path).await, "pending");
}

#[tokio::test]
async fn no_more_than_a_hundred_challenges_wait_for_a_factor() {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    for _ in 0..100 {
        back_end.ask(&device, &[]).await;
    }
    let form = [("FactorSid", &*device.factor), ("Details.Message", "Is it you?")];
    let path = format!("{}/Challenges", device.entity);
    assert_eq!(back_end.basic.post(&path, &form).await.refusal(), (429, 60312));
}
