//! Another process holds the database: what reads goes on, what writes is put off, and what was put off is not done behind
//! anybody's back.

use std::time::{Duration, Instant};

use couplet::model::client::RefreshPolicy;
use rstest::rstest;
use tokio::join;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::person::{Page, Person};
use crate::support::platform::{Answer, Platform, Tokens, answer_parameter};
use crate::support::rows::Rows;

/// Platforms wait 4.5 s.
const IN_TIME: Duration = Duration::from_secs(4);

async fn hold(app: &TestApp) -> Rows {
    let mut rows = Rows::of(&app.database).await;
    rows.change(match rows {
        Rows::Sqlite(_) => "BEGIN IMMEDIATE",
        Rows::Postgres(_) => "BEGIN; LOCK TABLE grants, sign_ins, reverse_links IN EXCLUSIVE MODE",
    })
    .await;
    rows
}

async fn put_off(answer: impl Future<Output = Answer>) {
    let began = Instant::now();
    let answer = answer.await;
    assert_eq!((answer.status.as_u16(), answer.error()), (503, "temporarily_unavailable"));
    assert!(answer.headers.contains_key("retry-after") && began.elapsed() < IN_TIME, "{:?}", began.elapsed());
}

async fn put_off_page(page: impl Future<Output = Page>) {
    let began = Instant::now();
    let page = page.await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(!page.header("retry-after").is_empty() && began.elapsed() < IN_TIME, "{:?}", began.elapsed());
}

/// A program whose lost answers cost the link, and what it has: an unredeemed code and a link.
async fn strict(app: &TestApp, person: &Person) -> (Platform, String, Tokens) {
    let program = app.add_app("strict", Some(SECRET), |settings| settings.refresh = RefreshPolicy::Strict).await;
    let (tokens, code) = (program.link(person).await, program.code_from(person).await);
    (program, code, tokens)
}

#[rstest]
#[tokio::test]
async fn what_was_put_off_is_not_done_later(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let (alexa, person, stranger) = (app.alexa(), app.person(), app.person());
    let linked = alexa.link(&person).await;
    let (program, code, tokens) = strict(&app, &person).await;
    let account = person.open(&format!("{}/account", app.url)).await;
    let (csrf, grant) = (account.value("csrf"), account.value("grant"));
    let sign_in = stranger.open(&alexa.authorize(&[])).await;
    let mut watch = Rows::of(&app.database).await;
    let before = watch.version().await;
    let mut held = hold(&app).await;
    let unlink = [("csrf", csrf.as_str()), ("grant", grant.as_str())];
    let authorize = alexa.authorize(&[]);
    join!(
        put_off(program.exchange(&code, &[])),
        put_off(program.refresh(&tokens.refresh)),
        put_off(program.revoke(&tokens.access)),
        put_off_page(person.open(&authorize)),
        put_off_page(person.post("/account/unlink", &unlink)),
        put_off_page(stranger.sign_in(&sign_in, ALICE, PASSWORD)),
        async {
            assert_eq!(alexa.refresh(&linked.refresh).await.status, 200, "a stable refresh writes nothing");
            assert!(alexa.is_active(&linked.access).await);
            assert_eq!(person.open(&format!("{}/account", app.url)).await.status, 200);
        }
    );
    held.change("ROLLBACK").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(watch.version().await, before, "something was written after it had been refused");
    assert_eq!(program.exchange(&code, &[]).await.status, 200, "the code was not used up");
    assert_eq!(program.refresh(&tokens.refresh).await.status, 200, "the refresh token was not used up");
    assert!(program.is_active(&tokens.access).await && alexa.is_active(&linked.access).await);
    let onward = stranger.sign_in(&sign_in, ALICE, PASSWORD).await;
    assert!(answer_parameter(&onward, "code").is_some(), "the form is still good");
}
