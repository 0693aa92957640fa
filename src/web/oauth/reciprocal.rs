//! Owns the reciprocal endpoint's HTTP, in Alexa's form: a bearer token, and parameters in the body or in the query.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::oauth::reciprocal::ReciprocalRequest;
use crate::web::extract::{bearer, form};
use crate::web::oauth::in_time;
use crate::web::reply::{ApiFailure, json_answer};
use crate::web::routes::Shared;

/// Takes a code of the platform's own authorization server.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> Result<HttpResponse, ApiFailure> {
    let bearer = bearer::read(&request)?;
    let parameters = form::read_with_query(&request, payload).await?;
    in_time(app.protocol.reciprocal(&ReciprocalRequest { bearer, parameters })).await?;
    Ok(json_answer(&json!({})))
}
