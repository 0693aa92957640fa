//! Nobody learns whether a number has an account: not by words, not by status, not by limits, not by time.

use std::time::{Duration, Instant};

use couplet::config::Rate;
use couplet::model::time::Clock;
use rstest::rstest;

use super::{ALICES, FORGOT, NOBODYS, SIGN_IN, Scene, ask, show};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::messages_api::WireFault;
use crate::support::person::{Page, Person};

const BANNED: &str = "+14155550102";
const SHARED: &str = "+14155550103";

/// Numbers whose owner is sent a code, and all others.
const NUMBERS: [&str; 4] = [ALICES, NOBODYS, BANNED, SHARED];

async fn scene(backend: Backend, change: impl FnOnce(&mut couplet::config::Config)) -> Scene {
    let scene = Scene::with(backend, change).await;
    let banned = scene.add("Banned", BANNED).await;
    scene.app.database.store.disable_user(banned, scene.app.clock.now()).await.unwrap();
    scene.add("One", SHARED).await;
    scene.add("Two", SHARED).await;
    scene
}

/// What an answer says, without what differs by nature: the number and the form's token.
fn said(page: &Page, number: &str) -> (u16, Vec<String>, String) {
    let mut headers: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    let csrf = if page.has("form input[name=csrf]") { page.value("csrf") } else { String::new() };
    (page.status.as_u16(), headers, page.body.replace(number, "N").replace(&csrf, "C"))
}

#[rstest]
#[tokio::test]
async fn every_number_gets_the_same_answers(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(SIGN_IN, FORGOT)] path: &str,
) {
    let scene = scene(backend, |config| config.sms.code_tries = 2).await;
    let mut stories = Vec::new();
    for number in NUMBERS {
        let person = scene.app.person();
        let page = scene.asked(&person, path, number).await;
        let mut story = vec![said(&page, number)];
        for _ in 0..3 {
            // A guess that is right by chance would be one in a million.
            story.push(said(&show(&person, &page, path, "000000").await, number));
        }
        scene.app.clock.advance(Duration::from_secs(600));
        story.push(said(&show(&person, &page, path, "000000").await, number));
        stories.push(story);
    }
    for (story, number) in stories.iter().zip(NUMBERS) {
        assert_eq!(*story, stories[0], "{number}");
    }
    let to: Vec<String> = scene.twilio.until_sent(1).await.into_iter().map(|sent| sent.to).collect();
    assert_eq!(to, [ALICES], "and one got a message");
}

#[rstest]
#[tokio::test]
async fn limits_are_the_same_for_every_number(#[values(Sqlite, Postgres)] backend: Backend) {
    let few = Some(Rate { count: 2, per: Duration::from_secs(600) });
    let scene = scene(backend, |config| config.sms.limits.per_number = few).await;
    for number in NUMBERS {
        let person = scene.app.person();
        let page = scene.asked(&person, SIGN_IN, number).await;
        let mut statuses = Vec::new();
        for _ in 0..2 {
            statuses.push(ask(&person, &page, SIGN_IN, number).await.status.as_u16());
        }
        assert_eq!(statuses, [200, 429], "{number}");
    }
}

/// The time of one answer.
async fn timed(person: &Person, page: &Page, number: &str) -> Duration {
    let began = Instant::now();
    assert!(ask(person, page, SIGN_IN, number).await.has("#code"));
    began.elapsed()
}

#[tokio::test]
async fn no_answer_waits_for_a_message_to_be_sent() {
    let scene = scene(Sqlite, |config| config.sms.limits.per_number = None).await;
    scene.twilio.fail(Some(WireFault::Hang));
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, NOBODYS).await;
    for number in NUMBERS {
        let took = timed(&person, &page, number).await;
        assert!(took < Duration::from_secs(5), "{number} took {took:?}, and the sender hangs for ten seconds");
    }
}

#[tokio::test]
async fn a_known_number_takes_as_long_as_an_unknown_one() {
    let lift = |config: &mut couplet::config::Config| {
        (config.sms.limits.per_number, config.sms.limits.per_address) = (None, None);
    };
    let scene = scene(Sqlite, lift).await;
    let person = scene.app.person();
    let page = scene.asked(&person, SIGN_IN, NOBODYS).await;
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..20 {
        for (fastest, number) in fastest.iter_mut().zip([ALICES, NOBODYS]) {
            *fastest = timed(&person, &page, number).await.min(*fastest);
        }
    }
    let [known, unknown] = fastest;
    assert!(unknown > known / 3 && known > unknown / 3, "{known:?} and {unknown:?}");
}
