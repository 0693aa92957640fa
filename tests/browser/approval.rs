//! Approval at sign-in in a real browser: it waits by itself, with scripts on and off, until the device has answered.

use std::sync::Arc;

use couplet::app::SystemClock;
use couplet::model::ids::UserId;
use couplet::model::phone::Phone;
use couplet::model::time::Clock;
use couplet::model::user::User;
use rstest::rstest;
use serde_json::json;
use thirtyfour::By;

use crate::by_code::fill;
use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, parameter, phone, sign_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::chrome::Browser;
use crate::support::messages_api::Twilio;
use crate::support::push::Device;

/// A server with Alexa's client, and Alice with a phone number, who wants approval.
pub async fn stage(backend: Backend) -> (TestApp, Twilio, UserId) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let app = TestApp::with(backend, |config| config.sms.twilio = Some(twilio.connector())).await.with_alexa().await;
    let (store, made) = (&app.database.store, app.add_user(ALICE).await);
    let user = store.user(made).await.unwrap().unwrap();
    store.delete_user(made).await.unwrap();
    let phone = Some(Phone::parse("+14155550100").unwrap());
    store.add_user(&User { phone, approval: true, ..user }).await.unwrap();
    (app, twilio, made)
}

/// The number on the page.
pub async fn number(browser: &Browser) -> String {
    for _ in 0..50 {
        // The page loads itself again, and then what was found on it is gone.
        if let Ok(found) = browser.driver.find(By::Css(".number")).await
            && let Ok(text) = found.text().await
        {
            return text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no number on this page:\n{}", browser.text().await)
}

/// The device approves what waits for it, with that number.
pub async fn approve(app: &TestApp, device: &Device, number: &str) {
    let now = app.clock.now();
    let challenge = device.waiting(now).await.pop().unwrap();
    let answer = device.answer_with(&challenge, now, "approved", Some(json!({ "number": number }))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[rstest]
#[tokio::test]
async fn a_browser_waits_for_the_device_and_the_link_goes_on(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(On, Off)] scripts: Scripts,
) {
    let (app, _twilio, alice) = stage(backend).await;
    let device = Device::of_own(&app, alice, "Alice's phone").await;
    let (browser, alexa) = (phone(scripts).await, app.alexa());
    browser.visit(&alexa.authorize(&[])).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.sees("We asked Alice's phone.").await;
    approve(&app, &device, &number(&browser).await).await;
    // Nobody presses anything.
    browser.sees("Signed in as Alice").await;
    browser.press_button("Allow").await;
    let code = parameter(&arrival(&browser).await, "code").unwrap();
    assert_eq!(alexa.exchange(&code, &[]).await.status, 200);
    browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_code_by_text_message_does_in_place_of_the_device(#[values(On, Off)] scripts: Scripts) {
    let (app, twilio, alice) = stage(Sqlite).await;
    Device::of_own(&app, alice, "Alice's phone").await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.press_button("Text me a code instead").await;
    fill(&browser, "Code from the message", &twilio.code(1).await).await;
    browser.press_button("Approve").await;
    browser.sees("Signed in as Alice").await;
    browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_denial_is_said_and_leads_back_to_the_beginning(#[values(On, Off)] scripts: Scripts) {
    let (app, _twilio, alice) = stage(Sqlite).await;
    let device = Device::of_own(&app, alice, "Alice's phone").await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.sees("We asked Alice's phone.").await;
    let challenge = device.waiting(app.clock.now()).await.pop().unwrap();
    device.answer(&challenge, app.clock.now(), "denied").await;
    browser.sees("The sign-in was denied").await;
    crate::by_code::follow(&browser, "Start again").await;
    browser.sees("Use your Example Lights account to link it to Amazon Alexa.").await;
    browser.close().await;
}
