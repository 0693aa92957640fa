//! Owns the access-token endpoint's HTTP: an app presents its user's access token of ours and gets one for Twilio's client SDKs.
//! Scripts of other origins may read the answer when the operator lists them. Leaves whose token it is
//! to `oauth/`, and what it permits to `twilio/`.

use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use serde::Serialize;

use crate::app::App;
use crate::model::failure::{Failure, Fault};
use crate::model::parameters::Parameters;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::twilio::access_token::{AccessTokenKey, Identity, NewToken};
use crate::twilio::asked::{Asked, Refused};
use crate::web::cors::{let_origin_read, let_origin_send};
use crate::web::extract::bearer;
use crate::web::extract::form::{self, Unreadable};
use crate::web::oauth::in_time;
use crate::web::reply::{self, ApiFailure, json_answer};
use crate::web::routes::Shared;

/// Named as in Twilio's own tutorials, unlike everything of OAuth.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    access_token: &'a str,
    identity: &'a str,
    expires_in: u32,
}

/// Answers with a token; the parameters are in the query.
pub async fn get(request: HttpRequest, app: Shared) -> HttpResponse {
    let parameters = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed);
    answer(request, app, parameters).await
}

/// Answers with a token; the parameters are in the query, in the body, or in both.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let parameters = form::read_with_query(&request, payload).await;
    answer(request, app, parameters).await
}

/// Tells a browser what scripts of this origin may send.
pub async fn options(request: HttpRequest, app: Shared) -> HttpResponse {
    if app.access_token_key.is_none() {
        return reply::not_found(request, app).await;
    }
    let mut response = HttpResponse::NoContent().finish();
    let_origin_send(&app.twilio_origins, "GET, POST, OPTIONS", request.headers(), response.headers_mut());
    response
}

async fn answer(request: HttpRequest, app: Shared, parameters: Result<Parameters, Unreadable>) -> HttpResponse {
    let Some(key) = &app.access_token_key else {
        tracing::info!("an access token was asked for, but no API key of Twilio is configured (twilio.*)");
        return reply::not_found(request, app).await;
    };
    let mut response = match token(&request, &app, key, parameters).await {
        Ok(response) => response,
        Err(failure) => failure.error_response(),
    };
    let_origin_read(&app.twilio_origins, request.headers(), response.headers_mut());
    response
}

async fn token(
    request: &HttpRequest,
    app: &App,
    key: &AccessTokenKey,
    parameters: Result<Parameters, Unreadable>,
) -> Result<HttpResponse, ApiFailure> {
    let (bearer, parameters) = (bearer::read(request)?, parameters?);
    let link = in_time(app.protocol.bearer_link(bearer.as_ref())).await?;
    let (user, access) = (link.grant.user_id, &link.client.settings.twilio);
    let asked = Asked::read(&parameters)?;
    asked.check_identity(&user.to_string())?;
    let (life, grants) = (asked.life(access)?, asked.grants(access, user)?);
    let identity = Identity::of(user);
    let new = NewToken { identity: &identity, grants: &grants, life, not_before: None };
    // Twilio compares it with clocks of its own.
    let minted = key.mint(&new, app.protocol.clock.shown_to_others()).map_err(fault)?;
    let body = Body { access_token: minted.expose(), identity: identity.as_str(), expires_in: life.seconds() };
    Ok(json_answer(&body))
}

impl From<Refused> for ApiFailure {
    fn from(refused: Refused) -> Self {
        let code = match &refused {
            Refused::Malformed(_) => ErrorCode::InvalidRequest,
            Refused::Forbidden(_) => ErrorCode::AccessDenied,
        };
        Refusal::new(code, refused.to_string()).into()
    }
}

fn fault(fault: Fault) -> ApiFailure {
    Failure::<Refusal>::Internal(fault).into()
}
