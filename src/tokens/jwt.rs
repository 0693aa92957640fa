//! Owns access tokens in JWT form (RFC 9068), signed ES256, and the published keys. Leaves which key is in force to
//! `keys.rs`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use crate::model::failure::Fault;
use crate::model::secret::{PlainSecret, sha256};

/// The media type of an access token in its header (RFC 9068 section 2.1).
const AT_JWT: &str = "at+jwt";

/// The claims of an access token (RFC 9068 section 2.2). Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer: our public URL.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// For whom it is: the issuer, since a link is with the whole service.
    pub aud: String,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its id, as [`crate::tokens::opaque::AccessTokenId`] writes it.
    pub jti: String,
    /// The client it was issued to.
    pub client_id: String,
    /// What it permits; left out when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// A published key (RFC 7517 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    crv: &'static str,
    /// The key's name.
    pub kid: String,
    x: String,
    y: String,
}

/// A P-256 key pair that signs and checks access tokens.
pub struct SigningKey {
    jwk: Jwk,
    signer: EncodingKey,
    verifier: DecodingKey,
}

impl SigningKey {
    /// A fresh private key in PKCS #8 form, to be sealed and stored.
    pub fn generate() -> Result<Vec<u8>, Fault> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Ok(made.map_err(|_| Fault::new("making a signing key failed"))?.as_ref().to_vec())
    }

    /// Reads a private key in PKCS #8 form.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Fault> {
        let broken = || Fault::new("a stored signing key is no P-256 private key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| broken())?;
        let point = pair.public_key().as_ref();
        let (x, y) = match point.split_first() {
            Some((4, xy)) if xy.len() == 64 => xy.split_at(32),
            _ => return Err(broken()),
        };
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = Jwk { kty: "EC", usage: "sig", alg: "ES256", crv: "P-256", kid: thumbprint(&x, &y), x, y };
        let verifier = DecodingKey::from_ec_components(&jwk.x, &jwk.y).map_err(|_| broken())?;
        Ok(Self { jwk, signer: EncodingKey::from_ec_der(pkcs8), verifier })
    }

    /// The public half.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs the claims.
    pub fn sign(&self, claims: &AccessClaims) -> Result<PlainSecret, Fault> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(AT_JWT.to_owned());
        header.kid = Some(self.jwk.kid.clone());
        let token = encode(&header, claims, &self.signer);
        token.map(PlainSecret::from).map_err(|_| Fault::new("signing an access token failed"))
    }

    /// The claims of a token that this key signed, whether it has ended or not. Other algorithms, other types and other
    /// issuers are refused (RFC 9068 section 4), and extensions that must be understood (RFC 7515 section 4.1.11).
    pub fn read(&self, token: &str, issuer: &str) -> Option<AccessClaims> {
        let mut validation = Validation::new(Algorithm::ES256);
        // The clock is handed in elsewhere; `exp` is checked there.
        validation.validate_exp = false;
        validation.set_audience(&[issuer]);
        validation.set_issuer(&[issuer]);
        let data = decode::<AccessClaims>(token, &self.verifier, &validation).ok()?;
        let is_ours = data.header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(AT_JWT));
        (is_ours && data.header.crit.is_none()).then_some(data.claims)
    }
}

/// The name of the key that a token says it was signed with.
pub fn kid_of(token: &str) -> Option<String> {
    decode_header(token).ok()?.kid
}

/// RFC 7638: SHA-256 over the required members in order.
fn thumbprint(x: &str, y: &str) -> String {
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(sha256(&[canonical.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::{AccessClaims, SigningKey, kid_of};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

    const ISSUER: &str = "https://auth.example.com";

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap()
    }

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: ISSUER.into(),
            sub: "user".into(),
            aud: ISSUER.into(),
            exp: 10,
            iat: 5,
            jti: "id".into(),
            client_id: "client".into(),
            scope: "read".into(),
        }
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let token = key().sign(&claims()).unwrap();
        let payload = token.expose().split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        assert_eq!(key().read(&format!("{header}.{payload}."), ISSUER), None);
    }

    #[test]
    fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
        let key = key();
        let secret = serde_json::to_vec(key.jwk()).unwrap();
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        let forged = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(key.read(&forged, ISSUER), None);
    }

    #[test]
    fn a_token_of_another_key_issuer_or_type_is_refused() {
        let (ours, other) = (key(), key());
        assert_eq!(ours.read(other.sign(&claims()).unwrap().expose(), ISSUER), None);
        assert_eq!(ours.read(ours.sign(&claims()).unwrap().expose(), "https://other.example.com"), None);
        let id_token = encode(&Header::new(Algorithm::ES256), &claims(), &ours.signer).unwrap();
        assert_eq!(ours.read(&id_token, ISSUER), None);
    }

    #[test]
    fn a_signed_token_is_read_back_and_names_its_key() {
        let key = key();
        let token = key.sign(&claims()).unwrap();
        assert_eq!(key.read(token.expose(), ISSUER), Some(claims()));
        assert_eq!(kid_of(token.expose()), Some(key.jwk().kid.clone()));
    }
}
