//! The sign-in page.

use std::time::{Duration, Instant};

use rstest::rstest;

use super::scene::{account, signed_in, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::Page;

#[rstest]
#[tokio::test]
async fn a_wrong_password_keeps_the_name_and_is_announced(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = app.person();
    let page = person.open(&app.alexa().authorize(&[])).await;
    let page = person.sign_in(&page, ALICE, "my secret guess").await;
    assert_eq!((page.status.as_u16(), page.value("username")), (200, ALICE.to_owned()));
    assert_eq!(page.text("[role=alert]"), "That user name and password do not match. Check both and try again.");
    assert!(page.text("title").starts_with("Problem: "), "the title is what is read first");
    assert_eq!(page.attribute("#password", "aria-describedby"), page.attribute("[role=alert]", "id"));
    assert!(!page.body.contains("my secret guess"));
}

/// What a page says, without what differs by nature: the name that was typed.
fn said(page: &Page, username: &str) -> (u16, Vec<String>, String) {
    let headers = page.headers.keys().map(ToString::to_string).collect();
    (page.status.as_u16(), headers, page.body.replace(&format!("value=\"{username}\""), ""))
}

#[rstest]
#[tokio::test]
async fn unknown_and_disabled_users_get_the_answer_of_a_wrong_password(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let bob = app.add_user("Bob").await;
    app.database.store.disable_user(bob, couplet::model::time::Clock::now(&*app.clock)).await.unwrap();
    let person = app.person();
    let first = account(&person).await;
    let wrong = said(&person.sign_in(&first, ALICE, "wrong").await, ALICE);
    let long = "x".repeat(300);
    for (username, password) in [("Nobody", PASSWORD), ("Bob", PASSWORD), (&long, PASSWORD), ("a b", ""), ("Bob", "")] {
        let page = person.sign_in(&first, username, password).await;
        assert_eq!(said(&page, username), wrong, "{username}");
    }
}

#[rstest]
#[tokio::test]
async fn without_a_name_the_words_are_the_same_and_the_name_is_asked_first(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = stage(backend).await;
    let person = app.person();
    let first = account(&person).await;
    let wrong = person.sign_in(&first, ALICE, "wrong").await;
    let unnamed = person.sign_in(&first, "", PASSWORD).await;
    assert_eq!((unnamed.status, unnamed.text("[role=alert]")), (wrong.status, wrong.text("[role=alert]")));
    assert!(unnamed.has("#username[autofocus]") && wrong.has("#password[autofocus]"));
}

#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let costly = |config: &mut couplet::config::Config| {
        (config.password.memory_kib, config.password.iterations) = (19_456, 8);
    };
    let app = TestApp::with(Sqlite, costly).await.with_alice().await;
    let person = app.person();
    let first = account(&person).await;
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..6 {
        for (fastest, username) in fastest.iter_mut().zip([ALICE, "Nobody"]) {
            let began = Instant::now();
            person.sign_in(&first, username, "wrong").await;
            *fastest = began.elapsed().min(*fastest);
        }
    }
    let [known, unknown] = fastest;
    assert!(unknown > known / 2 && known > unknown / 2, "{known:?} and {unknown:?}");
}

#[rstest]
#[case("\"><script>alert(1)</script>")]
#[case("' onfocus='alert(1)")]
#[case("</title><img src=x>")]
#[case("日本 🔗 &amp; {{ csrf }}")]
#[tokio::test]
async fn whatever_is_typed_stays_text(#[case] typed: &str) {
    let app = stage(Sqlite).await;
    let person = app.person();
    let page = person.sign_in(&account(&person).await, typed, typed).await;
    assert_eq!(page.value("username"), typed);
    assert!(!page.has("script") && !page.has("img") && !page.has("[onfocus]"));
}

#[rstest]
#[case("alice")]
#[case("  ALICE ")]
#[tokio::test]
async fn names_are_taken_as_people_type_them(#[case] typed: &str) {
    let app = stage(Sqlite).await;
    let person = app.person();
    let page = person.sign_in(&account(&person).await, typed, PASSWORD).await;
    assert!(page.text("dl").contains(ALICE), "{}", page.body);
}

#[rstest]
#[tokio::test]
async fn after_a_wrong_password_the_link_goes_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = app.person();
    let page = person.open(&app.alexa().authorize(&[("state", "é ?&=#/+%")])).await;
    let page = person.sign_in(&page, ALICE, "wrong").await;
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    let answer = person.decide(&page, "allow").await;
    assert_eq!(crate::support::platform::answer_parameter(&answer, "state").unwrap(), "é ?&=#/+%");
}

#[tokio::test]
async fn the_page_names_what_it_is_for_and_helps_password_managers() {
    let app = stage(Sqlite).await;
    let person = app.person();
    let page = person.open(&app.alexa().authorize(&[])).await;
    assert_eq!(page.text(".lead"), "Use your Example Lights account to link it to Amazon Alexa.");
    assert_eq!(page.attribute("[name=username]", "autocomplete"), "username");
    assert_eq!(page.attribute("[name=password]", "autocomplete"), "current-password");
    for field in ["username", "password"] {
        assert!(page.has(&format!("label[for={field}]")), "a screen reader names {field} by its label");
    }
    assert!(!page.has("[role=alert]"));
    assert!(!account(&signed_in(&app, ALICE).await).await.has("[name=password]"));
}
