//! Owns the wire of access tokens for enrolment.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::date::written;
use crate::model::push::service::Enrolment;
use crate::model::secret::PlainSecret;
use crate::web::push::reply::{created, found};
use crate::web::push::{Answer, Asked, base, part};
use crate::web::routes::Shared;
use crate::web::routes::push::enrolment_url;

/// The token itself is shown when it is made, and not again: only its hash is kept.
fn shown(app: &App, enrolment: &Enrolment, token: Option<&PlainSecret>) -> Value {
    json!({
        "sid": enrolment.sid.to_string(),
        "account_sid": enrolment.scope.account.to_string(),
        "service_sid": enrolment.scope.service.to_string(),
        "entity_identity": enrolment.scope.identity.as_str(),
        "factor_type": "push",
        "factor_friendly_name": enrolment.friendly_name,
        "token": token.map(PlainSecret::expose),
        "url": enrolment_url(base(app), enrolment),
        "ttl": enrolment.ttl,
        "date_created": written(enrolment.created_at),
    })
}

/// Makes an access token.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let service = part(&request, "service");
    let (enrolment, token) = app.push.create_enrolment(&asked.caller, service, &asked.parameters).await?;
    Ok(created(&shown(&app, &enrolment, Some(&token))))
}

/// Shows what an access token is for.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (service, sid) = (part(&request, "service"), part(&request, "sid"));
    let enrolment = app.push.enrolment(&asked.caller, service, sid).await?;
    Ok(found(&shown(&app, &enrolment, None)))
}
