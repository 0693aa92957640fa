//! What lets nobody in.

use std::time::Duration;

use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::{Value, json};

use super::{APPROVE, Scene, add, found_with, is_out, press, waits};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::push::Device;

/// A number of two digits that is not this one.
fn other_than(number: &str) -> String {
    if number == "10" { "11".to_owned() } else { "10".to_owned() }
}

#[rstest]
#[case::wrong_number("approved", |number: &str| Some(json!({ "number": other_than(number) })), "did not match")]
#[case::no_number("approved", |_: &str| None, "did not match")]
#[case::longer_number("approved", |number: &str| Some(json!({ "number": format!("{number} ") })), "did not match")]
#[case::denied("denied", |_: &str| None, "was denied")]
#[case::denied_with_the_number("denied", |number: &str| Some(json!({ "number": number })), "was denied")]
#[case::not_me("denied", |_: &str| Some(json!({ "reason": "not_me" })), "was stopped")]
#[tokio::test]
async fn an_answer_that_is_no_yes_with_the_number_lets_nobody_in(
    #[case] status: &str,
    #[case] metadata: fn(&str) -> Option<Value>,
    #[case] words: &str,
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    scene.answers(&device, status, metadata(&page.text(".number"))).await;
    let ended = scene.look(&person, &page).await;
    assert_eq!(ended.status, 403);
    assert!(ended.text("h1").contains(words), "{}", ended.body);
    assert!(ended.cookie("couplet_session").is_none() && is_out(&person).await);
    let back = person.open(&format!("{}{}", scene.app.url, ended.attribute("main a.primary", "href"))).await;
    assert!(back.has("input[name=password]") && back.text(".lead").contains("Amazon Alexa"), "{}", back.body);
    assert!(scene.look(&person, &page).await.has("input[name=password]"), "it stays so");
}

#[rstest]
#[tokio::test]
async fn a_question_ends_and_a_late_look_at_a_yes_too(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, unanswered, late) = (scene.device().await, scene.app.person(), scene.app.person());
    let page = scene.asked(&late).await;
    scene.approves(&device, &page).await;
    let other = scene.asked(&unanswered).await;
    let challenge = scene.challenge(&device).await;
    scene.app.clock.advance(Duration::from_secs(121));
    let refused = device.answer(&challenge, scene.app.clock.now(), "approved").await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    let other = scene.look(&unanswered, &other).await;
    assert!(other.has("button[value=other]"), "she can be asked again: {}", other.body);
    assert!(!other.has(".number") && other.text(".lead").contains("did not answer in time"), "{}", other.body);
    scene.app.clock.advance(Duration::from_secs(60));
    for (person, page) in [(late, page), (unanswered, other)] {
        let ended = scene.look(&person, &page).await;
        assert!(ended.text("h1").contains("Nobody answered in time"), "{}", ended.body);
        assert!(is_out(&person).await);
    }
}

#[rstest]
#[tokio::test]
async fn a_yes_is_for_the_browser_that_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person, stranger) = (scene.device().await, scene.app.person(), scene.app.person());
    let page = scene.asked(&person).await;
    scene.approves(&device, &page).await;
    let none = stranger.open(page.url.as_str()).await;
    assert!(none.has("input[name=password]"), "without a cookie: {}", none.body);
    let theirs = scene.asked(&stranger).await;
    let theirs = scene.look(&stranger, &theirs).await;
    assert!(waits(&theirs), "with a cookie of another approval: {}", theirs.body);
    let cookies = person.cookies();
    let right = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("couplet_approval=")).unwrap();
    for forged in ["A".repeat(64), format!("{}{}", &right[..54], "A".repeat(10)), format!("{}=", &right[..63])] {
        let request =
            reqwest::Client::new().get(page.url.as_str()).header("Cookie", format!("couplet_approval={forged}"));
        let answer = scene.app.person().send(request).await;
        assert!(answer.has("input[name=password]"), "with {forged}: {}", answer.body);
    }
    assert!(is_out(&stranger).await);
    assert!(scene.look(&person, &page).await.has("button[name=decision]"), "the right browser goes on");
}

#[rstest]
#[tokio::test]
async fn a_cookie_that_was_used_opens_nothing_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let used = person.cookies();
    scene.approves(&device, &page).await;
    scene.look(&person, &page).await;
    assert!(!person.cookies().contains("couplet_approval"), "it is taken back");
    scene.app.clock.advance(Duration::from_secs(60));
    let replayed = found_with(&scene, page.url.as_str(), &used).await;
    assert!(replayed.status == 403 && replayed.cookie("couplet_session").is_none(), "{}", replayed.body);
}

#[rstest]
#[case::signed_out(0)]
#[case::a_new_password(1)]
#[case::denied_since(2)]
#[tokio::test]
async fn a_session_that_ended_is_not_given_again(#[case] how: usize, #[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person, other) = (scene.device().await, scene.app.person(), scene.app.person());
    let page = scene.asked(&person).await;
    let used = person.cookies();
    if how == 2 {
        let texted = press(&person, &page, "text", &[]).await;
        let code = scene.twilio.code(1).await;
        assert!(press(&person, &texted, "code", &[("code", &code)]).await.has("button[name=decision]"));
        scene.answers(&device, "denied", None).await;
    } else {
        scene.approves(&device, &page).await;
        let consent = scene.look(&person, &page).await;
        if how == 0 {
            person.post("/sign-out", &[("csrf", &consent.value("csrf"))]).await;
        } else {
            scene.app.database.store.set_password(scene.alice, "a new hash").await.unwrap();
        }
        assert!(is_out(&person).await && is_out(&other).await);
    }
    let replayed = found_with(&scene, page.url.as_str(), &used).await;
    assert!(replayed.status == 403 && replayed.cookie("couplet_session").is_none(), "{}", replayed.body);
}

#[tokio::test]
async fn after_a_no_no_other_device_is_asked() {
    let scene = Scene::on(Sqlite).await;
    let (phone, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    scene.answers(&phone, "denied", None).await;
    let tablet = scene.device_called("Alice's tablet").await;
    let ended = press(&person, &page, "other", &[]).await;
    assert!(ended.status == 403 && ended.text("h1").contains("was denied"), "{}", ended.body);
    assert!(tablet.waiting(scene.app.clock.now()).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn an_older_question_of_the_same_browser_is_worth_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let first = scene.asked(&person).await;
    let older = scene.challenge(&device).await;
    let used = person.cookies();
    let second = scene.asked(&person).await;
    let number = json!({ "number": first.text(".number") });
    scene.answers_to(&device, &older, "approved", Some(number)).await;
    assert!(waits(&scene.look(&person, &second).await));
    let replayed = scene.app.person().send(reqwest::Client::new().get(first.url.as_str()).header("Cookie", used)).await;
    assert!(replayed.status == 403 && replayed.cookie("couplet_session").is_none(), "{}", replayed.body);
}

#[tokio::test]
async fn who_starts_over_waits_no_more() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let beginning = press(&person, &page, "over", &[]).await;
    assert!(beginning.has("input[name=password]") && beginning.text(".lead").contains("Amazon Alexa"));
    scene.approves(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("input[name=password]"));
}

#[rstest]
#[tokio::test]
async fn a_device_of_somebody_else_has_no_say(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let bob = add(&scene.app, "Bob", None).await;
    let foreign = Device::of_own(&scene.app, bob, "Bob's phone").await;
    let page = scene.asked(&person).await;
    let challenge = scene.challenge(&device).await;
    let now = scene.app.clock.now();
    assert!(foreign.waiting(now).await.is_empty());
    let at_bobs = challenge.replace(&scene.alice.to_string(), &bob.to_string());
    for path in [&challenge, &at_bobs] {
        let payload = device.payload(&challenge, now, "approved").await;
        let token = foreign.sign_token(&json!({ "typ": "JWT", "alg": "ES256" }), &payload);
        let metadata = json!({ "number": page.text(".number") }).to_string();
        let answer = foreign.at(now).post(path, &[("AuthPayload", &token), ("Metadata", &metadata)]).await;
        assert!(answer.status.is_client_error(), "{answer:?}");
    }
    assert!(waits(&scene.look(&person, &page).await));
}

#[tokio::test]
async fn an_account_that_changes_meanwhile_lets_nobody_in() {
    let scene = Scene::on(Sqlite).await;
    let (device, store) = (scene.device().await, &scene.app.database.store);
    let hash = store.user(scene.alice).await.unwrap().unwrap().password_hash.unwrap();
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    scene.approves(&device, &page).await;
    store.set_password(scene.alice, &hash).await.unwrap();
    assert_eq!(scene.look(&person, &page).await.status, 403, "a new password");
    let page = scene.asked(&person).await;
    scene.approves(&device, &page).await;
    store.disable_user(scene.alice, scene.app.clock.now()).await.unwrap();
    assert_eq!(scene.look(&person, &page).await.status, 403, "disabled");
}

#[tokio::test]
async fn a_wrong_password_asks_no_device_and_says_what_it_always_says() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = person.open(&scene.app.alexa().authorize(&[])).await;
    let with_approval = person.sign_in(&page, ALICE, "wrong").await;
    let nobody = person.sign_in(&page, "nobody", "wrong").await;
    let words = |page: &crate::support::person::Page| (page.status, page.text("[role=alert]"));
    assert_eq!(words(&with_approval), words(&nobody));
    assert!(with_approval.cookie("couplet_approval").is_none());
    assert!(device.waiting(scene.app.clock.now()).await.is_empty());
}

#[rstest]
#[case::text("text")]
#[case::other("other")]
#[case::over("over")]
#[case::code("code")]
#[tokio::test]
async fn a_form_that_is_not_from_the_page_does_nothing(#[case] step: &str) {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let request = page.value("request");
    let form = [("request", request.as_str()), ("csrf", "forged"), ("step", step)];
    let refused = person.post(APPROVE, &form).await;
    assert_eq!(refused.status, 403);
    assert_eq!(scene.twilio.calls(), 0);
    scene.approves(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"), "it still waits");
}

#[tokio::test]
async fn looking_by_head_lets_nobody_in() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    scene.approves(&device, &page).await;
    let head = reqwest::Client::new().head(page.url.as_str()).header("Cookie", person.cookies());
    assert_eq!(person.send(head).await.status, 405);
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[tokio::test]
async fn a_session_says_nothing_of_the_password() {
    let scene = Scene::on(Sqlite).await;
    scene.device().await;
    let person = scene.app.person();
    let page = person.open(&format!("{}{APPROVE}", scene.app.url)).await;
    assert!(page.has("input[name=password]"), "who waits for nothing begins: {}", page.body);
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert!(waits(&page));
}
