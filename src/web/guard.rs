//! Owns what surrounds every request: its id, its log line, headers that every answer carries. Leaves the answer to handlers.

use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::http::{StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use tracing::Instrument;

use crate::model::random::uuid;
use crate::web::extract::forwarded_proto;
use crate::web::routes::Shared;

/// The id of a request, for the log and for people who ask for help.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl RequestId {
    /// The id of this request.
    pub fn of(request: &HttpRequest) -> String {
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
    }
}

/// Runs around every handler.
pub async fn surround<B: MessageBody>(
    app: Shared,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let id = uuid(&*app.randomness).simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (shown(request.method().as_str()), shown(request.path()));
    let mut response = if !has_one_host(&request) {
        request.into_response(HttpResponse::BadRequest().finish()).map_into_right_body()
    } else if head_size(&request) > app.limits.head {
        let mut answer = HttpResponse::build(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        request.into_response(answer.finish()).map_into_right_body()
    } else {
        forwarded_proto::warn_of_plain_http(&request, &app);
        let span = tracing::info_span!("request", id);
        next.call(request).instrument(span).await?.map_into_left_body()
    };
    add_headers(&mut response, app.is_https());
    let status = response.status().as_u16();
    let took_us = started.elapsed().as_micros();
    // Never the query: it holds states, codes and logins.
    tracing::info!(request = id, method, path, status, took_us, "answered");
    Ok(response)
}

/// As much of a stranger's text as a log bears: not endless, and without what moves a terminal's cursor or turns the writing.
pub fn shown(text: &str) -> String {
    text.chars().take(200).collect::<String>().escape_default().to_string()
}

/// RFC 9112 section 3.2. Two hosts, or one that is none, mean that somebody on the way may have understood another one.
fn has_one_host(request: &ServiceRequest) -> bool {
    let mut hosts = request.headers().get_all(HOST);
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).is_ok(),
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// The bytes of request line and headers, but for what is the same in all of them.
fn head_size(request: &ServiceRequest) -> usize {
    let target = request.head().uri.path_and_query().map_or(0, |target| target.as_str().len());
    request.headers().iter().fold(target, |size, (name, value)| size + name.as_str().len() + value.len())
}

fn add_headers<B>(response: &mut ServiceResponse<B>, https: bool) {
    let headers = response.headers_mut();
    let mut add = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    add("x-content-type-options", "nosniff");
    // `no-referrer` would make browsers post forms with `Origin: null`.
    add("referrer-policy", "same-origin");
    add("cache-control", "no-store");
    if https {
        add("strict-transport-security", "max-age=31536000");
    }
}
