//! Forms carry where to go on; nobody can make them lead elsewhere.

use rstest::rstest;

use super::scene::{account, signed_in, stage};
use crate::support::app::Backend::Sqlite;
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::Page;

/// Where an answer leads must be a page of ours; a refusal leads nowhere.
fn assert_stays(app: &TestApp, answer: &Page) {
    let Some(location) = answer.location() else {
        assert!(answer.status.as_u16() == 400 || answer.status.as_u16() == 200, "{}", answer.status);
        return;
    };
    assert!(location.starts_with("/account") || location.starts_with("/oauth2/authorize?"), "{location}");
    assert_eq!(answer.url.join(&location).unwrap().origin().ascii_serialization(), app.url);
}

#[rstest]
#[case("https://evil.example/")]
#[case("//evil.example/")]
#[case("/\\evil.example/")]
#[case("@evil.example/")]
#[case(".evil.example/")]
#[case("javascript:alert(1)")]
#[case("x\r\nLocation: https://evil.example/")]
#[case("client_id=alexa&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=code")]
#[case("client_id=alexa&redirect_uri=https%3A%2F%2Flayla.amazon.com%40evil.example%2F&response_type=code")]
#[case("client_id=evil&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=code")]
#[case("redirect_uri=https%3A%2F%2Fevil.example%2F")]
#[tokio::test]
async fn a_tampered_request_leads_to_no_other_site(#[case] request: &str) {
    let app = stage(Sqlite).await;
    let person = app.person();
    let csrf = account(&person).await.value("csrf");
    let form = [("username", ALICE), ("password", PASSWORD), ("request", request), ("csrf", &*csrf)];
    assert_stays(&app, &person.send(person.posting("/sign-in", &form)).await);
    let alice = signed_in(&app, ALICE).await;
    let csrf = account(&alice).await.value("csrf");
    for (path, name) in [("/consent", "decision"), ("/sign-out", "switch")] {
        let form = [(name, "allow"), ("request", request), ("csrf", &*csrf)];
        assert_stays(&app, &alice.send(alice.posting(path, &form)).await);
    }
}

#[rstest]
#[case("/account?next=https://evil.example/")]
#[case("/account?redirect_uri=//evil.example/")]
#[case("//evil.example/account")]
#[case("/https://evil.example/")]
#[tokio::test]
async fn an_address_of_ours_leads_to_no_other_site(#[case] path: &str) {
    let app = stage(Sqlite).await;
    let alice = signed_in(&app, ALICE).await;
    let page = alice.open(&format!("{}{path}", app.url)).await;
    assert_eq!(page.location(), None);
    assert!(!page.body.contains("evil"));
}
