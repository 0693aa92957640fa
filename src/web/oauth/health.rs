//! Owns what a load balancer asks: is the program alive, can it serve.

use actix_web::HttpResponse;
use serde_json::json;

use crate::web::reply::ApiFailure;
use crate::web::routes::Shared;

/// The process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// The database is reachable and migrated.
pub async fn ready(app: Shared) -> Result<HttpResponse, ApiFailure> {
    app.store.check().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
