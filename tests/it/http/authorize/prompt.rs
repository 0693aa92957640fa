//! `prompt` (OpenID Connect Core section 3.1.2.1): whether people are asked.

use couplet::model::ids::ClientId;
use rstest::rstest;

use super::{CONSENT, SIGN_IN, assert_told};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::platform::answer_parameter;

#[rstest]
#[tokio::test]
async fn none_tells_the_client_that_somebody_has_to_sign_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let page = app.person().open(&client.authorize(&[("prompt", "none")])).await;
    assert_told(&page, &client, "login_required", Some("a state"));
}

#[rstest]
#[tokio::test]
async fn none_tells_the_client_that_somebody_has_to_consent(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let careful = app.add_app("careful", Some(SECRET), |settings| settings.always_ask_consent = true).await;
    let person = app.person();
    careful.link(&person).await;
    for client in [client, careful] {
        let page = person.open(&client.authorize(&[("prompt", "none")])).await;
        assert_told(&page, &client, "consent_required", Some("a state"));
    }
}

#[rstest]
#[tokio::test]
async fn none_links_without_asking_when_all_is_known(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(&[("prompt", "none")])).await;
    assert!(answer_parameter(&page, "code").is_some(), "{:?}", page.location());
}

#[rstest]
#[tokio::test]
async fn a_password_is_answered_with_the_code_at_once_when_nothing_is_left_to_ask(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    client.link(&app.person()).await;
    let person = app.person();
    let page = person.open(&client.authorize(&[])).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("username", ALICE), ("password", PASSWORD), ("request", &request), ("csrf", &csrf)];
    let answer = person.send(person.posting("/sign-in", &form)).await;
    // 303: with any other redirect some programs would post the password on.
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer_parameter(&answer, "code").is_some(), "{:?}", answer.location());
    assert!(answer.cookie("couplet_session").is_some());
}

#[rstest]
#[tokio::test]
async fn a_client_that_is_gone_when_the_password_comes_gets_no_code(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    client.link(&app.person()).await;
    let person = app.person();
    let page = person.open(&client.authorize(&[])).await;
    app.app.store.enable_client(&ClientId::parse("app").unwrap(), false).await.unwrap();
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert_eq!((page.status.as_u16(), page.location()), (400, None), "{}", page.body);
}

#[rstest]
#[tokio::test]
async fn login_asks_for_the_password_again_and_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(&[("prompt", "login")])).await;
    assert!(page.has(SIGN_IN));
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert!(answer_parameter(&page, "code").is_some(), "{}", page.body);
}

#[rstest]
#[tokio::test]
async fn a_wrong_password_at_a_login_prompt_leads_nowhere(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(&[("prompt", "login")])).await;
    let page = person.sign_in(&page, ALICE, "wrong").await;
    assert!(page.has(SIGN_IN) && page.location().is_none());
}

#[rstest]
#[tokio::test]
async fn another_person_may_answer_a_login_prompt(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let bob = app.add_user("Bob").await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.link_as("Bob", &client.authorize(&[("prompt", "login")])).await;
    let tokens = client.exchange(&answer_parameter(&page, "code").unwrap(), &[]).await;
    let seen = client.post("/oauth2/introspect", &[("token", &tokens.text("access_token"))]).await;
    assert_eq!(seen.text("sub"), bob.to_string());
}

#[rstest]
#[tokio::test]
async fn consent_asks_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(&[("prompt", "consent")])).await;
    assert!(page.has(CONSENT));
    assert!(answer_parameter(&person.decide(&page, "allow").await, "code").is_some());
}

#[rstest]
#[tokio::test]
async fn login_and_consent_ask_for_both(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(&[("prompt", "login consent")])).await;
    assert!(page.has(SIGN_IN));
    let page = person.sign_in(&page, ALICE, PASSWORD).await;
    assert!(page.has(CONSENT), "{:?}", page.location());
    assert!(answer_parameter(&person.decide(&page, "allow").await, "code").is_some());
}
