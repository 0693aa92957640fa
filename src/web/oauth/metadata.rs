//! Owns the metadata document's HTTP (RFC 8414 section 3).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use crate::oauth::metadata::Metadata;
use crate::web::routes::{Shared, endpoints};

/// Describes the server.
pub async fn get(app: Shared) -> HttpResponse {
    let issuer = &app.protocol.policy.issuer;
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(Metadata::new(issuer, endpoints(issuer)))
}
