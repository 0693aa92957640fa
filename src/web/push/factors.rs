//! Owns the wire of factors.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::date::written;
use crate::model::push::factor::Factor;
use crate::web::push::list::list as page_of;
use crate::web::push::reply::{created, deleted, found};
use crate::web::push::{Answer, Asked, base, part, place};
use crate::web::routes::Shared;
use crate::web::routes::push::{entity_url, factor_url};

/// `credential_sid` is always a string: devices name their key by it.
fn shown(app: &App, factor: &Factor) -> Value {
    let config = &factor.config;
    json!({
        "sid": factor.sid.to_string(),
        "account_sid": factor.scope.account.to_string(),
        "service_sid": factor.scope.service.to_string(),
        "entity_sid": factor.entity.to_string(),
        "identity": factor.scope.identity.as_str(),
        "date_created": written(factor.created_at),
        "date_updated": written(factor.updated_at),
        "friendly_name": factor.friendly_name,
        "status": factor.status.as_str(),
        "factor_type": "push",
        "config": {
            "sdk_version": config.sdk_version,
            "app_id": config.app_id,
            "notification_platform": config.platform.as_str(),
            "notification_token": config.token,
            "credential_sid": factor.credential.to_string(),
        },
        "metadata": factor.metadata,
        "url": factor_url(base(app), factor),
    })
}

/// Makes a factor; only this answer tells its key.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let (service, identity) = place(&request);
    let factor = app.push.create_factor(&asked.caller, service, identity, &asked.parameters).await?;
    let mut body = shown(&app, &factor);
    if let Some(members) = body.as_object_mut() {
        members.insert("binding".to_owned(), json!({ "alg": "ES256", "public_key": factor.public_key }));
        members.insert("options".to_owned(), Value::Null);
    }
    Ok(created(&body))
}

/// Lists factors.
pub async fn list(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (scope, page) = app.push.factors(&asked.caller, place(&request), &asked.parameters).await?;
    let address = format!("{}/Factors", entity_url(base(&app), &scope));
    Ok(page_of("factors", &address, &asked.parameters, &page, |factor| shown(&app, factor)))
}

/// Shows a factor.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let factor = app.push.factor(&asked.caller, place(&request), part(&request, "sid")).await?;
    Ok(found(&shown(&app, &factor)))
}

/// Verifies or changes a factor.
pub async fn update(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let sid = part(&request, "sid");
    let factor = app.push.update_factor(&asked.caller, place(&request), sid, &asked.parameters).await?;
    Ok(found(&shown(&app, &factor)))
}

/// Forgets a factor.
pub async fn delete(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    app.push.delete_factor(&asked.caller, place(&request), part(&request, "sid")).await?;
    Ok(deleted())
}
