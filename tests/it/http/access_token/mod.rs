//! Access tokens: what they say, who can check them, and that nobody else can make one.

mod forged;
mod jwt;
mod key_rotation;
mod opaque;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use serde_json::Value;

use crate::support::app::TestApp;

/// The published keys, as a resource server reads them.
async fn published(app: &TestApp) -> JwkSet {
    reqwest::get(format!("{}/.well-known/jwks.json", app.url)).await.unwrap().json().await.unwrap()
}

/// Checks a token as a resource server does (RFC 9068 section 4) that knows nothing but the published keys. Its end is left
/// to the test, whose clock is not that of the machine.
async fn verified(app: &TestApp, token: &str) -> TokenData<Value> {
    let keys = published(app).await;
    let kid = decode_header(token).unwrap().kid.expect("the token names its key");
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("its key is published")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_issuer(&[&app.url]);
    validation.set_audience(&[&app.url]);
    decode(token, &key, &validation).unwrap()
}

fn kid_of(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}
