//! Owns the ways in which a redirect to the platform goes wrong. Leaves the browser out: locations are written by hand.

use super::*;
use crate::rehearse::attempt::tests::attempt;
use url::Url;

const CALLBACK: &str = "https://pitangui.amazon.com/api/skill/link/M2";

fn endpoints() -> Endpoints {
    let base_url = Url::parse("https://a.example").unwrap();
    Endpoints { issuer: Some("https://a.example".into()), ..Endpoints::customary(&base_url) }
}

/// What the platform makes of a redirect to the callback with these parameters.
fn reason(callback: &str, separator: char, parameters: &[(&str, &str)]) -> &'static str {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let location = format!("{callback}{separator}{query}");
    match attempt(CALLBACK, true).read_redirect(&location, &endpoints()) {
        Ok(_) => "none",
        Err(fault) => fault.reason,
    }
}

fn state() -> String {
    attempt(CALLBACK, true).state
}

#[test]
fn a_redirect_to_another_address_is_found() {
    assert_eq!(reason("https://layla.amazon.com/x", '?', &[]), "redirect_uri_changed");
    assert_eq!(reason(&format!("{CALLBACK}/"), '?', &[]), "redirect_uri_changed");
    assert_eq!(reason(CALLBACK, '&', &[("code", "c")]), "redirect_uri_changed");
}

#[test]
fn parameters_in_the_fragment_are_found() {
    let parameters = [("code", "c"), ("state", &state())];
    assert_eq!(reason(CALLBACK, '#', &parameters), "parameters_in_fragment");
}

#[test]
fn an_error_of_the_server_is_told() {
    assert_eq!(reason(CALLBACK, '?', &[("error", "invalid_scope")]), "error_in_redirect");
}

#[test]
fn a_denial_is_told_as_the_decision_of_a_person() {
    let location = format!("{CALLBACK}?error=access_denied");
    let fault = attempt(CALLBACK, true).read_redirect(&location, &endpoints()).unwrap_err();
    assert_eq!((fault.reason, fault.mend.as_str()), ("error_in_redirect", "allow the link"));
    let words = "you did not allow the link; the platform gets access_denied and shows that linking was cancelled";
    assert_eq!(fault.detail(), format!("{words}; mend: allow the link"));
}

#[test]
fn a_state_that_is_lost_cut_or_damaged_is_found() {
    let cut = &state()[..255];
    let blank = state().replace('+', " ");
    assert_eq!(reason(CALLBACK, '?', &[("code", "c")]), "state_missing");
    assert_eq!(reason(CALLBACK, '?', &[("code", "c"), ("state", cut)]), "state_changed");
    assert_eq!(reason(CALLBACK, '?', &[("code", "c"), ("state", &blank)]), "state_changed");
}

#[test]
fn a_state_that_was_not_encoded_is_found() {
    let location = format!("{CALLBACK}?code=c&state={}", state());
    let fault = attempt(CALLBACK, true).read_redirect(&location, &endpoints()).unwrap_err();
    assert_eq!(fault.reason, "state_changed");
}

#[test]
fn a_parameter_that_comes_twice_is_found() {
    let parameters = [("code", "c"), ("state", &state()), ("code", "c")];
    assert_eq!(reason(CALLBACK, '?', &parameters), "parameter_repeated");
}

#[test]
fn words_of_the_server_can_not_break_the_line() {
    let parameters = [("code", "c"), ("state", &state()), ("iss", "https://b\n\u{1b}[2J")];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let location = format!("{CALLBACK}?{query}");
    let fault = attempt(CALLBACK, true).read_redirect(&location, &endpoints()).unwrap_err();
    assert!(!fault.detail().contains(char::is_control), "{}", fault.detail());
}

#[test]
fn a_code_that_is_missing_odd_or_long_is_found() {
    let state = state();
    let with_code = |code: &str| reason(CALLBACK, '?', &[("code", code), ("state", &state)]);
    assert_eq!(with_code(""), "code_missing");
    assert_eq!(with_code("a+b"), "code_characters");
    assert_eq!(with_code(&"c".repeat(128)), "code_too_long");
}

#[test]
fn another_issuer_is_found() {
    let parameters = [("code", "c"), ("state", &state()), ("iss", "https://b.example")];
    assert_eq!(reason(CALLBACK, '?', &parameters), "iss_mismatch");
}

#[test]
fn a_faultless_redirect_gives_the_code() {
    let parameters = [("code", "c-_9"), ("state", &state()), ("iss", "https://a.example")];
    assert_eq!(reason(CALLBACK, '?', &parameters), "none");
}
