//! Owns the sign-in page and its form. Leaves checking passwords to `identity/`, and what follows to the authorization
//! endpoint.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::identity::sign_in::{Origin, SignInRefusal, Welcome};
use crate::model::failure::Failure;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::{AuthorizationRequest, continuation};
use crate::platforms::preset::platform_title;
use crate::telemetry::metrics::SignInResult;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{client_ip, csrf, device, form, signed_in};
use crate::web::guard::Outcome;
use crate::web::oauth::authorize;
use crate::web::pages::Frame;
use crate::web::pages::views::SignInPage;
use crate::web::reply::{PageFailure, page_answer, to_page};
use crate::web::routes::{ACCOUNT, STYLESHEET, Shared};

const WRONG: &str = "That user name and password do not match. Check both and try again.";
const STALE: &str = "This page was open for too long, or your browser keeps no cookies. Please sign in again.";

/// Where a sign-in leads, and what the page says about it.
struct Way {
    request: String,
    platform: Option<String>,
}

/// Asks for the password on the way to a link.
pub fn show_for(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    asked: &AuthorizationRequest,
) -> HttpResponse {
    let platform = Some(platform_title(&asked.client.settings).to_owned());
    show(request, app, &Way { request: continuation(parameters), platform }, "", None)
}

/// Asks for the password on the way to the account page.
pub fn show_for_account(request: &HttpRequest, app: &App) -> HttpResponse {
    show(request, app, &Way { request: String::new(), platform: None }, "", None)
}

fn show(request: &HttpRequest, app: &App, way: &Way, username: &str, message: Option<&str>) -> HttpResponse {
    let token = csrf::token(request, app, None);
    let page = SignInPage {
        service: app.service_name.clone(),
        platform: way.platform.clone(),
        username: username.to_owned(),
        message: message.map(str::to_owned),
        request: way.request.clone(),
        csrf: token.field,
        stylesheet: STYLESHEET,
    };
    Frame::linking(token.cookie).show(&page)
}

/// The posted form.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = sign_in(&request, payload, &app).await;
    let mut response = page_answer(&request, &app, result);
    if response.status() == StatusCode::FOUND {
        // No other redirect keeps every client from posting the password on (RFC 9700 section 4.12).
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    response
}

async fn sign_in(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let field = |name| form.one(name).map_err(|_| PageFailure::Incomplete);
    let (username, password) = (field("username")?.unwrap_or_default(), field("password")?.unwrap_or_default());
    let parameters =
        Parameters::parse(field("request")?.unwrap_or_default().as_bytes()).map_err(Unreadable::Malformed)?;
    if csrf::check(request, app, None, &form).is_err() {
        tracing::info!("a form that is not of a page of ours was refused");
        let mut page = show(request, app, &way_of(app, &parameters).await?, username, Some(STALE));
        *page.status_mut() = StatusCode::FORBIDDEN;
        page.extensions_mut().insert(Outcome("forged"));
        return Ok(page);
    }
    let address = client_ip::read(request, &app.trusted_proxies);
    let origin = Origin { address, device: device::read(request, app) };
    match app.identity.sign_in(username, &password.to_owned().into(), origin).await {
        Ok(Welcome { user, session, device: browser }) => {
            tracing::info!(user = %user.id, %address, "signed in");
            app.metrics.sign_ins.count(SignInResult::Ok);
            let former = signed_in::read(request, app).await?;
            if let Some(former) = former {
                app.identity.sign_out(&former).await?;
            }
            let mut response = match &*continuation(&parameters) {
                "" => to_page(ACCOUNT),
                _ => authorize::after_sign_in(app, &parameters, &user).await,
            };
            let fresh = csrf::fresh_token(app, Some(&user));
            let cookies = [signed_in::cookie(app, &session), device::cookie(app, &browser)];
            for cookie in cookies.into_iter().chain(fresh.cookie) {
                response.add_cookie(&cookie).map_err(|_| PageFailure::Incomplete)?;
            }
            Ok(response)
        }
        Err(Failure::Refused(refusal)) => {
            // Without the name: people type passwords there.
            tracing::info!(%address, cause = ?refusal, "sign-in refused");
            app.metrics.sign_ins.count(result_of(refusal));
            Ok(refused(request, app, &way_of(app, &parameters).await?, username, refusal))
        }
        Err(Failure::Store(error)) => Err(error.into()),
        Err(Failure::Internal(fault)) => Err(PageFailure::Internal(fault)),
    }
}

/// A form that leads to a link leads there only if the link may still be asked for.
async fn way_of(app: &App, parameters: &Parameters) -> Result<Way, PageFailure> {
    let request = continuation(parameters);
    if request.is_empty() {
        return Ok(Way { request, platform: None });
    }
    let asked = app.protocol.authorization_request(parameters).await?;
    Ok(Way { request, platform: Some(platform_title(&asked.client.settings).to_owned()) })
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
            let minutes = wait.as_secs().div_ceil(60).max(1);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            let message = format!("Too many attempts. Please wait {minutes} {unit} and try again.");
            (StatusCode::TOO_MANY_REQUESTS, message, Some(wait.as_secs().saturating_add(1)))
        }
        SignInRefusal::Busy => {
            (StatusCode::SERVICE_UNAVAILABLE, "We are very busy. Please try again in a moment.".to_owned(), Some(2))
        }
    };
    let mut page = show(request, app, way, username, Some(&message));
    *page.status_mut() = status;
    page.extensions_mut().insert(Outcome(outcome));
    if let Some(wait) = wait {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    page
}
