//! Owns taking a request to the stand-in for Login with Amazon apart, and how one is refused. Leaves what a request gets to
//! its parent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::TokenCall;
use crate::model::parameters::{Parameters, decode};

/// Every parameter that it reads; each may come once.
const PARAMETERS: [&str; 6] = ["grant_type", "code", "refresh_token", "client_id", "client_secret", "redirect_uri"];

/// A request that is not answered with tokens.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn new(error: &'static str, why: impl Into<String>) -> Self {
        Self { status: 400, error, why: why.into() }
    }

    pub(super) fn invalid_request(why: impl Into<String>) -> Self {
        Self::new("invalid_request", why)
    }

    pub(super) fn invalid_grant(why: &'static str) -> Self {
        Self::new("invalid_grant", why)
    }

    pub(super) fn invalid_client() -> Self {
        Self { status: 401, ..Self::new("invalid_client", "client_id and client_secret are not those of the profile") }
    }
}

pub(super) fn read(request: &TokenCall<'_>) -> Result<Parameters, Refusal> {
    let media_type = request.content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::invalid_request("the body is not application/x-www-form-urlencoded"));
    }
    let form = Parameters::parse(request.body).map_err(|why| Refusal::invalid_request(why.to_string()))?;
    PARAMETERS.iter().try_for_each(|name| one(&form, name).map(|_| ()))?;
    Ok(form)
}

pub(super) fn one<'f>(form: &'f Parameters, name: &'static str) -> Result<Option<&'f str>, Refusal> {
    form.one(name).map_err(|repeated| Refusal::invalid_request(repeated.to_string()))
}

pub(super) fn required<'f>(form: &'f Parameters, name: &'static str) -> Result<&'f str, Refusal> {
    one(form, name)?.ok_or_else(|| Refusal::invalid_request(format!("{name} is missing")))
}

/// Id and secret of a Basic header (RFC 6749 section 2.3.1: each form-encoded before they were joined).
pub(super) fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some((decode(id.as_bytes()).ok()?, decode(secret.as_bytes()).ok()?))
}
