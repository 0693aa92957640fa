//! Every page on a phone and on a laptop, by day and by night: pictures for people to look at, in `target/screenshots/`.
//! What can be asserted without eyes is: no page has to be moved sideways, and the browser has nothing to complain about.

use std::path::Path;
use std::time::Duration;

use rstest::rstest;
use thirtyfour::By;

use crate::devices::Scene;
use crate::scene::{link, parameter, sign_in};
use crate::support::app::Backend::Sqlite;
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::chrome::{Browser, Window};
use crate::support::program::Program;
use crate::support::push::Device;
use crate::{approval, by_code};

/// Takes the picture of a page, and of its end when it is longer than the window.
async fn take(browser: &Browser, window: &str, page: &str) {
    let picture = |part| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        folder.join(format!("{page}-{window}{part}.png"))
    };
    browser.screenshot(&picture("")).await;
    assert!(number(browser, "document.documentElement.scrollWidth - innerWidth").await <= 0, "{page} on {window}");
    if number(browser, "document.documentElement.scrollHeight - innerHeight").await > 0 {
        number(browser, "scrollTo(0, document.documentElement.scrollHeight)").await;
        browser.screenshot(&picture("-end")).await;
    }
}

/// What a script in the page finds; none counts as zero.
async fn number(browser: &Browser, script: &str) -> i64 {
    let found = browser.driver.execute(format!("return {script}"), vec![]).await.unwrap();
    found.json().as_i64().unwrap_or_default()
}

fn window(name: &str) -> Window {
    let window = if name.starts_with("phone") { Window::phone() } else { Window::desktop() };
    if name.ends_with("dark") { window.dark() } else { window }
}

async fn linking_pages(browser: &Browser, window: &str, app: &TestApp) {
    let alexa = app.alexa();
    browser.visit(&alexa.authorize(&[("client_id", "nobody")])).await;
    take(browser, window, "problem").await;
    browser.visit(&alexa.authorize(&[])).await;
    take(browser, window, "sign-in").await;
    sign_in(browser, ALICE, "wrong").await;
    take(browser, window, "sign-in-error").await;
    sign_in(browser, ALICE, PASSWORD).await;
    browser.sees("Signed in as").await;
    take(browser, window, "consent").await;
    browser.visit(&format!("{}/account", app.url)).await;
    take(browser, window, "account-empty").await;
    browser.press_button("Sign out").await;
    let code = parameter(&link(browser, &alexa.authorize(&[])).await, "code").unwrap();
    assert_eq!(alexa.exchange(&code, &[]).await.status, 200);
    browser.visit(&format!("{}/account", app.url)).await;
    take(browser, window, "account").await;
}

async fn code_pages(browser: &Browser, window: &str) {
    let (app, _twilio) = by_code::stage(Sqlite).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    take(browser, window, "sign-in-with-codes").await;
    browser.press_button("Sign in with a code by text message").await;
    take(browser, window, "number").await;
    by_code::fill(browser, "Phone number", "12345").await;
    browser.press_button("Text me a code").await;
    take(browser, window, "number-error").await;
    by_code::fill(browser, "Phone number", "+4915123456789").await;
    browser.press_button("Text me a code").await;
    take(browser, window, "code").await;
    browser.visit(&format!("{}/register", app.url)).await;
    by_code::fill(browser, "Phone number", "+4915123456789").await;
    browser.press_button("Text me a code").await;
    by_code::fill(browser, "Code from the message", "000000").await;
    by_code::fill(browser, "New password", "a first password").await;
    browser.press_button("Create account").await;
    take(browser, window, "code-error").await;
}

async fn approval_pages(browser: &Browser, window: &str) {
    let (app, _twilio, alice) = approval::stage(Sqlite).await;
    app.database.store.set_approval(alice, false).await.unwrap();
    let device = Device::of_own(&app, alice, "Alice's phone").await;
    browser.visit(&format!("{}/account", app.url)).await;
    sign_in(browser, ALICE, PASSWORD).await;
    take(browser, window, "account-approval-off").await;
    browser.press_button("Switch approval on").await;
    take(browser, window, "approval-begin").await;
    browser.press_button("Ask Alice's phone").await;
    browser.sees("We asked Alice's phone.").await;
    let number = approval::number(browser).await;
    approval::approve(&app, &device, &number).await;
    browser.sees("Switch approval off").await;
    take(browser, window, "account-approval-on").await;
    browser.press_button("Sign out").await;
    Device::of_own(&app, alice, "Alice's tablet").await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(browser, ALICE, PASSWORD).await;
    browser.sees("We asked").await;
    take(browser, window, "approval-waiting").await;
    browser.press_button("Text me a code instead").await;
    by_code::fill(browser, "Code from the message", "000000").await;
    browser.press_button("Approve").await;
    take(browser, window, "approval-code-error").await;
    app.clock.advance(Duration::from_secs(130));
    browser.visit(&format!("{}/sign-in/approve", app.url)).await;
    take(browser, window, "approval-too-late").await;
    app.clock.advance(Duration::from_secs(900));
    browser.visit(&format!("{}/sign-in/approve", app.url)).await;
    take(browser, window, "approval-over").await;
}

async fn dev_pages(browser: &Browser, window: &str, url: &str, password: &str) {
    browser.visit(&format!("{url}/account")).await;
    browser.press_button("Sign in with a code by text message").await;
    by_code::fill(browser, "Phone number", "+14155550100").await;
    browser.press_button("Text me a code").await;
    browser.visit(&format!("{url}/dev/messages")).await;
    take(browser, window, "dev-texts").await;
    browser.visit(url).await;
    take(browser, window, "dev-home").await;
    browser.press_button("Link account").await;
    sign_in(browser, "demo", password).await;
    browser.press_button("Allow").await;
    browser.sees("Alexa would be content").await;
    take(browser, window, "dev-result").await;
    for summary in browser.driver.find_all(By::Css("summary")).await.unwrap() {
        summary.click().await.unwrap();
    }
    take(browser, window, "dev-messages").await;
}

#[rstest]
#[tokio::test]
async fn no_page_has_to_be_moved_sideways(
    #[values("phone-light", "phone-dark", "laptop-light", "laptop-dark")] name: &str,
) {
    let words = |config: &mut couplet::config::Config| {
        config.scopes.insert("lights:read".to_owned(), "see which of your lights are on".to_owned());
        config.scopes.insert("lights:write".to_owned(), "switch your lights on and off".to_owned());
    };
    let app = TestApp::with(Sqlite, words).await.with_alexa().await.with_alice().await;
    let program = Program::new().set_up_to_serve();
    let server = program.serve("dev").await;
    let kept = std::fs::read_to_string(program.folder.path().join("data/dev.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let browser = window(name).open().await;
    linking_pages(&browser, name, &app).await;
    code_pages(&browser, name).await;
    approval_pages(&browser, name).await;
    dev_pages(&browser, name, &server.url, kept["password"].as_str().unwrap()).await;
    browser.close().await;
}

/// The pages of a browser that is a device; a server's clock has to run for it.
async fn device_pages(scene: &Scene, window: &str) {
    scene.visit("/approve").await;
    scene.browser.sees("This browser is not on your list").await;
    take(&scene.browser, window, "approve-unknown").await;
    scene.open_account().await;
    scene.button("Add this browser").await;
    take(&scene.browser, window, "account-no-devices").await;
    scene.add_browser().await;
    take(&scene.browser, window, "account-devices").await;
    scene.visit("/approve").await;
    scene.browser.sees("Nothing waits for you.").await;
    take(&scene.browser, window, "approve-nothing").await;
    scene.ask(true).await;
    scene.browser.sees("left to answer").await;
    take(&scene.browser, window, "approve-number").await;
    scene.type_number("47").await;
    scene.press("Approve").await;
    scene.browser.sees("Your answer is sent.").await;
    scene.ask(false).await;
    scene.browser.sees("A question waits for your answer.").await;
    take(&scene.browser, window, "approve-two").await;
    scene.app.app.push.forget_device(scene.alice, scene.devices().await[0].sid).await.unwrap();
    scene.browser.sees("This browser was removed").await;
    scene.visit("/approve").await;
    scene.browser.sees("This browser was removed").await;
    take(&scene.browser, window, "approve-removed").await;
}

#[rstest]
#[tokio::test]
async fn no_page_of_a_device_has_to_be_moved_sideways(
    #[values("phone-light", "phone-dark", "laptop-light", "laptop-dark")] name: &str,
) {
    let scene =
        Scene::of(TestApp::with(Sqlite, |config| config.push.web_push = false).await, window(name).open().await).await;
    device_pages(&scene, name).await;
    scene.browser.close().await;
}
