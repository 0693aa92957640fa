//! Owns finding a bearer token in a request (RFC 6750 section 2.1): in the header alone, where no log sees it. Leaves whether it
//! is in force to `oauth/`.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::model::secret::PlainSecret;
use crate::oauth::error::{ErrorCode, Refusal};

/// The token, if there is one.
pub fn read(request: &HttpRequest) -> Result<Option<PlainSecret>, Refusal> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let first = headers.next();
    if headers.next().is_some() {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "the Authorization header is given more than once"));
    }
    let text = first.and_then(|header| header.to_str().ok()).unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let token = token.trim();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    Ok(is_bearer.then(|| token.to_owned().into()))
}
