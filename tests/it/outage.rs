//! When the database is away or hangs: 503 with `Retry-After` in time, never a word against a token, and recovery without a
//! restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use couplet::store::open::{DatabaseUrl, Migrations, open};
use sqlx::{Connection, Executor, PgConnection};

use crate::support::app::{ALICE, PASSWORD, TestApp, TestStore};
use crate::support::person::{Page, Person};
use crate::support::platform::{Answer, Platform, Tokens, answer_parameter};
use crate::support::private_postgres::PrivatePostgres;

/// Platforms wait 4.5 s.
const IN_TIME: Duration = Duration::from_secs(4);

/// A server on a database of its own, with Alice linked to Alexa.
async fn linked(postgres: &PrivatePostgres) -> (TestApp, Platform, Tokens) {
    let store = open(&DatabaseUrl::parse(&postgres.url()).unwrap(), Migrations::Apply).await.unwrap();
    let database = TestStore { store: Arc::clone(&store), url: postgres.url(), folder: tempfile::tempdir().unwrap() };
    let app = TestApp::over(database, |_| {}).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    (app, alexa, tokens)
}

fn check_answer(answer: &Answer, began: Instant) {
    assert!(began.elapsed() < IN_TIME, "after {:?}", began.elapsed());
    assert_eq!(answer.status, 503, "{}", answer.json);
    assert_ne!(answer.error(), "invalid_grant");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!answer.json.to_string().to_lowercase().contains("postgres"), "{}", answer.json);
}

fn check_page(page: &Page, began: Instant) {
    assert!(began.elapsed() < IN_TIME, "after {:?}", began.elapsed());
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(!page.header("retry-after").is_empty());
}

/// Asks everything that needs the database, once each.
async fn ask_everything(app: &TestApp, alexa: &Platform, tokens: &Tokens, code: &str, sign_in: (&Person, &Page)) {
    let began = Instant::now();
    check_answer(&alexa.refresh(&tokens.refresh).await, began);
    let began = Instant::now();
    check_answer(&alexa.exchange(code, &[]).await, began);
    let began = Instant::now();
    check_answer(&alexa.post("/oauth2/introspect", &[("token", &tokens.access)]).await, began);
    let began = Instant::now();
    check_answer(&alexa.revoke(&tokens.refresh).await, began);
    let began = Instant::now();
    check_page(&app.person().open(&alexa.authorize(&[])).await, began);
    let began = Instant::now();
    let (person, page) = sign_in;
    check_page(&person.sign_in(page, ALICE, PASSWORD).await, began);
    let status = |path: &str| reqwest::get(format!("{}{path}", app.url));
    assert_eq!(status("/readyz").await.unwrap().status(), 503);
    assert_eq!(status("/healthz").await.unwrap().status(), 200, "the process itself is alive");
}

/// Everything goes on as if nothing had been.
async fn check_recovery(app: &TestApp, alexa: &Platform, tokens: &Tokens, code: &str, sign_in: (&Person, &Page)) {
    let refreshed = Tokens::from(&alexa.refresh(&tokens.refresh).await);
    assert_eq!(refreshed.refresh, tokens.refresh);
    assert!(alexa.is_active(&tokens.access).await && alexa.is_active(&refreshed.access).await);
    assert_eq!(alexa.exchange(code, &[]).await.status, 200, "the code was not used up");
    let (person, page) = sign_in;
    let onward = person.sign_in(page, ALICE, PASSWORD).await;
    assert!(answer_parameter(&onward, "code").is_some(), "the form is still good, and consent is remembered");
    alexa.link(&app.person()).await;
}

#[tokio::test]
async fn a_database_that_is_away_costs_no_link_and_comes_back_by_itself() {
    let postgres = PrivatePostgres::start().await;
    let (app, alexa, tokens) = linked(&postgres).await;
    let code = alexa.code_from(&app.person()).await;
    let person = app.person();
    let page = person.open(&alexa.authorize(&[])).await;
    postgres.stop().await;
    ask_everything(&app, &alexa, &tokens, &code, (&person, &page)).await;
    postgres.start_again().await;
    check_recovery(&app, &alexa, &tokens, &code, (&person, &page)).await;
}

#[tokio::test]
async fn a_database_that_hangs_is_not_waited_for() {
    let postgres = PrivatePostgres::start().await;
    let (app, alexa, tokens) = linked(&postgres).await;
    let code = alexa.code_from(&app.person()).await;
    let person = app.person();
    let page = person.open(&alexa.authorize(&[])).await;
    let mut holder = PgConnection::connect(&postgres.url()).await.unwrap();
    let lock = "BEGIN; LOCK TABLE clients, users, sign_ins, grants, keys, _sqlx_migrations IN ACCESS EXCLUSIVE MODE";
    holder.execute(sqlx::raw_sql(lock)).await.unwrap();
    ask_everything(&app, &alexa, &tokens, &code, (&person, &page)).await;
    holder.execute("ROLLBACK").await.unwrap();
    check_recovery(&app, &alexa, &tokens, &code, (&person, &page)).await;
}

#[tokio::test]
async fn thirty_two_refreshes_during_an_outage_are_all_answered_in_time() {
    let postgres = PrivatePostgres::start().await;
    let (_app, alexa, tokens) = linked(&postgres).await;
    postgres.stop().await;
    let began = Instant::now();
    let refreshes = (0..32).map(|_| alexa.refresh(&tokens.refresh));
    for answer in futures_util::future::join_all(refreshes).await {
        check_answer(&answer, began);
    }
    postgres.start_again().await;
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
}
