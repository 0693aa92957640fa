//! Sessions: made anew at each sign-in, ended with it, worth nothing when guessed.

use std::time::Duration;

use couplet::model::time::Clock;
use rstest::rstest;

use super::scene::{account, signed_in, stage, submit};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::Page;

/// The value of the session cookie that an answer sets.
fn session(page: &Page) -> String {
    let cookie = page.cookie("couplet_session").expect("a session cookie is set");
    cookie.split(';').next().unwrap().to_owned()
}

/// Whether a browser that shows this cookie is somebody's.
async fn is_known(app: &TestApp, session: &str) -> bool {
    let request = reqwest::Client::new().get(format!("{}/account", app.url));
    let page = app.person().send(request.header("Cookie", format!("couplet_session={session}"))).await;
    assert_eq!(page.status, 200);
    !page.has("input[name=password]")
}

#[rstest]
#[tokio::test]
async fn a_made_up_session_is_nobodys(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = app.person();
    let own = session(&submit(&person, &account(&person).await, ALICE, PASSWORD).await);
    let (changed, cut) = (own.replace(&own[own.len() - 4..], "AAAA"), own[..22].to_owned());
    for made_up in [changed, cut, "A".repeat(64), "A".repeat(4000), "%00".to_owned(), "\"'--".to_owned()] {
        assert!(!is_known(&app, &made_up).await, "{made_up}");
    }
    assert!(is_known(&app, &own).await);
}

#[rstest]
#[tokio::test]
async fn a_session_planted_before_the_sign_in_is_not_taken_over(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Mallory").await;
    let person = app.person();
    let planted = submit(&person, &account(&person).await, "Mallory", PASSWORD).await;
    let page = person.open(&app.alexa().authorize(&[("prompt", "login")])).await;
    let answer = submit(&person, &page, ALICE, PASSWORD).await;
    assert_ne!(session(&answer), session(&planted));
    assert_ne!(answer.cookie("couplet_form"), planted.cookie("couplet_form"));
    assert!(answer.cookie("couplet_form").is_some(), "whoever knew the form cookie must not know the next one");
    assert!(!is_known(&app, &session(&planted)).await);
    assert!(account(&person).await.text("dl").contains(ALICE));
}

#[rstest]
#[tokio::test]
async fn each_sign_in_of_one_person_has_its_own_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (phone, laptop) = (app.person(), app.person());
    let first = session(&submit(&phone, &account(&phone).await, ALICE, PASSWORD).await);
    let second = session(&submit(&laptop, &account(&laptop).await, ALICE, PASSWORD).await);
    assert_ne!(first, second);
    phone.post("/sign-out", &[("csrf", &account(&phone).await.value("csrf"))]).await;
    assert!(!is_known(&app, &first).await && is_known(&app, &second).await);
}

#[rstest]
#[tokio::test]
async fn signing_out_ends_the_session_for_whoever_copied_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = app.person();
    let copied = session(&submit(&person, &account(&person).await, ALICE, PASSWORD).await);
    let csrf = account(&person).await.value("csrf");
    let answer = person.send(person.posting("/sign-out", &[("csrf", &csrf)])).await;
    assert_eq!((answer.status.as_u16(), answer.location().as_deref()), (303, Some("/account")));
    assert!(answer.cookie("couplet_session").unwrap().starts_with("; "), "the browser forgets it as well");
    assert!(!is_known(&app, &copied).await);
}

#[rstest]
#[tokio::test]
async fn after_eight_hours_the_password_is_asked_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = signed_in(&app, ALICE).await;
    app.clock.advance(Duration::from_secs(8 * 3600 - 1));
    assert!(!account(&person).await.has("[name=password]"));
    app.clock.advance(Duration::from_secs(1));
    assert!(account(&person).await.has("[name=password]"));
}

#[rstest]
#[tokio::test]
async fn a_new_password_or_a_ban_ends_all_sessions(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (alice, bob) = (app.add_user("Alice2").await, app.add_user("Bob").await);
    let (of_alice, of_bob) = (signed_in(&app, "Alice2").await, signed_in(&app, "Bob").await);
    let hash = app.app.identity.hasher.hash(&"another one".to_owned().into()).await.unwrap();
    app.database.store.set_password(alice, &hash).await.unwrap();
    app.database.store.disable_user(bob, app.clock.now()).await.unwrap();
    assert!(account(&of_alice).await.has("[name=password]") && account(&of_bob).await.has("[name=password]"));
}
