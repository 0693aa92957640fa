//! Codes by text message, from the linking request to the platform: register, sign in, recover.

use std::sync::Arc;

use couplet::app::SystemClock;
use rstest::rstest;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, parameter, phone, sign_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::chrome::Browser;
use crate::support::messages_api::Twilio;

const NUMBER: &str = "+4915123456789";

/// A server with Alexa's client whose messages go to a stand-in.
pub async fn stage(backend: Backend) -> (TestApp, Twilio) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let connected = |config: &mut couplet::config::Config| {
        config.sms.twilio = Some(twilio.connector());
        config.sms.register = true;
    };
    (TestApp::with(backend, connected).await.with_alexa().await.with_alice().await, twilio)
}

/// Types into the field of that label.
pub async fn fill(browser: &Browser, label: &str, text: &str) {
    let field = browser.by_label(label).await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Follows a link by its words.
pub async fn follow(browser: &Browser, words: &str) {
    browser.driver.find(thirtyfour::By::LinkText(words)).await.unwrap().click().await.unwrap();
}

/// Allows the link; gives the code that the platform gets.
async fn allow(browser: &Browser) -> String {
    browser.sees(&format!("Signed in as {NUMBER}")).await;
    browser.press_button("Allow").await;
    parameter(&arrival(browser).await, "code").unwrap()
}

#[rstest]
#[tokio::test]
async fn somebody_registers_signs_in_and_recovers_by_phone_and_links_each_time(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(On, Off)] scripts: Scripts,
) {
    let (app, twilio) = stage(backend).await;
    let alexa = app.alexa();
    for (count, way) in [(1, "register"), (2, "sign in"), (3, "recover")] {
        let browser = phone(scripts).await;
        browser.visit(&alexa.authorize(&[])).await;
        match way {
            "register" => follow(&browser, "Create an account").await,
            "sign in" => browser.press_button("Sign in with a code by text message").await,
            _ => follow(&browser, "Forgot your password?").await,
        }
        fill(&browser, "Phone number", "+49 (0)151 23456789").await;
        browser.press_button("Text me a code").await;
        browser.sees(NUMBER).await;
        fill(&browser, "Code from the message", &twilio.code(count).await).await;
        match way {
            "register" => {
                fill(&browser, "New password", "a first password").await;
                browser.press_button("Create account").await;
            }
            "sign in" => browser.press_button("Sign in").await,
            _ => {
                fill(&browser, "New password", "a second password").await;
                browser.press_button("Set password and sign in").await;
            }
        }
        let code = allow_if_asked(&browser).await;
        assert_eq!(alexa.exchange(&code, &[]).await.status, 200, "{way}");
        browser.close().await;
    }
    let browser = phone(scripts).await;
    browser.visit(&format!("{}/account", app.url)).await;
    sign_in(&browser, NUMBER, "a second password").await;
    browser.sees("Amazon Alexa").await;
    browser.close().await;
}

/// The code at the platform; who has consented before is not asked.
async fn allow_if_asked(browser: &Browser) -> String {
    match parameter(&arrival(browser).await, "code") {
        Some(code) => code,
        None => allow(browser).await,
    }
}

#[rstest]
#[tokio::test]
async fn a_wrong_code_is_said_and_the_field_is_ready_for_another(#[values(On, Off)] scripts: Scripts) {
    let (app, twilio) = stage(Sqlite).await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    follow(&browser, "Create an account").await;
    fill(&browser, "Phone number", NUMBER).await;
    browser.press_button("Text me a code").await;
    let code = twilio.code(1).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    fill(&browser, "Code from the message", wrong).await;
    fill(&browser, "New password", "a first password").await;
    browser.press_button("Create account").await;
    browser.sees("That code is not right.").await;
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.id().await.unwrap().as_deref(), Some("code"));
    browser.press_button("Send another code").await;
    browser.sees("A code is on its way to").await;
    fill(&browser, "Code from the message", &twilio.code(2).await).await;
    fill(&browser, "New password", "a first password").await;
    browser.press_button("Create account").await;
    browser.sees("Link your Example Lights account to Amazon Alexa?").await;
    browser.close().await;
}
