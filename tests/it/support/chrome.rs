//! Browser windows for tests: Chromium without a screen, driven through `chromedriver`.
//! It owns how a window is set up and finding things as a person names them; the processes are `chromedriver`'s.
#![expect(clippy::expect_used, clippy::panic, reason = "a test without its browser must fail, and loudly")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::{By, Capabilities, WebDriver, WebElement};

use super::chromedriver::Chromedriver;

/// How often and how long to look for what a page is still to show: five seconds in all.
const ATTEMPTS: u32 = 100;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// How a window looks and what it may do.
pub struct Window {
    metrics: Value,
    javascript: bool,
    dark: bool,
    accept_any_certificate: bool,
    mapped_hosts: Vec<(String, SocketAddr)>,
}

impl Window {
    /// A phone held upright: 390×844.
    ///
    /// Without touch: `chromedriver` follows each tap by a script with a timer, which never ends in a page whose scripts
    /// do not run.
    pub fn phone() -> Self {
        Self::of(json!({"width": 390, "height": 844, "pixelRatio": 2, "mobile": true, "touch": false}))
    }

    /// A small laptop: 1280×800.
    pub fn desktop() -> Self {
        Self::of(json!({"width": 1280, "height": 800, "pixelRatio": 1, "mobile": false, "touch": false}))
    }

    fn of(metrics: Value) -> Self {
        Self { metrics, javascript: true, dark: false, accept_any_certificate: false, mapped_hosts: Vec::new() }
    }

    /// Scripts of pages do not run.
    pub fn without_javascript(mut self) -> Self {
        self.javascript = false;
        self
    }

    /// The person prefers dark pages.
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Requests for `host`, on whatever port, go to `address`. Hosts not named here cannot be reached, but for loopback.
    pub fn map_host(mut self, host: &str, address: SocketAddr) -> Self {
        self.mapped_hosts.push((host.to_owned(), address));
        self
    }

    /// `https` works with a certificate nobody has signed.
    pub fn accept_any_certificate(mut self) -> Self {
        self.accept_any_certificate = true;
        self
    }

    /// Opens the window with an empty profile.
    pub async fn open(self) -> Browser {
        let driver = tokio::task::spawn_blocking(Chromedriver::get)
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let capabilities = self.capabilities(driver);
        let session = WebDriver::new(&driver.url, capabilities).await;
        Browser { driver: session.unwrap_or_else(|error| panic!("Chromium does not start: {error}")) }
    }

    fn capabilities(&self, driver: &Chromedriver) -> Capabilities {
        let mut preferences = json!({});
        if !self.javascript {
            preferences = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let options = json!({
            "binary": driver.browser,
            "args": self.arguments(&driver.new_profile()),
            "prefs": preferences,
            "mobileEmulation": {"deviceMetrics": self.metrics},
        });
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": options});
        serde_json::from_value(capabilities).expect("capabilities are a JSON object")
    }

    fn arguments(&self, profile: &Path) -> Vec<String> {
        let mut rules: Vec<String> =
            self.mapped_hosts.iter().map(|(host, address)| format!("MAP {host} {address}")).collect();
        rules.push("MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1".to_owned());
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // A plain http address is meant; trying https first costs three seconds.
            "--disable-features=HttpsUpgrades",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        arguments.push(format!("--host-resolver-rules={}", rules.join(", ")));
        if self.dark {
            arguments.push("--force-dark-mode".to_owned());
        }
        if self.accept_any_certificate {
            arguments.push("--ignore-certificate-errors".to_owned());
        }
        arguments
    }
}

/// An open window; it closes when `close` is called, and at the latest when the test process ends.
pub struct Browser {
    /// For what the methods below do not cover.
    pub driver: WebDriver,
}

impl Browser {
    /// Goes to a page and waits until it is there.
    pub async fn visit(&self, url: &str) {
        let there = self.driver.goto(url).await;
        there.unwrap_or_else(|error| panic!("{url} cannot be visited: {error}"));
    }

    /// The field that a label with exactly this text belongs to.
    pub async fn by_label(&self, label: &str) -> WebElement {
        let text = quoted(label);
        let path = format!(
            "//*[@id=//label[normalize-space()={text}]/@for] | //label[normalize-space()={text}]//*[self::input or self::select or self::textarea]"
        );
        self.find(&path, "field labelled", label).await
    }

    /// Presses the button with exactly this text and waits until another page is there.
    pub async fn press_button(&self, text: &str) {
        let quoted = quoted(text);
        let path = format!("//button[normalize-space()={quoted}] | //input[@type='submit' and @value={quoted}]");
        let button = self.find(&path, "button", text).await;
        let pressed = button.click().await;
        pressed.unwrap_or_else(|error| panic!("the button “{text}” cannot be pressed: {error}"));
        // The click returns before the form is sent; the button goes with its page.
        for _ in 0..ATTEMPTS {
            if button.tag_name().await.is_err() {
                return;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        panic!("the button “{text}” led to no other page");
    }

    /// Waits until the page shows this text.
    pub async fn sees(&self, text: &str) {
        let mut shown = String::new();
        for _ in 0..ATTEMPTS {
            shown = self.text().await;
            if shown.contains(text) {
                return;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        panic!("“{text}” is not on the page, but:\n{shown}");
    }

    /// All text of the page that a person can see.
    pub async fn text(&self) -> String {
        for _ in 0..ATTEMPTS {
            if let Ok(body) = self.driver.find(By::Tag("body")).await
                && let Ok(text) = body.text().await
            {
                return text;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        panic!("the page has no text")
    }

    /// Writes what the window shows to a PNG file, making its folder when that is missing.
    pub async fn screenshot(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("the folder for screenshots can be made");
        }
        self.driver.screenshot(path).await.expect("the screenshot can be written");
    }

    /// Closes the window.
    pub async fn close(self) {
        self.driver.clone().quit().await.expect("the window closes");
    }

    async fn find(&self, path: &str, kind: &str, name: &str) -> WebElement {
        for _ in 0..ATTEMPTS {
            if let Ok(element) = self.driver.find(By::XPath(path)).await {
                return element;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        let source = self.driver.source().await.unwrap_or_default();
        panic!("no {kind} “{name}” on this page:\n{source}")
    }
}

impl Drop for Browser {
    /// Leaves a window that a failed test did not close to the end of the process: closing it here would block the
    /// test's only thread, which the browser may be waiting for.
    fn drop(&mut self) {
        let _closed_before = self.driver.clone().leak();
    }
}

/// A text as XPath writes it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    format!("{quote}{text}{quote}")
}
