//! Tokens that somebody else made: none is taken, and none is an error of ours.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use couplet::model::client::AccessTokenFormat::Opaque;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{kid_of, published, verified};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::Platform;

/// A client, a good token of its, and the claims of that.
async fn good_token(app: &TestApp) -> (Platform, String, Value) {
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let access = client.link(&app.person()).await.access;
    let claims = verified(app, &access).await.claims;
    assert!(client.is_active(&access).await);
    (client, access, claims)
}

fn base64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[rstest]
#[case("none")]
#[case("None")]
#[case("NONE")]
#[case("")]
#[tokio::test]
async fn a_token_without_a_signature(#[values(Sqlite, Postgres)] backend: Backend, #[case] algorithm: &str) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, access, claims) = good_token(&app).await;
    let header = base64(json!({"alg": algorithm, "typ": "at+jwt", "kid": kid_of(&access)}).to_string());
    let payload = base64(claims.to_string());
    let signature = access.split('.').nth(2).unwrap();
    for token in
        [format!("{header}.{payload}."), format!("{header}.{payload}"), format!("{header}.{payload}.{signature}")]
    {
        assert!(!client.is_active(&token).await, "{token}");
    }
    let (signed, _) = access.rsplit_once('.').unwrap();
    assert!(!client.is_active(&format!("{signed}.")).await);
}

#[rstest]
#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_shared_secret(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, access, claims) = good_token(&app).await;
    let jwk = serde_json::to_value(&published(&app).await.keys[0]).unwrap();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    for secret in [jwk.to_string().into_bytes(), point, coordinate("x"), Vec::new()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            (header.typ, header.kid) = (Some("at+jwt".to_owned()), Some(kid_of(&access)));
            let token = encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
            assert!(!client.is_active(&token).await);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_token_with_other_claims_under_a_good_signature(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, access, claims) = good_token(&app).await;
    let parts: Vec<&str> = access.split('.').collect();
    for (name, value) in
        [("scope", json!("read write admin")), ("exp", json!(9_999_999_999_i64)), ("client_id", json!("x"))]
    {
        let mut changed = claims.clone();
        changed[name] = value;
        let token = format!("{}.{}.{}", parts[0], base64(changed.to_string()), parts[2]);
        assert!(!client.is_active(&token).await, "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn a_token_signed_with_a_key_of_its_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let (client, access, claims) = good_token(&app).await;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EncodingKey::from_ec_der(pair.as_ref());
    for kid in [Some(kid_of(&access)), Some("unknown".to_owned()), Some("'; --".to_owned()), None] {
        let mut header = Header::new(Algorithm::ES256);
        (header.typ, header.kid) = (Some("at+jwt".to_owned()), kid.clone());
        let token = encode(&header, &claims, &key).unwrap();
        assert!(!client.is_active(&token).await, "{kid:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_opaque_token_with_a_character_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.access_token = Opaque).await;
    let access = client.link(&app.person()).await.access;
    for index in 0..access.len() {
        let other = if &access[index..=index] == "A" { "B" } else { "A" };
        let mut changed = access.clone();
        changed.replace_range(index..=index, other);
        assert!(!client.is_active(&changed).await, "at {index}");
    }
    assert!(client.is_active(&access).await);
}
