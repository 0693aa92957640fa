//! Owns the introspection endpoint's HTTP (RFC 7662 section 2).

use actix_web::{HttpRequest, HttpResponse, web};

use crate::web::oauth::{in_time, token_request};
use crate::web::reply::{ApiFailure, json_answer};
use crate::web::routes::Shared;

/// Tells a client about a token.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> Result<HttpResponse, ApiFailure> {
    let asked = token_request(&request, payload, &app).await?;
    Ok(json_answer(&in_time(app.protocol.introspect(&asked)).await?))
}
