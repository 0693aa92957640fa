//! Exchanging an authorization code (RFC 6749 section 4.1.3), on both databases.

use std::time::Duration;

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET, TestApp};
use crate::support::platform::{CHALLENGE, Tokens, VERIFIER};

const WITH_PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

#[rstest]
#[tokio::test]
async fn a_made_up_code_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await;
    for code in ["made-up", "cplc_", &format!("cplc_{}", "A".repeat(64))] {
        let answer = app.alexa().exchange(code, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_grant"), "{code}");
    }
}

#[rstest]
#[tokio::test]
async fn a_code_is_worth_nothing_to_another_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let mut thief = app.add_app("thief", Some(SECRET), |_| {}).await;
    let code = app.alexa().code_from(&app.person()).await;
    thief.redirect_uri = app.alexa().redirect_uri;
    assert_eq!(thief.exchange(&code, &[]).await.error(), "invalid_grant");
    assert_eq!(app.alexa().exchange(&code, &[]).await.status, 200, "the theft must cost the owner nothing");
}

#[rstest]
#[tokio::test]
async fn another_redirect_uri_or_verifier_is_refused_and_costs_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let code = alexa.code_with(&app.person(), &WITH_PKCE).await;
    let elsewhere = "https://pitangui.amazon.com/api/skill/link/M2TESTVENDOR0";
    let wrong =
        [vec![("redirect_uri", elsewhere), ("code_verifier", VERIFIER)], vec![("code_verifier", CHALLENGE)], vec![]];
    for more in &wrong {
        assert_eq!(alexa.exchange(&code, more).await.error(), "invalid_grant", "{more:?}");
    }
    assert_eq!(alexa.exchange(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_verifier_without_a_challenge_is_a_downgrade_and_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let code = app.alexa().code_from(&app.person()).await;
    let answer = app.alexa().exchange(&code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(answer.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn an_expired_code_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let code = app.alexa().code_from(&app.person()).await;
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(app.alexa().exchange(&code, &[]).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_second_use_of_a_code_ends_the_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_from(&app.person()).await;
    let tokens = Tokens::from(&client.exchange(&code, &[]).await);
    assert!(client.is_active(&tokens.access).await);
    assert_eq!(client.exchange(&code, &[]).await.error(), "invalid_grant");
    assert!(!client.is_active(&tokens.access).await);
    assert_eq!(client.refresh(&tokens.refresh).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn a_replay_without_proof_ends_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_with(&app.person(), &WITH_PKCE).await;
    let tokens = Tokens::from(&client.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    for more in [vec![], vec![("code_verifier", VERIFIER), ("redirect_uri", "https://evil.example/")]] {
        assert_eq!(client.exchange(&code, &more).await.error(), "invalid_grant");
    }
    assert!(client.is_active(&tokens.access).await);
}

#[rstest]
#[tokio::test]
async fn the_repeat_of_a_lost_exchange_continues_the_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let code = alexa.code_from(&app.person()).await;
    let lost = Tokens::from(&alexa.exchange(&code, &[]).await);
    app.clock.advance(Duration::from_secs(59));
    let kept = Tokens::from(&alexa.exchange(&code, &[]).await);
    assert_eq!(kept.refresh, lost.refresh, "it is the same link");
    assert!(alexa.is_active(&lost.access).await && alexa.is_active(&kept.access).await);
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(alexa.exchange(&code, &[]).await.error(), "invalid_grant");
    assert!(!alexa.is_active(&kept.access).await, "after the grace time it is a replay");
}

#[rstest]
#[tokio::test]
async fn of_64_simultaneous_exchanges_of_one_code_one_wins(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_from(&app.person()).await;
    let tries = (0..64).map(|_| {
        let (client, code) = (client.clone(), code.clone());
        tokio::spawn(async move { client.exchange(&code, &[]).await })
    });
    let mut answers = Vec::new();
    for answer in tries.collect::<Vec<_>>() {
        answers.push(answer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.error() == "invalid_grant").count(), 63);
}

#[rstest]
#[tokio::test]
async fn a_disabled_user_is_not_linked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await;
    let alice = app.add_user(ALICE).await;
    let code = app.alexa().code_from(&app.person()).await;
    app.database.store.disable_user(alice, couplet::model::time::Clock::now(&*app.clock)).await.unwrap();
    assert_eq!(app.alexa().exchange(&code, &[]).await.error(), "invalid_grant");
}

#[rstest]
#[tokio::test]
async fn an_exchange_answers_as_rfc_6749_says(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let code = app.alexa().code_from(&app.person()).await;
    let answer = app.alexa().exchange(&code, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text("token_type"), "Bearer");
    assert_eq!(answer.json["expires_in"], 3600);
    assert_eq!(answer.text("scope"), "lights:read lights:write");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/json"));
}
