//! JWTs that are signed, and by a published key even, but are no access tokens of ours (RFC 8725, RFC 9068 section 4).

use std::net::TcpListener;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use couplet::model::time::Clock;
use couplet::store::keys::{AddKey, KeyPurpose, SealedKey};
use couplet::tokens::jwt::SigningKey;
use couplet::tokens::seal::Place;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::Platform;

/// A server that signs with a key we know, a client, and the claims of a good token of its.
struct Forge {
    app: TestApp,
    client: Platform,
    pair: EcdsaKeyPair,
    kid: String,
    claims: Value,
}

fn base64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

impl Forge {
    async fn on(backend: Backend) -> Self {
        let app = TestApp::on(backend).await.with_alice().await;
        let pkcs8 = SigningKey::generate().unwrap();
        let kid = SigningKey::from_pkcs8(&pkcs8).unwrap().jwk().kid.clone();
        let (purpose, keys) = (KeyPurpose::SignEs256, &app.app.protocol.keys);
        let place = Place { table: "keys", column: "sealed", row: &format!("{}/1", purpose.as_str()) };
        let sealed = keys.seal(place, &pkcs8).unwrap();
        let key = SealedKey { purpose, serial: 1, kid: kid.clone(), sealed, created_at: app.clock.now() };
        assert_eq!(app.database.store.add_key(&key).await.unwrap(), AddKey::Added);
        keys.published().await.unwrap();
        let client = app.add_app("app", Some(SECRET), |_| {}).await;
        let good = client.link(&app.person()).await.access;
        let claims = part(&good, 1);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
        let forge = Self { app, client, pair, kid, claims };
        assert!(forge.client.is_active(&forge.sign(&forge.header(), &forge.claims)).await, "what the cases change");
        forge
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", base64(header), base64(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64(signature))
    }

    /// Nobody takes it for an access token, and nothing breaks.
    async fn assert_worthless(&self, token: &str) {
        let shown = token.chars().take(300).collect::<String>();
        assert!(!self.client.is_active(token).await, "{shown}");
        assert_eq!(self.client.revoke(token).await.status, 200, "{shown}");
        let handed_over = self.client.hand_over(token, "a-code").await;
        // As a header it may be too long to be read at all.
        let refused = [(401, "invalid_token"), (431, "")].contains(&(handed_over.status.as_u16(), handed_over.error()));
        assert!(refused, "{} {}: {shown}", handed_over.status, handed_over.json);
    }
}

#[rstest]
#[tokio::test]
async fn a_genuine_signature_under_another_header(#[values(Sqlite, Postgres)] backend: Backend) {
    let forge = Forge::on(backend).await;
    let good = forge.header();
    for (name, value) in [
        // An ID token, a logout token, a proof, and no type at all.
        ("typ", json!("JWT")),
        ("typ", json!("id_token+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("at+jwt ")),
        ("typ", json!("")),
        ("typ", json!(["at+jwt"])),
        ("typ", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES384")),
        ("alg", json!("ES256K")),
        ("alg", json!("RS256")),
        ("alg", json!("es256")),
        ("alg", json!(["ES256"])),
        ("alg", Value::Null),
        ("kid", json!("")),
        ("kid", json!(0)),
        ("kid", json!([forge.kid])),
        ("kid", json!("../../../dev/null")),
        ("kid", json!("x' UNION SELECT 1 --")),
        ("kid", json!("x\u{0}")),
        ("kid", json!("k".repeat(30_000))),
        ("kid", Value::Null),
        // RFC 7515 section 4.1.11: whoever does not understand an extension that is critical refuses.
        ("crit", json!(["b64"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        let mut header = good.clone();
        header[name] = value.clone();
        if name == "crit" {
            (header["b64"], header["exp"]) = (json!(false), json!(1));
        }
        forge.assert_worthless(&forge.sign(&header, &forge.claims)).await;
    }
    let doubled = format!(r#"{{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, forge.kid);
    forge.assert_worthless(&forge.sign_text(&doubled, &forge.claims.to_string())).await;
}

#[rstest]
#[tokio::test]
async fn a_genuine_signature_over_other_claims(#[values(Sqlite, Postgres)] backend: Backend) {
    let forge = Forge::on(backend).await;
    let issuer = &forge.app.url;
    for (name, value) in [
        ("iss", json!("https://other.example.com")),
        ("iss", json!(format!("{issuer}/"))),
        ("iss", json!(issuer.to_uppercase())),
        ("iss", json!([issuer])),
        ("iss", Value::Null),
        ("aud", json!("https://other.example.com")),
        ("aud", json!("app")),
        ("aud", json!(["https://other.example.com"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(forge.app.clock.now().timestamp())),
        ("exp", json!("9999999999")),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("exp", Value::Null),
        ("iat", json!(i64::MAX)),
        ("iat", json!("now")),
        ("jti", json!("")),
        ("jti", json!("AAAA")),
        ("jti", json!("A".repeat(30_000))),
        ("jti", json!(base64([0; 28]))),
        ("jti", Value::Null),
        ("scope", json!("re\"ad")),
        ("scope", json!(["read"])),
        ("scope", json!({"read": true})),
    ] {
        let mut claims = forge.claims.clone();
        claims[name] = value;
        forge.assert_worthless(&forge.sign(&forge.header(), &claims)).await;
    }
    for whole in ["", "null", "[]", "7", "{", "{}", &"[".repeat(20_000), "\u{feff}{}"] {
        forge.assert_worthless(&forge.sign_text(&forge.header().to_string(), whole)).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_scope_that_was_never_granted_is_not_gained_by_a_signature(#[values(Sqlite, Postgres)] backend: Backend) {
    let forge = Forge::on(backend).await;
    let mut claims = forge.claims.clone();
    claims["scope"] = json!("read write admin");
    let token = forge.sign(&forge.header(), &claims);
    let told = forge.client.post("/oauth2/introspect", &[("token", &token)]).await;
    assert_eq!(told.text("scope"), "read write");
}

#[rstest]
#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let forge = Forge::on(backend).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let trap = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let pkcs8 = SigningKey::generate().unwrap();
    let own = SigningKey::from_pkcs8(&pkcs8).unwrap();
    let stranger = Forge { pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap(), ..forge };
    for kid in [stranger.kid.clone(), own.jwk().kid.clone()] {
        for (name, value) in [
            ("jwk", serde_json::to_value(own.jwk()).unwrap()),
            ("jku", json!(trap)),
            ("x5u", json!(trap)),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
        ] {
            let mut header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
            header[name] = value;
            stranger.assert_worthless(&stranger.sign(&header, &stranger.claims)).await;
        }
    }
    assert!(listener.accept().is_err(), "the server fetched a key");
}

#[rstest]
#[tokio::test]
async fn what_only_looks_like_a_jwt(#[values(Sqlite, Postgres)] backend: Backend) {
    let forge = Forge::on(backend).await;
    let good = forge.sign(&forge.header(), &forge.claims);
    let parts: Vec<&str> = good.split('.').collect();
    for token in [
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{}.{}", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        format!("{}.{}.{}", parts[0], parts[1], base64([0; 64])),
        format!("{}.{}.{}", parts[0], parts[1], base64([0xff; 64])),
        format!("{}.{}.", parts[0], parts[1]),
        good.replace('.', ".\u{0130}"),
        ".".repeat(60_000),
        "..".to_owned(),
        "cpla_".to_owned() + &good,
    ] {
        forge.assert_worthless(&token).await;
    }
}
