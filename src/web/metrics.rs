//! Owns the HTTP of the metrics. Leaves what is counted to the parts that know, and its text to `telemetry/`.

use actix_web::HttpResponse;

use crate::telemetry::metrics::MEDIA_TYPE;
use crate::web::routes::Shared;

/// All numbers, for Prometheus.
pub async fn get(app: Shared) -> HttpResponse {
    HttpResponse::Ok().content_type(MEDIA_TYPE).body(app.metrics.render(app.readings()))
}
