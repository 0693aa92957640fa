//! What the script sends, looked at from within the page.

use serde_json::{Value, json};

use super::{Scene, texts};
use crate::support::app::Backend::Sqlite;

/// Where the page's own script lies; its name changes with its content.
const DEVICE: &str = "document.querySelector('script').src.replace('enrol', 'device')";

async fn on_the_account_page() -> Scene {
    let scene = Scene::on(Sqlite).await;
    scene.open_account().await;
    scene
}

#[tokio::test]
async fn signatures_are_turned_into_der_whatever_their_numbers_begin_with() {
    let scene = on_the_account_page().await;
    let all = format!(
        "const {{ der }} = await import({DEVICE});
         const of = (r, s) => {{
           const raw = new Uint8Array(64);
           raw.set(r, 32 - r.length);
           raw.set(s, 64 - s.length);
           return [...der(raw)];
         }};
         return [of([1], [0x7f]), of([0x80], [1, 0]), of([], [0xff])];"
    );
    let expected = json!([
        [0x30, 6, 2, 1, 1, 2, 1, 0x7f],
        [0x30, 8, 2, 2, 0, 0x80, 2, 2, 1, 0],
        [0x30, 7, 2, 1, 0, 2, 2, 0, 0xff],
    ]);
    assert_eq!(scene.run(&all).await, expected);
    scene.browser.close().await;
}

#[tokio::test]
async fn a_subscription_goes_along_and_one_that_the_server_does_not_take_leaves_the_browser_asking() {
    let scene = on_the_account_page().await;
    let sent = scene
        .run(&format!(
            "const {{ Device }} = await import({DEVICE});
             const form = document.querySelector('#add-device');
             const asked = {{ method: 'POST', body: new URLSearchParams(new FormData(form)) }};
             const ticket = await (await fetch(form.action, asked)).json();
             const sent = [];
             const real = window.fetch;
             window.fetch = (address, options) => {{
               if (options.body) sent.push(Object.fromEntries(options.body));
               return real(address, options);
             }};
             const subscription = {{ endpoint: 'http://plain.example/x', expirationTime: null, keys: {{ p256dh: 'B', auth: 'A' }} }};
             const device = await Device.enrol({{ ...ticket, subscription }}, {{ name: 'Mine' }});
             return [device.platform, ...sent];"
        ))
        .await;
    let of = |place: usize, name: &str| sent[place][format!("Config.{name}")].clone();
    assert_eq!((of(1, "NotificationPlatform"), of(2, "NotificationPlatform")), (json!("web"), json!("none")));
    let token: Value = serde_json::from_str(of(1, "NotificationToken").as_str().unwrap()).unwrap();
    assert_eq!(token, json!({ "endpoint": "http://plain.example/x", "keys": { "p256dh": "B", "auth": "A" } }));
    assert_eq!((&sent[0], of(2, "NotificationToken")), (&json!("none"), Value::Null));
    scene.browser.close().await;
}

#[tokio::test]
async fn an_answer_that_was_not_read_first_is_not_signed() {
    let scene = on_the_account_page().await;
    scene.add_browser().await;
    let challenge = scene.ask(false).await;
    let told = scene
        .run(&format!(
            "const {{ Device }} = await import({DEVICE});
             const [device] = await Device.all();
             const [listed] = await device.pending();
             return device.answer(listed, 'approved');"
        ))
        .await;
    assert!(told.as_str().unwrap().starts_with("failed: Error: read the challenge first"), "{told}");
    assert_eq!(scene.outcome(&challenge).await.1, None);
    scene.browser.close().await;
}

#[tokio::test]
async fn an_answer_is_not_taken_for_another_that_arrived_before_it() {
    let scene = on_the_account_page().await;
    scene.add_browser().await;
    let challenge = scene.ask(true).await;
    let told = scene
        .run(&format!(
            "const {{ Device }} = await import({DEVICE});
             const [device] = await Device.all();
             const shown = await device.challenge('{}');
             const answer = (number) => device.answer(shown, 'approved', {{ number }}).then(() => 'taken', () => 'refused');
             return [await answer('12'), await answer('21'), await answer('12')];",
            challenge.sid
        ))
        .await;
    assert_eq!(told, json!(["taken", "refused", "taken"]));
    assert_eq!(scene.answer(&challenge).await.1, texts("number", "12"));
    scene.browser.close().await;
}

#[tokio::test]
async fn what_was_shown_is_what_is_signed() {
    let scene = on_the_account_page().await;
    scene.add_browser().await;
    let challenge = scene.ask(false).await.sid;
    let told = scene
        .run(&format!(
            "const {{ Device }} = await import({DEVICE});
             const [device] = await Device.all();
             const shown = await device.challenge('{challenge}');
             shown.details = {{ ...shown.details, message: 'Another question' }};
             return device.answer(shown, 'approved').catch((error) => [error.name, error.status, error.code]);"
        ))
        .await;
    assert_eq!(told, json!(["Refused", 403, 60324]));
    scene.browser.close().await;
}
