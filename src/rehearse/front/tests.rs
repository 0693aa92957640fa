//! Owns what is told of a sign-in that came to nothing. Leaves the pages to the tests of whole rehearsals.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};

use super::*;

fn refused(status: u16, retry_after: Option<&'static str>) -> Fault {
    let mut headers = HeaderMap::new();
    if let Some(wait) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(wait));
    }
    let (request, answer, body) = (String::new(), String::new(), String::new());
    sign_in_refused(&Recorded { request, answer, status, headers, body, took: Duration::ZERO })
}

#[test]
fn a_throttled_sign_in_is_told_with_its_wait_and_not_as_a_wrong_password() {
    let fault = refused(429, Some("30"));
    assert_eq!(fault.reason, "sign_in_throttled");
    assert_eq!(fault.seen, "too many failed sign-ins; wait 30 s");
}

#[test]
fn a_wait_that_is_missing_or_a_date_is_told_without_a_number() {
    for wait in [None, Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
        assert_eq!(refused(429, wait).seen, "too many failed sign-ins; wait a while");
    }
}

#[test]
fn a_fault_of_the_server_is_not_told_as_a_wrong_password() {
    assert_eq!(refused(503, None).reason, "server_unavailable");
    assert_eq!(refused(502, None).reason, "server_unavailable");
}

#[test]
fn the_form_again_is_a_refusal() {
    assert_eq!(refused(200, None).reason, "sign_in_refused");
    assert_eq!(refused(403, None).reason, "sign_in_refused");
}
