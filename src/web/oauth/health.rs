//! Owns what a load balancer asks: is the program alive, can it serve.

use actix_web::HttpResponse;
use serde_json::json;

use crate::web::reply::ApiFailure;
use crate::web::routes::Shared;

/// The process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// The database is reachable and migrated, and the server was not told to stop.
pub async fn ready(app: Shared) -> Result<HttpResponse, ApiFailure> {
    if app.is_draining() {
        return Ok(HttpResponse::ServiceUnavailable().json(json!({ "status": "draining" })));
    }
    app.store.check().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
