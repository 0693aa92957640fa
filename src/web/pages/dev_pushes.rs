//! Owns the page of `couplet dev` with the messages that browsers got, and the push service that took them. Leaves judging
//! requests to `rehearse/`.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use crate::rehearse::push_service::{Answer, Call, PushService, Pushed};
use crate::web::extract::form::read_body;
use crate::web::pages::Frame;
use crate::web::pages::dev::{allowed, elsewhere};
use crate::web::routes::{STYLESHEET, Shared};

/// Shows the messages that browsers got.
#[derive(Template)]
#[template(path = "dev/pushes.html")]
struct DevPushesPage {
    /// Name of the service.
    service: String,
    /// Whether messages go to browsers.
    on: bool,
    /// The messages, the latest first.
    messages: Vec<DevPush>,
    /// Why some were refused, the latest first.
    refused: Vec<String>,
    /// Address of the style sheet.
    stylesheet: &'static str,
}

/// A message that a browser got.
struct DevPush {
    /// What the person is asked.
    message: String,
    /// About which challenge.
    challenge: String,
    /// When, as a time of day.
    at: String,
    /// For how many seconds it would be kept.
    ttl: u32,
}

/// The messages, the latest first.
pub async fn page(request: HttpRequest, app: Shared) -> HttpResponse {
    let Some(rehearsal) = allowed(&request, &app) else { return elsewhere(&request, &app) };
    let service = rehearsal.push_service.as_ref();
    let page = DevPushesPage {
        service: app.service_name.clone(),
        on: service.is_some(),
        messages: service.map(PushService::pushed).unwrap_or_default().into_iter().rev().map(shown).collect(),
        refused: service.map(PushService::refused).unwrap_or_default().into_iter().rev().collect(),
        stylesheet: STYLESHEET,
    };
    Frame::own(None).show(&page)
}

fn shown(pushed: Pushed) -> DevPush {
    let text = |name: &str| pushed.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let at = pushed.at.format("%H:%M:%S").to_string();
    DevPush { message: text("message"), challenge: text("challenge_sid"), at, ttl: pushed.ttl }
}

/// What the server itself calls to send one.
pub async fn service(request: HttpRequest, payload: Payload, app: Shared) -> HttpResponse {
    let service = allowed(&request, &app).and_then(|rehearsal| rehearsal.push_service.as_ref());
    let Some(service) = service else { return elsewhere(&request, &app) };
    let body = match read_body(&request, payload).await {
        Ok(body) => body,
        Err(why) => return HttpResponse::build(why.status()).finish(),
    };
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let call = Call {
        method: request.method().as_str(),
        subscription: request.match_info().get("subscription").unwrap_or_default(),
        header: &header,
        body: &body,
    };
    let Answer { status, retry_after } = service.answer(&call);
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(seconds) = retry_after {
        answer.insert_header((RETRY_AFTER, seconds));
    }
    answer.finish()
}
