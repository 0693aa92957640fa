//! Owns which answers scripts of other origins may read (CORS, fetch.spec.whatwg.org): those of the lists that the operator
//! writes.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use crate::web::routes::Shared;

/// How long a browser may remember what scripts may send, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// What scripts may send beside what every page may.
const SENT: HeaderValue = HeaderValue::from_static("Authorization, Content-Type");

/// What devices read of answers beside their bodies: what they have to sign, and the time.
const READ_BY_DEVICES: HeaderValue = HeaderValue::from_static("Twilio-Verify-Signature-Fields, Date");

/// Lets scripts of the request's origin read the answer, if that is on the list; whoever keeps the answer is told that it is for
/// this origin alone.
pub fn let_origin_read(origins: &[String], request: &HeaderMap, answer: &mut HeaderMap) -> bool {
    answer.append(VARY, HeaderValue::from_static("Origin"));
    let mut given = request.get_all(ORIGIN);
    let (Some(origin), None) = (given.next(), given.next()) else { return false };
    let listed = origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
    if listed {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    listed
}

/// Tells a browser what scripts of this origin may send, if that is on the list.
pub fn let_origin_send(origins: &[String], methods: &'static str, request: &HeaderMap, answer: &mut HeaderMap) {
    if let_origin_read(origins, request, answer) {
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
        answer.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    }
}

/// Runs around what devices call. Without a list nothing is different.
pub async fn for_devices<B: MessageBody>(
    app: Shared,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let origins = &app.push_origins;
    if origins.is_empty() {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let asked = request.headers().clone();
    if request.method() == Method::OPTIONS && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        let mut answer = HttpResponse::NoContent().finish();
        let_origin_send(origins, "GET, POST, DELETE, OPTIONS", &asked, answer.headers_mut());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let mut response = next.call(request).await?.map_into_left_body();
    if let_origin_read(origins, &asked, response.headers_mut()) {
        response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ_BY_DEVICES);
    }
    Ok(response)
}
