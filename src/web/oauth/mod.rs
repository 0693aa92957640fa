//! Owns the endpoints that programs call, one file each. Leaves every decision to `crate::oauth`.

pub mod authorize;
pub mod health;
pub mod introspect;
pub mod jwks;
pub mod metadata;
pub mod reciprocal;
pub mod revoke;
pub mod token;

use std::time::Duration;

use actix_web::{HttpRequest, web};
use tokio::time::timeout;

use crate::app::App;
use crate::model::failure::{Failure, StoreError};
use crate::oauth::error::Refusal;
use crate::oauth::grants::TokenRequest;
use crate::web::extract::{client_ip, form, presented_client};
use crate::web::reply::ApiFailure;

/// The longest that a token request may take; platforms give up after 4.5 s.
const DEADLINE: Duration = Duration::from_millis(3800);

/// The answer of a room, or that the server is unavailable when it takes too long.
pub async fn in_time<T>(answer: impl Future<Output = Result<T, Failure<Refusal>>>) -> Result<T, ApiFailure> {
    match timeout(DEADLINE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned()).into()),
    }
}

/// Takes a request with client credentials and a form apart.
async fn token_request(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<TokenRequest, ApiFailure> {
    let parameters = form::read(request, payload).await?;
    let client = presented_client::read(request, &parameters)?;
    Ok(TokenRequest { client, parameters, address: client_ip::read(request, &app.trusted_proxies) })
}
