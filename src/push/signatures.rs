//! Owns checking the signatures of devices: ECDSA over P-256 with SHA-256. Leaves what is signed to `request_jwt.rs`,
//! `answer.rs` and `factors.rs`.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How a SubjectPublicKeyInfo of a P-256 key in uncompressed form begins (RFC 5480); the point's 65 bytes follow.
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A device's public key.
#[derive(Debug)]
pub struct DeviceKey(Vec<u8>);

impl DeviceKey {
    /// Reads standard Base64 of a SubjectPublicKeyInfo. Other curves, other encodings and points off the curve are none.
    pub fn parse(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text).ok()?;
        let point = der.strip_prefix(SPKI.as_slice()).filter(|point| point.len() == 65)?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
        Some(Self(point.to_vec()))
    }

    /// Whether this is standard Base64 of the key's DER signature over a text.
    pub fn signed_der(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(text.as_bytes(), &signature).is_ok()
    }

    /// Whether the key signed a token.
    pub fn signed(&self, token: &Jws<'_>) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0);
        token.header.alg == "ES256" && key.verify(token.text.as_bytes(), &token.signature).is_ok()
    }
}

/// The header of a token (RFC 7515 section 4.1). Extensions that have to be understood are not.
#[derive(Debug, Deserialize)]
pub struct JwsHeader {
    /// How it is signed.
    pub alg: String,
    /// The name of the key.
    pub kid: Option<String>,
    /// What the payload is.
    pub cty: Option<String>,
    #[serde(default)]
    crit: Value,
}

/// A token in compact form (RFC 7515 section 7.1), taken apart; nothing of it is believed yet.
#[derive(Debug)]
pub struct Jws<'a> {
    /// Its header.
    pub header: JwsHeader,
    /// Its payload.
    pub payload: Map<String, Value>,
    text: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart; `None` unless it has three parts in Base64url without padding, the first two of them JSON objects.
    pub fn parse(token: &'a str) -> Option<Self> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, payload) = text.split_once('.')?;
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: JwsHeader = serde_json::from_slice(&bytes(header)?).ok()?;
        let payload = serde_json::from_slice(&bytes(payload)?).ok()?;
        header.crit.is_null().then_some(())?;
        Some(Self { header, payload, text, signature: bytes(signature)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceKey, Jws};
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use rstest::rstest;

    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEv1U/PjoEh2+16m86qPokftLRHI8KijEVKVFvlBx304qcSMOAyqIBHgK3/q3Umwh7GKHxhkJlO1gIKn/MpdU6ng==";

    #[rstest]
    #[case::no_base64("not Base64")]
    #[case::nothing("")]
    #[case::line_break(&KEY.replace("AEv1", "AE\nv1"))]
    #[case::without_padding(KEY.trim_end_matches('='))]
    #[case::url_alphabet(&KEY.replace('/', "_"))]
    #[case::off_the_curve(&KEY.replace("ng==", "nw=="))]
    #[case::other_curve(&KEY.replace("AQcDQgAE", "AQgDQgAE"))]
    fn what_is_no_p256_key_is_refused(#[case] text: &str) {
        assert!(DeviceKey::parse(text).is_none());
    }

    #[test]
    fn a_key_in_another_encoding_or_with_more_behind_it_is_refused() {
        let der = STANDARD.decode(KEY).unwrap();
        let mut compressed = der[..59].to_vec();
        compressed[26] = 2;
        for other in [der[26..].to_vec(), compressed, [der.as_slice(), &[0]].concat(), der[..90].to_vec()] {
            assert!(DeviceKey::parse(&STANDARD.encode(other)).is_none());
        }
        assert!(DeviceKey::parse(KEY).is_some());
    }

    #[rstest]
    #[case::two_parts("e30.e30")]
    #[case::four_parts("eyJhbGciOiJFUzI1NiJ9.e30.e30.e30")]
    #[case::empty("")]
    #[case::no_algorithm("e30.e30.AA")]
    #[case::padded("eyJhbGciOiJFUzI1NiJ9.e30=.AA")]
    #[case::payload_is_a_list("eyJhbGciOiJFUzI1NiJ9.W10.AA")]
    fn what_is_no_token_is_refused(#[case] token: &str) {
        assert!(Jws::parse(token).is_none());
    }

    #[test]
    fn an_extension_that_has_to_be_understood_is_not() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","crit":["b64"]}"#);
        assert!(Jws::parse(&format!("{header}.e30.AA")).is_none());
    }
}
