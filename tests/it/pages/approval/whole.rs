//! Whole ways: from the linking request by password and device to the platform's redirect.

use std::time::Duration;

use couplet::model::time::Clock;
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::json;

use super::{APPROVE, Scene, found_with, is_out, press, sessions, waits};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::platform::answer_parameter;

#[rstest]
#[tokio::test]
async fn a_device_approves_with_the_number_and_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    assert!(waits(&page) && page.text(".lead").contains("Alice's phone"), "{}", page.body);
    assert!(page.cookie("couplet_session").is_none() && is_out(&person).await, "no session before the approval");
    let page = scene.look(&person, &page).await;
    assert!(waits(&page) && page.text("main").contains("2 minutes left"), "{}", page.body);
    scene.approves(&device, &page).await;
    let consent = scene.look(&person, &page).await;
    assert!(consent.text(".who").contains(ALICE), "{}", consent.body);
    let answer = person.decide(&consent, "allow").await;
    assert_eq!(answer_parameter(&answer, "state").unwrap(), "é ?&=#/+%");
    let code = answer_parameter(&answer, "code").unwrap();
    assert_eq!(scene.app.alexa().exchange(&code, &[]).await.status, 200);
    assert!(person.open(&format!("{}/account", scene.app.url)).await.text("dl").contains(ALICE));
}

#[tokio::test]
async fn the_device_is_told_what_for_from_where_and_with_which_browser() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    scene.asked(&person).await;
    let challenge = device.at(scene.app.clock.now()).get(&scene.challenge(&device).await).await;
    assert_eq!(challenge.json["details"]["message"], "Sign in to Example Lights?");
    let fields = challenge.json["details"]["fields"].as_array().unwrap();
    let line = |label: &str| fields.iter().find(|field| field["label"] == label).unwrap()["value"].clone();
    assert_eq!((line("For"), line("From")), (json!("Amazon Alexa"), json!("127.0.0.1")));
    assert_eq!(line("With"), "An unknown browser");
    assert_eq!(challenge.json["hidden_details"], json!({ "ask": "number" }));
    assert!(!challenge.text.contains("\"number\":"), "the number is on the page alone");
}

#[tokio::test]
async fn the_page_loads_itself_again_and_comes_to_the_same_way() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let refresh = page.attribute("meta[http-equiv=refresh]", "content");
    let (seconds, address) = refresh.split_once("; url=").unwrap();
    assert_eq!(seconds, "2");
    scene.approves(&device, &page).await;
    let consent = person.open(&format!("{}{address}", scene.app.url)).await;
    assert!(consent.has("button[name=decision]"), "{}", consent.body);
}

#[tokio::test]
async fn a_request_for_news_is_held_until_there_are_some() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let address = page.attribute("meta[http-equiv=refresh]", "content").split_once("; url=").unwrap().1.to_owned();
    let url = format!("{}{address}", scene.app.url);
    let (consent, ()) = tokio::join!(person.open(&url), scene.approves(&device, &page));
    assert!(consent.has("button[name=decision]"), "{}", consent.body);
}

#[rstest]
#[tokio::test]
async fn many_who_look_at_once_have_one_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    scene.approves(&device, &page).await;
    let look = || async {
        let request = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let cookie = person.cookies();
        person.send(request.get(page.url.as_str()).header("Cookie", cookie)).await
    };
    let answers = join_all((0..64).map(|_| look())).await;
    assert!(answers.iter().all(|page| page.cookie("couplet_session").is_some()));
    assert_eq!(sessions(&answers).len(), 1);
}

#[rstest]
#[tokio::test]
async fn an_answer_that_was_lost_is_given_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let waiting = person.cookies();
    scene.approves(&device, &page).await;
    let lost = found_with(&scene, page.url.as_str(), &waiting).await;
    scene.app.clock.advance(Duration::from_secs(59));
    let consent = scene.look(&person, &page).await;
    assert!(consent.has("button[name=decision]"), "{}", consent.body);
    let read = person.cookies();
    let session = sessions(&[lost]).pop_first().unwrap();
    assert!(read.contains(&session), "the same session: {session} in {read}");
    let both = found_with(&scene, page.url.as_str(), &format!("{waiting}; {session}")).await;
    assert!(both.cookie("couplet_session").is_some(), "{}", both.body);
    let account = person.open(&format!("{}/account", scene.app.url)).await;
    assert!(account.has("dl.facts"), "asking again ends nothing: {}", account.body);
}

#[rstest]
#[tokio::test]
async fn the_page_goes_on_after_a_request_for_news_that_nobody_read(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = scene.asked(&person).await;
    let address = page.attribute("meta[http-equiv=refresh]", "content").split_once("; url=").unwrap().1.to_owned();
    let (url, cookies) = (format!("{}{address}", scene.app.url), person.cookies());
    let (_unread, ()) = tokio::join!(found_with(&scene, &url, &cookies), scene.approves(&device, &page));
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[tokio::test]
async fn the_way_to_the_account_page_is_the_same() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    let page = person.open(&format!("{}/account", scene.app.url)).await;
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert_eq!(page.url.path(), APPROVE);
    scene.approves(&device, &page).await;
    let page = scene.look(&person, &page).await;
    assert_eq!(page.url.path(), "/account");
    assert!(page.text("dl").contains(ALICE));
}

#[tokio::test]
async fn another_device_can_be_asked_and_the_first_is_of_no_use_then() {
    let scene = Scene::on(Sqlite).await;
    let phone = scene.device().await;
    scene.app.clock.advance(Duration::from_secs(1));
    let (tablet, person) = (scene.device_called("Alice's tablet").await, scene.app.person());
    let page = scene.asked(&person).await;
    assert!(page.text(".lead").contains("Alice's tablet"), "the device that changed last: {}", page.body);
    let page = press(&person, &page, "other", &[]).await;
    assert!(waits(&page) && page.text(".lead").contains("Alice's phone"), "{}", page.body);
    scene.answers(&tablet, "approved", Some(json!({ "number": page.text(".number") }))).await;
    let page = scene.look(&person, &page).await;
    assert!(waits(&page), "the tablet is not asked any more: {}", page.body);
    scene.approves(&phone, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[tokio::test]
async fn signing_in_anew_because_the_platform_asks_for_it_is_approved_too() {
    let scene = Scene::on(Sqlite).await;
    let (device, person) = (scene.device().await, scene.app.person());
    for _ in 0..2 {
        let page = person.open(&scene.app.alexa().authorize(&[("prompt", "login")])).await;
        let page = person.sign_in(&page, ALICE, PASSWORD).await;
        scene.approves(&device, &page).await;
        let page = scene.look(&person, &page).await;
        assert!(page.has("button[name=decision]"), "{}", page.body);
    }
}
