//! What a backend is given: the partner's access token and what it needs to know of it, and never anybody else's.

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::rehearse::login_with_amazon::Fault;
use rstest::rstest;
use serde_json::json;

use super::{ACCESS_TOKEN, Stage, assert_refused, partner_token_in};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::Amazon;

/// Lets Amazon answer the next request with `body`.
fn answer_with(amazon: &Amazon, body: serde_json::Value) {
    amazon.break_next([Fault::Status(200, "application/json", body.to_string())]);
}

#[rstest]
#[tokio::test]
async fn bob_never_gets_alice_s_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let bob = stage.link_bob().await;
    assert_refused(&stage.alexa.partner_token(&bob.access, &[]).await, 400, "invalid_target");
    stage.link_back(&bob).await;
    let bobs = partner_token_in(&stage.alexa.partner_token(&bob.access, &[]).await);
    assert_ne!(bobs, stage.given().await);
    stage.pass(3400);
    let (hers, his) = (stage.given().await, partner_token_in(&stage.alexa.partner_token(&bob.access, &[]).await));
    assert!(hers != his && stage.amazon.is_valid(&hers) && stage.amazon.is_valid(&his));
    stage.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn a_token_sealed_for_bob_does_not_open_in_alice_s_row(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("access_token", "refresh_token")] column: &str,
) {
    let stage = Stage::on(backend).await;
    let bob = stage.link_bob().await;
    stage.link_back(&bob).await;
    let mut rows = stage.rows().await;
    let hers = rows.id(&stage.grant_id().await);
    let his = format!("(SELECT {column} FROM reverse_links WHERE grant_id <> {hers})");
    rows.change(&format!("UPDATE reverse_links SET {column} = {his} WHERE grant_id = {hers}")).await;
    stage.pass(if column == "refresh_token" { 3595 } else { 0 });
    let refused = stage.ask().await;
    assert_eq!(refused.status, 503, "{}", refused.json);
    assert_eq!(stage.amazon.seen().refreshes, 0);
    partner_token_in(&stage.alexa.partner_token(&bob.access, &[]).await);
}

#[rstest]
#[tokio::test]
async fn the_answer_holds_an_access_token_and_no_refresh_token(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |_| {}, |settings| settings.access_token = format).await;
    stage.link_back(&stage.tokens).await;
    let answer = stage.ask().await;
    let token = partner_token_in(&answer);
    assert!(stage.amazon.is_valid(&token));
    let expected = json!({
        "access_token": token, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600,
        "scope": "alexa::async_event:write",
    });
    assert_eq!(answer.json, expected);
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[rstest]
#[case(&[("requested_token_type", ACCESS_TOKEN)])]
#[case(&[("scope", "alexa::async_event:write"), ("unknown", "x")])]
#[tokio::test]
async fn other_ways_to_ask_get_the_same(#[case] more: &[(&str, &str)]) {
    let stage = Stage::on(Sqlite).await;
    let token = partner_token_in(&stage.alexa.partner_token(&stage.tokens.access, more).await);
    assert_eq!(token, stage.given().await);
}

#[rstest]
#[tokio::test]
async fn the_life_that_is_left_counts_down(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    for (passed, left) in [(0, 3600), (1, 3599), (600, 2999), (2698, 301)] {
        stage.pass(passed);
        assert_eq!(stage.ask().await.json["expires_in"], left);
    }
}

#[rstest]
#[tokio::test]
async fn a_life_is_read_as_a_number_and_as_a_text(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(false, true)] as_text: bool,
) {
    let stage = Stage::one_way(backend).await;
    stage.amazon.expires_in(1200, as_text);
    stage.link_back(&stage.tokens).await;
    assert_eq!(stage.ask().await.json["expires_in"], 1200);
    stage.amazon.expires_in(1800, as_text);
    stage.pass(900);
    assert_eq!(stage.ask().await.json["expires_in"], 1800, "after a refresh");
    stage.amazon.assert_content();
}

#[rstest]
#[case::unknown(json!({}), 3600)]
#[case::null(json!({"expires_in": null}), 3600)]
#[case::nonsense(json!({"expires_in": "soon"}), 3600)]
#[case::negative(json!({"expires_in": -1}), 3600)]
#[case::endless(json!({"expires_in": u64::MAX}), 365 * 86_400)]
#[tokio::test]
async fn a_life_that_can_t_be_believed_costs_no_token(#[case] life: serde_json::Value, #[case] told: u64) {
    let stage = Stage::one_way(Sqlite).await;
    let mut body = json!({"access_token": "Atza|a", "refresh_token": "Atzr|a", "token_type": "bearer"});
    body.as_object_mut().unwrap().extend(life.as_object().unwrap().clone());
    answer_with(&stage.amazon, body);
    stage.link_back(&stage.tokens).await;
    let answer = stage.ask().await;
    assert_eq!((partner_token_in(&answer).as_str(), &answer.json["expires_in"]), ("Atza|a", &json!(told)));
}

#[rstest]
#[case::silent(json!({}), "alexa::async_event:write")]
#[case::no_text(json!({"scope": ["profile"]}), "alexa::async_event:write")]
#[case::told(json!({"scope": "profile postal_code"}), "profile postal_code")]
#[tokio::test]
async fn the_scope_is_the_partner_s_word_or_else_the_configured_one(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] said: serde_json::Value,
    #[case] told: &str,
) {
    let stage = Stage::one_way(backend).await;
    let mut body = json!({"access_token": "Atza|a", "refresh_token": "Atzr|a", "expires_in": 3600});
    body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    answer_with(&stage.amazon, body);
    stage.link_back(&stage.tokens).await;
    assert_eq!(stage.ask().await.json["scope"], told);
}
