//! Owns the rules by which a platform judges an answer of the token endpoint.
//! Leaves the order of the calls to `back`; no judgement shows a token or a secret.

use std::time::Duration;

use serde_json::{Map, Value};

use super::report::Fault;
use super::wire::{Recorded, WireFault};
use crate::model::secret::PlainSecret;

/// The longest body that all platforms read, in characters; also the longest token.
const BODY_LIMIT: usize = 5000;
const TOKEN_LIMIT: usize = 2048;

/// The shortest life of an access token that Alexa takes, in seconds.
const SHORTEST_LIFE: u64 = 360;

/// The tokens of a successful answer, as far as they are there.
#[derive(Debug, Default)]
pub struct Tokens {
    /// `access_token`.
    pub access_token: Option<PlainSecret>,
    /// `refresh_token`.
    pub refresh_token: Option<PlainSecret>,
}

impl Tokens {
    /// Takes the tokens out of an answer, also of one that breaks other rules: a link was made all the same.
    pub fn of(recorded: &Recorded) -> Self {
        let json = (recorded.status == 200).then(|| serde_json::from_str::<Value>(&recorded.body).ok()).flatten();
        let token = |name: &str| {
            let text = json.as_ref()?.get(name)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned().into())
        };
        Self { access_token: token("access_token"), refresh_token: token("refresh_token") }
    }
}

/// Checks that an answer came, and in time.
///
/// # Errors
/// `unreachable` or `token_too_slow`.
pub fn check_time(answer: &Result<Recorded, WireFault>, deadline: Duration) -> Result<&Recorded, Fault> {
    let slow = |seen: String| {
        Fault::new(
            "token_too_slow",
            format!("an answer within {:.1} s", deadline.as_secs_f64()),
            seen,
            "look for slow password hashing, cold starts, locks or a distant database on the token endpoint's path",
        )
    };
    match answer {
        Err(fault @ WireFault::TimedOut(_)) => Err(slow(fault.to_string())),
        Err(fault) => Err(fault.clone().into()),
        Ok(recorded) if recorded.took > deadline => {
            Err(slow(format!("one after {:.1} s", recorded.took.as_secs_f64())))
        }
        Ok(recorded) => Ok(recorded),
    }
}

/// Checks a successful token response (RFC 6749 section 5.1 and the platform's limits); `refresh_required` after an
/// exchange, while a refresh may leave the refresh token out.
///
/// # Errors
/// The rule that was broken first.
pub fn check_tokens(recorded: &Recorded, refresh_required: bool) -> Result<(), Fault> {
    let json = check_envelope(recorded)?;
    check_token(&json, "access_token", true)?;
    check_token_type(&json)?;
    check_expires_in(json.get("expires_in"))?;
    check_token(&json, "refresh_token", refresh_required)?;
    let length = recorded.body.chars().count();
    if length >= BODY_LIMIT {
        let seen = format!("{length} characters");
        let mend = "issue shorter (opaque) tokens and leave out extra members";
        return Err(Fault::new("body_too_long", format!("fewer than {BODY_LIMIT} characters"), seen, mend));
    }
    Ok(())
}

/// Checks an error response (RFC 6749 section 5.2): the status is one of `statuses`, the error exactly `code`.
///
/// # Errors
/// `wrong_error_status` or `wrong_error_code`.
pub fn check_error(recorded: &Recorded, statuses: &[u16], code: &str) -> Result<(), Fault> {
    let wanted = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
    let mend = "answer as RFC 6749 section 5.2 says; faults of the server itself are 503";
    if !statuses.contains(&recorded.status) {
        let expected = format!("status {wanted} with {code}");
        return Err(Fault::new("wrong_error_status", expected, outcome(recorded), mend));
    }
    if recorded.error_code().as_deref() != Some(code) {
        return Err(Fault::new("wrong_error_code", format!("error {code}"), outcome(recorded), mend));
    }
    Ok(())
}

/// Status and error code of an answer, in words that hold no secret.
pub fn outcome(recorded: &Recorded) -> String {
    match recorded.error_code() {
        Some(code) => format!("status {} with {code}", recorded.status),
        None if recorded.status == 200 => "status 200".to_owned(),
        None => format!("status {} without a readable error code", recorded.status),
    }
}

fn check_envelope(recorded: &Recorded) -> Result<Map<String, Value>, Fault> {
    let mend = "answer the token endpoint directly, with status 200 and a JSON object of type application/json";
    if (300..400).contains(&recorded.status) {
        let seen = format!("a redirect, status {}", recorded.status);
        return Err(Fault::new("token_redirected", "a direct answer", seen, mend));
    }
    if recorded.status != 200 {
        let mend = mend_of(recorded.error_code().as_deref()).unwrap_or(mend);
        return Err(Fault::new("token_status", "status 200", outcome(recorded), mend));
    }
    let Some(Value::Object(json)) = recorded.json() else {
        let seen = if recorded.is_media_type("application/json") {
            "a body that is no JSON object"
        } else {
            "another content type"
        };
        return Err(Fault::new("token_not_json", "JSON of type application/json", seen, mend));
    };
    Ok(json)
}

fn mend_of(error_code: Option<&str>) -> Option<&'static str> {
    match error_code? {
        "invalid_client" => Some("compare client id and secret, and take Basic and body credentials alike"),
        "invalid_grant" => Some(
            "compare redirect_uri and code_verifier with those of the code, and ask for no verifier that was not promised",
        ),
        "unauthorized_client" => Some("allow the client the grants authorization_code and refresh_token"),
        _ => None,
    }
}

fn check_token(json: &Map<String, Value>, name: &'static str, required: bool) -> Result<(), Fault> {
    let text = json.get(name).and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() && !required {
        return Ok(());
    }
    if text.is_empty() {
        let (reason, mend) = match name {
            "refresh_token" => (
                "refresh_token_missing",
                "allow the client the refresh_token grant: without it the link ends with the first access token",
            ),
            _ => ("access_token_missing", "put the access token into the answer as text"),
        };
        return Err(Fault::new(reason, format!("{name} as text"), "none", mend));
    }
    let mend = "issue opaque tokens of A-Z a-z 0-9 - _ . with at most 1024 characters";
    if text.len() > TOKEN_LIMIT {
        let seen = format!("{} characters", text.len());
        let expected = format!("{name} with at most {TOKEN_LIMIT} characters");
        return Err(Fault::new("token_too_long", expected, seen, mend));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if !text.bytes().all(fits) {
        let expected = format!("{name} of the characters of RFC 6750 section 2.1");
        return Err(Fault::new("token_characters", expected, "others", mend));
    }
    Ok(())
}

fn check_token_type(json: &Map<String, Value>) -> Result<(), Fault> {
    let seen = json.get("token_type").and_then(Value::as_str);
    if seen.is_some_and(|seen| seen.eq_ignore_ascii_case("bearer")) {
        return Ok(());
    }
    let seen = if seen.is_some() { "another type" } else { "none" };
    Err(Fault::new("token_type", "token_type Bearer", seen, "send \"token_type\":\"Bearer\""))
}

fn check_expires_in(value: Option<&Value>) -> Result<(), Fault> {
    let expected = format!("expires_in as a whole number of at least {SHORTEST_LIFE}");
    let mend = "send the life of the access token in seconds as a JSON integer, such as 3600";
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Err(Fault::new("expires_in_missing", expected, "none", mend));
    };
    match value.as_u64() {
        Some(seconds) if seconds >= SHORTEST_LIFE => Ok(()),
        Some(seconds) => Err(Fault::new("expires_in_too_short", expected, seconds, mend)),
        None => {
            let seen = if value.is_string() { "a string" } else { "no whole number" };
            Err(Fault::new("expires_in_not_a_number", expected, seen, mend))
        }
    }
}

#[cfg(test)]
mod tests;
