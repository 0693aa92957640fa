//! Owns the wire of challenges.

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use crate::app::App;
use crate::model::push::challenge::Challenge;
use crate::model::push::date::written;
use crate::push::answer::{SIGNED, signed_members};
use crate::web::push::list::list as page_of;
use crate::web::push::reply::{created, found};
use crate::web::push::{Answer, Asked, base, part, place};
use crate::web::routes::Shared;
use crate::web::routes::push::{challenge_url, entity_url};

/// Tells devices which members to sign. One SDK looks for it in exactly this spelling.
const SIGNATURE_FIELDS: &str = "Twilio-Verify-Signature-Fields";

fn shown(app: &App, challenge: &Challenge) -> Value {
    let url = challenge_url(base(app), challenge);
    let others = [
        ("entity_sid", json!(challenge.entity.to_string())),
        ("date_updated", json!(written(challenge.updated_at))),
        ("date_responded", json!(challenge.responded_at().map(written))),
        ("responded_reason", json!("none")),
        ("metadata", json!(challenge.metadata)),
        ("factor_type", json!("push")),
        ("links", json!({ "notifications": format!("{url}/Notifications") })),
        ("url", json!(url)),
    ];
    // What is signed is shown as it is checked.
    let mut members = signed_members(challenge, app.push.clock.now());
    members.extend(others.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(members)
}

/// Asks a factor.
pub async fn create(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let challenge = app.push.create_challenge(&asked.caller, place(&request), &asked.parameters).await?;
    Ok(created(&shown(&app, &challenge)))
}

/// Lists challenges.
pub async fn list(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let (scope, page) = app.push.challenges(&asked.caller, place(&request), &asked.parameters).await?;
    let address = format!("{}/Challenges", entity_url(base(&app), &scope));
    Ok(page_of("challenges", &address, &asked.parameters, &page, |challenge| shown(&app, challenge)))
}

/// Shows a challenge, and what a device has to sign.
pub async fn get(request: HttpRequest, app: Shared) -> Answer {
    let asked = Asked::query(&request, &app).await?;
    let challenge = app.push.challenge(&asked.caller, place(&request), part(&request, "sid")).await?;
    let mut response = found(&shown(&app, &challenge));
    signature_fields(&mut response);
    Ok(response)
}

/// Answers a challenge.
pub async fn answer(request: HttpRequest, payload: web::Payload, app: Shared) -> Answer {
    let asked = Asked::form(&request, payload, &app).await?;
    let sid = part(&request, "sid");
    let challenge = app.push.answer_challenge(&asked.caller, place(&request), sid, &asked.parameters).await?;
    Ok(found(&shown(&app, &challenge)))
}

fn signature_fields(response: &mut actix_web::HttpResponse) {
    use actix_web::http::header::{HeaderName, HeaderValue};
    let (Ok(name), Ok(value)) = (HeaderName::try_from(SIGNATURE_FIELDS), HeaderValue::try_from(SIGNED.join(",")))
    else {
        return;
    };
    response.headers_mut().insert(name, value);
    response.head_mut().set_camel_case_headers(true);
}
