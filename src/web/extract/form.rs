//! Owns reading form bodies: the right type, bounded in size and time, strictly decoded.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::model::parameters::{Malformed, Parameters};
use crate::web::patient_stream::HangUp;
use crate::web::routes::Shared;

/// Why a request could not even be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not `application/x-www-form-urlencoded`.
    MediaType,
    /// Larger than the configuration allows, in KiB.
    TooLarge(usize),
    /// Not arrived in time.
    TooSlow,
    /// Broken off on the way.
    Broken,
    /// Not decodable.
    Malformed(Malformed),
}

impl Unreadable {
    /// The HTTP status that says so.
    pub fn status(self) -> StatusCode {
        match self {
            Unreadable::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Unreadable::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Unreadable::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Unreadable::Broken | Unreadable::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The same in words.
    pub fn words(self) -> String {
        match self {
            Unreadable::MediaType => "send the parameters as application/x-www-form-urlencoded".to_owned(),
            Unreadable::TooLarge(most) => format!("the body is larger than {most} KiB"),
            Unreadable::TooSlow => "the body did not arrive in time".to_owned(),
            Unreadable::Broken => "the body did not arrive whole".to_owned(),
            Unreadable::Malformed(why) => why.to_string(),
        }
    }
}

/// Reads the form in a body. The media type may carry parameters such as `charset=UTF-8`.
pub async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Parameters, Unreadable> {
    let types = request.headers().get_all(CONTENT_TYPE).count();
    if types != 1 || !request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Unreadable::MediaType);
    }
    Parameters::parse(&read_body(request, payload).await?).map_err(Unreadable::Malformed)
}

/// Reads a body whatever its type, bounded in size and time. It has to arrive in half of a request's time: the refusal of one
/// that does not can still be told.
pub async fn read_body(request: &HttpRequest, payload: web::Payload) -> Result<Vec<u8>, Unreadable> {
    let limits = request.app_data::<Shared>().map(|app| app.limits).ok_or(Unreadable::Broken)?;
    let collected = timeout(limits.request_timeout / 2, collect(payload, limits.body)).await;
    let body = collected.unwrap_or(Err(Unreadable::TooSlow));
    if body.is_err() {
        HangUp::after(request);
    }
    body
}

/// Reads parameters that may stand in the query, in the body, or in both; one that stands in both counts as repeated. Without
/// a body there need be no media type.
pub async fn read_with_query(request: &HttpRequest, payload: web::Payload) -> Result<Parameters, Unreadable> {
    let query = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed)?;
    if request.headers().contains_key(CONTENT_TYPE) {
        return Ok(query.and(read(request, payload).await?));
    }
    let body = read_body(request, payload).await?;
    if body.is_empty() { Ok(query) } else { Err(Unreadable::MediaType) }
}

async fn collect(mut payload: web::Payload, most: usize) -> Result<Vec<u8>, Unreadable> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Unreadable::Broken)?;
        if body.len() + chunk.len() > most {
            return Err(Unreadable::TooLarge(most / 1024));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
