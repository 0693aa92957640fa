//! Owns the answers that a platform refuses, one by one. Leaves the calls to the tests of whole rehearsals.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

use super::*;

fn answer(status: u16, media_type: &'static str, body: String) -> Recorded {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let took = Duration::from_millis(20);
    Recorded { request: String::new(), answer: String::new(), status, headers, body, took }
}

/// What the platform makes of a good answer in which one member has another value.
fn reason(name: &str, value: Value) -> &'static str {
    let mut body = json!({
        "access_token": "at", "token_type": "bearer", "expires_in": 3600, "refresh_token": "rt",
    });
    body[name] = value;
    let recorded = answer(200, "application/json;charset=UTF-8", body.to_string());
    check_tokens(&recorded, true).map_or_else(|fault| fault.reason, |()| "none")
}

#[test]
fn a_redirect_an_error_or_a_page_is_no_token_response() {
    let reason = |recorded: Recorded| check_tokens(&recorded, false).unwrap_err().reason;
    assert_eq!(reason(answer(302, "text/html", String::new())), "token_redirected");
    assert_eq!(reason(answer(503, "application/json", "{}".into())), "token_status");
    assert_eq!(reason(answer(200, "text/html", "{}".into())), "token_not_json");
    assert_eq!(reason(answer(200, "application/json", "[]".into())), "token_not_json");
}

#[test]
fn each_broken_member_has_its_own_reason() {
    assert_eq!(reason("access_token", Value::Null), "access_token_missing");
    assert_eq!(reason("access_token", json!("a".repeat(2049))), "token_too_long");
    assert_eq!(reason("access_token", json!("a b")), "token_characters");
    assert_eq!(reason("token_type", json!("mac")), "token_type");
    assert_eq!(reason("expires_in", Value::Null), "expires_in_missing");
    assert_eq!(reason("expires_in", json!("3600")), "expires_in_not_a_number");
    assert_eq!(reason("expires_in", json!(3600.5)), "expires_in_not_a_number");
    assert_eq!(reason("expires_in", json!(359)), "expires_in_too_short");
    assert_eq!(reason("refresh_token", json!("")), "refresh_token_missing");
    assert_eq!(reason("more", json!("x".repeat(5000))), "body_too_long");
}

#[test]
fn an_error_needs_both_its_status_and_its_code() {
    let wrong_code = answer(400, "application/json", r#"{"error":"invalid_request"}"#.into());
    let wrong_status = answer(401, "application/json", r#"{"error":"invalid_grant"}"#.into());
    let check = |recorded| check_error(&recorded, &[400], "invalid_grant").unwrap_err().reason;
    assert_eq!(check(wrong_code), "wrong_error_code");
    assert_eq!(check(wrong_status), "wrong_error_status");
}

#[test]
fn a_token_in_the_place_of_an_error_code_is_not_shown() {
    let body = r#"{"error":"Zm9vYmFy-token-0123"}"#.to_owned();
    let fault = check_tokens(&answer(400, "application/json", body), true).unwrap_err();
    assert!(!fault.detail().contains("Zm9v"), "{}", fault.detail());
}

#[test]
fn an_answer_after_the_deadline_is_too_slow() {
    let recorded = answer(200, "application/json", "{}".into());
    let fault = check_time(&Ok(recorded), Duration::from_millis(19)).unwrap_err();
    assert_eq!(fault.reason, "token_too_slow");
}

#[test]
fn a_refresh_may_leave_the_refresh_token_out() {
    let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":360}"#.to_owned();
    assert_eq!(check_tokens(&answer(200, "application/json", body), false), Ok(()));
}
