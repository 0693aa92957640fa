//! Owns the only mapping from a failure to an answer: OAuth JSON, a redirect, a page, 503. Leaves the words of refusals to
//! the rooms that refuse.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_SECURITY_POLICY, LOCATION, PRAGMA, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::model::failure::Failure;
use crate::model::failure::{Fault, StoreError};
use crate::model::parameters::Parameters;
use crate::oauth::authorize::AuthorizeRefusal;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::trusted_redirect::Untrusted;
use crate::web::extract::form::Unreadable;
use crate::web::guard::{Outcome, shown};
use crate::web::pages::problem::{self, Problem};
use crate::web::push;
use crate::web::routes::push::PUSH;
use crate::web::routes::{Shared, is_api};

/// How long to wait before asking an unavailable server again, in seconds.
pub const SOON: u64 = 2;

/// A successful API answer (RFC 6749 section 5.1).
pub fn json_answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(body)
}

/// Sends the browser on to the platform. The body serves in-app browsers that do not follow by themselves.
pub fn to_platform(location: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, location))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"))
        .insert_header(("X-Frame-Options", "DENY"))
        .content_type("text/html; charset=utf-8")
        .body(problem::continue_page(location))
}

/// Sends the browser on to a page of ours.
pub fn to_page(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

/// Why an API request got no success.
#[derive(Debug)]
pub enum ApiFailure {
    /// It could not be taken apart.
    Unreadable(Unreadable),
    /// It was refused, or we failed.
    Failed(Failure<Refusal>),
}

impl From<Unreadable> for ApiFailure {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<Refusal> for ApiFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(Failure::Refused(refusal))
    }
}

impl From<Failure<Refusal>> for ApiFailure {
    fn from(failure: Failure<Refusal>) -> Self {
        Self::Failed(failure)
    }
}

impl From<StoreError> for ApiFailure {
    fn from(error: StoreError) -> Self {
        Self::Failed(Failure::Store(error))
    }
}

impl std::fmt::Display for ApiFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an API request failed")
    }
}

impl actix_web::ResponseError for ApiFailure {
    fn error_response(&self) -> HttpResponse {
        match self {
            ApiFailure::Unreadable(why) => json_error(why.status(), "invalid_request", &why.words()),
            ApiFailure::Failed(Failure::Refused(refusal)) => refused(refusal),
            ApiFailure::Failed(Failure::Store(error)) => unavailable(error),
            ApiFailure::Failed(Failure::Internal(fault)) => internal(fault),
        }
    }
}

fn json_error(status: StatusCode, error: &'static str, description: &str) -> HttpResponse {
    let body = json!({ "error": error, "error_description": description });
    counted(error, HttpResponse::build(status).insert_header((PRAGMA, "no-cache")).json(body))
}

/// The answer, counted as that outcome.
pub fn counted(outcome: &'static str, mut response: HttpResponse) -> HttpResponse {
    response.extensions_mut().insert(Outcome(outcome));
    response
}

/// How a refusal is counted; for who has to wait the code alone would look like a fault of ours.
fn outcome_of(code: ErrorCode) -> &'static str {
    if code == ErrorCode::TooManyRequests { "too_many_requests" } else { code.as_str() }
}

/// RFC 6749 section 5.2.
fn refused(refusal: &Refusal) -> HttpResponse {
    tracing::info!(code = refusal.code().as_str(), cause = refusal.cause(), "refused");
    let status = StatusCode::from_u16(refusal.code().status()).unwrap_or(StatusCode::BAD_REQUEST);
    let response = json_error(status, refusal.code().as_str(), refusal.public());
    let mut response = counted(outcome_of(refusal.code()), response);
    match refusal.code() {
        ErrorCode::InvalidClient => add(&mut response, WWW_AUTHENTICATE, "Basic realm=\"couplet\", charset=\"UTF-8\""),
        ErrorCode::InvalidToken => {
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", refusal.public());
            add(&mut response, WWW_AUTHENTICATE, &challenge)
        }
        _ => {}
    }
    if let Some(wait) = refusal.retry_after() {
        add(&mut response, RETRY_AFTER, &seconds(wait));
    }
    response
}

/// A fault of the database is never told as a fault of the token.
fn unavailable(error: &StoreError) -> HttpResponse {
    let status = log_store_error(error);
    let mut response =
        json_error(status, "temporarily_unavailable", "the server can't answer at the moment; try again soon");
    add(&mut response, RETRY_AFTER, &SOON.to_string());
    response
}

/// Tells the log that storage failed; gives the status that says so.
pub fn log_store_error(error: &StoreError) -> StatusCode {
    tracing::error!(%error, "storage failed");
    StatusCode::SERVICE_UNAVAILABLE
}

fn internal(fault: &Fault) -> HttpResponse {
    tracing::error!(%fault, "internal fault");
    let mut response =
        json_error(StatusCode::SERVICE_UNAVAILABLE, "server_error", "the server failed; its log says why");
    add(&mut response, RETRY_AFTER, &SOON.to_string());
    response
}

/// Adds a header that can be written down.
pub fn add(response: &mut HttpResponse, name: actix_web::http::header::HeaderName, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> String {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).to_string()
}

/// Why a page could not be shown.
pub enum PageFailure {
    /// The posted form could not be taken apart.
    Unreadable(Unreadable),
    /// The posted form is not from our page; `retry` leads back to it.
    Forged {
        /// A page of ours.
        retry: Option<String>,
    },
    /// Storage failed.
    Store(StoreError),
    /// We failed.
    Internal(Fault),
    /// An authorization request can't be put to the user.
    Authorize(Box<AuthorizeRefusal>),
    /// The form lacks something that our page sends.
    Incomplete,
}

impl From<Unreadable> for PageFailure {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<StoreError> for PageFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure<AuthorizeRefusal>> for PageFailure {
    fn from(failure: Failure<AuthorizeRefusal>) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Authorize(Box::new(refusal)),
            Failure::Store(error) => Self::Store(error),
            Failure::Internal(fault) => Self::Internal(fault),
        }
    }
}

/// The answer of a page handler: its own, or the one that fits the failure.
pub fn page_answer(request: &HttpRequest, app: &App, result: Result<HttpResponse, PageFailure>) -> HttpResponse {
    match result {
        Ok(response) => response,
        Err(PageFailure::Authorize(refusal)) => match *refusal {
            AuthorizeRefusal::ToClient(redirect, refusal) => {
                tracing::info!(code = refusal.code().as_str(), cause = refusal.cause(), "refused");
                let location = redirect.with_error(refusal.code(), refusal.public());
                counted(outcome_of(refusal.code()), to_platform(&location))
            }
            AuthorizeRefusal::Untrusted(cause) => counted("untrusted", untrusted(request, app, &cause)),
        },
        Err(PageFailure::Unreadable(why)) => {
            counted("unreadable", problem::show(request, app, why.status(), Problem::unreadable(&why.words())))
        }
        Err(PageFailure::Forged { retry }) => {
            tracing::info!("a form that is not of a page of ours was refused");
            counted("forged", problem::show(request, app, StatusCode::FORBIDDEN, Problem::forged(retry)))
        }
        Err(PageFailure::Incomplete) => {
            let incomplete = Problem::unreadable("the form was not complete");
            counted("incomplete", problem::show(request, app, StatusCode::BAD_REQUEST, incomplete))
        }
        Err(PageFailure::Store(error)) => {
            counted("temporarily_unavailable", out_of_order(request, app, log_store_error(&error)))
        }
        Err(PageFailure::Internal(fault)) => {
            tracing::error!(%fault, "internal fault");
            counted("server_error", out_of_order(request, app, StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

fn untrusted(request: &HttpRequest, app: &App, cause: &Untrusted) -> HttpResponse {
    let (Untrusted::Client(why) | Untrusted::RedirectUri(why)) = cause;
    let parameters = Parameters::parse(request.query_string().as_bytes()).unwrap_or_default();
    let sent = |name| shown(parameters.one(name).ok().flatten().unwrap_or_default());
    // Neither is a secret, and a wrong vendor id or a region that was not registered shows here and nowhere else.
    tracing::info!(
        cause = why,
        client_id = sent("client_id"),
        redirect_uri = sent("redirect_uri"),
        "authorization request not trusted; `couplet client show` lists what is registered"
    );
    problem::show(request, app, StatusCode::BAD_REQUEST, Problem::untrusted(why))
}

fn out_of_order(request: &HttpRequest, app: &App, status: StatusCode) -> HttpResponse {
    let mut response = problem::show(request, app, status, Problem::unavailable());
    add(&mut response, RETRY_AFTER, &SOON.to_string());
    response
}

/// The answer to an unknown path.
pub async fn not_found(request: HttpRequest, app: Shared) -> HttpResponse {
    if request.match_info().as_str().starts_with(PUSH) {
        return push::reply::not_found();
    }
    if is_api(request.match_info().as_str()) {
        return json_error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path");
    }
    problem::show(&request, &app, StatusCode::NOT_FOUND, Problem::not_found())
}

/// The answer to a known path with another method.
pub async fn method_not_allowed(request: HttpRequest, app: Shared, allow: String) -> HttpResponse {
    let path = request.match_info().as_str();
    let mut response = if path.starts_with(PUSH) {
        push::reply::method_not_allowed(&allow)
    } else if is_api(path) {
        let words = format!("use {allow} at this path");
        json_error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", &words)
    } else {
        problem::show(&request, &app, StatusCode::METHOD_NOT_ALLOWED, Problem::not_found())
    };
    add(&mut response, ALLOW, &allow);
    response
}
