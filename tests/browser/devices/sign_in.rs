//! The whole way of a second factor: a browser that was added as a device gets a push, its person types the number that the
//! other browser shows, and the link goes on there.

use rstest::rstest;
use serde_json::Value;

use super::Scene;
use super::pushed::push_until;
use crate::approval::number;
use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, parameter, phone, sign_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::browser_push::BrowserPush;

/// A server whose pushes go to a stand-in, and Alice with a browser that is her device there. The browser's own push service is
/// out of reach: its subscription is one of the stand-in's.
async fn scene(backend: Backend) -> (Scene, BrowserPush) {
    let loopback = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(backend, |config| config.webhook_networks = loopback).await.with_alexa().await;
    let pushes = BrowserPush::start(app.clock.clone()).await;
    let key = app.app.push.vapid_public_key().await.unwrap();
    let subscription = pushes.subscribe(key.as_deref());
    let scene = Scene::of(app, phone(On).await).await;
    scene.permit_notifications("granted").await;
    scene.open_account().await;
    let subscribe = format!("PushManager.prototype.subscribe = async () => ({subscription}); return true;");
    assert_eq!(scene.run(&subscribe).await, true);
    scene.add_browser().await;
    assert_eq!(scene.devices().await[0].config.platform.as_str(), "web");
    (scene, pushes)
}

/// What came at the push service, as a browser reads it.
async fn pushed(pushes: &BrowserPush) -> Value {
    pushes.until(1).await;
    assert!(pushes.refused().is_empty(), "{:?}", pushes.refused());
    pushes.pushed().remove(0).data
}

#[rstest]
#[tokio::test]
async fn a_push_is_answered_in_one_browser_and_the_link_goes_on_in_the_other(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(On, Off)] scripts: Scripts,
) {
    let (scene, pushes) = scene(backend).await;
    scene.app.database.store.set_approval(scene.alice, true).await.unwrap();
    let (linking, alexa) = (phone(scripts).await, scene.app.alexa());
    linking.visit(&alexa.authorize(&[])).await;
    sign_in(&linking, ALICE, PASSWORD).await;
    linking.sees("enter this number").await;

    let message = pushed(&pushes).await;
    assert_eq!(message["message"], "Sign in to Example Lights?");
    let challenge = message["challenge_sid"].as_str().unwrap();
    push_until(&scene, &message, challenge).await;
    scene.visit(&format!("/approve?challenge={challenge}")).await;
    scene.browser.sees("Sign in to Example Lights?").await;
    scene.type_number(&number(&linking).await).await;
    scene.press("Approve").await;
    scene.browser.sees("Your answer is sent.").await;

    linking.sees("Signed in as Alice").await;
    linking.press_button("Allow").await;
    let code = parameter(&arrival(&linking).await, "code").unwrap();
    assert_eq!(alexa.exchange(&code, &[]).await.status, 200);
    linking.close().await;
    scene.browser.close().await;
}
