//! Owns the wire of push verification: Twilio Verify's forms and JSON, one file for each resource. Leaves every decision to
//! `crate::push`.

pub mod access_tokens;
pub mod challenges;
pub mod entities;
pub mod factors;
mod list;
pub mod notifications;
pub mod reply;
pub mod services;
pub mod webhooks;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::model::parameters::Parameters;
use crate::model::secret::PlainSecret;
use crate::push::caller::Caller;
use crate::push::error::Refusal;
use crate::web::extract::form;
use crate::web::extract::form::Unreadable;
use reply::PushFailure;

/// What a handler answers.
pub type Answer = Result<HttpResponse, PushFailure>;

/// A request with who sent it and what it says.
struct Asked {
    caller: Caller,
    parameters: Parameters,
}

impl Asked {
    /// A request whose parameters are in the query. `Accept` and a content type say nothing here: clients send what they like.
    async fn query(request: &HttpRequest, app: &App) -> Result<Self, PushFailure> {
        let caller = caller(request, app).await?;
        let parameters = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed)?;
        Ok(Self { caller, parameters })
    }

    /// A request whose parameters are a form. It is read to its end before anything is answered, but who sent it is told
    /// first.
    async fn form(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<Self, PushFailure> {
        let parameters = read_form(request, payload).await;
        let caller = caller(request, app).await?;
        Ok(Self { caller, parameters: parameters? })
    }
}

/// A form; without parameters there need be no media type.
async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<Parameters, Unreadable> {
    if request.headers().contains_key(CONTENT_TYPE) {
        return form::read(request, payload).await;
    }
    let body = form::read_body(request, payload).await?;
    if body.is_empty() { Ok(Parameters::default()) } else { Err(Unreadable::MediaType) }
}

/// Who sends a request with Basic credentials (RFC 7617). The password may hold colons.
async fn caller(request: &HttpRequest, app: &App) -> Result<Caller, PushFailure> {
    let (user, password) = basic(request).ok_or_else(|| Refusal::unauthorized("there are no Basic credentials"))?;
    Ok(app.push.caller(&user, &password).await?)
}

fn basic(request: &HttpRequest) -> Option<(String, PlainSecret)> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (header, None) = (headers.next()?, headers.next()) else { return None };
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    let decoded = Some(encoded).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(STANDARD.decode(decoded.trim()).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned().into()))
}

/// A part of the path.
fn part<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

/// The service and the identity in a path.
fn place(request: &HttpRequest) -> (&str, &str) {
    (part(request, "service"), part(request, "identity"))
}

/// Our own public address, from which all others are made.
fn base(app: &App) -> &str {
    &app.protocol.policy.issuer
}
