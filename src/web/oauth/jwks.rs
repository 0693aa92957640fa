//! Owns the key set's HTTP (RFC 7517 section 5).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::json;

use crate::model::failure::Failure;
use crate::oauth::error::Refusal;
use crate::web::reply::ApiFailure;
use crate::web::routes::Shared;

/// All published keys. A new key signs at once, so nobody between us and a verifier may keep an older list.
pub async fn get(app: Shared) -> Result<HttpResponse, ApiFailure> {
    let published = app.protocol.keys.published().await;
    let keys = published.map_err(|failure| -> Failure<Refusal> { failure.map(|never| match never {}) })?;
    let keys: Vec<_> = keys.iter().map(|dated| dated.key.jwk()).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(json!({ "keys": keys })))
}
