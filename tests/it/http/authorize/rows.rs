//! An attempt that is abandoned leaves nothing in the database.

use rstest::rstest;

use super::{CONSENT, SIGN_IN};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
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
