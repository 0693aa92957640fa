//! Owns the token endpoint's HTTP (RFC 6749 section 3.2).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::json;

use crate::oauth::grants::{Granted, PartnerTokenAnswer, TokenAnswer};
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

/// RFC 8693 section 2.2.1.
#[derive(Serialize)]
struct PartnerBody<'a> {
    access_token: &'a str,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

/// Answers a token request.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> Result<HttpResponse, ApiFailure> {
    let asked = token_request(&request, payload, &app).await?;
    Ok(match in_time(app.protocol.token(&asked)).await? {
        Granted::Tokens(answer) => json_answer(&body(&answer)),
        Granted::PartnerToken(answer) => json_answer(&partner_body(&answer)),
        Granted::Accepted => json_answer(&json!({})),
    })
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

fn partner_body(answer: &PartnerTokenAnswer) -> PartnerBody<'_> {
    PartnerBody {
        access_token: answer.access_token.expose(),
        issued_token_type: answer.issued_token_type,
        token_type: "Bearer",
        expires_in: answer.expires_in.as_secs(),
        scope: answer.scope.to_string(),
    }
}
