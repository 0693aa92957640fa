//! What the browser's tests have in common: a server with Alexa and Alice, a phone, and where the browser ends up.

use url::Url;

use crate::support::app::{ALICE, Backend, PASSWORD, TestApp};
use crate::support::chrome::{Browser, Window};

/// Whether scripts of pages run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As in any browser.
    On,
    /// As some people set it.
    Off,
}

/// A server with Alexa's client and Alice.
pub async fn stage(backend: Backend) -> TestApp {
    TestApp::on(backend).await.with_alexa().await.with_alice().await
}

/// A phone. No site but loopback can be reached: at the platform's address the browser shows an error, and its address
/// bar shows what the platform would have got.
pub async fn phone(scripts: Scripts) -> Browser {
    match scripts {
        Scripts::On => Window::phone(),
        Scripts::Off => Window::phone().without_javascript(),
    }
    .open()
    .await
}

/// Types name and password and sends the form.
pub async fn sign_in(browser: &Browser, username: &str, password: &str) {
    for (label, text) in [("User name or email", username), ("Password", password)] {
        let field = browser.by_label(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    browser.press_button("Sign in").await;
}

/// Links as Alice, from the authorization request to the platform's address.
pub async fn link(browser: &Browser, authorize: &str) -> Url {
    browser.visit(authorize).await;
    sign_in(browser, ALICE, PASSWORD).await;
    browser.sees("Signed in as Alice").await;
    browser.press_button("Allow").await;
    arrival(browser).await
}

/// The address at which the browser is.
pub async fn arrival(browser: &Browser) -> Url {
    browser.driver.current_url().await.unwrap()
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
