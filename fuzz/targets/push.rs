//! What back ends and devices send to push verification: signed answers and request tokens, SIDs, identities, dates, page tokens
//! and addresses of webhooks.

use std::net::IpAddr;

use couplet::model::push::date;
use couplet::model::push::identity::Identity;
use couplet::model::push::paging::Cursor;
use couplet::model::push::sid::{AccountSid, FactorSid};
use couplet::model::time::Timestamp;
use couplet::push::answer::check;
use couplet::push::request_jwt::RequestJwt;
use couplet::push::signatures::DeviceKey;
use couplet::push::targets::Targets;
use serde_json::Map;
use url::{Host, Url};

/// A key that has signed nothing.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = DeviceKey::parse(KEY).expect("the generator of P-256 is a point");
    assert!(check(&key, text, &Map::new()).is_err(), "an answer that nobody signed");
    assert!(!key.signed_der("YF0123456789abcdef0123456789abcdef", text), "a signature that nobody made");
    if let Some(jwt) = RequestJwt::parse(text) {
        let account = AccountSid::parse("AC0123456789abcdef0123456789abcdef").expect("a SID");
        let now = Timestamp::from_timestamp(1_767_225_605, 0).expect("a time");
        assert!(jwt.check(&key, account, now).is_err(), "a request that nobody signed");
    }
    if let Some(sid) = FactorSid::parse(text) {
        assert!(sid.to_string().eq_ignore_ascii_case(text) && text.starts_with("YF"));
    }
    if let Some(identity) = Identity::parse(text) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        assert!(identity.as_str() == text && text.bytes().all(plain) && (8..=64).contains(&text.len()));
    }
    if let Some(cursor) = Cursor::read(text) {
        assert!(cursor.token().is_some_and(|token| token.eq_ignore_ascii_case(text)));
    }
    if let Some(at) = date::read(text).filter(|at| (0..=253_402_300_799).contains(&at.timestamp())) {
        assert_eq!(date::read(&date::written(at)), Some(at), "a date changed when it was written");
    }
    reach(text);
}

/// No literal address of this machine is a target, in whatever form it is written.
fn reach(text: &str) {
    if Targets::new(Vec::new()).why_not(text).is_some() {
        return;
    }
    let url = Url::parse(text).expect("a target is a URL");
    let address: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    let address = address.map(|address| address.to_canonical());
    assert!(!address.is_some_and(|address| address.is_loopback() || address.is_unspecified()), "{text}");
}
