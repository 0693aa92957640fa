//! Owns the token endpoint's HTTP (RFC 6749 section 3.2).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::oauth::grants::TokenAnswer;
use crate::web::oauth::{in_time, token_request};
use crate::web::reply::{ApiFailure, json_answer};
use crate::web::routes::Shared;

#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

/// Exchanges a code or a refresh token.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> Result<HttpResponse, ApiFailure> {
    let asked = token_request(&request, payload, &app).await?;
    let answer = in_time(app.protocol.exchange(&asked)).await?;
    Ok(json_answer(&body(&answer)))
}

fn body(answer: &TokenAnswer) -> Body<'_> {
    Body {
        access_token: answer.access_token.expose(),
        token_type: "Bearer",
        expires_in: answer.expires_in.as_secs(),
        refresh_token: answer.refresh_token.as_ref().map(|token| token.expose()),
        scope: answer.scope.to_string(),
    }
}
