//! A code by text message in place of a device, unless the sign-in began with one.

use std::time::Duration;

use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};

use super::{ALICES, APPROVE, Scene, add, is_out, press, sessions, set_password_by_code, signed_in_by_code, waits};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};

/// A code of the same form that is not this one.
fn other_than(code: &str) -> String {
    let last = if code.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &code[..5])
}

#[rstest]
#[tokio::test]
async fn a_code_approves_in_place_of_the_device(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (_device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let page = press(&person, &page, "text", &[]).await;
    assert!(page.text(".lead").contains("ends in 00") && !page.body.contains("415555"), "{}", page.body);
    let code = scene.twilio.code(1).await;
    assert_eq!(scene.twilio.sent()[0].to, ALICES);
    assert_eq!(scene.twilio.sent()[0].body, format!("[Generic] Your code is {code}."), "it has no template of its own");
    scene.app.clock.advance(Duration::from_secs(300));
    let consent = press(&person, &page, "code", &[("code", &code)]).await;
    assert!(consent.has("button[name=decision]"), "{}", consent.body);
}

#[rstest]
#[tokio::test]
async fn a_wrong_code_a_used_one_and_one_of_another_approval_do_not(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (_device, person, other) = (scene.device().await, scene.app.person(), scene.app.person());
    let page = scene.asked(&person).await;
    let page = press(&person, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    let theirs = scene.asked(&other).await;
    let theirs = press(&other, &theirs, "text", &[]).await;
    scene.twilio.until_sent(2).await;
    let refused = press(&other, &theirs, "code", &[("code", &code)]).await;
    let is_same = scene.twilio.sent()[1].body.contains(&code);
    assert!(refused.has("[role=alert]") || is_same, "{}", refused.body);
    let refused = press(&person, &page, "code", &[("code", &other_than(&code))]).await;
    assert!(refused.text("[role=alert]").contains("not right"), "{}", refused.body);
    let used = person.cookies();
    assert!(press(&person, &refused, "code", &[("code", &code)]).await.has("button[name=decision]"));
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("request", request.as_str()), ("csrf", &csrf), ("step", "code"), ("code", &code)];
    scene.app.clock.advance(Duration::from_secs(60));
    let replayed =
        reqwest::Client::new().post(format!("{}{APPROVE}", scene.app.url)).header("Cookie", used).form(&form);
    let replayed = scene.app.person().send(replayed).await;
    assert!(replayed.cookie("couplet_session").is_none() && replayed.status == 403, "{}", replayed.body);
}

#[rstest]
#[case::denied("denied", None, "was denied")]
#[case::not_me("denied", Some(json!({ "reason": "not_me" })), "was stopped")]
#[case::another_number("approved", Some(json!({ "number": "00" })), "did not match")]
#[tokio::test]
async fn a_device_that_said_no_is_heard_before_any_code(
    #[case] status: &str,
    #[case] metadata: Option<Value>,
    #[case] words: &str,
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let scene = Scene::on(backend).await;
    let (device, stranger) = (scene.device().await, scene.app.person());
    let page = scene.asked(&stranger).await;
    let page = press(&stranger, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    scene.answers(&device, status, metadata).await;
    // The page has not looked since.
    let ended = press(&stranger, &page, "code", &[("code", &code)]).await;
    assert_eq!(ended.status, 403, "{}", ended.body);
    assert!(ended.text("h1").contains(words), "{}", ended.body);
    assert!(ended.cookie("couplet_session").is_none() && is_out(&stranger).await);
}

#[rstest]
#[tokio::test]
async fn of_many_who_show_one_code_at_once_one_has_the_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (_device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let page = press(&person, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    let (request, csrf, cookies) = (page.value("request"), page.value("csrf"), person.cookies());
    let form = [("request", request.as_str()), ("csrf", &csrf), ("step", "code"), ("code", &code)];
    let show = || async {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = http.post(format!("{}{APPROVE}", scene.app.url)).header("Origin", &scene.app.url).form(&form);
        person.send(request.header("Cookie", &cookies)).await
    };
    let answers = join_all((0..64).map(|_| show())).await;
    assert_eq!(sessions(&answers).len(), 1);
}

#[tokio::test]
async fn who_began_with_a_code_is_offered_none_and_gets_none() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = signed_in_by_code(&scene, &person, 1).await;
    assert!(waits(&page) && !page.has("button[value=text]"), "{}", page.body);
    let page = press(&person, &page, "text", &[]).await;
    assert!(waits(&page), "asking all the same: {}", page.body);
    assert_eq!(scene.twilio.calls(), 1);
    let page = press(&person, &page, "code", &[("code", "000000")]).await;
    assert!(waits(&page), "{}", page.body);
    scene.approves(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[tokio::test]
async fn who_began_with_a_code_and_has_no_device_comes_no_further() {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = signed_in_by_code(&scene, &person, 1).await;
    assert_eq!(page.status, 403);
    assert!(page.text("main").contains("there is none any more"), "{}", page.body);
    assert!(is_out(&person).await);
}

#[rstest]
#[tokio::test]
async fn a_password_that_was_set_by_a_code_proves_no_more_than_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    let thief = scene.app.person();
    let page = set_password_by_code(&scene, &thief).await;
    assert!(waits(&page) && !page.has("button[value=text]"), "{}", page.body);
    let owner = scene.app.person();
    let page = signed_in_by_code(&scene, &owner, 2).await;
    scene.answers_to_all(&device, &page).await;
    assert!(scene.look(&owner, &page).await.has("button[name=decision]"));
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    assert!(waits(&page) && !page.has("button[value=text]"), "nobody has approved that password: {}", page.body);
    scene.answers_to_all(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
    let page = scene.asked(&scene.app.person()).await;
    assert!(page.has("button[value=text]"), "the device has approved that password: {}", page.body);
}

#[tokio::test]
async fn without_a_phone_no_code_is_offered() {
    let scene = Scene::on(Sqlite).await;
    let bob = add(&scene.app, "Bob", None).await;
    scene.app.database.store.set_approval(bob, true).await.unwrap();
    crate::support::push::Device::of_own(&scene.app, bob, "Bob's phone").await;
    let person = scene.app.person();
    let page = person.open(&scene.app.alexa().authorize(&[])).await;
    let page = person.sign_in(&page, "Bob", PASSWORD).await;
    assert!(waits(&page) && !page.has("button[value=text]"));
    assert!(waits(&press(&person, &page, "text", &[]).await));
}

#[tokio::test]
async fn without_a_device_a_code_is_the_way() {
    let scene = Scene::on(Sqlite).await;
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    assert!(!page.has(".number") && page.text(".lead").contains("no device"), "{}", page.body);
    let page = press(&person, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    let consent = press(&person, &page, "code", &[("code", &code)]).await;
    assert!(consent.text(".who").contains(ALICE));
}

#[tokio::test]
async fn too_many_messages_are_said_on_the_waiting_page() {
    let scene = Scene::on(Sqlite).await;
    let (_device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let mut last = press(&person, &page, "text", &[]).await;
    for _ in 0..10 {
        last = press(&person, &page, "text", &[]).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.text("[role=alert]").contains("Too many attempts") && waits(&last), "{}", last.body);
    assert_eq!(scene.twilio.until_sent(10).await.len(), 10);
}
