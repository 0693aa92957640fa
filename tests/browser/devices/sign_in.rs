//! The whole way of a second factor: a browser that was added as a device gets a push, its person types the number that the
//! other browser shows, and the link goes on there.

use std::time::Duration;

use couplet::model::push::factor::Platform;
use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::{Value, json};

use super::Scene;
use super::pushed::{push_until, run_in_worker};
use crate::approval::number;
use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, parameter, phone, sign_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::browser_push::BrowserPush;

async fn server(backend: Backend) -> TestApp {
    let loopback = vec!["127.0.0.0/8".parse().unwrap()];
    TestApp::with(backend, |config| config.webhook_networks = loopback).await.with_alexa().await
}

/// A server whose pushes go to a stand-in, and Alice with a browser that is her device there. The browser's own push service is
/// out of reach: its subscription is one of the stand-in's.
async fn scene(backend: Backend) -> (Scene, BrowserPush) {
    let app = server(backend).await;
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

/// Taps on the notification, and gives the address that is opened. A browser opens windows for people alone, not for tests.
async fn tapped(scene: &Scene) -> String {
    let listen = "const opened = new BroadcastChannel('opened');
                  window.opened = new Promise((done) => { opened.onmessage = (event) => done(event.data); });";
    scene.run(listen).await;
    let tap = "self.clients.openWindow = async (address) => new BroadcastChannel('opened').postMessage(address);
               self.registration.getNotifications().then(([notification]) =>
                 self.dispatchEvent(new NotificationEvent('notificationclick', { notification })))";
    run_in_worker(scene, tap).await;
    scene.run("return window.opened;").await.as_str().unwrap().to_owned()
}

/// The token under which Alice's device is reached, once it is this.
async fn reached_at(scene: &Scene, expected: &Value) {
    for _ in 0..100 {
        let token = scene.devices().await[0].config.token.clone();
        if token.is_some_and(|token| serde_json::from_str::<Value>(&token).unwrap() == wire(expected)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the device is reached by {:?}", scene.devices().await[0].config);
}

/// What of a subscription is told to the server.
fn wire(subscription: &Value) -> Value {
    json!({ "endpoint": subscription["endpoint"], "keys": subscription["keys"] })
}

/// The subscription that every page gives from now on.
async fn subscribes(scene: &Scene, subscription: &Value) {
    let source = format!("PushManager.prototype.subscribe = async () => ({subscription});");
    scene.tell_browser("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
}

#[tokio::test]
async fn a_subscription_that_changed_is_told_though_the_browser_does_not_say_what_it_was() {
    let (scene, pushes) = scene(Sqlite).await;
    let key = scene.app.app.push.vapid_public_key().await.unwrap();
    let new = pushes.subscribe(key.as_deref());
    let change = format!(
        "PushManager.prototype.subscribe = async (options) => {{
           if (options.applicationServerKey !== '{}') throw new Error('another key');
           return {new};
         }};
         const event = new ExtendableEvent('pushsubscriptionchange');
         event.oldSubscription = event.newSubscription = null;
         self.dispatchEvent(event)",
        key.unwrap()
    );
    scene.tell_browser("ServiceWorker.enable", json!({})).await;
    run_in_worker(&scene, &change).await;
    reached_at(&scene, &new).await;
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_browser_whose_subscription_died_is_reached_again_when_the_page_is_opened(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let (scene, pushes) = scene(backend).await;
    let device = scene.devices().await.remove(0);
    let (store, dead) = (&scene.app.database.store, device.config.token.unwrap());
    assert!(store.forget_push_token(device.sid, Platform::Web, &dead, scene.app.clock.now()).await.unwrap());
    let new = pushes.subscribe(scene.app.app.push.vapid_public_key().await.unwrap().as_deref());
    subscribes(&scene, &new).await;
    scene.visit("/approve").await;
    reached_at(&scene, &new).await;
    scene.browser.close().await;
}

#[tokio::test]
async fn who_was_not_asked_or_did_not_answer_can_switch_notifications_on_later() {
    let app = server(Sqlite).await;
    let pushes = BrowserPush::start(app.clock.clone()).await;
    let scene = Scene::of(app, phone(On).await).await;
    let new = pushes.subscribe(scene.app.app.push.vapid_public_key().await.unwrap().as_deref());
    subscribes(&scene, &new).await;
    scene.permit_notifications("prompt").await;
    scene.open_account().await;
    scene.run("Notification.requestPermission = async () => 'default';").await;
    scene.add_browser().await;
    assert_eq!(scene.devices().await[0].config.platform.as_str(), "none");
    scene.visit("/approve").await;
    scene.button("Switch notifications on").await;
    scene.permit_notifications("granted").await;
    scene.press("Switch notifications on").await;
    scene.browser.sees("Notifications are on.").await;
    reached_at(&scene, &new).await;
    assert!(!scene.button_is_there("Switch notifications on").await);
    scene.browser.close().await;
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
    scene.browser.visit(&tapped(&scene).await).await;
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
