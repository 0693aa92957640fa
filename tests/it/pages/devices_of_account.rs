//! The account page's list of devices, without a browser: who may enrol one, who may remove one.

use std::time::Duration;

use couplet::model::time::Clock;
use couplet::push::own_people::{OWN_ACCOUNT, OWN_SERVICE};
use rstest::rstest;
use serde_json::{Value, json};

use super::scene::{account, signed_in, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, TestApp};
use crate::support::person::{Page, Person};
use crate::support::push::Device;

const ENROL: &str = "/account/devices/enrol";
const REMOVE: &str = "/account/devices/remove";

/// Posts as the page's form does, and follows nothing.
async fn post(person: &Person, path: &str, form: &[(&str, &str)]) -> Page {
    let csrf = account(person).await.value("csrf");
    person.send(person.posting(path, &[&[("csrf", &*csrf)], form].concat())).await
}

async fn ticket(person: &Person) -> Value {
    let answer = post(person, ENROL, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_str(&answer.body).unwrap()
}

/// A device of the person, enrolled with a ticket from the page.
async fn device(app: &TestApp, person: &Person) -> Device {
    let ticket = ticket(person).await;
    let text = |name: &str| ticket[name].as_str().unwrap().to_owned();
    let entity = format!("/v2/Services/{}/Entities/{}", text("serviceSid"), text("identity"));
    let mut device = Device::new(&app.url, &entity);
    device.enrol(&text("token")).await.made();
    assert_eq!(device.verify(app.clock.now()).await.status, 200);
    device
}

/// Begins to approve the session of a person, as the button on the account page does.
async fn begin(person: &Person) -> Page {
    let csrf = account(person).await.value("csrf");
    person.post("/sign-in/approve", &[("request", ""), ("csrf", &csrf), ("step", "begin")]).await
}

/// Has a device approve the session of a person.
async fn approve(app: &TestApp, person: &Person, device: &Device) {
    let page = begin(person).await;
    let (now, number) = (app.clock.now(), json!({ "number": page.text(".number") }));
    let waiting = device.waiting(now).await;
    assert_eq!(device.answer_with(&waiting[0], now, "approved", Some(number)).await.status, 200);
    assert!(person.open(&format!("{}/sign-in/approve", app.url)).await.has("dl.facts"));
}

#[rstest]
#[tokio::test]
async fn who_has_no_more_than_the_password_adds_no_second_device_and_removes_none(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = stage(backend).await;
    let (alice, thief) = (signed_in(&app, ALICE).await, signed_in(&app, ALICE).await);
    let phone = device(&app, &alice).await;
    let page = account(&thief).await;
    assert!(page.has("[hidden] #add-device") && !page.has("[name=device]"), "{}", page.body);
    assert_eq!(page.text("button[value=begin]"), "Approve this sign-in");
    let answer = post(&thief, ENROL, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location().as_deref()), (303, Some("/account")));
    assert!(!answer.body.contains("cplen"));
    let answer = post(&thief, REMOVE, &[("device", &phone.factor)]).await;
    assert!(answer.has("button[value=begin]"), "{}", answer.body);
    assert!(account(&thief).await.has(&format!("[data-device={}]", phone.factor)), "it is still there");
    assert!(begin(&thief).await.has(".number"), "the phone is asked");
    assert!(!account(&thief).await.has("[name=device]"), "and has not answered");
    // Who has the phone goes on.
    app.clock.advance(Duration::from_secs(121));
    approve(&app, &alice, &phone).await;
    let tablet = device(&app, &alice).await;
    let page = account(&alice).await;
    assert!(page.has("#add-device") && !page.has("[hidden] #add-device") && !page.has("button[value=begin]"));
    post(&alice, REMOVE, &[("device", &phone.factor)]).await;
    let page = account(&alice).await;
    assert!(!page.has(&format!("[data-device={}]", phone.factor)));
    assert!(page.has(&format!("[data-device={}]", tablet.factor)));
}

#[rstest]
#[tokio::test]
async fn the_last_device_stays_while_sign_ins_are_approved_on_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await;
    let alice_id = app.add_user(ALICE).await;
    let alice = signed_in(&app, ALICE).await;
    let phone = device(&app, &alice).await;
    approve(&app, &alice, &phone).await;
    app.database.store.set_approval(alice_id, true).await.unwrap();
    let page = account(&alice).await;
    assert!(page.has("[data-device]") && !page.has("[name=device]"), "no button: {}", page.body);
    let refused = post(&alice, REMOVE, &[("device", &phone.factor)]).await;
    let page = alice.open(&format!("{}{}", app.url, refused.location().unwrap())).await;
    assert!(page.has("[data-device]") && page.text(".notice").contains("Not removed"), "{}", page.body);
    let tablet = device(&app, &alice).await;
    for (device, is_left) in [(&phone, true), (&tablet, true)] {
        post(&alice, REMOVE, &[("device", &device.factor)]).await;
        assert_eq!(account(&alice).await.has("[data-device]"), is_left);
    }
    app.database.store.set_approval(alice_id, false).await.unwrap();
    post(&alice, REMOVE, &[("device", &tablet.factor)]).await;
    assert!(!account(&alice).await.has("[data-device]"));
}

#[tokio::test]
async fn who_removes_the_last_devices_at_once_is_not_locked_out() {
    let app = TestApp::on(Sqlite).await.with_alexa().await;
    let alice_id = app.add_user(ALICE).await;
    let alice = signed_in(&app, ALICE).await;
    let phone = device(&app, &alice).await;
    approve(&app, &alice, &phone).await;
    let tablet = device(&app, &alice).await;
    app.database.store.set_approval(alice_id, true).await.unwrap();
    let (one, other) = ([("device", &*phone.factor)], [("device", &*tablet.factor)]);
    tokio::join!(post(&alice, REMOVE, &one), post(&alice, REMOVE, &other));
    let has_device = account(&alice).await.has("[data-device]");
    assert_eq!(app.database.store.user(alice_id).await.unwrap().unwrap().approval, has_device);
}

#[rstest]
#[tokio::test]
async fn a_stranger_gets_no_ticket_and_removes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = signed_in(&app, ALICE).await;
    let device = device(&app, &alice).await;
    let stranger = app.person();
    for path in [ENROL, REMOVE] {
        let answer = post(&stranger, path, &[("device", &device.factor)]).await;
        assert_eq!((answer.status.as_u16(), answer.location().as_deref()), (303, Some("/account")), "{path}");
    }
    assert!(account(&alice).await.has(&format!("[data-device={}]", device.factor)));
}

#[rstest]
#[tokio::test]
async fn a_form_of_another_site_gets_no_ticket_and_removes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = signed_in(&app, ALICE).await;
    let device = device(&app, &alice).await;
    for path in [ENROL, REMOVE] {
        for csrf in [None, Some(("csrf", "x"))] {
            let form: Vec<_> = [("device", &*device.factor)].into_iter().chain(csrf).collect();
            let answer = alice.send(alice.posting(path, &form)).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(!answer.body.contains("cplen"), "{path}");
        }
        let csrf = account(&alice).await.value("csrf");
        let posted = alice.posting(path, &[("csrf", &csrf), ("device", &device.factor)]);
        let answer = alice.send(posted.header("Sec-Fetch-Site", "cross-site")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert!(account(&alice).await.has(&format!("[data-device={}]", device.factor)));
}

#[rstest]
#[tokio::test]
async fn somebody_elses_device_can_not_be_removed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let (alice, bob) = (signed_in(&app, ALICE).await, signed_in(&app, "Bob").await);
    let device = device(&app, &alice).await;
    let answer = post(&bob, REMOVE, &[("device", &device.factor)]).await;
    assert_eq!(answer.location().as_deref(), Some("/account"), "nothing is said to be removed");
    assert!(account(&alice).await.has(&format!("[data-device={}]", device.factor)));
    assert!(!account(&bob).await.has("[data-device]"));
}

#[tokio::test]
async fn a_device_that_is_none_is_not_removed() {
    let app = stage(Sqlite).await;
    let alice = signed_in(&app, ALICE).await;
    for device in ["", "x", "YF", "YC00000000000000000000000000000001", "' OR 1=1 --"] {
        assert_eq!(post(&alice, REMOVE, &[("device", device)]).await.status, 400, "{device}");
    }
}

#[rstest]
#[tokio::test]
async fn a_ticket_is_for_the_person_who_is_signed_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice_id = app.add_user(ALICE).await;
    let alice = signed_in(&app, ALICE).await;
    let mut ticket = ticket(&alice).await;
    let (token, key) = (ticket["token"].take(), ticket["vapidKey"].take());
    assert_eq!(key.as_str().unwrap().len(), 87, "an uncompressed point in Base64url: {key}");
    assert!(token.as_str().unwrap().starts_with("cplen"), "{token}");
    let expected = json!({
        "token": null,
        "serviceSid": OWN_SERVICE.to_string(),
        "accountSid": OWN_ACCOUNT.to_string(),
        "identity": alice_id.0.hyphenated().to_string(),
        "factorType": "push",
        "vapidKey": null,
        "subscription": null,
    });
    assert_eq!(ticket, expected);
}

#[rstest]
#[tokio::test]
async fn a_device_is_listed_from_its_verification_to_its_removal(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = signed_in(&app, ALICE).await;
    assert!(!account(&alice).await.has("[data-device]"));
    let device = device(&app, &alice).await;
    app.clock.advance(Duration::from_secs(24 * 3600));
    let alice = signed_in(&app, ALICE).await;
    approve(&app, &alice, &device).await;
    let page = account(&alice).await;
    assert_eq!(page.text("h2 ~ ul h3"), "Alice's phone");
    assert_eq!(page.attribute("[name=device]", "value"), device.factor);
    assert_eq!(page.text(".card time"), "18 November 2026");
    assert!(page.has("#add-device[hidden]") && page.has("noscript"));
    let removed = post(&alice, REMOVE, &[("device", &device.factor)]).await;
    let page = alice.open(&format!("{}{}", app.url, removed.location().unwrap())).await;
    assert_eq!(page.text(".notice"), "Removed. It can no longer approve sign-ins.");
    assert!(!page.has("[data-device]"));
    let challenges = format!("{}/Challenges?FactorSid={}", device.entity, device.factor);
    assert_eq!(device.at(app.clock.now()).get(&challenges).await.refusal(), (401, 20003));
}

#[tokio::test]
async fn an_address_can_not_make_the_page_say_what_is_not_so() {
    let app = stage(Sqlite).await;
    let alice = signed_in(&app, ALICE).await;
    let device = device(&app, &alice).await;
    let none = "YF00000000000000000000000000000001";
    for query in [format!("added={none}"), format!("removed={}", device.factor), "added=<b>".to_owned()] {
        let page = alice.open(&format!("{}/account?{query}", app.url)).await;
        assert!(!page.has(".notice"), "{query}");
    }
    let page = alice.open(&format!("{}/account?added={}", app.url, device.factor)).await;
    assert_eq!(page.text(".notice"), "Added. It can now approve sign-ins.");
}

#[tokio::test]
async fn scripts_are_kept_for_good_and_the_worker_is_asked_for_anew() {
    let app = stage(Sqlite).await;
    let person = app.person();
    let alice = signed_in(&app, ALICE).await;
    let approve = person.open(&format!("{}/approve", app.url)).await.attribute("script", "src");
    let enrol = account(&alice).await.attribute("script", "src");
    let device = enrol.replace("enrol.js", "device.js");
    let mut weight = 0;
    for path in [&approve, &enrol, &device] {
        let script = person.open(&format!("{}{path}", app.url)).await;
        assert_eq!((script.status.as_u16(), script.header("content-type")), (200, "text/javascript; charset=utf-8"));
        assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(script.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!script.body.contains("http:") && !script.body.contains("innerHTML"), "{path}");
        weight += script.body.len();
    }
    assert!(weight < 30 * 1024, "{weight}");
    let worker = account(&alice).await.attribute("#add-device", "data-worker");
    let worker = person.open(&format!("{}{worker}", app.url)).await;
    assert_eq!((worker.header("cache-control"), worker.header("service-worker-allowed")), ("no-cache", "/approve"));
    assert!(worker.body.contains(&format!("from \"{device}\"")), "it loads the same script");
}

/// What makes all that was fetched before worthless.
#[derive(Clone, Copy, Debug)]
enum Change {
    NewPassword,
    PasswordByCode,
    Disabled,
    ApprovalOn,
}

#[rstest]
#[tokio::test]
async fn what_was_fetched_before_the_password_changed_adds_no_device(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Change::NewPassword, Change::PasswordByCode, Change::Disabled, Change::ApprovalOn)] change: Change,
) {
    let app = TestApp::on(backend).await;
    let id = app.add_user(ALICE).await;
    let alice = signed_in(&app, ALICE).await;
    let ticket_text = |ticket: &Value| ticket["token"].as_str().unwrap().to_owned();
    let (first, second) = (ticket_text(&ticket(&alice).await), ticket_text(&ticket(&alice).await));
    let kept = device(&app, &alice).await;
    let mut half = Device::new(&app.url, &kept.entity);
    half.enrol(&first).await.made();
    let store = &app.database.store;
    assert!(match change {
        Change::NewPassword => store.set_password(id, "another hash").await.unwrap(),
        Change::PasswordByCode => store.set_password_by_code(id, "another hash").await.unwrap(),
        Change::Disabled => store.disable_user(id, app.clock.now()).await.unwrap(),
        Change::ApprovalOn => store.set_approval(id, true).await.unwrap(),
    });
    assert_eq!(half.verify(app.clock.now()).await.refusal(), (401, 20003), "its key was not shown in time");
    let mut late = Device::new(&app.url, &kept.entity);
    assert_eq!(late.enrol(&second).await.refusal(), (401, 20003));
    let left = app.app.push.devices_of(id).await.unwrap();
    assert_eq!(left.iter().map(|device| device.sid.to_string()).collect::<Vec<_>>(), [kept.factor]);
}
