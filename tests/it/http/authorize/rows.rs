//! An attempt that is abandoned leaves nothing in the database.

use rstest::rstest;

use super::{CONSENT, SIGN_IN};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::platform::answer_parameter;
use crate::support::rows::Rows;

#[rstest]
#[tokio::test]
async fn who_does_not_sign_in_leaves_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let mut rows = Rows::of(&app.database).await;
    let before = rows.version().await;
    for _ in 0..5 {
        let person = app.person();
        let page = person.open(&client.authorize(&[])).await;
        assert!(page.has(SIGN_IN));
        assert!(person.sign_in(&page, ALICE, "wrong").await.has(SIGN_IN));
        person.open(&client.authorize(&[("response_type", "token")])).await;
    }
    assert_eq!(rows.version().await, before);
}

#[rstest]
#[tokio::test]
async fn who_does_not_decide_or_says_no_leaves_only_the_browser_s_session(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let mut rows = Rows::of(&app.database).await;
    let person = app.person();
    let page = person.open(&client.authorize(&[])).await;
    person.sign_in(&page, ALICE, PASSWORD).await;
    let before = rows.version().await;
    for _ in 0..5 {
        let page = person.open(&client.authorize(&[])).await;
        assert!(page.has(CONSENT));
        person.decide(&page, "deny").await;
    }
    assert_eq!(rows.version().await, before);
    assert_eq!((rows.count("grants").await, rows.count("sign_ins").await), (0, 1));
}

#[rstest]
#[tokio::test]
async fn who_fetches_code_after_code_is_braked_and_nobody_else_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    app.add_user("Bob").await;
    let (client, other) =
        (app.add_app("app", Some(SECRET), |_| {}).await, app.add_app("other", Some(SECRET), |_| {}).await);
    let person = app.person();
    let tokens = client.link(&person).await;
    // As if she had come a thousand times within five minutes.
    let key = [alice.0.as_bytes().as_slice(), b"app"].concat();
    while app.app.protocol.issue_brake.fail(&key).is_ok() {}
    let refused = person.open(&client.authorize(&[])).await;
    assert_eq!(answer_parameter(&refused, "error").as_deref(), Some("temporarily_unavailable"));
    assert_eq!(client.refresh(&tokens.refresh).await.status, 200, "her link goes on");
    other.link(&person).await;
    let bob = app.person();
    let page = bob.open(&client.authorize(&[])).await;
    let page = bob.sign_in(&page, "Bob", PASSWORD).await;
    assert!(answer_parameter(&bob.decide(&page, "allow").await, "code").is_some());
}
