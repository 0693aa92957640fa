//! Owns the files that pages load, built into the program.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::web::routes::devices::{APPROVE, DEVICE_SCRIPT};

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

/// The script that makes a browser a device.
pub async fn device_script() -> HttpResponse {
    script(include_str!("../../../static/device.js"))
}

/// The account page's script.
pub async fn enrol_script() -> HttpResponse {
    script(include_str!("../../../static/enrol.js"))
}

/// The approval page's script.
pub async fn approve_script() -> HttpResponse {
    script(include_str!("../../../static/approve.js"))
}

fn script(body: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header(FOR_GOOD).content_type("text/javascript; charset=utf-8").body(body)
}

/// The service worker of the approval page. Its name is for good, so that its content is asked for anew; what it loads has a
/// name that changes. It may act for the approval page, which is not below its own folder, and for no other.
pub async fn worker() -> HttpResponse {
    let body = include_str!("../../../static/worker.js").replace("./device.js", DEVICE_SCRIPT);
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(("Service-Worker-Allowed", APPROVE))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; script-src 'self'; connect-src 'self'"))
        .content_type("text/javascript; charset=utf-8")
        .body(body)
}
