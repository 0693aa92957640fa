//! Codes, refresh tokens, opaque access tokens, token ids and session cookies: nothing is taken for ours that we did not make.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use couplet::identity::held_secret::HeldSecret;
use couplet::model::ids::GrantId;
use couplet::model::time::Timestamp;
use couplet::tokens::derived::TokenKeys;
use couplet::tokens::opaque::{AccessTokenId, AuthorizationCode, OpaqueAccessToken, RefreshToken};

use super::Counting;

fn keys() -> &'static TokenKeys {
    static KEYS: OnceLock<TokenKeys> = OnceLock::new();
    KEYS.get_or_init(|| TokenKeys::from_root(&[7; 32]).expect("keys can be derived"))
}

/// Everything that was ever made with these keys. The seeds are these.
pub fn made() -> Vec<String> {
    let first = AuthorizationCode::random(&Counting).first_refresh(keys());
    let second = first.successor(keys());
    let access = |scope_mask| OpaqueAccessToken {
        id: AccessTokenId::random(GrantId::random(&Counting), 3, &Counting),
        scope_mask,
        issued_at: Timestamp::from_timestamp(1_795_000_000, 0).expect("a time"),
        expires_at: Timestamp::from_timestamp(1_795_003_600, 0).expect("a time"),
    };
    let texts =
        [first.encode(keys()), second.encode(keys()), access(1).encode(keys()), access(u64::MAX).encode(keys())];
    texts.iter().map(|text| text.expose().to_owned()).collect()
}

pub fn run(data: &[u8]) {
    static MADE: OnceLock<Vec<String>> = OnceLock::new();
    let made = MADE.get_or_init(made);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours = |text: &str| made.iter().any(|made| made == text);

    let refresh = RefreshToken::parse(text, keys());
    let access = OpaqueAccessToken::parse(text, keys());
    assert_eq!(refresh.is_some() || access.is_some(), ours(text), "{text}");
    assert!(refresh.is_none() || access.is_none());
    if let Some(token) = refresh {
        assert_eq!(token.encode(keys()).expose(), text);
    }
    if let Some(token) = access {
        assert_eq!(token.encode(keys()).expose(), text);
    }
    // A code says nothing by itself; but it has one spelling.
    if let Some(code) = AuthorizationCode::parse(text) {
        assert_eq!(code.encode().expose(), text);
        assert!(!ours(text));
        let token = code.first_refresh(keys());
        let read = RefreshToken::parse(token.encode(keys()).expose(), keys()).expect("we made it");
        assert_eq!((read.grant_id, read.generation), (code.grant_id, 0));
        assert_eq!(read.secret.expose(), token.secret.expose());
    }
    if let Some(id) = AccessTokenId::from_jti(text) {
        assert_eq!(id.to_jti(), text);
    }
    if let Some(HeldSecret { id, secret }) = HeldSecret::parse(text) {
        let written = URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), secret.expose()].concat());
        assert_eq!(written, text);
    }
}
