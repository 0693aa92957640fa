//! Owns where a sign-in leads: the linking request that a form carries along, or the account page. Leaves every form to its
//! page, and what a link still lacks to the authorization endpoint.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::identity::sign_in::Welcome;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::{AuthorizationRequest, continuation};
use crate::platforms::preset::platform_title;
use crate::telemetry::metrics::SignInResult;
use crate::web::extract::{client_ip, csrf, device, signed_in};
use crate::web::oauth::authorize;
use crate::web::reply::{PageFailure, to_page};
use crate::web::routes::{ACCOUNT, AUTHORIZE};

/// Where a sign-in leads, and what pages say about it.
pub struct Way {
    /// The query of the authorization request; empty on the way to the account page.
    pub request: String,
    /// Who wants to link.
    pub platform: Option<String>,
}

impl Way {
    /// To the account page.
    pub fn to_account() -> Self {
        Self { request: String::new(), platform: None }
    }

    /// To a link that is shown the page for now.
    pub fn shown(parameters: &Parameters, asked: &AuthorizationRequest) -> Self {
        let platform = Some(platform_title(&asked.client.settings).to_owned());
        Self { request: continuation(parameters), platform }
    }

    /// A form that leads to a link leads there only if the link may still be asked for.
    pub async fn of(app: &App, parameters: &Parameters) -> Result<Self, PageFailure> {
        if continuation(parameters).is_empty() {
            return Ok(Self::to_account());
        }
        let asked = app.protocol.authorization_request(parameters).await?;
        Ok(Self::shown(parameters, &asked))
    }

    /// Where the way begins: the page that asks for the password.
    pub fn beginning(&self) -> String {
        if self.request.is_empty() { ACCOUNT.to_owned() } else { format!("{AUTHORIZE}?{}", self.request) }
    }

    /// What follows an address of ours to stay on the way.
    pub fn query(&self) -> String {
        if self.request.is_empty() { String::new() } else { format!("?{}", self.request) }
    }
}

/// Lets somebody in who has just proved who they are: cookies, and on to where the way leads.
pub async fn welcome(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    welcome: Welcome,
) -> Result<HttpResponse, PageFailure> {
    let Welcome { user, session, device: browser } = welcome;
    let address = client_ip::read(request, &app.trusted_proxies);
    tracing::info!(user = %user.id, %address, "signed in");
    app.metrics.sign_ins.count(SignInResult::Ok);
    if let Some(former) = signed_in::read(request, app).await? {
        app.identity.sign_out(&former).await?;
    }
    let mut response = match &*continuation(parameters) {
        "" => to_page(ACCOUNT),
        _ => authorize::after_sign_in(app, parameters, &user).await,
    };
    let fresh = csrf::fresh_token(app, Some(&user));
    let cookies = [signed_in::cookie(app, &session), device::cookie(app, &browser)];
    for cookie in cookies.into_iter().chain(fresh.cookie) {
        response.add_cookie(&cookie).map_err(|_| PageFailure::Incomplete)?;
    }
    Ok(response)
}

/// The answer to a form with a password or a code in it: with any redirect but this one some clients would post them on (RFC 9700
/// section 4.12).
pub fn after_secret(mut response: HttpResponse) -> HttpResponse {
    if response.status() == StatusCode::FOUND {
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    response
}
