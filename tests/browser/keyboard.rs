//! A whole link by the keyboard alone.

use rstest::rstest;
use thirtyfour::Key;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, parameter, phone, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::chrome::Browser;

/// Presses a key, wherever the focus is.
async fn press(browser: &Browser, key: Key) {
    browser.driver.action_chain().send_keys(key).perform().await.unwrap();
}

/// Moves on by one stop and types there.
async fn tab_and_type(browser: &Browser, text: &str) {
    press(browser, Key::Tab).await;
    browser.driver.action_chain().send_keys(text).perform().await.unwrap();
}

/// The text of what has the focus, and whether it is seen to have it.
async fn focused(browser: &Browser) -> (String, bool) {
    let element = browser.driver.active_element().await.unwrap();
    let outline = element.css_value("outline-style").await.unwrap();
    (element.text().await.unwrap(), outline == "solid")
}

#[rstest]
#[case(Sqlite, Off)]
#[case(Postgres, On)]
#[tokio::test]
async fn a_link_needs_only_tab_and_enter(#[case] backend: Backend, #[case] scripts: Scripts) {
    let app = stage(backend).await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    tab_and_type(&browser, ALICE).await;
    tab_and_type(&browser, PASSWORD).await;
    press(&browser, Key::Enter).await;
    browser.sees("Signed in as Alice").await;
    let mut stops = Vec::new();
    for _ in 0..3 {
        press(&browser, Key::Tab).await;
        stops.push(focused(&browser).await);
    }
    let seen = |text: &str| (text.to_owned(), true);
    assert_eq!(stops, [seen("Allow"), seen("Don’t allow"), seen("Not you? Use another account")]);
    let back = browser.driver.action_chain().key_down(Key::Shift).send_keys(Key::Tab).send_keys(Key::Tab);
    back.key_up(Key::Shift).perform().await.unwrap();
    assert_eq!(focused(&browser).await, seen("Allow"));
    press(&browser, Key::Enter).await;
    for _ in 0..100 {
        if arrival(&browser).await.host_str() == Some("layla.amazon.com") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(parameter(&arrival(&browser).await, "code").is_some());
    browser.close().await;
}
