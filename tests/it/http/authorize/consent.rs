//! What a person allowed is remembered for user, client and scope until the link ends.

use couplet::model::redirect_uri::RedirectUri;
use rstest::rstest;

use super::CONSENT;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::person::Person;
use crate::support::platform::{CHALLENGE, Platform, VERIFIER, answer_parameter};

/// Whether the person is asked, being signed in.
async fn is_asked(person: &Person, client: &Platform, scope: &str) -> bool {
    let page = person.open(&client.authorize(&[("scope", scope)])).await;
    assert!(page.has(CONSENT) || answer_parameter(&page, "code").is_some(), "{} {}", page.status, page.body);
    page.has(CONSENT)
}

#[rstest]
#[tokio::test]
async fn the_end_of_the_link_ends_the_consent(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let tokens = client.link(&person).await;
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    assert!(is_asked(&person, &client, "").await);
}

#[rstest]
#[tokio::test]
async fn a_wider_scope_asks_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let code = client.code_with(&person, &[("scope", "read")]).await;
    assert_eq!(client.exchange(&code, &[]).await.status, 200);
    assert!(is_asked(&person, &client, "read write").await);
    assert!(is_asked(&person, &client, "write").await);
    assert!(!is_asked(&person, &client, "read").await);
}

#[rstest]
#[tokio::test]
async fn another_client_and_another_person_are_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    app.add_user("Bob").await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let other = app.add_app("other", Some(SECRET), |_| {}).await;
    let (alice, bob) = (app.person(), app.person());
    client.link(&alice).await;
    assert!(is_asked(&alice, &other, "").await);
    bob.link_as("Bob", &other.authorize(&[])).await;
    assert!(is_asked(&bob, &client, "").await);
}

#[rstest]
#[tokio::test]
async fn a_client_may_want_to_ask_every_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.always_ask_consent = true).await;
    let person = app.person();
    client.link(&person).await;
    assert!(is_asked(&person, &client, "").await);
}

#[rstest]
#[case("http://127.0.0.1/callback", true)]
#[case("com.example.app:/callback", true)]
#[case("https://app.example.com/callback", false)]
#[tokio::test]
async fn in_the_name_of_an_app_that_any_other_could_pretend_to_be_people_are_asked_every_time(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] redirect_uri: &str,
    #[case] asked: bool,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let registered = RedirectUri::parse(redirect_uri, true).unwrap();
    let mut client = app.add_app("app", None, |settings| settings.redirect_uris = vec![registered]).await;
    redirect_uri.clone_into(&mut client.redirect_uri);
    let person = app.person();
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = client.code_with(&person, &pkce).await;
    assert_eq!(client.exchange(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
    let page = person.open(&client.authorize(&pkce)).await;
    assert_eq!((page.has(CONSENT), answer_parameter(&page, "code").is_some()), (asked, !asked));
}

#[rstest]
#[tokio::test]
async fn who_allowed_it_before_is_not_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    assert!(!is_asked(&person, &client, "").await);
    assert!(!is_asked(&person, &client, "write").await, "less was allowed as well");
}

#[rstest]
#[tokio::test]
async fn of_two_links_one_keeps_the_consent(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let (first, second) = (client.link(&person).await, client.link(&person).await);
    assert_eq!(client.revoke(&first.refresh).await.status, 200);
    assert!(client.is_active(&second.access).await, "a second link replaces no other");
    assert!(!is_asked(&person, &client, "").await);
}
