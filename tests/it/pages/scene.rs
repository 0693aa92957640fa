//! What the tests of pages have in common: a server with Alexa and Alice, and ways to every page of it.

use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;

use crate::support::app::{ALICE, Backend, PASSWORD, TestApp};
use crate::support::person::{Page, Person};
use crate::support::platform::answer_parameter;

/// A server with Alexa's client and Alice.
pub async fn stage(backend: Backend) -> TestApp {
    TestApp::on(backend).await.with_alexa().await.with_alice().await
}

/// The account page, or the sign-in page in its place.
pub async fn account(person: &Person) -> Page {
    person.open(&format!("{}/account", person.url)).await
}

/// A browser in which somebody has signed in.
pub async fn signed_in(app: &TestApp, login: &str) -> Person {
    let person = app.person();
    person.sign_in(&account(&person).await, login, PASSWORD).await;
    person
}

/// Fills the sign-in form and follows nothing.
pub async fn submit(person: &Person, page: &Page, username: &str, password: &str) -> Page {
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("username", username), ("password", password), ("request", &request), ("csrf", &csrf)];
    person.send(person.posting("/sign-in", &form)).await
}

/// A request with one header replaced or, by an empty value, removed.
pub fn with_header(request: RequestBuilder, name: &'static str, value: &str) -> RequestBuilder {
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    request.headers_mut().remove(name);
    if !value.is_empty() {
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    RequestBuilder::from_parts(client, request)
}

/// Every page with its name, as Alice meets them on one visit that begins with a request of this `state`.
pub async fn every_page(app: &TestApp, state: &str) -> Vec<(&'static str, Page)> {
    let (alexa, alice) = (app.alexa(), app.person());
    let account_sign_in = account(&alice).await;
    let sign_in = alice.open(&alexa.authorize(&[("state", state)])).await;
    let refused = alice.sign_in(&sign_in, ALICE, "wrong").await;
    let stale = alice.post("/sign-in", &[("request", &refused.value("request")), ("username", ALICE)]).await;
    let consent = alice.sign_in(&refused, ALICE, PASSWORD).await;
    let forged = alice.post("/consent", &[("request", &consent.value("request")), ("decision", "allow")]).await;
    let nothing_linked = account(&alice).await;
    let answer = alice.decide(&consent, "allow").await;
    let code = answer_parameter(&answer, "code").unwrap();
    assert_eq!(alexa.exchange(&code, &[]).await.status, 200);
    let linked = account(&alice).await;
    let untrusted = alice.open(&alexa.authorize(&[("client_id", "nobody"), ("state", state)])).await;
    let not_found = alice.open(&format!("{}/nowhere", app.url)).await;
    let approval = alice.open(&format!("{}/approve", app.url)).await;
    vec![
        ("sign-in for the account", account_sign_in),
        ("sign-in", sign_in),
        ("sign-in, refused", refused),
        ("sign-in, stale", stale),
        ("consent", consent),
        ("forged decision", forged),
        ("account, nothing linked", nothing_linked),
        ("account", linked),
        ("untrusted request", untrusted),
        ("not found", not_found),
        ("approval", approval),
    ]
}

/// The pages on the way to a link, among [`every_page`].
pub const LINKING: [&str; 4] = ["sign-in", "sign-in, refused", "sign-in, stale", "consent"];

/// The pages with scripts, among [`every_page`].
pub const SCRIPTED: [&str; 3] = ["account, nothing linked", "account", "approval"];
