//! Owns the authorization endpoint's HTTP (RFC 6749 section 3.1): the only dispatcher of the browser's way. Every page of it
//! comes back here, and this looks at what is known and says what is next.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::failure::Failure;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::{AuthorizeRefusal, NextStep, Person, continuation_after_sign_in};
use crate::web::extract::form::Unreadable;
use crate::web::extract::{form, signed_in};
use crate::web::pages::way::Way;
use crate::web::pages::{approval, consent, sign_in};
use crate::web::reply::{PageFailure, page_answer, to_page, to_platform};
use crate::web::routes::{AUTHORIZE, Shared};

/// A request in the query.
pub async fn get(request: HttpRequest, app: Shared) -> HttpResponse {
    let parameters = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed);
    let result = match parameters {
        Ok(parameters) => next(&request, &app, &parameters).await,
        Err(why) => Err(why.into()),
    };
    page_answer(&request, &app, result)
}

/// A request in the body.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = match form::read(&request, payload).await {
        Ok(parameters) => next(&request, &app, &parameters).await,
        Err(why) => Err(why.into()),
    };
    page_answer(&request, &app, result)
}

async fn next(request: &HttpRequest, app: &App, parameters: &Parameters) -> Result<HttpResponse, PageFailure> {
    let asked = app.protocol.authorization_request(parameters).await?;
    let user = signed_in::read(request, app).await?;
    match (app.protocol.next_step(&asked, user.as_ref().map(person)).await?, &user) {
        (NextStep::Approve, Some(user)) => {
            approval::begin::show(request, app, &Way::shown(parameters, &asked), user).await
        }
        (NextStep::SignIn | NextStep::Approve, _) => Ok(sign_in::show_for(request, app, parameters, &asked)),
        (NextStep::Consent, user) => consent::show(request, app, parameters, &asked, user.as_ref()),
        (NextStep::Answer(location), _) => Ok(to_platform(&location)),
    }
}

/// The signed-in person as the protocol looks at them.
pub fn person(user: &SignedInUser) -> Person<'_> {
    Person { user, is_approved: user.is_approved() }
}

/// Sends on whoever has just signed in for a request: to the platform, if nothing is left to ask; else here again, where a
/// page asks, or a failure is told while the person stays signed in.
pub async fn after_sign_in(app: &App, parameters: &Parameters, user: &SignedInUser) -> HttpResponse {
    match answer_at_once(app, parameters, user).await {
        Ok(Some(location)) => return to_platform(&location),
        Ok(None) | Err(Failure::Refused(_)) => {}
        Err(Failure::Store(error)) => tracing::warn!(%error, "a sign-in is answered one step later"),
        Err(Failure::Internal(fault)) => tracing::error!(%fault, "a sign-in is answered one step later"),
    }
    to_page(&format!("{AUTHORIZE}?{}", continuation_after_sign_in(parameters)))
}

/// The answer, if nothing is left to ask. The request is checked now: signing in may have taken a while.
async fn answer_at_once(
    app: &App,
    parameters: &Parameters,
    user: &SignedInUser,
) -> Result<Option<String>, Failure<AuthorizeRefusal>> {
    let asked = app.protocol.authorization_request(parameters).await?.after_sign_in();
    Ok(match app.protocol.next_step(&asked, Some(person(user))).await? {
        NextStep::Answer(location) => Some(location),
        NextStep::SignIn | NextStep::Approve | NextStep::Consent => None,
    })
}
