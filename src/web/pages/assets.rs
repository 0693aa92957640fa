//! Owns the files that pages load, built into the program.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

/// A name that changes with the content may be kept for good.
const FOR_GOOD: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "public, max-age=31536000, immutable");

/// The style sheet.
pub async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(FOR_GOOD)
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../../../static/couplet.css"))
}

/// The small picture of browser tabs.
pub async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .content_type("image/svg+xml")
        .body(include_str!("../../../static/icons/couplet.svg"))
}
