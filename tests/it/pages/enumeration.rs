//! Nobody learns who has an account: not by words, not by work done, not by brakes, not in a flood.

use std::net::IpAddr;
use std::time::Duration;

use couplet::config::{Config, Rate};
use couplet::identity::places::Place;
use couplet::model::login::Login;
use couplet::model::time::Clock;
use couplet::model::user::User;
use rstest::rstest;

use super::scene::account;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::{Page, Person};

/// Everyone who does not get in, with what they type: a user with a wrong password, one who is disabled, one without a
/// password, nobody, what can be nobody's login.
const REFUSED: [(&str, &str); 5] =
    [(ALICE, "wrong"), ("Banned", PASSWORD), ("Blank", ""), ("Nobody", PASSWORD), ("no body", PASSWORD)];

async fn stage(backend: Backend, change: impl FnOnce(&mut Config)) -> TestApp {
    let app = TestApp::with(backend, change).await.with_alice().await;
    let banned = app.add_user("Banned").await;
    app.database.store.disable_user(banned, app.clock.now()).await.unwrap();
    let store = &app.database.store;
    let blank = app.add_user("Temporary").await;
    let user = store.user(blank).await.unwrap().unwrap();
    store.delete_user(blank).await.unwrap();
    let login = Login::parse("Blank").unwrap();
    store.add_user(&User { login, password_hash: None, ..user }).await.unwrap();
    app
}

/// What an answer says, without what differs by nature: the name that was typed, and the seconds of waiting.
fn said(page: &Page, username: &str) -> (u16, Vec<String>, String) {
    let headers = page.headers.keys().map(ToString::to_string).collect();
    (page.status.as_u16(), headers, page.body.replace(&format!("value=\"{username}\""), ""))
}

async fn try_all(person: &Person, first: &Page) -> Vec<(u16, Vec<String>, String)> {
    let mut all = Vec::new();
    for (username, password) in REFUSED {
        all.push(said(&person.sign_in(first, username, password).await, username));
    }
    all
}

#[track_caller]
fn assert_alike(all: &[(u16, Vec<String>, String)], status: u16) {
    assert_eq!(all[0].0, status);
    for (each, (username, _)) in all.iter().zip(REFUSED) {
        assert_eq!(*each, all[0], "{username}");
    }
}

#[rstest]
#[tokio::test]
async fn whoever_is_refused_is_told_the_same_also_when_told_to_wait(#[values(Sqlite, Postgres)] backend: Backend) {
    let few = Some(Rate { count: 2, per: Duration::from_secs(300) });
    let app = stage(backend, |config| config.throttle.per_account = few).await;
    let person = app.person();
    let first = account(&person).await;
    for _ in 0..2 {
        assert_alike(&try_all(&person, &first).await, 200);
    }
    let braked = try_all(&person, &first).await;
    assert_alike(&braked[..4], 429);
}

/// Takes every place before the hasher until the value is dropped.
fn occupy(app: &TestApp) -> Vec<Place<'_>> {
    let take = |number: u32| {
        let login = Login::parse(&format!("person-{number}")).unwrap();
        app.app.identity.hasher.place(Some(&login), IpAddr::V4(number.into()), true).ok()
    };
    (0..).map_while(take).collect()
}

fn brakes(config: &mut Config) {
    config.throttle.per_account = Some(Rate { count: 1, per: Duration::from_secs(300) });
    config.throttle.per_address = Some(Rate { count: 5, per: Duration::from_secs(300) });
}

#[tokio::test]
async fn in_a_flood_all_wait_alike_and_no_brake_counts_it() {
    let app = stage(Sqlite, brakes).await;
    let person = app.person();
    let first = account(&person).await;
    let crowd = occupy(&app);
    let busy = person.sign_in(&first, ALICE, PASSWORD).await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "2"));
    assert_eq!(busy.text("[role=alert]"), "We are very busy. Please try again in a moment.");
    for _ in 0..2 {
        // Each would have been hashed once: none is told from the others by the work that it makes.
        assert_alike(&try_all(&person, &first).await, 503);
    }
    drop(crowd);
    assert_eq!(person.sign_in(&first, ALICE, "wrong").await.status, 200, "the first that counts");
}
