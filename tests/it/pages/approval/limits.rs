//! Nobody is asked until they say yes out of weariness.

use std::time::Duration;

use couplet::model::approval::ApprovalPolicy;
use couplet::model::push::challenge::Details;
use couplet::model::time::Clock;
use futures_util::future::join_all;
use rstest::rstest;

use super::{Scene, add, press, waits};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::PASSWORD;
use crate::support::push::Device;
use crate::support::rows::Rows;

/// As many questions that come to nothing.
const MOST: usize = 5;

/// As many that ask no device wait.
const UNASKED: usize = 20;

#[rstest]
#[tokio::test]
async fn after_five_questions_that_came_to_nothing_only_a_code_is_left(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    for number in 0..MOST {
        let person = scene.app.person();
        assert!(waits(&scene.asked(&person).await), "{number}");
        match number {
            0 => scene.answers(&device, "denied", None).await,
            1 => scene.answers(&device, "approved", None).await,
            _ => {}
        }
    }
    let before = device.waiting(scene.app.clock.now()).await.len();
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    assert!(!page.has(".number") && page.text(".lead").contains("asked too often"), "{}", page.body);
    assert_eq!(device.waiting(scene.app.clock.now()).await.len(), before, "no more are asked");
    let page = press(&person, &page, "text", &[]).await;
    let code = scene.twilio.code(1).await;
    assert!(press(&person, &page, "code", &[("code", &code)]).await.has("button[name=decision]"));
    scene.app.clock.advance(Duration::from_secs(901));
    assert!(waits(&scene.asked(&scene.app.person()).await), "a quarter of an hour later");
}

#[rstest]
#[tokio::test]
async fn however_many_come_at_once_a_device_is_asked_five_times(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    let people: Vec<_> = (0..8).map(|_| scene.app.person()).collect();
    let pages = join_all(people.iter().map(|person| scene.asked(person))).await;
    assert_eq!(pages.iter().filter(|page| waits(page)).count(), MOST);
    assert_eq!(device.waiting(scene.app.clock.now()).await.len(), MOST);
}

#[rstest]
#[tokio::test]
async fn a_question_that_could_not_be_put_is_none_that_came_to_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let device = scene.device().await;
    let push = &scene.app.app.push;
    let factor = push.devices_of(scene.alice).await.unwrap().remove(0);
    let until = scene.app.clock.now() + Duration::from_secs(60);
    let details = || Details { message: "Pay?".to_owned(), fields: Vec::new(), date: None };
    while push.ask(&factor, details(), None, until).await.is_ok() {}
    let waiting = device.waiting(scene.app.clock.now()).await.len();
    for _ in 0..MOST {
        let page = scene.asked(&scene.app.person()).await;
        assert!(!page.has(".number") && page.has("button[value=text]"), "{}", page.body);
        assert!(!page.text(".lead").contains("did not answer in time"), "nobody was asked: {}", page.body);
    }
    assert_eq!(device.waiting(scene.app.clock.now()).await.len(), waiting);
    scene.app.clock.advance(Duration::from_secs(61));
    let person = scene.app.person();
    let page = scene.asked(&person).await;
    assert!(waits(&page), "{}", page.body);
    scene.approves(&device, &page).await;
    assert!(scene.look(&person, &page).await.has("button[name=decision]"));
}

#[rstest]
#[tokio::test]
async fn one_session_makes_no_rows_without_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, ApprovalPolicy::Never).await;
    let person = scene.app.person();
    scene.asked(&person).await;
    let page = person.open(&format!("{}/account", scene.app.url)).await;
    for number in 0..=UNASKED {
        let waiting = press(&person, &page, "begin", &[]).await;
        assert_eq!(waiting.status, if number < UNASKED { 200 } else { 429 }, "{number}: {}", waiting.body);
    }
    let rows = i64::try_from(UNASKED).unwrap();
    assert_eq!(Rows::of(&scene.app.database).await.count("approvals").await, rows);
}

#[tokio::test]
async fn what_was_approved_does_not_count() {
    let scene = Scene::on(Sqlite).await;
    let device = scene.device().await;
    for _ in 0..=MOST {
        let person = scene.app.person();
        let page = scene.asked(&person).await;
        scene.approves(&device, &page).await;
        assert!(scene.look(&person, &page).await.has("button[name=decision]"));
    }
}

#[tokio::test]
async fn asking_another_device_counts_too() {
    let scene = Scene::on(Sqlite).await;
    scene.device().await;
    scene.device_called("Alice's tablet").await;
    let person = scene.app.person();
    let mut page = scene.asked(&person).await;
    for _ in 1..MOST {
        page = press(&person, &page, "other", &[]).await;
        assert!(waits(&page), "{}", page.body);
    }
    let page = press(&person, &page, "other", &[]).await;
    assert!(page.text(".lead").contains("asked too often"), "{}", page.body);
}

#[tokio::test]
async fn who_has_no_phone_is_told_to_wait() {
    let scene = Scene::on(Sqlite).await;
    let bob = add(&scene.app, "Bob", None).await;
    scene.app.database.store.set_approval(bob, true).await.unwrap();
    Device::of_own(&scene.app, bob, "Bob's phone").await;
    for number in 0..=MOST {
        let person = scene.app.person();
        let page = person.open(&scene.app.alexa().authorize(&[])).await;
        let page = person.sign_in(&page, "Bob", PASSWORD).await;
        assert_eq!(page.status, if number < MOST { 200 } else { 429 }, "{}", page.body);
        assert_eq!(waits(&page), number < MOST);
    }
}
