//! Owns the wire of entities.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::date::written;
use crate::model::push::service::{Entity, Scope, Service};
use crate::web::push::list::list as page_of;
use crate::web::push::reply::{created, deleted, found};
use crate::web::push::{Answer, Asked, base, part, place};
use crate::web::routes::Shared;
use crate::web::routes::push::{below, entity_url};

fn shown(app: &App, service: &Service, entity: &Entity) -> Value {
    let scope = Scope { account: service.account, service: service.sid, identity: entity.identity.clone() };
    let url = entity_url(base(app), &scope);
    json!({
        "sid": entity.sid.to_string(),
        "identity": entity.identity.as_str(),
        "account_sid": service.account.to_string(),
        "service_sid": service.sid.to_string(),
        "date_created": written(entity.created_at),
        "date_updated": written(entity.updated_at),
        "links": {
            "factors": format!("{url}/Factors"),
            "new_factors": format!("{url}/Factors"),
            "challenges": format!("{url}/Challenges"),
        },
        "url": url,
    })
}

/// Makes an entity.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let service = part(&request, "service");
    let (service, entity) = app.push.create_entity(&asked.caller, service, &asked.parameters).await?;
    Ok(created(&shown(&app, &service, &entity)))
}

/// Lists entities.
pub async fn list(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (service, page) = app.push.entities(&asked.caller, part(&request, "service"), &asked.parameters).await?;
    let address = below(base(&app), &service, "Entities");
    Ok(page_of("entities", &address, &asked.parameters, &page, |entity| shown(&app, &service, entity)))
}

/// Shows an entity.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (service, identity) = place(&request);
    let (service, entity) = app.push.entity(&asked.caller, service, identity).await?;
    Ok(found(&shown(&app, &service, &entity)))
}

/// Forgets an entity.
pub async fn delete(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (service, identity) = place(&request);
    app.push.delete_entity(&asked.caller, service, identity).await?;
    Ok(deleted())
}
