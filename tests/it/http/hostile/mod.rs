//! Requests of somebody who means harm, at every path of the public table: never a 5xx, never a word about our inside, and
//! each answer in the language of its path.

mod headers;
mod jwt;
mod log;
mod parameters;
mod paths;
mod redirects;
mod smuggling;
mod storm;

use couplet::web::routes::{self, is_api};
use serde_json::Value;

use crate::support::raw::RawAnswer;

const FORM: &str = "application/x-www-form-urlencoded";

/// Where forms are posted.
const POSTS: [&str; 12] = [
    routes::TOKEN,
    routes::INTROSPECT,
    routes::REVOKE,
    routes::RECIPROCAL,
    routes::TWILIO_ACCESS_TOKEN,
    routes::AUTHORIZE,
    routes::SIGN_IN,
    routes::SIGN_IN_APPROVE,
    routes::CONSENT,
    routes::SIGN_OUT,
    routes::UNLINK,
    routes::ACCOUNT_APPROVAL,
];

/// What is read.
const READS: [&str; 12] = [
    routes::AUTHORIZE,
    routes::TWILIO_ACCESS_TOKEN,
    routes::METADATA,
    routes::OPENID_METADATA,
    routes::JWKS,
    routes::HEALTHZ,
    routes::READYZ,
    routes::ACCOUNT,
    routes::SIGN_IN_APPROVE,
    routes::HOME,
    routes::STYLESHEET,
    routes::ICON,
];

/// A whole request; `headers` are lines with their ends.
fn request(method: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A posted form.
fn post(target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    request("POST", target, &format!("Content-Type: {FORM}\r\n{headers}"), body)
}

/// What is promised of every answer to whatever request.
#[track_caller]
fn assert_sound(path: &str, answer: &RawAnswer) {
    let shown = format!("{path}: {answer:?}");
    assert!((200..500).contains(&answer.status), "{shown}");
    for told in ["panicked", "src/", ".rs:", "RUST_BACKTRACE", "sqlx", "SELECT ", "actix"] {
        assert!(!answer.body.contains(told), "{shown}");
    }
    for (name, _) in &answer.headers {
        let forbidden = name.starts_with("access-control-") || ["server", "x-powered-by"].contains(&name.as_str());
        assert!(!forbidden, "{shown}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{shown}");
    assert!(!answer.header("referrer-policy").is_empty() && !answer.header("cache-control").is_empty(), "{shown}");
    if answer.status >= 400 && !answer.body.is_empty() {
        assert_eq!(answer.header("cache-control"), "no-store", "{shown}");
        assert_refusal(path, answer);
    }
}

/// JSON on API paths, a page that no other can frame on page paths.
#[track_caller]
fn assert_refusal(path: &str, answer: &RawAnswer) {
    let shown = format!("{path}: {answer:?}");
    if is_api(path) {
        let json: Value = serde_json::from_str(&answer.body).expect(&shown);
        assert!(json["error"].is_string() && json["error_description"].is_string(), "{shown}");
    } else {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{shown}");
        assert!(answer.body.contains("<h1"), "{shown}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{shown}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{shown}");
    }
}

#[test]
fn every_path_of_the_public_table_is_tried() {
    let table = include_str!("../../../../src/web/routes.rs");
    let (_, public) = table.split_once("pub fn public").unwrap();
    let (public, _) = public.split_once("\n}\n").unwrap();
    let named = |name: &str| public.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
    for line in table.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let Some((name, path)) = line.split_once(": &str =") else { continue };
        let path = path.trim_start();
        let path = path.trim_matches(|c| c == '"' || c == ';');
        let tried = POSTS.contains(&path) || READS.contains(&path) || ["STYLESHEET"].contains(&name);
        assert!(tried || name.starts_with("DEV_") || !named(name), "{name} is served and not tried");
    }
}
