//! A browser as a device: a person adds it on the account page, and answers on `/approve` with the key that it keeps.

mod other_app;
mod person;
mod pushed;
mod script;
mod sign_in;

use std::sync::Arc;
use std::time::{Duration, Instant};

use couplet::app::SystemClock;
use couplet::model::ids::UserId;
use couplet::model::push::challenge::{Answer, Challenge, Details, Field, Standing};
use couplet::model::push::factor::{Factor, Texts};
use couplet::model::time::{Clock, after};
use couplet::push::own_people::scope_of;
use serde_json::{Value, json};
use thirtyfour::{By, WebElement};

use crate::scene::{Scripts, phone, sign_in};
use crate::support::app::{ALICE, Backend, PASSWORD, TestApp, TestClock};
use crate::support::chrome::Browser;
use crate::support::chromedriver::Chromedriver;
use crate::support::rows::Rows;

/// How often to look for what is still to come: ten seconds in all.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A server whose clock runs, as the browser's does, with Alice.
pub struct Scene {
    pub app: TestApp,
    pub alice: UserId,
    pub browser: Browser,
}

impl Scene {
    pub async fn on(backend: Backend) -> Self {
        // A browser here reaches no push service: it is not asked to.
        let app = TestApp::with(backend, |config| config.push.web_push = false).await;
        Self::of(app, phone_with_scripts().await).await
    }

    /// With a server and a window of the test's own.
    pub async fn of(app: TestApp, browser: Browser) -> Self {
        run(app.clock.clone());
        let alice = app.add_user(ALICE).await;
        Self { app, alice, browser }
    }

    /// Alice has added the browser.
    pub async fn enrolled(backend: Backend) -> Self {
        let scene = Self::on(backend).await;
        scene.open_account().await;
        scene.add_browser().await;
        scene
    }

    pub async fn visit(&self, path: &str) {
        self.browser.visit(&format!("{}{path}", self.app.url)).await;
    }

    /// Signs in on the account page.
    pub async fn open_account(&self) {
        self.visit("/account").await;
        sign_in(&self.browser, ALICE, PASSWORD).await;
        self.browser.sees("Devices that approve sign-ins").await;
    }

    pub async fn add_browser(&self) {
        // Hidden until the script has begun.
        self.button("Add this browser").await;
        self.browser.press_button("Add this browser").await;
        self.browser.sees("Added. It can now approve sign-ins.").await;
    }

    /// Alice's sessions are as if her device had approved them; the account page is open.
    pub async fn approved(&self) {
        let mut rows = Rows::at(&self.app.database.url).await;
        rows.change("UPDATE sign_ins SET approved = TRUE").await;
        self.visit("/account").await;
    }

    pub async fn devices(&self) -> Vec<Factor> {
        self.app.app.push.devices_of(self.alice).await.unwrap()
    }

    /// Asks Alice's first device, as a sign-in does; with a number to match or without.
    pub async fn ask(&self, number: bool) -> Challenge {
        let line = |label: &str, value: &str| Field { label: label.to_owned(), value: value.to_owned() };
        let details = Details {
            message: "Sign in to Example Lights?".to_owned(),
            fields: vec![line("For", "Amazon Alexa"), line("From", "203.0.113.7"), line("With", "Firefox on Windows")],
            date: None,
        };
        let hidden = number.then(|| Texts::from([("ask".to_owned(), "number".to_owned())]));
        let ends = after(self.app.clock.now(), Duration::from_secs(120));
        self.app.app.push.ask(&self.devices().await[0], details, hidden, ends).await.unwrap()
    }

    /// How a challenge stands, and what came with the answer.
    pub async fn outcome(&self, challenge: &Challenge) -> (Standing, Option<Texts>) {
        let scope = scope_of(self.alice).unwrap();
        let found = self.app.database.store.challenge(&scope, challenge.sid).await.unwrap().unwrap();
        (found.standing(self.app.clock.now()), found.metadata)
    }

    /// Waits for the answer to a challenge.
    pub async fn answer(&self, challenge: &Challenge) -> (Answer, Option<Texts>) {
        for _ in 0..LOOKS {
            if let (Standing::Answered(answer), metadata) = self.outcome(challenge).await {
                return (answer, metadata);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("nobody answered; the page shows:\n{}", self.browser.text().await)
    }

    /// Presses a button that leads to no other page.
    pub async fn press(&self, text: &str) {
        self.button(text).await.click().await.unwrap();
    }

    pub async fn button(&self, text: &str) -> WebElement {
        let path = format!("//button[normalize-space()='{text}']");
        for _ in 0..LOOKS {
            if let Ok(button) = self.browser.driver.find(By::XPath(&*path)).await
                && button.is_clickable().await.unwrap_or(false)
            {
                return button;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("no button “{text}” on this page:\n{}", self.browser.text().await)
    }

    pub async fn button_is_there(&self, text: &str) -> bool {
        let path = format!("//button[normalize-space()='{text}']");
        let found = self.browser.driver.find_all(By::XPath(&*path)).await.unwrap();
        for button in found {
            if button.is_displayed().await.unwrap() {
                return true;
            }
        }
        false
    }

    /// Sets what the person says to notifications: `granted` or `denied`.
    pub async fn permit_notifications(&self, word: &str) {
        let origin = &self.app.url;
        let parameters = json!({ "origin": origin, "permission": { "name": "notifications" }, "setting": word });
        self.tell_browser("Browser.setPermission", parameters).await;
    }

    /// A command of the DevTools protocol.
    pub async fn tell_browser(&self, command: &str, parameters: Value) -> Value {
        let driver = &Chromedriver::get().url;
        let address = format!("{driver}/session/{}/goog/cdp/execute", self.browser.driver.session_id());
        let asked = reqwest::Client::new().post(address).json(&json!({ "cmd": command, "params": parameters }));
        let answer = asked.send().await.unwrap();
        let (status, told) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert_eq!(status, 200, "{command}: {told}");
        told["value"].clone()
    }

    /// Types the number that the sign-in page shows.
    pub async fn type_number(&self, number: &str) {
        self.browser.by_label("Number on the sign-in page").await.send_keys(number).await.unwrap();
    }

    /// What a script in the page comes to; `body` is that of an asynchronous function.
    pub async fn run(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; (async () => {{ {body} }})().then(done, (error) => done(`failed: ${{error}}`))"
        );
        self.browser.driver.execute_async(script, vec![]).await.unwrap().json().clone()
    }
}

/// A phone.
pub async fn phone_with_scripts() -> Browser {
    phone(Scripts::On).await
}

/// Lets a clock show the machine's time and go on with it.
fn run(clock: Arc<TestClock>) {
    clock.advance((SystemClock.now() - clock.now()).to_std().unwrap());
    tokio::spawn(async move {
        let (began, mut gone) = (Instant::now(), Duration::ZERO);
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = began.elapsed();
            clock.advance(now - gone);
            gone = now;
        }
    });
}

/// What an answer brought along.
pub fn texts(name: &str, value: &str) -> Option<Texts> {
    Some(Texts::from([(name.to_owned(), value.to_owned())]))
}
