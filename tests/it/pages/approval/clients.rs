//! Who has to approve: by client, by user, and for the account page; and sessions that were not approved yet.

use couplet::model::approval::ApprovalPolicy::{Enrolled, Never, Required};
use couplet::model::time::Clock;
use rstest::rstest;

use super::{APPROVE, Scene, press, waits};
use crate::pages::scene::account;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::platform::answer_parameter;

#[tokio::test]
async fn who_did_not_switch_it_on_signs_in_as_ever() {
    let scene = Scene::with(Sqlite, Enrolled).await;
    let device = scene.device().await;
    scene.app.database.store.set_approval(scene.alice, false).await.unwrap();
    let person = scene.app.person();
    assert!(scene.asked(&person).await.has("button[name=decision]"));
    assert!(device.waiting(scene.app.clock.now()).await.is_empty());
}

#[tokio::test]
async fn a_client_may_ask_everybody() {
    let scene = Scene::with(Sqlite, Required).await;
    let device = scene.device().await;
    scene.app.database.store.set_approval(scene.alice, false).await.unwrap();
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    assert!(waits(&page));
    scene.approves(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[tokio::test]
async fn who_has_nothing_to_approve_with_is_told_what_to_do() {
    let scene = Scene::with(Sqlite, Required).await;
    super::add(&scene.app, "Bob", None).await;
    let person = scene.app.person();
    let page = person.open(&scene.app.alexa().authorize(&[])).await;
    let page = person.sign_in(&page, "Bob", PASSWORD).await;
    assert_eq!(page.status, 403);
    assert!(page.text("main").contains("Amazon Alexa asks that you approve the sign-in on a device"), "{}", page.body);
    assert_eq!(page.attribute("main a.primary", "href"), "/account");
    let page = person.sign_in(&account(&person).await, "Bob", PASSWORD).await;
    assert_eq!(page.url.path(), "/account", "where a device is added: {}", page.body);
    let page = person.open(&scene.app.alexa().authorize(&[])).await;
    assert_eq!(page.status, 403, "signed in, but not approved");
}

#[rstest]
#[tokio::test]
async fn a_client_that_asks_nobody_gets_a_session_that_opens_neither_account_nor_other_clients(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let scene = Scene::with(backend, Never).await;
    let strict = scene.app.add_app("strict", Some("a-secret-that-nobody-guesses-0123456789"), |_| {}).await;
    let device = scene.device().await;
    let person = scene.app.person();
    let consent = scene.asked(&person).await;
    assert!(consent.has("button[name=decision]"), "{}", consent.body);
    assert!(answer_parameter(&person.decide(&consent, "allow").await, "code").is_some());
    for url in [format!("{}/account", scene.app.url), strict.authorize(&[])] {
        let page = person.open(&url).await;
        assert!(page.has("button[value=begin]") && !page.has("dl.facts"), "{}", page.body);
    }
    assert!(device.waiting(scene.app.clock.now()).await.is_empty(), "nobody is asked unasked");
}

#[rstest]
#[tokio::test]
async fn a_session_is_approved_without_the_password_and_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, Never).await;
    let strict = scene.app.add_app("strict", Some("a-secret-that-nobody-guesses-0123456789"), |_| {}).await;
    let (device, person) = (scene.device().await, scene.app.person());
    scene.asked(&person).await;
    let former = person.cookies();
    let page = person.open(&strict.authorize(&[("state", "mine")])).await;
    assert!(page.text(".lead").contains(ALICE) && page.text("button.primary").contains("Alice's phone"));
    let page = press(&person, &page, "begin", &[]).await;
    assert!(waits(&page), "{}", page.body);
    scene.approves(&device, &page).await;
    let consent = scene.look(&person, &page).await;
    assert_eq!(answer_parameter(&person.decide(&consent, "allow").await, "state").as_deref(), Some("mine"));
    assert!(account(&person).await.has("dl.facts"));
    let request = reqwest::Client::new().get(format!("{}/account", scene.app.url)).header("Cookie", former);
    let page = scene.app.person().send(request).await;
    assert!(page.has("input[name=password]"), "the session from before is over: {}", page.body);
}

#[tokio::test]
async fn a_decision_is_not_taken_from_a_session_that_lacks_approval() {
    let scene = Scene::with(Sqlite, Never).await;
    let strict = scene.app.add_app("strict", Some("a-secret-that-nobody-guesses-0123456789"), |_| {}).await;
    scene.device().await;
    let person = scene.app.person();
    let consent = scene.asked(&person).await;
    let request = strict.authorize(&[]).split_once('?').unwrap().1.to_owned();
    let csrf = consent.value("csrf");
    let form = [("request", request.as_str()), ("csrf", &csrf), ("decision", "allow")];
    let page = person.post("/consent", &form).await;
    assert!(page.has("button[value=begin]"), "{}", page.body);
    let grant = [("grant", "00000000-0000-4000-8000-000000000000"), ("csrf", &csrf)];
    assert!(person.post("/account/unlink", &grant).await.has("button[value=begin]"));
    assert!(person.post("/account/approval", &[("approval", "off"), ("csrf", &csrf)]).await.has("button[value=begin]"));
    assert!(scene.app.database.store.user(scene.alice).await.unwrap().unwrap().approval, "it stays on");
}

#[tokio::test]
async fn a_platform_that_wants_no_page_is_told_that_one_is_needed() {
    let scene = Scene::with(Sqlite, Never).await;
    let strict = scene.app.add_app("strict", Some("a-secret-that-nobody-guesses-0123456789"), |_| {}).await;
    scene.device().await;
    let person = scene.app.person();
    scene.asked(&person).await;
    let answer = person.open(&strict.authorize(&[("prompt", "none")])).await;
    assert_eq!(answer_parameter(&answer, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_question_of_a_session_needs_a_form_of_ours() {
    let scene = Scene::with(Sqlite, Never).await;
    let (device, person) = (scene.device().await, scene.app.person());
    scene.asked(&person).await;
    let refused = person.post(APPROVE, &[("step", "begin"), ("csrf", "forged")]).await;
    assert_eq!(refused.status, 403);
    assert!(device.waiting(scene.app.clock.now()).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn it_is_switched_on_and_off_on_the_account_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let store = &scene.app.database.store;
    store.set_approval(scene.alice, false).await.unwrap();
    let person = scene.app.person();
    let page = person.sign_in(&account(&person).await, ALICE, PASSWORD).await;
    assert!(!page.has("button[name=approval]"), "not before there is a device");
    let forced = [("approval", "on"), ("csrf", &page.value("csrf"))];
    person.post("/account/approval", &forced).await;
    assert!(!store.user(scene.alice).await.unwrap().unwrap().approval, "it would lock her out");
    let device = scene.device().await;
    let page = person.open(&format!("{}/account", scene.app.url)).await;
    let page = person.post("/account/approval", &[("approval", "on"), ("csrf", &page.value("csrf"))]).await;
    assert!(page.has("button[value=begin]"), "she is asked right away: {}", page.body);
    let page = press(&person, &page, "begin", &[]).await;
    scene.approves(&device, &page).await;
    let page = scene.look(&person, &page).await;
    assert_eq!(page.attribute("button[name=approval]", "value"), "off");
    let page = person.post("/account/approval", &[("approval", "off"), ("csrf", &page.value("csrf"))]).await;
    assert_eq!(page.attribute("button[name=approval]", "value"), "on");
    assert!(!store.user(scene.alice).await.unwrap().unwrap().approval);
}

#[tokio::test]
async fn a_form_of_another_page_switches_nothing() {
    let scene = Scene::on(Sqlite).await;
    scene.app.database.store.set_approval(scene.alice, false).await.unwrap();
    scene.device().await;
    let person = scene.app.person();
    person.sign_in(&account(&person).await, ALICE, PASSWORD).await;
    let refused = person.post("/account/approval", &[("approval", "on"), ("csrf", "forged")]).await;
    assert_eq!(refused.status, 403);
    assert!(!scene.app.database.store.user(scene.alice).await.unwrap().unwrap().approval);
}
