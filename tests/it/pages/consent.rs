//! The consent page: who asks for what, of whom, and what each answer leads to.

use std::time::Duration;

use rstest::rstest;

use super::scene::{account, signed_in, stage, submit};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::person::{Page, Person};
use crate::support::platform::answer_parameter;

/// The consent page, with Alice signed in.
async fn asked(app: &TestApp) -> (Person, Page) {
    let alice = signed_in(app, ALICE).await;
    let page = alice.open(&app.alexa().authorize(&[])).await;
    assert!(page.has("button[name=decision][value=allow]") && page.has("button[name=decision][value=deny]"));
    (alice, page)
}

#[rstest]
#[tokio::test]
async fn a_decision_without_a_session_leads_to_sign_in_and_is_asked_again(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = stage(backend).await;
    let (alice, page) = asked(&app).await;
    app.clock.advance(Duration::from_secs(8 * 3600));
    let page = alice.decide(&page, "allow").await;
    assert!(page.location().is_none() && page.has("[name=password]"));
    let page = alice.sign_in(&page, ALICE, PASSWORD).await;
    assert!(page.location().is_none() && page.has("button[name=decision]"), "signing in is no consent");
}

#[rstest]
#[tokio::test]
async fn a_tampered_request_is_validated_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (alice, page) = asked(&app).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let elsewhere = request.replace("layla.amazon.com", "evil.example");
    let twice = format!("{request}&client_id=alexa");
    for tampered in [elsewhere, twice, request.replace("=alexa", "=nobody"), "state=x".to_owned(), "%ff".to_owned()] {
        let page = alice.post("/consent", &[("decision", "allow"), ("request", &tampered), ("csrf", &csrf)]).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None), "{tampered}");
    }
    for (tampered, error) in [
        (format!("{request}&scope=everything"), "invalid_scope"),
        (request.replace("=code", "=token"), "unsupported_response_type"),
        (format!("{request}&state=another"), "invalid_request"),
    ] {
        let page = alice.post("/consent", &[("decision", "allow"), ("request", &tampered), ("csrf", &csrf)]).await;
        assert_eq!(answer_parameter(&page, "error").as_deref(), Some(error), "{tampered}");
        assert!(page.location().unwrap().starts_with(&app.alexa().redirect_uri));
    }
}

#[tokio::test]
async fn a_decision_that_is_none_is_not_taken() {
    let app = stage(Sqlite).await;
    let (alice, page) = asked(&app).await;
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    for decision in ["", "ALLOW", "maybe"] {
        let page = alice.post("/consent", &[("decision", decision), ("request", &request), ("csrf", &csrf)]).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None), "{decision:?}");
    }
    let both = [("decision", "deny"), ("decision", "allow"), ("request", &*request), ("csrf", &*csrf)];
    assert_eq!(alice.post("/consent", &both).await.status, 400);
}

#[rstest]
#[tokio::test]
async fn denying_is_told_to_the_platform_and_links_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (alice, page) = asked(&app).await;
    let answer = alice.decide(&page, "deny").await;
    assert!(answer.location().unwrap().starts_with(&format!("{}?", app.alexa().redirect_uri)));
    assert_eq!(answer_parameter(&answer, "error").unwrap(), "access_denied");
    assert_eq!(answer_parameter(&answer, "state").unwrap(), "a state");
    assert_eq!(answer_parameter(&answer, "iss").unwrap(), app.url);
    assert_eq!(answer_parameter(&answer, "code"), None);
    assert!(account(&alice).await.text("main").contains("Nothing is linked yet"));
    let again = alice.open(&app.alexa().authorize(&[])).await;
    assert!(again.has("button[name=decision]"), "a refusal is not remembered");
}

#[rstest]
#[tokio::test]
async fn allowing_sends_the_code_to_the_platform(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (alice, page) = asked(&app).await;
    let answer = alice.decide(&page, "allow").await;
    assert_eq!(answer.status, 302);
    assert!(answer.location().unwrap().starts_with(&format!("{}?", app.alexa().redirect_uri)));
    assert_eq!(answer_parameter(&answer, "state").unwrap(), "a state");
    assert_eq!(answer_parameter(&answer, "iss").unwrap(), app.url);
    assert_eq!(app.alexa().exchange(&answer_parameter(&answer, "code").unwrap(), &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn switching_the_account_links_the_other_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let (person, page) = asked(&app).await;
    assert_eq!(page.attribute("button[name=switch]", "formaction"), "/sign-out");
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let page = person.post("/sign-out", &[("switch", "account"), ("request", &request), ("csrf", &csrf)]).await;
    assert!(page.text(".lead").contains("Amazon Alexa"), "the link goes on");
    let page = person.sign_in(&page, "Bob", PASSWORD).await;
    assert_eq!(page.text(".who"), "Signed in as Bob");
    let answer = person.decide(&page, "allow").await;
    assert_eq!(app.alexa().exchange(&answer_parameter(&answer, "code").unwrap(), &[]).await.status, 200);
    assert!(account(&person).await.text("li h3").contains("Amazon Alexa"));
    assert!(account(&signed_in(&app, ALICE).await).await.text("main").contains("Nothing is linked yet"));
}

#[tokio::test]
async fn the_page_names_service_platform_permissions_and_login() {
    let words = |config: &mut couplet::config::Config| {
        config.scopes.insert("lights:read".to_owned(), "see which lights are on".to_owned());
    };
    let app = TestApp::with(Sqlite, words).await.with_alexa().await.with_alice().await;
    let (_, page) = asked(&app).await;
    assert_eq!(page.text("h1"), "Link your Example Lights account to Amazon Alexa?");
    assert_eq!(page.text(".who"), "Signed in as Alice");
    assert_eq!(page.text("h2"), "Amazon Alexa will be able to");
    assert_eq!(page.text(".ticks").trim(), "see which lights are on\nuse “lights:write”");
}

#[tokio::test]
async fn only_what_is_asked_for_is_named() {
    let app = stage(Sqlite).await;
    let alice = signed_in(&app, ALICE).await;
    let page = alice.open(&app.alexa().authorize(&[("scope", "lights:read")])).await;
    assert_eq!(page.text(".ticks").trim(), "use “lights:read”");
}

#[tokio::test]
async fn names_of_apps_and_people_stay_text() {
    let app = TestApp::on(Sqlite).await;
    let (name, login) = ("<script>alert(1)</script>", "<img/src=x>");
    app.add_user(login).await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.name = name.to_owned()).await;
    let person = app.person();
    let page = person.open(&client.authorize(&[])).await;
    let page = person.sign_in(&page, login, PASSWORD).await;
    assert!(page.text("h1").contains(name) && page.text(".who").contains(login));
    assert!(!page.has("script") && !page.has("img"));
}

#[tokio::test]
async fn a_request_by_post_is_asked_like_one_by_get() {
    let app = stage(Sqlite).await;
    let alexa = app.alexa();
    let person = app.person();
    let form = [
        ("response_type", "code"),
        ("client_id", "alexa"),
        ("redirect_uri", &*alexa.redirect_uri),
        ("state", "posted"),
    ];
    let page = person.post("/oauth2/authorize", &form).await;
    let answer = submit(&person, &page, ALICE, PASSWORD).await;
    let page = person.open(&format!("{}{}", app.url, answer.location().unwrap())).await;
    let answer = person.decide(&page, "allow").await;
    assert_eq!(answer_parameter(&answer, "state").unwrap(), "posted");
}
