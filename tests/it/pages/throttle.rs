//! The brakes on guessing passwords: by account and by address, with words, never in the way of a link that exists.

use std::time::Duration;

use couplet::config::Rate;
use rstest::rstest;

use super::scene::{account, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::{Page, Person};

/// Guesses `times` times; gives the last page.
async fn guess(person: &Person, username: &str, times: u32) -> Page {
    let mut page = account(person).await;
    for _ in 0..times {
        page = person.sign_in(&page, username, "wrong").await;
    }
    page
}

#[rstest]
#[case::of_a_user(ALICE)]
#[case::of_nobody("Nobody")]
#[tokio::test]
async fn the_eleventh_guess_within_five_minutes_has_to_wait(#[case] username: &str) {
    let app = stage(Sqlite).await;
    let person = app.person();
    assert_eq!(guess(&person, username, 10).await.status, 200);
    let page = guess(&app.person(), username, 1).await;
    assert_eq!((page.status.as_u16(), page.value("username").as_str()), (429, username));
    let wait: u64 = page.header("retry-after").parse().unwrap();
    assert!((200..=300).contains(&wait), "{wait}");
    assert_eq!(page.text("[role=alert]"), "Too many attempts. Please wait 5 minutes and try again.");
}

#[tokio::test]
async fn the_right_password_waits_too_in_whatever_case_the_name_is_written() {
    let app = stage(Sqlite).await;
    let person = app.person();
    guess(&person, ALICE, 5).await;
    guess(&person, "ALICE", 5).await;
    let page = person.sign_in(&account(&person).await, "alice", PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(account(&person).await.has("[name=password]"));
}

#[rstest]
#[tokio::test]
async fn others_and_links_that_exist_do_not_notice(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    assert_eq!(guess(&app.person(), ALICE, 11).await.status, 429);
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
    let bob = app.person();
    let page = bob.sign_in(&account(&bob).await, "Bob", PASSWORD).await;
    assert!(page.text("dl").contains("Bob"));
}

#[tokio::test]
async fn after_the_time_the_right_password_works() {
    let per = Duration::from_secs(2);
    let short = |config: &mut couplet::config::Config| config.throttle.per_account = Some(Rate { count: 2, per });
    let app = TestApp::with(Sqlite, short).await.with_alice().await;
    let person = app.person();
    let page = guess(&person, ALICE, 3).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "2"));
    tokio::time::sleep(per).await;
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert!(page.text("dl").contains(ALICE), "{}", page.body);
}

#[tokio::test]
async fn sign_ins_that_succeed_are_not_counted() {
    let app = stage(Sqlite).await;
    for _ in 0..12 {
        let person = app.person();
        assert_eq!(person.sign_in(&account(&person).await, ALICE, PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn one_address_may_not_try_many_accounts() {
    let per = Duration::from_secs(300);
    let few = |config: &mut couplet::config::Config| config.throttle.per_address = Some(Rate { count: 3, per });
    let app = TestApp::with(Sqlite, few).await.with_alice().await;
    for username in ["a", "b", "c"] {
        assert_eq!(guess(&app.person(), username, 1).await.status, 200);
    }
    let page = guess(&app.person(), "d", 1).await;
    assert_eq!((page.status.as_u16(), page.has("[role=alert]")), (429, true));
    assert!(!page.header("retry-after").is_empty());
}
