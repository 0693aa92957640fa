//! Owns the wire of services.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::date::written;
use crate::model::push::service::Service;
use crate::web::push::list::list as page_of;
use crate::web::push::reply::{created, deleted, found};
use crate::web::push::{Answer, Asked, base, part};
use crate::web::routes::Shared;
use crate::web::routes::push::{below, service_url, services_url};

/// What is not offered here is shown as switched off: libraries look for all of it.
fn shown(app: &App, service: &Service) -> Value {
    let settings = &service.settings;
    let link = |what: &str| below(base(app), service, what);
    json!({
        "sid": service.sid.to_string(),
        "account_sid": service.account.to_string(),
        "friendly_name": settings.friendly_name,
        "code_length": settings.code_length,
        "lookup_enabled": false,
        "psd2_enabled": false,
        "skip_sms_to_landlines": false,
        "dtmf_input_required": false,
        "tts_name": null,
        "do_not_share_warning_enabled": false,
        "custom_code_enabled": false,
        "push": {
            "include_date": settings.include_date,
            "apn_credential_sid": settings.apn_credential_sid,
            "fcm_credential_sid": settings.fcm_credential_sid,
        },
        "totp": { "issuer": settings.friendly_name, "time_step": 30, "code_length": 6, "skew": 1 },
        "whatsapp": { "msg_service_sid": null, "from": null },
        "passkeys": null,
        "default_template_sid": null,
        "verify_event_subscription_enabled": false,
        "date_created": written(service.created_at),
        "date_updated": written(service.updated_at),
        "url": service_url(base(app), service.sid),
        "links": {
            "verification_checks": link("VerificationCheck"),
            "verifications": link("Verifications"),
            "rate_limits": link("RateLimits"),
            "messaging_configurations": link("MessagingConfigurations"),
            "entities": link("Entities"),
            "webhooks": link("Webhooks"),
            "access_tokens": link("AccessTokens"),
        },
    })
}

/// Makes a service.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let service = app.push.create_service(&asked.caller, &asked.parameters).await?;
    Ok(created(&shown(&app, &service)))
}

/// Lists services.
pub async fn list(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let page = app.push.services(&asked.caller, &asked.parameters).await?;
    let address = services_url(base(&app));
    Ok(page_of("services", &address, &asked.parameters, &page, |service| shown(&app, service)))
}

/// Shows a service.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let service = app.push.service(&asked.caller, part(&request, "service")).await?;
    Ok(found(&shown(&app, &service)))
}

/// Changes a service.
pub async fn update(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let service = app.push.update_service(&asked.caller, part(&request, "service"), &asked.parameters).await?;
    Ok(found(&shown(&app, &service)))
}

/// Forgets a service.
pub async fn delete(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    app.push.delete_service(&asked.caller, part(&request, "service")).await?;
    Ok(deleted())
}
