//! A token that a backend is given lives for a while: near its end it is refreshed first, once, and not before.

use couplet::rehearse::login_with_amazon::Fault;
use rstest::rstest;
use serde_json::json;

use super::Stage;
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn a_fresh_token_is_given_as_it_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let token = stage.given().await;
    stage.pass(54 * 60);
    assert_eq!(stage.given().await, token);
    stage.pass(59);
    assert_eq!(stage.given().await, token);
    assert_eq!(stage.amazon.seen().refreshes, 0);
}

#[rstest]
#[tokio::test]
async fn giving_a_fresh_token_writes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let mut rows = stage.rows().await;
    let before = rows.version().await;
    for _ in 0..3 {
        stage.given().await;
    }
    assert_eq!(rows.version().await, before);
}

#[rstest]
#[tokio::test]
async fn a_token_near_its_end_is_refreshed_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let former = stage.given().await;
    stage.pass(56 * 60);
    let answer = stage.ask().await;
    let token = super::partner_token_in(&answer);
    assert!(token != former && stage.amazon.is_valid(&token));
    assert_eq!(answer.json["expires_in"], 3600);
    assert_eq!(stage.given().await, token);
    assert_eq!(stage.amazon.seen().refreshes, 1);
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn the_last_five_minutes_are_the_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(55 * 60);
    stage.given().await;
    assert_eq!(stage.amazon.seen().refreshes, 1);
}

#[rstest]
#[tokio::test]
async fn a_token_that_ended_long_ago_is_refreshed_too(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(23 * 3600);
    assert!(stage.amazon.is_valid(&stage.given().await));
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn refresh_follows_refresh_with_the_latest_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    for refreshes in 1..=5 {
        stage.pass(58 * 60);
        assert!(stage.amazon.is_valid(&stage.given().await));
        assert_eq!(stage.amazon.seen().refreshes, refreshes);
    }
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn many_who_ask_at_once_share_one_refresh(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(56 * 60);
    let tries: Vec<_> = (0..20)
        .map(|_| {
            let (client, token) = (stage.alexa.clone(), stage.tokens.access.clone());
            tokio::spawn(async move { client.partner_token(&token, &[]).await })
        })
        .collect();
    for answer in tries {
        // Whoever waits long gets the former one, which still lives.
        assert!(stage.amazon.is_valid(&super::partner_token_in(&answer.await.unwrap())));
    }
    assert_eq!(stage.amazon.seen().refreshes, 1);
}

#[rstest]
#[tokio::test]
async fn of_a_short_life_the_first_half_is_used(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    stage.amazon.expires_in(100, false);
    stage.link_back(&stage.tokens).await;
    stage.pass(49);
    stage.given().await;
    assert_eq!(stage.amazon.seen().refreshes, 0);
    stage.pass(1);
    stage.given().await;
    assert_eq!(stage.amazon.seen().refreshes, 1);
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_is_kept(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(56 * 60);
    let body = json!({"access_token": "Atza|a", "token_type": "bearer", "expires_in": 3600});
    stage.amazon.break_next([Fault::Status(200, "application/json", body.to_string())]);
    assert_eq!(stage.given().await, "Atza|a");
    stage.pass(56 * 60);
    assert!(stage.amazon.is_valid(&stage.given().await));
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_that_is_replaced_is_not_used_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(56 * 60);
    let body = json!({"access_token": "Atza|a", "refresh_token": "Atzr|another", "expires_in": 3600});
    stage.amazon.break_next([Fault::Status(200, "application/json", body.to_string())]);
    assert_eq!(stage.given().await, "Atza|a");
    stage.pass(56 * 60);
    super::assert_refused(&stage.ask().await, 400, "invalid_grant");
    assert!(stage.amazon.seen().refused[0].contains("the refresh token is unknown"), "the former one is known");
}

#[rstest]
#[tokio::test]
async fn a_token_that_can_t_be_replaced_is_given_until_its_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::one_way(backend).await;
    let body = json!({"access_token": "Atza|a", "token_type": "bearer", "expires_in": 3600});
    stage.amazon.break_next([Fault::Status(200, "application/json", body.to_string())]);
    stage.link_back(&stage.tokens).await;
    stage.pass(3589);
    assert_eq!(stage.given().await, "Atza|a");
    stage.pass(1);
    let words = super::assert_refused(&stage.ask().await, 400, "invalid_grant");
    assert!(words.contains("link again"), "{words}");
}

#[rstest]
#[tokio::test]
async fn a_link_that_is_refreshed_itself_still_gets_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.pass(56 * 60);
    let refreshed = crate::support::platform::Tokens::from(&stage.alexa.refresh(&stage.tokens.refresh).await);
    let token = super::partner_token_in(&stage.alexa.partner_token(&refreshed.access, &[]).await);
    assert!(stage.amazon.is_valid(&token));
    stage.amazon.assert_content();
}
