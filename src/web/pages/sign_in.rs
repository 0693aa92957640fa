//! Owns the sign-in page and its form. Leaves checking passwords to `identity/`, and what follows to the authorization
//! endpoint.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::identity::sign_in::{Origin, SignInRefusal};
use crate::model::failure::Failure;
use crate::model::parameters::Parameters;
use crate::model::text_message::CodeUsage;
use crate::oauth::authorize::AuthorizationRequest;
use crate::telemetry::metrics::SignInResult;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{client_ip, csrf, device, form};
use crate::web::guard::Outcome;
use crate::web::pages::views::SignInPage;
use crate::web::pages::way::{Way, after_secret, enter};
use crate::web::pages::{BUSY, Frame, STALE, too_many};
use crate::web::reply::{PageFailure, page_answer};
use crate::web::routes::{FORGOT, REGISTER, STYLESHEET, Shared};

const WRONG: &str = "That user name and password do not match. Check both and try again.";

/// Asks for the password on the way to a link.
pub fn show_for(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    asked: &AuthorizationRequest,
) -> HttpResponse {
    show(request, app, &Way::shown(parameters, asked), "", None)
}

/// Asks for the password on the way to the account page.
pub fn show_for_account(request: &HttpRequest, app: &App) -> HttpResponse {
    show(request, app, &Way::to_account(), "", None)
}

fn show(request: &HttpRequest, app: &App, way: &Way, username: &str, message: Option<&str>) -> HttpResponse {
    let token = csrf::token(request, app, None);
    let serves = |usage| app.identity.codes_for(usage).is_some();
    let page = SignInPage {
        service: app.service_name.clone(),
        platform: way.platform.clone(),
        username: username.to_owned(),
        message: message.map(str::to_owned),
        request: way.request.clone(),
        csrf: token.field,
        by_code: serves(CodeUsage::SignIn),
        register: serves(CodeUsage::Register).then(|| format!("{REGISTER}{}", way.query())),
        forgot: serves(CodeUsage::ForgotPassword).then(|| format!("{FORGOT}{}", way.query())),
        stylesheet: STYLESHEET,
    };
    Frame::linking(token.cookie).show(&page)
}

/// The posted form.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = sign_in(&request, payload, &app).await;
    after_secret(page_answer(&request, &app, result))
}

async fn sign_in(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let field = |name| form.one(name).map_err(|_| PageFailure::Incomplete);
    let (username, password) = (field("username")?.unwrap_or_default(), field("password")?.unwrap_or_default());
    let parameters =
        Parameters::parse(field("request")?.unwrap_or_default().as_bytes()).map_err(Unreadable::Malformed)?;
    if csrf::check(request, app, None, &form).is_err() {
        tracing::info!("a form that is not of a page of ours was refused");
        let mut page = show(request, app, &Way::of(app, &parameters).await?, username, Some(STALE));
        *page.status_mut() = StatusCode::FORBIDDEN;
        page.extensions_mut().insert(Outcome("forged"));
        return Ok(page);
    }
    let address = client_ip::read(request, &app.trusted_proxies);
    let origin = Origin { address, device: device::read(request, app) };
    match app.identity.sign_in(username, &password.to_owned().into(), origin).await {
        Ok(proven) => enter(request, app, &parameters, proven).await,
        Err(Failure::Refused(refusal)) => {
            // Without the name: people type passwords there.
            tracing::info!(%address, cause = ?refusal, "sign-in refused");
            app.metrics.sign_ins.count(result_of(refusal));
            Ok(refused(request, app, &Way::of(app, &parameters).await?, username, refusal))
        }
        Err(Failure::Store(error)) => Err(error.into()),
        Err(Failure::Internal(fault)) => Err(PageFailure::Internal(fault)),
    }
}

fn result_of(refusal: SignInRefusal) -> SignInResult {
    match refusal {
        SignInRefusal::WrongCredentials => SignInResult::Wrong,
        SignInRefusal::TooMany(_) => SignInResult::Braked,
        SignInRefusal::Busy => SignInResult::Busy,
    }
}

fn refused(request: &HttpRequest, app: &App, way: &Way, username: &str, refusal: SignInRefusal) -> HttpResponse {
    let outcome = match refusal {
        SignInRefusal::WrongCredentials => "wrong_credentials",
        SignInRefusal::TooMany(_) => "too_many_requests",
        SignInRefusal::Busy => "busy",
    };
    let (status, message, wait) = match refusal {
        SignInRefusal::WrongCredentials => (StatusCode::OK, WRONG.to_owned(), None),
        SignInRefusal::TooMany(wait) => {
            (StatusCode::TOO_MANY_REQUESTS, too_many(wait), Some(wait.as_secs().saturating_add(1)))
        }
        SignInRefusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, BUSY.to_owned(), Some(2)),
    };
    let mut page = show(request, app, way, username, Some(&message));
    *page.status_mut() = status;
    page.extensions_mut().insert(Outcome(outcome));
    if let Some(wait) = wait {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    page
}
