//! Owns the endpoints that programs call, one file each. Leaves every decision to `crate::oauth`.

pub mod authorize;
pub mod health;
pub mod introspect;
pub mod jwks;
pub mod metadata;
pub mod revoke;
pub mod token;

use actix_web::{HttpRequest, web};

use crate::app::App;
use crate::oauth::grants::TokenRequest;
use crate::web::extract::{client_ip, form, presented_client};
use crate::web::reply::ApiFailure;

/// Takes a request with client credentials and a form apart.
async fn token_request(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<TokenRequest, ApiFailure> {
    let parameters = form::read(request, payload).await?;
    let client = presented_client::read(request, &parameters)?;
    Ok(TokenRequest { client, parameters, address: client_ip::read(request, &app.trusted_proxies) })
}
