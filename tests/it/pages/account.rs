//! The account page: profile, linked services, unlink, sign out.

use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::model::email::Email;
use couplet::model::ids::UserId;
use couplet::model::login::Login;
use couplet::model::phone::Phone;
use couplet::model::time::Clock;
use couplet::model::user::User;
use rstest::rstest;

use super::scene::{account, signed_in, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};

#[rstest]
#[tokio::test]
async fn a_stranger_is_asked_to_sign_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let person = app.person();
    let page = account(&person).await;
    assert_eq!((page.status.as_u16(), page.value("request")), (200, String::new()));
    let page = person.post("/account/unlink", &[("grant", "0197")]).await;
    assert!(page.has("[name=password]"));
    assert!(person.open(&app.url).await.has("[name=password]"), "the root leads here");
}

#[rstest]
#[tokio::test]
async fn somebody_elses_link_can_not_be_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let alice = app.person();
    let tokens = app.alexa().link(&alice).await;
    let grant = account(&alice).await.value("grant");
    let bob = app.person();
    app.alexa().code_from(&bob).await;
    let bob = signed_in(&app, "Bob").await;
    let csrf = account(&bob).await.value("csrf");
    bob.post("/account/unlink", &[("grant", &grant), ("csrf", &csrf)]).await;
    assert!(app.alexa().is_active(&tokens.access).await);
    assert_eq!(account(&alice).await.value("grant"), grant);
}

#[tokio::test]
async fn a_link_that_is_none_is_not_ended() {
    let app = stage(Sqlite).await;
    let alice = signed_in(&app, ALICE).await;
    let csrf = account(&alice).await.value("csrf");
    for grant in ["", "x", "' OR 1=1 --"] {
        let page = alice.post("/account/unlink", &[("grant", grant), ("csrf", &csrf)]).await;
        assert_eq!(page.status, 400, "{grant}");
    }
}

#[rstest]
#[tokio::test]
async fn a_code_that_nobody_exchanged_is_no_linked_service(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = app.person();
    app.alexa().code_from(&alice).await;
    let page = account(&alice).await;
    assert!(page.text("main").contains("Nothing is linked yet") && !page.has("[name=grant]"));
}

#[rstest]
#[tokio::test]
async fn the_page_shows_since_when_a_service_is_linked_and_when_it_was_used(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = stage(backend).await;
    let alice = app.person();
    let linked = app.clock.now();
    let tokens = app.alexa().link(&alice).await;
    app.clock.advance(Duration::from_secs(40 * 24 * 3600));
    app.alexa().refresh(&tokens.refresh).await;
    let page = account(&signed_in(&app, ALICE).await).await;
    assert_eq!(page.text("li h3"), "Amazon Alexa");
    let day = |at: couplet::model::time::Timestamp| at.format("%-d %B %Y").to_string();
    assert_eq!(page.text("li .facts div:first-child time"), day(linked));
    assert_eq!(page.text("li .facts div:last-child time"), day(app.clock.now()));
    let iso = page.attribute("li .facts div:first-child time", "datetime");
    assert_eq!(iso.parse::<couplet::model::time::Timestamp>().unwrap(), linked);
    assert!(page.text("li .ticks").contains("lights:write"));
}

#[rstest]
#[tokio::test]
async fn unlinking_ends_that_link_and_no_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let other = app.add_app("other", Some(SECRET), |settings| settings.name = "Other App".to_owned()).await;
    let alice = app.person();
    let (kept, ended) = (other.link(&alice).await, app.alexa().link(&alice).await);
    let page = account(&alice).await;
    assert_eq!(page.text("li:first-child h3"), "Amazon Alexa", "the newest comes first");
    let grant = page.attribute("li:first-child [name=grant]", "value");
    let page = alice.post("/account/unlink", &[("grant", &grant), ("csrf", &page.value("csrf"))]).await;
    assert_eq!(page.text("[role=status]"), "Unlinked. It can no longer use your account.");
    assert!(!page.body.contains("Amazon Alexa") && page.text("li h3").contains("Other App"));
    assert!(!app.alexa().is_active(&ended.access).await);
    assert_eq!(app.alexa().refresh(&ended.refresh).await.error(), "invalid_grant");
    assert!(other.is_active(&kept.access).await);
    assert_eq!(other.refresh(&kept.refresh).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_service_linked_twice_is_shown_once_and_ended_as_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = app.person();
    let first = app.alexa().link(&alice).await;
    app.clock.advance(Duration::from_secs(3600));
    let second = app.alexa().link(&alice).await;
    let page = account(&alice).await;
    assert!(page.has("li.card") && !page.has("li.card ~ li.card"), "{}", page.body);
    alice.post("/account/unlink", &[("grant", &page.value("grant")), ("csrf", &page.value("csrf"))]).await;
    assert!(!app.alexa().is_active(&first.access).await && !app.alexa().is_active(&second.access).await);
}

#[rstest]
#[tokio::test]
async fn an_address_alone_does_not_claim_that_something_was_unlinked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let (alice, bob) = (app.person(), signed_in(&app, "Bob").await);
    app.alexa().link(&alice).await;
    let page = account(&alice).await;
    let said = format!("{}/account?unlinked={}", app.url, page.value("grant"));
    for address in [&said, &format!("{}/account?unlinked", app.url), &format!("{}/account?unlinked=x", app.url)] {
        assert!(!alice.open(address).await.has(".notice"), "{address}");
    }
    alice.post("/account/unlink", &[("grant", &page.value("grant")), ("csrf", &page.value("csrf"))]).await;
    assert!(alice.open(&said).await.has(".notice"));
    assert!(!bob.open(&said).await.has(".notice"), "it was not his");
}

#[tokio::test]
async fn a_name_of_its_own_tells_two_skills_of_one_platform_apart() {
    let app = TestApp::on(Sqlite).await.with_alice().await;
    let alexa = app.add_alexa(|settings| settings.name = "Kitchen Lights".to_owned()).await;
    let alice = app.person();
    alexa.link(&alice).await;
    let page = account(&alice).await;
    assert_eq!(page.text("li h3"), "Amazon Alexa");
    let description = page.attribute("li button", "aria-describedby");
    assert_eq!(page.text(&format!("#{description}")), "Kitchen Lights");
}

#[rstest]
#[tokio::test]
async fn unlinking_twice_does_no_harm(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = app.person();
    app.alexa().link(&alice).await;
    let page = account(&alice).await;
    for _ in 0..2 {
        let page =
            alice.post("/account/unlink", &[("grant", &page.value("grant")), ("csrf", &page.value("csrf"))]).await;
        assert_eq!(page.status, 200);
    }
    let again = app.alexa().link(&alice).await;
    assert!(app.alexa().is_active(&again.access).await);
}

#[rstest]
#[tokio::test]
async fn after_unlinking_the_person_is_asked_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let alice = app.person();
    app.alexa().link(&alice).await;
    let page = account(&alice).await;
    alice.post("/account/unlink", &[("grant", &page.value("grant")), ("csrf", &page.value("csrf"))]).await;
    assert!(alice.open(&app.alexa().authorize(&[])).await.has("button[name=decision]"));
}

#[rstest]
#[tokio::test]
async fn the_profile_is_shown(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let user = User {
        id: UserId::random(&SystemRandomness),
        login: Login::parse("Carol").unwrap(),
        email: Some(Email::parse("carol@example.com").unwrap()),
        phone: Some(Phone::parse("+4915112345678").unwrap()),
        password_hash: Some(app.app.identity.hasher.hash(&PASSWORD.to_owned().into()).await.unwrap()),
        password_by_code: false,
        disabled_at: None,
        approval: false,
        disowned_at: None,
        sign_in_epoch: 0,
        created_at: app.clock.now(),
    };
    app.database.store.add_user(&user).await.unwrap();
    let profile = account(&signed_in(&app, "Carol").await).await.text("dl");
    for shown in ["Carol", "carol@example.com", "+4915112345678"] {
        assert!(profile.contains(shown), "{profile}");
    }
}
