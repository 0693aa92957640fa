//! Owns what surrounds every request: its id, its log lines, its place in the metrics, headers that every answer carries. Leaves
//! the answer to handlers; what they know of its outcome comes along as [`Outcome`].

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::http::{StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use tracing::Instrument;

use crate::app::App;
use crate::model::random::uuid;
use crate::telemetry::otel;
use crate::web::extract::forwarded_proto;
use crate::web::push;
use crate::web::routes::push::PUSH;
use crate::web::routes::{self, Shared};

/// Carries a request's id, ours or a trusted proxy's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a proxy.
const LONGEST_ID: usize = 64;

/// The id of a request, for the log and for people who ask for help.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id of this request.
    pub fn of(request: &HttpRequest) -> String {
        request.extensions().get::<RequestId>().map(|id| id.text().to_owned()).unwrap_or_default()
    }

    /// A proxy's id when the request came through a trusted one and the id can stand in logs; else one of our own.
    fn new(request: &ServiceRequest, app: &App) -> Self {
        let given = request.headers().get(REQUEST_ID).filter(|id| is_plain(id));
        let believed = given.filter(|_| came_through_proxy(request, app));
        Self(believed.cloned().unwrap_or_else(|| {
            let id = uuid(&*app.randomness).simple().to_string();
            HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static(""))
        }))
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

fn is_plain(id: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(plain)
}

fn came_through_proxy(request: &ServiceRequest, app: &App) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    peer.is_some_and(|peer| app.trusted_proxies.iter().any(|network| network.contains(&peer)))
}

/// What became of a request, for the metrics: put among an answer's extensions by whoever knows more than its status says.
#[derive(Clone, Copy, Debug)]
pub struct Outcome(pub &'static str);

/// Runs around every handler.
pub async fn surround<B: MessageBody>(
    app: Shared,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let endpoint = routes::endpoint(request.match_info().as_str());
    let in_flight = app.metrics.requests.begin(endpoint);
    let id = RequestId::new(&request, &app);
    request.extensions_mut().insert(id.clone());
    let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    let span = otel::request_span(id.text(), request.method().as_str(), routes::label(endpoint), &header);
    let mut response = if !has_one_host(&request) {
        unread(request, StatusCode::BAD_REQUEST).map_into_right_body()
    } else if head_size(&request) > app.limits.head {
        unread(request, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE).map_into_right_body()
    } else {
        forwarded_proto::warn_of_plain_http(&request, &app);
        next.call(request).instrument(span.clone()).await?.map_into_left_body()
    };
    add_headers(&mut response, app.is_https());
    response.headers_mut().insert(REQUEST_ID, id.0);
    let status = response.status().as_u16();
    let outcome = response.response().extensions().get::<Outcome>().map(|outcome| outcome.0);
    let (method, path) = (response.request().method().as_str(), shown(response.request().path()));
    let took_us = in_flight.answered(method, status, outcome);
    let method = shown(method);
    otel::answered(&span, status, outcome);
    // Never the query: it holds states, codes and logins.
    span.in_scope(|| tracing::info!(method, path, status, took_us, "answered"));
    Ok(response)
}

/// Answers a request that nobody looks at; with a body only where clients stumble over none.
fn unread(request: ServiceRequest, status: StatusCode) -> ServiceResponse {
    let answer = match request.path().starts_with(PUSH) {
        true => push::reply::unreadable(status),
        false => HttpResponse::build(status).finish(),
    };
    request.into_response(answer)
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
