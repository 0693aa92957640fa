//! Owns how a push service looks at who sends (RFC 8292).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::model::time::Timestamp;

/// The longest life of a token, in seconds.
const LONGEST: i64 = 24 * 3600;

/// Who sends.
pub struct Sender {
    /// The public key, an uncompressed point.
    pub key: Vec<u8>,
    /// To whom one may turn.
    pub contact: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    sub: Option<String>,
}

/// Checks the value of `Authorization` for the service of this origin.
pub fn check(authorization: &str, origin: &str, now: Timestamp) -> Result<Sender, &'static str> {
    let parameters = authorization.strip_prefix("vapid ").ok_or("Authorization has another scheme than vapid")?;
    let parameter = |name: &str| {
        let mut values =
            parameters.split(',').filter_map(|pair| pair.trim().split_once('=')).filter(|(is, _)| *is == name);
        values.next().map(|(_, value)| value).filter(|_| values.next().is_none())
    };
    let token = parameter("t").ok_or("there is no token, or more than one")?;
    let key = parameter("k").and_then(decoded).filter(|key| key.len() == 65 && key.starts_with(&[4]));
    let key = key.ok_or("there is no key that is an uncompressed point of P-256")?;
    let (text, signature) = token.rsplit_once('.').ok_or("the token is no JWT")?;
    let (header, claims) = text.split_once('.').ok_or("the token is no JWT")?;
    let header: Header = json(header).ok_or("the token's header is malformed")?;
    if (header.typ.as_str(), header.alg.as_str()) != ("JWT", "ES256") {
        return Err("the token is signed otherwise than with ES256");
    }
    let signature = decoded(signature).ok_or("the signature is malformed")?;
    let signed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key).verify(text.as_bytes(), &signature);
    signed.map_err(|_| "the signature is wrong")?;
    let claims: Claims = json(claims).ok_or("aud or exp is missing")?;
    check_claims(&claims, origin, now)?;
    Ok(Sender { key, contact: claims.sub })
}

fn check_claims(claims: &Claims, origin: &str, now: Timestamp) -> Result<(), &'static str> {
    if claims.aud != origin {
        return Err("aud is another service's origin");
    }
    let left = claims.exp.saturating_sub(now.timestamp());
    if left <= 0 || left > LONGEST {
        return Err("exp is over, or more than a day ahead");
    }
    let is_contact = |sub: &String| sub.starts_with("mailto:") || sub.starts_with("https://");
    if claims.sub.as_ref().is_some_and(|sub| !is_contact(sub)) {
        return Err("sub is no mailto: or https: address");
    }
    Ok(())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn json<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&decoded(part)?).ok()
}
