//! Codes by text message: signing in, registering, a forgotten password, each from a linking request to the platform.

mod enumeration;
mod limits;
mod refused;
mod whole;

use std::sync::Arc;

use couplet::app::SystemClock;
use couplet::config::Config;
use couplet::model::ids::UserId;
use couplet::model::login::Login;
use couplet::model::phone::Phone;
use couplet::model::user::User;

use crate::support::app::{ALICE, Backend, TestApp};
use crate::support::messages_api::Twilio;
use crate::support::person::{Page, Person};

/// Alice's number.
const ALICES: &str = "+14155550100";
/// A number that nobody here has.
const NOBODYS: &str = "+4915123456789";
/// A password that is new.
const NEW: &str = "another battery staple";

const SIGN_IN: &str = "/sign-in/code";
const REGISTER: &str = "/register";
const FORGOT: &str = "/forgot";

/// A server whose messages go to a stand-in, with Alexa's client, and Alice with her phone.
struct Scene {
    app: TestApp,
    twilio: Twilio,
}

impl Scene {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    async fn with(backend: Backend, change: impl FnOnce(&mut Config)) -> Self {
        let twilio = Twilio::start(Arc::new(SystemClock));
        let connected = |config: &mut Config| {
            config.sms.twilio = Some(twilio.connector());
            config.sms.register = true;
            change(config);
        };
        let app = TestApp::with(backend, connected).await.with_alexa().await;
        let scene = Self { app, twilio };
        scene.add(ALICE, ALICES).await;
        scene
    }

    /// Adds a user with a phone and the usual password.
    async fn add(&self, login: &str, phone: &str) -> UserId {
        let store = &self.app.database.store;
        let made = self.app.add_user(&format!("{login}-made")).await;
        let user = store.user(made).await.unwrap().unwrap();
        store.delete_user(made).await.unwrap();
        let (login, phone) = (Login::parse(login).unwrap(), Some(Phone::parse(phone).unwrap()));
        store.add_user(&User { login, phone, ..user }).await.unwrap();
        made
    }

    /// The sign-in page of a linking request.
    async fn linking(&self, person: &Person) -> Page {
        person.open(&self.app.alexa().authorize(&[("state", "é ?&=#/+%")])).await
    }

    /// The page with the code, asked for on the way to a link.
    async fn asked(&self, person: &Person, path: &str, phone: &str) -> Page {
        let page = self.linking(person).await;
        let page = step(person, &page, path, &[]).await;
        ask(person, &page, path, phone).await
    }
}

/// Posts a form of a page to `path` with more fields, and follows redirects within the server.
async fn step(person: &Person, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [&[("request", request.as_str()), ("csrf", &csrf)], fields].concat();
    person.post(path, &form).await
}

/// Types a number.
async fn ask(person: &Person, page: &Page, path: &str, phone: &str) -> Page {
    step(person, page, path, &[("phone", phone), ("step", "send")]).await
}

/// Types a code, and a password where one is asked for.
async fn show(person: &Person, page: &Page, path: &str, code: &str) -> Page {
    show_with(person, page, path, code, NEW).await
}

async fn show_with(person: &Person, page: &Page, path: &str, code: &str, password: &str) -> Page {
    let phone = page.value("phone");
    step(person, page, path, &[("phone", &phone), ("code", code), ("password", password), ("step", "check")]).await
}

/// A code of the same form that is not this one.
fn other_than(code: &str) -> String {
    let last = if code.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &code[..5])
}
