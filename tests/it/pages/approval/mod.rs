//! Approval at sign-in: a browser waits, a device that signs as the mobile SDKs do answers, and the linking request goes on.

mod by_text;
mod clients;
mod limits;
mod not_me;
mod refused;
mod whole;

use std::collections::BTreeSet;
use std::sync::Arc;

use couplet::app::SystemClock;
use couplet::model::approval::ApprovalPolicy;
use couplet::model::ids::UserId;
use couplet::model::login::Login;
use couplet::model::phone::Phone;
use couplet::model::time::Clock;
use couplet::model::user::User;
use serde_json::{Value, json};

use crate::support::app::{ALICE, Backend, PASSWORD, TestApp};
use crate::support::messages_api::Twilio;
use crate::support::person::{Page, Person};
use crate::support::push::Device;

/// Alice's number.
const ALICES: &str = "+14155550100";

const APPROVE: &str = "/sign-in/approve";

/// A server with Alexa's client, and Alice, who wants approval and has a phone for text messages.
struct Scene {
    app: TestApp,
    twilio: Twilio,
    alice: UserId,
}

impl Scene {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, ApprovalPolicy::default()).await
    }

    /// Alexa's client asks like this.
    async fn with(backend: Backend, policy: ApprovalPolicy) -> Self {
        let twilio = Twilio::start(Arc::new(SystemClock));
        let app = TestApp::with(backend, |config| config.sms.twilio = Some(twilio.connector())).await;
        app.add_alexa(|settings| settings.approval = policy).await;
        let alice = add(&app, ALICE, Some(ALICES)).await;
        app.database.store.set_approval(alice, true).await.unwrap();
        Self { app, twilio, alice }
    }

    /// A device of Alice's.
    async fn device(&self) -> Device {
        self.device_called("Alice's phone").await
    }

    async fn device_called(&self, name: &str) -> Device {
        Device::of_own(&self.app, self.alice, name).await
    }

    /// What follows the password on the way to a link.
    async fn asked(&self, person: &Person) -> Page {
        let page = person.open(&self.app.alexa().authorize(&[("state", "é ?&=#/+%")])).await;
        person.sign_in(&page, ALICE, PASSWORD).await
    }

    /// The one challenge that waits for a device.
    async fn challenge(&self, device: &Device) -> String {
        let waiting = device.waiting(self.app.clock.now()).await;
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting[0].clone()
    }

    /// A device answers what waits for it.
    async fn answers(&self, device: &Device, status: &str, metadata: Option<Value>) {
        let challenge = self.challenge(device).await;
        self.answers_to(device, &challenge, status, metadata).await;
    }

    async fn answers_to(&self, device: &Device, challenge: &str, status: &str, metadata: Option<Value>) {
        let answered = device.answer_with(challenge, self.app.clock.now(), status, metadata).await;
        assert_eq!((answered.status.as_u16(), answered.text("status").as_str()), (200, status), "{answered:?}");
    }

    /// A device approves with the number of a page.
    async fn approves(&self, device: &Device, page: &Page) {
        self.answers(device, "approved", Some(json!({ "number": page.text(".number") }))).await;
    }

    /// A device approves everything that waits for it with the number of a page.
    async fn answers_to_all(&self, device: &Device, page: &Page) {
        for challenge in device.waiting(self.app.clock.now()).await {
            let number = json!({ "number": page.text(".number") });
            self.answers_to(device, &challenge, "approved", Some(number)).await;
        }
    }

    /// What a waiting browser sees when it looks again.
    async fn look(&self, person: &Person, page: &Page) -> Page {
        // The answer to a form has no query, but the way along it.
        let way = if page.has("input[name=request]") { format!("?{}", page.value("request")) } else { String::new() };
        let url = if way.is_empty() { page.url.to_string() } else { format!("{}{APPROVE}{way}", self.app.url) };
        person.open(&url).await
    }
}

/// Adds a user with the usual password.
async fn add(app: &TestApp, login: &str, phone: Option<&str>) -> UserId {
    let store = &app.database.store;
    let made = app.add_user(&format!("{login}-made")).await;
    let user = store.user(made).await.unwrap().unwrap();
    store.delete_user(made).await.unwrap();
    let (login, phone) = (Login::parse(login).unwrap(), phone.map(|phone| Phone::parse(phone).unwrap()));
    store.add_user(&User { login, phone, ..user }).await.unwrap();
    made
}

/// Presses a button of a page of approval, and follows redirects within the server.
async fn press(person: &Person, page: &Page, step: &str, fields: &[(&str, &str)]) -> Page {
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [&[("request", request.as_str()), ("csrf", &csrf), ("step", step)], fields].concat();
    person.post(APPROVE, &form).await
}

/// Whether a page is the one on which somebody waits for a device.
fn waits(page: &Page) -> bool {
    page.url.path() == APPROVE && page.has(".number")
}

/// Signs in with a code by text message, the so manieth in all, on the way to a link.
async fn signed_in_by_code(scene: &Scene, person: &Person, messages: usize) -> Page {
    let page = person.open(&scene.app.alexa().authorize(&[])).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("request", request.as_str()), ("csrf", &csrf), ("phone", ALICES), ("step", "send")];
    let page = person.post("/sign-in/code", &form).await;
    let code = scene.twilio.code(messages).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("request", request.as_str()), ("csrf", &csrf), ("phone", ALICES), ("code", &code), ("step", "check")];
    person.post("/sign-in/code", &form).await
}

/// Sets the usual password by a code, the first message in all, with nothing but the number.
async fn set_password_by_code(scene: &Scene, person: &Person) -> Page {
    let page = person.open(&format!("{}/forgot", scene.app.url)).await;
    let csrf = page.value("csrf");
    person.post("/forgot", &[("csrf", &csrf), ("phone", ALICES), ("step", "send")]).await;
    let code = scene.twilio.code(1).await;
    let form = [("csrf", &*csrf), ("phone", ALICES), ("code", &code), ("password", PASSWORD), ("step", "check")];
    person.post("/forgot", &form).await
}

/// The different sessions that were given.
fn sessions(answers: &[Page]) -> BTreeSet<String> {
    let cookies = answers.iter().filter_map(|page| page.cookie("couplet_session"));
    cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
}

/// What a browser with these cookies finds at an address, without following where it leads.
async fn found_with(scene: &Scene, url: &str, cookies: &str) -> Page {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    scene.app.person().send(http.get(url).header("Cookie", cookies)).await
}

/// Whether nobody is signed in in this browser.
async fn is_out(person: &Person) -> bool {
    person.open(&format!("{}/account", person.url)).await.has("input[name=password]")
}
