//! Owns the page of `couplet dev` with the text messages that were not really sent, and the Messages API of its Twilio. Leaves
//! judging requests to `rehearse/`.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use crate::rehearse::messages_api::{Answer, Call, MessagesApi, Sent};
use crate::web::extract::form::read_body;
use crate::web::pages::Frame;
use crate::web::pages::dev::{allowed, elsewhere};
use crate::web::pages::views::{DevMessage, DevMessagesPage};
use crate::web::routes::{DEV_TWILIO, STYLESHEET, Shared};

/// The messages, the latest first.
pub async fn page(request: HttpRequest, app: Shared) -> HttpResponse {
    let Some(rehearsal) = allowed(&request, &app) else { return elsewhere(&request, &app) };
    let sent = rehearsal.messages.as_ref().map(MessagesApi::sent).unwrap_or_default();
    let page = DevMessagesPage {
        service: app.service_name.clone(),
        real: rehearsal.messages.is_none(),
        messages: sent.into_iter().rev().map(shown).collect(),
        stylesheet: STYLESHEET,
    };
    Frame::own(None).show(&page)
}

fn shown(sent: Sent) -> DevMessage {
    DevMessage { at: sent.at.format("%H:%M:%S").to_string(), to: sent.to, body: sent.body }
}

/// What the server itself calls to send one.
pub async fn api(request: HttpRequest, payload: Payload, app: Shared) -> HttpResponse {
    let messages = allowed(&request, &app).and_then(|rehearsal| rehearsal.messages.as_ref());
    let Some(messages) = messages else { return elsewhere(&request, &app) };
    let body = match read_body(&request, payload).await {
        Ok(body) => body,
        Err(why) => return HttpResponse::build(why.status()).finish(),
    };
    let header = |name: HeaderName| request.headers().get(name)?.to_str().ok();
    let call = Call {
        method: request.method().as_str(),
        path: request.path().strip_prefix(DEV_TWILIO).unwrap_or_default(),
        content_type: header(CONTENT_TYPE),
        authorization: header(AUTHORIZATION),
        body: &body,
    };
    let Answer { status, body } = messages.answer(&call);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("application/json").body(body)
}
