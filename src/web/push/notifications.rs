//! Owns the wire of notifications.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::model::push::date::written;
use crate::push::notifications::Notification;
use crate::web::push::reply::created;
use crate::web::push::{Answer, Asked, part, place};
use crate::web::routes::Shared;

fn shown(notification: &Notification) -> Value {
    let challenge = &notification.challenge;
    json!({
        "sid": notification.sid.to_string(),
        "account_sid": challenge.scope.account.to_string(),
        "service_sid": challenge.scope.service.to_string(),
        "entity_sid": challenge.entity.to_string(),
        "identity": challenge.scope.identity.as_str(),
        "challenge_sid": challenge.sid.to_string(),
        "priority": "high",
        "ttl": notification.ttl,
        "date_created": written(notification.created_at),
    })
}

/// Wakes a device up once more.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let sid = part(&request, "sid");
    let notification = app.push.create_notification(&asked.caller, place(&request), sid, &asked.parameters).await?;
    Ok(created(&shown(&notification)))
}
