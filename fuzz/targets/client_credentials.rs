//! Client credentials in a request: one line is the Authorization header, the next one the body. And bearer tokens.

use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use couplet::model::parameters::{Parameters, encode};
use couplet::web::extract::{bearer, presented_client};

pub fn run(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, body) = data.split_at(at);
    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let form = Parameters::parse(body.get(1..).unwrap_or_default()).unwrap_or_default();
    let request = TestRequest::default().insert_header((AUTHORIZATION, value)).to_http_request();
    if let Ok(client) = presented_client::read(&request, &form) {
        let basic = client.basic.as_ref().expect("another scheme is refused, not ignored");
        assert!((1..=2).contains(&basic.secrets.len()));
        assert!(
            basic.id.len() + basic.secrets.iter().map(|secret| secret.expose().len()).sum::<usize>()
                <= 2 * header.len()
        );
        let id = client.client_id();
        assert!(client.body_id.is_none_or(|body| id.is_err() || body == basic.id), "two clients in one request");
    }
    if let Ok(Some(token)) = bearer::read(&request) {
        let text = std::str::from_utf8(header).expect("a token is text");
        assert!(text.to_ascii_lowercase().starts_with("bearer ") && text.contains(token.expose()));
        assert_eq!(token.expose().trim(), token.expose());
    }
    round_trip(header, body);
}

/// Whatever id and secret are: sent as RFC 6749 section 2.3.1 wants, they are read as they were.
fn round_trip(id: &[u8], secret: &[u8]) {
    let (Ok(id), Ok(secret)) = (std::str::from_utf8(id), std::str::from_utf8(secret)) else { return };
    if id.contains('\0') || secret.contains('\0') {
        return;
    }
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let request = TestRequest::default().insert_header((AUTHORIZATION, format!("Basic {pair}"))).to_http_request();
    let client = presented_client::read(&request, &Parameters::default()).expect("these are Basic credentials");
    let basic = client.basic.expect("these are Basic credentials");
    assert_eq!(basic.id, id);
    assert!(basic.secrets.iter().any(|read| read.expose() == secret));
}
