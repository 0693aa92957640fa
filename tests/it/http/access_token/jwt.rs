//! JWT access tokens (RFC 9068).

use couplet::model::time::Clock;
use rstest::rstest;
use serde_json::{Value, json};

use super::verified;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET, TestApp};

#[rstest]
#[tokio::test]
async fn a_jwt_says_what_rfc_9068_demands(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = client.link(&app.person()).await;
    let mut token = verified(&app, &tokens.access).await;
    assert_eq!(token.header.typ.as_deref(), Some("at+jwt"));
    let (now, jti) = (app.clock.now().timestamp(), token.claims["jti"].take());
    assert!(!jti.as_str().unwrap().is_empty());
    let expected = json!({
        "iss": app.url, "sub": alice.to_string(), "aud": app.url, "exp": now + 3600, "iat": now, "jti": null,
        "client_id": "app", "scope": "read write",
    });
    assert_eq!(token.claims, expected);
}

#[rstest]
#[tokio::test]
async fn every_jwt_has_an_id_of_its_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let first = client.link(&app.person()).await;
    let mut ids = vec![verified(&app, &first.access).await.claims["jti"].clone()];
    for _ in 0..5 {
        let access = client.refresh(&first.refresh).await.text("access_token");
        let id = verified(&app, &access).await.claims["jti"].clone();
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[rstest]
#[tokio::test]
async fn the_issuer_is_the_public_url(#[values(Sqlite, Postgres)] backend: Backend) {
    let public = Some("https://auth.example.com".parse().unwrap());
    let app = TestApp::with(backend, |config| config.public_url = public).await;
    let metadata: Value = {
        let url = format!("{}/.well-known/oauth-authorization-server", app.url);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    };
    assert_eq!(metadata["issuer"], "https://auth.example.com");
    assert_eq!(app.app.protocol.policy.issuer, "https://auth.example.com");
}

#[rstest]
#[tokio::test]
async fn only_public_halves_of_keys_are_published(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let answer = reqwest::get(format!("{}/.well-known/jwks.json", app.url)).await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().contains("json"));
    let keys: Value = answer.json().await.unwrap();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let mut members: Vec<_> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((&keys[0]["alg"], &keys[0]["use"]), (&json!("ES256"), &json!("sig")));
}
