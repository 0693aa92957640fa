//! Owns the wire of webhooks.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::date::written;
use crate::model::push::webhook::Webhook;
use crate::web::push::list::list as page_of;
use crate::web::push::reply::{created, deleted, found};
use crate::web::push::{Answer, Asked, base, part};
use crate::web::routes::Shared;
use crate::web::routes::push::{below, webhook_url};

fn shown(app: &App, webhook: &Webhook) -> Value {
    let settings = &webhook.settings;
    json!({
        "sid": webhook.sid.to_string(),
        "service_sid": webhook.service.to_string(),
        "account_sid": webhook.account.to_string(),
        "friendly_name": settings.friendly_name,
        "event_types": settings.event_types,
        "status": if settings.enabled { "enabled" } else { "disabled" },
        "version": settings.version,
        "webhook_url": settings.url,
        "webhook_method": "POST",
        "date_created": written(webhook.created_at),
        "date_updated": written(webhook.updated_at),
        "url": webhook_url(base(app), webhook),
    })
}

/// Makes a webhook.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let webhook = app.push.create_webhook(&asked.caller, part(&request, "service"), &asked.parameters).await?;
    Ok(created(&shown(&app, &webhook)))
}

/// Lists webhooks.
pub async fn list(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (service, page) = app.push.webhooks(&asked.caller, part(&request, "service"), &asked.parameters).await?;
    let address = below(base(&app), &service, "Webhooks");
    Ok(page_of("webhooks", &address, &asked.parameters, &page, |webhook| shown(&app, webhook)))
}

/// Shows a webhook.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let webhook = app.push.webhook(&asked.caller, part(&request, "service"), part(&request, "sid")).await?;
    Ok(found(&shown(&app, &webhook)))
}

/// Changes a webhook.
pub async fn update(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let (service, sid) = (part(&request, "service"), part(&request, "sid"));
    let webhook = app.push.update_webhook(&asked.caller, service, sid, &asked.parameters).await?;
    Ok(found(&shown(&app, &webhook)))
}

/// Forgets a webhook.
pub async fn delete(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    app.push.delete_webhook(&asked.caller, part(&request, "service"), part(&request, "sid")).await?;
    Ok(deleted())
}
