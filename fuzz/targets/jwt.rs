//! Access tokens in JWT form. The input is a token, in which `KEYID` stands for the name of our key and `SIGNED` for a token
//! that we signed: the key is a fresh one, no seed can hold its tokens.

use std::sync::OnceLock;

use couplet::tokens::jwt::{AccessClaims, SigningKey, kid_of};

const ISSUER: &str = "https://auth.example.com";

struct Signed {
    key: SigningKey,
    token: String,
    claims: AccessClaims,
}

fn signed() -> &'static Signed {
    static SIGNED: OnceLock<Signed> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let key = SigningKey::from_pkcs8(&SigningKey::generate().expect("a key")).expect("a key");
        let text = |text: &str| text.to_owned();
        let (iss, aud) = (text(ISSUER), text(ISSUER));
        let (sub, jti, client_id, scope) = (text("user"), text("id"), text("client"), text("read"));
        let claims = AccessClaims { iss, sub, aud, exp: 10, iat: 5, jti, client_id, scope };
        let token = key.sign(&claims).expect("signing").expose().to_owned();
        Signed { key, token, claims }
    })
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Signed { key, token, claims } = signed();
    let presented = text.replace("SIGNED", token).replace("KEYID", &key.jwk().kid);
    if let Some(kid) = kid_of(&presented) {
        assert!(kid.len() <= presented.len());
    }
    if let Some(read) = key.read(&presented, ISSUER) {
        // A signature has more than one spelling; what it signs has one.
        let message = |token: &str| token.rsplit_once('.').map(|(message, _)| message.to_owned());
        assert_eq!(message(&presented), message(token), "a token is read that we did not sign");
        assert_eq!(read, *claims);
    }
    assert_eq!(key.read(&presented, "https://other.example.com"), None);
    changed(data, key, token);
}

/// Our token with one bit changed in what is signed.
fn changed(data: &[u8], key: &SigningKey, token: &str) {
    let (Some(at), Some(bit)) = (data.first(), data.get(1)) else { return };
    let mut bytes = token.as_bytes().to_vec();
    let end = token.rfind('.').expect("a JWT has dots");
    let at = (usize::from(*at) * 2) % end;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (bit % 7);
    }
    if let Ok(text) = String::from_utf8(bytes) {
        assert_eq!(key.read(&text, ISSUER), None);
    }
}
