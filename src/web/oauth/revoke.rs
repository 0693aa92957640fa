//! Owns the revocation endpoint's HTTP (RFC 7009 section 2).

use actix_web::{HttpRequest, HttpResponse, web};

use crate::web::oauth::{in_time, token_request};
use crate::web::reply::ApiFailure;
use crate::web::routes::Shared;

/// Ends the link of a token.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> Result<HttpResponse, ApiFailure> {
    let asked = token_request(&request, payload, &app).await?;
    in_time(app.protocol.revoke(&asked)).await?;
    Ok(HttpResponse::Ok().finish())
}
