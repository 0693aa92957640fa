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

use std::sync::Arc;

use couplet::app::SystemClock;
use couplet::config::Config;
use couplet::web::routes::{self, is_api, push};
use serde_json::Value;

use crate::support::app::{Backend, TestApp};
use crate::support::messages_api::Twilio;
use crate::support::raw::RawAnswer;

const FORM: &str = "application/x-www-form-urlencoded";

/// Where forms are posted.
const POSTS: [&str; 21] = [
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
    routes::SIGN_IN_BY_CODE,
    routes::REGISTER,
    routes::FORGOT,
    SERVICES,
    FACTORS,
    CHALLENGES,
    CHALLENGE,
    routes::devices::ENROL,
    routes::devices::REMOVE,
    routes::ACCOUNT_APPROVAL,
];

/// What is read.
const READS: [&str; 22] = [
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
    routes::SIGN_IN_BY_CODE,
    routes::REGISTER,
    routes::FORGOT,
    SERVICES,
    CHALLENGE,
    routes::devices::APPROVE,
    routes::devices::DEVICE_SCRIPT,
    routes::devices::ENROL_SCRIPT,
    routes::devices::APPROVE_SCRIPT,
    routes::devices::WORKER,
];

/// Paths of push verification, of things that are not there.
const SERVICES: &str = "/v2/Services";
const FACTORS: &str = "/v2/Services/VA0123456789abcdef0123456789abcdef/Entities/somebody/Factors";
const CHALLENGES: &str = "/v2/Services/VA0123456789abcdef0123456789abcdef/Entities/somebody/Challenges";
const CHALLENGE: &str =
    "/v2/Services/VA0123456789abcdef0123456789abcdef/Entities/somebody/Challenges/YC0123456789abcdef0123456789abcdef";

/// How a body that can't be read is refused: push verification asks first who sends it.
fn refused_with(path: &str, status: u16) -> u16 {
    if path.starts_with(push::PUSH) { 401 } else { status }
}

/// A server on which everything is switched on that can be; text messages go nowhere.
async fn whole(backend: Backend) -> TestApp {
    whole_with(backend, |_| {}).await
}

/// The same with a configuration that the test changes.
async fn whole_with(backend: Backend, change: impl FnOnce(&mut Config)) -> TestApp {
    let connector = Twilio::start(Arc::new(SystemClock)).connector();
    let everything = |config: &mut Config| {
        config.sms.twilio = Some(connector);
        config.sms.register = true;
        change(config);
    };
    TestApp::with(backend, everything).await
}

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
    if path.starts_with(push::PUSH) {
        let json: Value = serde_json::from_str(&answer.body).expect(&shown);
        let whole = json["code"].is_u64() && json["message"].is_string() && json["status"] == answer.status;
        assert!(whole && json["type"].is_null() && json["title"].is_null(), "{shown}");
    } else if is_api(path) {
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
    let devices = include_str!("../../../../src/web/routes/devices.rs");
    let words = |text: &'static str| text.split(|c: char| !c.is_alphanumeric() && c != '_');
    // Those for codes stand in the table by their use.
    let by_use = ["REGISTER", "FORGOT", "SIGN_IN_BY_CODE"];
    let named = |name: &str| {
        by_use.contains(&name) || words(public).any(|word| word == name) || devices.contains(&format!("({name},"))
    };
    for line in table.lines().chain(devices.lines()).filter_map(|line| line.strip_prefix("pub const ")) {
        let Some((name, path)) = line.split_once(": &str =") else { continue };
        let path = path.trim_start();
        let path = path.trim_matches(|c| c == '"' || c == ';');
        let by_content = ["STYLESHEET", "DEVICE_SCRIPT", "ENROL_SCRIPT", "APPROVE_SCRIPT"];
        let tried = POSTS.contains(&path) || READS.contains(&path) || by_content.contains(&name);
        assert!(tried || name.starts_with("DEV_") || !named(name), "{name} is served and not tried");
    }
}
