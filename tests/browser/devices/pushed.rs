//! A push while the approval page is closed: the browser shows a notification, and a tap on it leads to the page.

use std::time::Duration;

use serde_json::{Value, json};

use super::Scene;
use crate::support::app::Backend::Sqlite;

/// Makes a push message arrive, as a push service would. A registration's number is not told; a new profile counts from zero.
async fn push(scene: &Scene, data: &Value) {
    scene.tell_browser("ServiceWorker.enable", json!({})).await;
    let message = json!({ "origin": scene.app.url, "registrationId": "0", "data": data.to_string() });
    scene.tell_browser("ServiceWorker.deliverPushMessage", message).await;
}

/// The notifications that are shown: title, tag, and the challenge that each leads to.
async fn notifications(scene: &Scene) -> Value {
    scene
        .run(
            "const worker = await navigator.serviceWorker.getRegistration('/approve');
             const notes = await worker.getNotifications();
             return notes.map((note) => [note.title, note.tag, note.data.challenge]);",
        )
        .await
}

async fn with_worker() -> Scene {
    let scene = Scene::enrolled(Sqlite).await;
    scene.permit_notifications("granted").await;
    let state = scene
        .run(
            "const { worker, scope } = document.querySelector('#add-device').dataset;
             const there = await navigator.serviceWorker.register(worker, { scope, type: 'module' });
             while (there.active?.state !== 'activated') await new Promise((go) => setTimeout(go, 20));
             return new URL(there.scope).pathname;",
        )
        .await;
    assert_eq!(state, "/approve", "and no other page is the worker's");
    scene
}

/// Waits until exactly this is shown.
async fn shown(scene: &Scene, expected: &Value) -> bool {
    for _ in 0..60 {
        if notifications(scene).await == *expected {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Pushes until something is shown: under load the browser loses a message at times, as push services do.
async fn push_until_shown(scene: &Scene, data: &Value, expected: &Value) {
    for _ in 0..5 {
        push(scene, data).await;
        if shown(scene, expected).await {
            return;
        }
        assert_eq!(notifications(scene).await, json!([]), "{expected} would be right");
    }
    panic!("{expected} was never shown");
}

/// The same until the question is shown that leads to this challenge.
pub async fn push_until(scene: &Scene, data: &Value, challenge: &str) {
    push_until_shown(scene, data, &json!([[data["message"], challenge, challenge]])).await;
}

#[tokio::test]
async fn a_push_shows_the_question_and_what_leads_to_it() {
    let scene = with_worker().await;
    let challenge = scene.ask(true).await.sid.to_string();
    let message = json!({
        "type": "verify_push_challenge",
        "challenge_sid": challenge,
        "factor_sid": scene.devices().await[0].sid.to_string(),
        "message": "Sign in to Example Lights?",
    });
    push_until_shown(&scene, &message, &json!([["Sign in to Example Lights?", challenge, challenge]])).await;
    let heard = "const worker = await navigator.serviceWorker.getRegistration('/approve');
                 return (await worker.getNotifications()).map((note) => note.renotify);";
    assert_eq!(scene.run(heard).await, json!([true]), "a reminder is heard too");
    scene.visit(&format!("/approve?challenge={challenge}")).await;
    scene.press("Deny").await;
    scene.browser.sees("Denied.").await;
    assert!(shown(&scene, &json!([])).await);
    scene.browser.close().await;
}

#[tokio::test]
async fn a_push_that_says_nothing_of_ours_leads_nowhere_else() {
    let scene = with_worker().await;
    let message = json!({ "message": "", "challenge_sid": "../account?x=" });
    push_until_shown(&scene, &message, &json!([["A sign-in waits for your answer", "", null]])).await;
    scene.browser.close().await;
}

/// Lets a script run in the worker. What comes of it is not told.
pub async fn run_in_worker(scene: &Scene, script: &str) {
    let targets = scene.tell_browser("Target.getTargets", json!({})).await;
    let targets = targets["targetInfos"].as_array().unwrap().clone();
    let worker = targets.iter().find(|target| target["type"] == "service_worker").unwrap();
    let target = json!({ "targetId": worker["targetId"], "flatten": false });
    let session = scene.tell_browser("Target.attachToTarget", target).await["sessionId"].clone();
    let call = json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": script } });
    let message = json!({ "sessionId": session, "message": call.to_string() });
    scene.tell_browser("Target.sendMessageToTarget", message).await;
}

#[tokio::test]
async fn a_tap_shows_the_question_on_the_page_that_is_open() {
    let scene = with_worker().await;
    let challenge = scene.ask(false).await.sid.to_string();
    let message = json!({ "message": "Sign in?", "challenge_sid": challenge });
    push_until_shown(&scene, &message, &json!([["Sign in?", challenge, challenge]])).await;
    scene.app.clock.advance(Duration::from_secs(121));
    scene.visit("/approve").await;
    scene.browser.sees("Nothing waits for you.").await;
    let tap = "self.registration.getNotifications().then(([notification]) =>
                 self.dispatchEvent(new NotificationEvent('notificationclick', { notification })))";
    run_in_worker(&scene, tap).await;
    scene.browser.sees("This question has expired.").await;
    assert!(shown(&scene, &json!([])).await);
    scene.browser.close().await;
}
