//! "This was not me": the password is withdrawn, everybody is signed out, and the person is told.

use std::time::Duration;

use couplet::app::SystemClock;
use couplet::jobs::disowned::withdraw;
use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::json;
use tokio::time::timeout;

use super::{ALICES, Scene, add, is_out, press, set_password_by_code, signed_in_by_code, waits};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::messages_api::WireFault;
use crate::support::person::Person;
use crate::support::program::Program;
use crate::support::push::Device;
use crate::support::rows::Rows;

async fn says_not_me(scene: &Scene, device: &Device) {
    scene.answers(device, "denied", Some(json!({ "reason": "not_me" }))).await;
}

/// Somebody whose sign-in was approved.
async fn inside(scene: &Scene, device: &Device) -> Person {
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    scene.approves(device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
    person
}

async fn has_password(scene: &Scene) -> bool {
    scene.app.database.store.user(scene.alice).await.unwrap().unwrap().password_hash.is_some()
}

#[rstest]
#[tokio::test]
async fn the_password_is_withdrawn_all_are_signed_out_and_the_person_is_told(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    let elsewhere = inside(&scene, &device).await;
    let tokens = scene.app.alexa().link(&elsewhere).await;
    let stranger = scene.app.person();
    scene.asked(&stranger).await;
    says_not_me(&scene, &device).await;
    // The stranger's page never looks again.
    withdraw(&scene.app.app).await.unwrap();
    assert!(!has_password(&scene).await && is_out(&elsewhere).await);
    let told = scene.twilio.until_sent(1).await;
    assert_eq!(told[0].to, ALICES);
    assert!(told[0].body.starts_with("Example Lights: you said that a sign-in was not you."), "{}", told[0].body);
    let page = stranger.open(&scene.app.alexa().authorize(&[])).await;
    assert!(stranger.sign_in(&page, ALICE, PASSWORD).await.has("[role=alert]"), "the password opens nothing");
    assert_eq!(scene.app.alexa().refresh(&tokens.refresh).await.status, 200, "links go on");
    withdraw(&scene.app.app).await.unwrap();
    scene.app.clock.advance(Duration::from_secs(301));
    withdraw(&scene.app.app).await.unwrap();
    assert_eq!(scene.twilio.calls(), 1, "once");
}

#[rstest]
#[tokio::test]
async fn it_holds_for_a_question_that_another_has_replaced(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    let page = scene.asked(&stranger).await;
    let older = scene.challenge(&device).await;
    press(&stranger, &page, "over", &[]).await;
    scene.asked(&stranger).await;
    scene.answers_to(&device, &older, "denied", Some(json!({ "reason": "not_me" }))).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(!has_password(&scene).await);
}

#[tokio::test]
async fn it_ends_the_session_of_who_got_in_by_a_code() {
    let scene = Scene::on(Sqlite).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    let page = scene.asked(&stranger).await;
    let page = press(&stranger, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    assert!(press(&stranger, &page, "code", &[("code", &code)]).await.has("button[name=decision]"));
    says_not_me(&scene, &device).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(is_out(&stranger).await && !has_password(&scene).await);
}

#[rstest]
#[tokio::test]
async fn a_password_that_was_set_since_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    scene.asked(&stranger).await;
    scene.app.database.store.set_password(scene.alice, "a new hash").await.unwrap();
    says_not_me(&scene, &device).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(has_password(&scene).await);
    assert_eq!(scene.twilio.calls(), 0);
}

#[rstest]
#[case::plain_denial("denied", json!({ "reason": "mistake" }))]
#[case::no_reason("denied", json!({ "number": "10" }))]
#[case::inside_another_text("denied", json!({ "note": "\"reason\":\"not_me\"" }))]
#[case::another_case("denied", json!({ "reason": "NOT_ME" }))]
#[case::another_word("denied", json!({ "reason": "not me" }))]
#[case::another_name("denied", json!({ "no reason": "not_me" }))]
#[case::approved("approved", json!({ "reason": "not_me" }))]
#[tokio::test]
async fn nothing_else_withdraws_it(#[case] status: &str, #[case] metadata: serde_json::Value) {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    scene.asked(&person).await;
    scene.answers(&device, status, Some(metadata)).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(has_password(&scene).await);
}

#[rstest]
#[tokio::test]
async fn a_slow_or_damaged_row_keeps_nobody_else_waiting(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let bob = add(&scene.app, "Bob", Some("+14155550101")).await;
    scene.app.database.store.set_approval(bob, true).await.unwrap();
    let (bobs, alices) = (Device::of_own(&scene.app, bob, "Bob's phone").await, scene.device().await);
    let stranger = scene.app.person();
    let page = stranger.open(&scene.app.alexa().authorize(&[])).await;
    assert!(waits(&stranger.sign_in(&page, "Bob", PASSWORD).await));
    says_not_me(&scene, &bobs).await;
    scene.asked(&scene.app.person()).await;
    says_not_me(&scene, &alices).await;
    let mut rows = Rows::of(&scene.app.database).await;
    rows.change("UPDATE users SET phone = 'nonsense' WHERE login = 'Bob'").await;
    scene.twilio.fail(Some(WireFault::Hang));
    let withdrawn = timeout(Duration::from_secs(5), withdraw(&scene.app.app)).await;
    assert!(withdrawn.expect("it waits for no message").is_ok());
    assert!(!has_password(&scene).await);
    assert_eq!(rows.number("SELECT count(*) FROM users WHERE password_hash IS NULL").await, 2);
}

#[rstest]
#[case::the_clock_went_forward(3 * 86_400)]
#[case::a_process_slept(1200)]
#[tokio::test]
async fn however_late_one_looks_it_is_heard(#[case] seconds: u64, #[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    scene.asked(&stranger).await;
    says_not_me(&scene, &device).await;
    scene.app.clock.advance(Duration::from_secs(seconds));
    scene.app.database.store.purge_approvals(100, scene.app.clock.now()).await.unwrap();
    withdraw(&scene.app.app).await.unwrap();
    assert!(!has_password(&scene).await);
}

#[rstest]
#[tokio::test]
async fn who_began_with_a_code_has_the_number_and_not_the_password(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    let (owner, thief) = (inside(&scene, &device).await, scene.app.person());
    assert!(waits(&signed_in_by_code(&scene, &thief, 1).await));
    says_not_me(&scene, &device).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(has_password(&scene).await && is_out(&owner).await && is_out(&thief).await);
    assert_eq!(scene.twilio.calls(), 1, "nothing is told to who has the number");
    let again = inside(&scene, &device).await;
    let page = again.open(&format!("{}/account", scene.app.url)).await;
    assert!(page.body.contains("somebody else may be reading your messages"), "{}", page.body);
}

#[tokio::test]
async fn a_password_that_the_code_has_set_is_withdrawn() {
    let scene = Scene::on(Sqlite).await;
    let (device, thief) = (scene.device().await, scene.app.person());
    set_password_by_code(&scene, &thief).await;
    says_not_me(&scene, &device).await;
    withdraw(&scene.app.app).await.unwrap();
    assert!(!has_password(&scene).await);
}

#[tokio::test]
async fn the_account_page_says_it_for_a_month() {
    let scene = Scene::on(Sqlite).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    scene.asked(&stranger).await;
    says_not_me(&scene, &device).await;
    withdraw(&scene.app.app).await.unwrap();
    let hash = scene.app.app.identity.hasher.hash(&PASSWORD.to_owned().into()).await.unwrap();
    scene.app.database.store.set_password(scene.alice, &hash).await.unwrap();
    for (days, is_said) in [(1, true), (30, false)] {
        scene.app.clock.advance(Duration::from_secs(days * 86_400));
        let person = inside(&scene, &device).await;
        let page = person.open(&format!("{}/account", scene.app.url)).await;
        assert_eq!(page.body.contains("you said that a sign-in was not you"), is_said, "{}", page.body);
    }
}

#[tokio::test]
async fn a_process_that_died_before_it_told_leaves_that_to_the_next() {
    let scene = Scene::on(Sqlite).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    scene.asked(&stranger).await;
    says_not_me(&scene, &device).await;
    let (store, now) = (&scene.app.database.store, scene.app.clock.now());
    let found = store.disowned(now, 10).await.unwrap();
    store.disown(&found[0], now, now + Duration::from_secs(300)).await.unwrap();
    withdraw(&scene.app.app).await.unwrap();
    assert_eq!(scene.twilio.calls(), 0, "whoever began may still be at it");
    scene.app.clock.advance(Duration::from_secs(301));
    withdraw(&scene.app.app).await.unwrap();
    assert_eq!(scene.twilio.until_sent(1).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_server_that_starts_finishes_what_a_dead_one_left(#[values(Sqlite, Postgres)] backend: Backend) {
    // A server without the job, as if it had died at once after the answer; by the clock of the one that follows.
    let scene = Scene::on(backend).await;
    scene.app.clock.advance((SystemClock.now() - scene.app.clock.now()).to_std().unwrap());
    let (device, stranger) = (scene.device().await, scene.app.person());
    scene.asked(&stranger).await;
    says_not_me(&scene, &device).await;
    let program = Program::new().with("DATABASE_URL", &scene.app.database.url).set_up_to_serve();
    let server = program.serve("serve").await;
    for _ in 0..200 {
        if !has_password(&scene).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!has_password(&scene).await);
    server.terminate();
}
