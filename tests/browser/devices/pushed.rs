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

async fn shown(scene: &Scene, expected: &Value) {
    for _ in 0..100 {
        if notifications(scene).await == *expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} is shown, not {expected}", notifications(scene).await);
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
    push(&scene, &message).await;
    shown(&scene, &json!([["Sign in to Example Lights?", challenge, challenge]])).await;
    scene.visit(&format!("/approve?challenge={challenge}")).await;
    scene.press("Deny").await;
    scene.browser.sees("Denied.").await;
    shown(&scene, &json!([])).await;
    scene.browser.close().await;
}

#[tokio::test]
async fn a_push_that_says_nothing_of_ours_leads_nowhere_else() {
    let scene = with_worker().await;
    push(&scene, &json!({ "message": "", "challenge_sid": "../account?x=" })).await;
    shown(&scene, &json!([["A sign-in waits for your answer", "", null]])).await;
    scene.browser.close().await;
}
