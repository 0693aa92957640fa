//! Owns the mapping from a failure to an answer in Twilio's form: a number, words, and where to read on. Its body is never
//! empty, and has no members named `type` or `title`: clients stumble over both.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::model::failure::{Failure, StoreError};
use crate::push::Denied;
use crate::push::error::{PushCode, Refusal};
use crate::web::extract::form::Unreadable;
use crate::web::reply::{SOON, add, counted, log_store_error};

/// Twilio's code for a method that a resource does not have.
const METHOD_NOT_ALLOWED: u32 = 20004;

/// Twilio's code for a server that can't answer at the moment.
const UNAVAILABLE: u32 = 20503;

/// Why a request got no success.
#[derive(Debug)]
pub enum PushFailure {
    /// It could not be taken apart.
    Unreadable(Unreadable),
    /// It was refused, or we failed.
    Denied(Denied),
}

impl From<Unreadable> for PushFailure {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<Refusal> for PushFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Denied(Failure::Refused(refusal))
    }
}

impl From<Denied> for PushFailure {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<StoreError> for PushFailure {
    fn from(error: StoreError) -> Self {
        Self::Denied(Failure::Store(error))
    }
}

impl fmt::Display for PushFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a push verification request failed")
    }
}

impl ResponseError for PushFailure {
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Unreadable(why) => {
                let response = error(PushCode::InvalidRequest.number(), why.status(), &why.words());
                counted("unreadable", response)
            }
            Self::Denied(Failure::Refused(refusal)) => refused(refusal),
            Self::Denied(Failure::Store(error)) => unavailable(log_store_error(error)),
            Self::Denied(Failure::Internal(fault)) => {
                tracing::error!(%fault, "internal fault");
                unavailable(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

fn error(code: u32, status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    }))
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let code = refusal.code();
    tracing::info!(code = code.number(), cause = refusal.cause(), "refused");
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = counted(code.label(), error(code.number(), status, refusal.message()));
    if code == PushCode::Unauthorized {
        add(&mut response, WWW_AUTHENTICATE, "Basic realm=\"couplet\", charset=\"UTF-8\"");
    }
    response
}

fn unavailable(status: StatusCode) -> HttpResponse {
    let words = "The server can't answer at the moment; try again soon";
    let mut response = counted("temporarily_unavailable", error(UNAVAILABLE, status, words));
    add(&mut response, RETRY_AFTER, &SOON.to_string());
    response
}

/// The answer to a request that was not even looked at.
pub fn unreadable(status: StatusCode) -> HttpResponse {
    error(PushCode::InvalidRequest.number(), status, "Invalid request: its head is malformed or too large")
}

/// The answer to a path below ours that is none.
pub fn not_found() -> HttpResponse {
    error(PushCode::NotFound.number(), StatusCode::NOT_FOUND, "The requested resource was not found")
}

/// The answer to a method that the path does not have.
pub fn method_not_allowed(allow: &str) -> HttpResponse {
    let words = format!("Method not allowed; use {allow} at this path");
    error(METHOD_NOT_ALLOWED, StatusCode::METHOD_NOT_ALLOWED, &words)
}

/// A new resource.
pub fn created(body: &Value) -> HttpResponse {
    HttpResponse::Created().json(body)
}

/// A resource.
pub fn found(body: &Value) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// A resource that is gone.
pub fn deleted() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
