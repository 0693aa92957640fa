//! How a reverse link stands is told to the person and to the operator.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::login_with_amazon::Amazon;
use crate::support::person::Page;
use crate::support::platform::Tokens;
use crate::support::two_way::TwoWay;

/// A server on which Alice has linked Alexa, one way.
async fn linked(backend: Backend) -> (TestApp, Amazon, Tokens) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let amazon = app.add_amazon().await;
    let tokens = app.alexa().link(&app.person()).await;
    (app, amazon, tokens)
}

async fn hand_over(app: &TestApp, tokens: &Tokens, code: &str) {
    assert_eq!(app.alexa().hand_over(&tokens.access, code).await.status, 200);
}

async fn account(app: &TestApp) -> Page {
    let alice = app.person();
    let page = alice.open(&format!("{}/account", app.url)).await;
    alice.sign_in(&page, ALICE, PASSWORD).await
}

/// What Alice's page says of the other direction.
async fn told(app: &TestApp) -> String {
    let page = account(app).await;
    assert_eq!(page.text("li .facts div:nth-child(3) dt"), "From Example Lights to Amazon Alexa");
    page.text("li .facts div:nth-child(3) dd")
}

#[rstest]
#[tokio::test]
async fn a_link_without_the_other_direction_says_nothing_of_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, _amazon, _) = linked(backend).await;
    let page = account(&app).await;
    assert!(page.has("li .facts div:nth-child(2)") && !page.has("li .facts div:nth-child(3)"), "{}", page.body);
    assert!(!page.text("li").contains("From "));
}

#[rstest]
#[tokio::test]
async fn a_code_that_waits_is_being_connected(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, amazon, tokens) = linked(backend).await;
    hand_over(&app, &tokens, amazon.issue_code().expose()).await;
    assert_eq!(told(&app).await, "Being connected");
}

#[rstest]
#[tokio::test]
async fn tokens_in_force_are_connected(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, amazon, tokens) = linked(backend).await;
    hand_over(&app, &tokens, amazon.issue_code().expose()).await;
    app.exchange_due().await;
    assert_eq!(told(&app).await, "Connected");
}

#[rstest]
#[tokio::test]
async fn a_refused_code_is_not_connected_and_says_how_to_mend_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, _amazon, tokens) = linked(backend).await;
    hand_over(&app, &tokens, "ANotACodeOfAmazon").await;
    app.exchange_due().await;
    assert_eq!(told(&app).await, "Not connected. Unlink, then link again to mend it.");
}

#[rstest]
#[tokio::test]
async fn a_permission_that_was_taken_back_has_ended_there(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, amazon, tokens) = linked(backend).await;
    hand_over(&app, &tokens, amazon.issue_code().expose()).await;
    app.exchange_due().await;
    amazon.remove_permission();
    app.clock.advance(Duration::from_secs(3590));
    assert_eq!(app.alexa().partner_token(&tokens.access, &[]).await.error(), "invalid_grant");
    assert_eq!(told(&app).await, "Ended there. Unlink, then link again to connect it anew.");
}

#[rstest]
#[tokio::test]
async fn of_two_links_the_better_direction_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, amazon, tokens) = linked(backend).await;
    hand_over(&app, &tokens, "ANotACodeOfAmazon").await;
    app.exchange_due().await;
    app.link_both_ways(&amazon).await;
    assert_eq!(told(&app).await, "Connected");
}

#[rstest]
#[tokio::test]
async fn an_operator_sees_the_other_direction_and_why_it_failed(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let tokens = two_way.link().await;
    assert_eq!(two_way.grant()["partner"], json!(null));
    let (program, id) = (&two_way.stage.program, two_way.grant()["id"].as_str().unwrap().to_owned());
    let shown = || program.run(&format!("grant show {id} --json")).json();
    two_way.hand_over(&tokens, "ANotACodeOfAmazon").await;
    let failed = two_way.until("failed").await;
    assert_eq!((&failed["partner_name"], &failed), (&json!("alexa"), &shown()));
    assert!(failed["partner_error"].as_str().unwrap().starts_with("invalid_grant: the code was used"), "{failed}");
    assert!(program.run("grant list").done().contains("alexa: failed (invalid_grant"));
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    let active = two_way.until("active").await;
    assert_eq!((&active["partner_error"], &active), (&json!(null), &shown()));
    assert!(program.run(&format!("grant show {id}")).done().trim_end().ends_with("alexa: active"));
}
