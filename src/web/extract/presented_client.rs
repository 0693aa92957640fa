//! Owns finding client credentials in a request: Basic, body, or both. Leaves checking them to `oauth/client_auth.rs`.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::model::parameters::{Parameters, decode};
use crate::oauth::client_auth::{BasicCredentials, PresentedClient};
use crate::oauth::error::{ErrorCode, Refusal};

/// Reads the credentials of a request with a form body.
pub fn read(request: &HttpRequest, form: &Parameters) -> Result<PresentedClient, Refusal> {
    Ok(PresentedClient {
        basic: basic(request)?,
        body_id: form.one("client_id")?.map(str::to_owned),
        body_secret: form.one("client_secret")?.map(|secret| secret.to_owned().into()),
    })
}

/// RFC 7617, with the form encoding that RFC 6749 section 2.3.1 adds. Another scheme is refused, not ignored: whoever sends it
/// means to prove something.
fn basic(request: &HttpRequest) -> Result<Option<BasicCredentials>, Refusal> {
    let malformed = || Refusal::new(ErrorCode::InvalidClient, "the Authorization header holds no Basic credentials");
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "the Authorization header is given more than once"));
    }
    let text = header.to_str().map_err(|_| malformed())?;
    let (scheme, encoded) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let not_utf8 = |_| Refusal::new(ErrorCode::InvalidClient, "the Basic credentials are no UTF-8");
    let pair = String::from_utf8(bytes).map_err(not_utf8)?;
    let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
    let decoded = decode(secret.as_bytes()).ok().filter(|decoded| decoded != secret);
    let secrets = std::iter::once(secret.to_owned()).chain(decoded).map(Into::into).collect();
    Ok(Some(BasicCredentials { id: decode(id.as_bytes()).unwrap_or_else(|_| id.to_owned()), secrets }))
}
