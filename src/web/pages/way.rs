//! Owns where a sign-in leads: the linking request that a form carries along, or the account page. Leaves every form to its
//! page, and what a link still lacks to the authorization endpoint.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::identity::sign_in::Welcome;
use crate::model::parameters::Parameters;
use crate::model::user::User;
use crate::oauth::authorize::{AuthorizationRequest, NextStep, continuation, continuation_after_sign_in};
use crate::platforms::preset::platform_title;
use crate::telemetry::metrics::SignInResult;
use crate::web::extract::{client_ip, csrf, device, signed_in};
use crate::web::reply::{PageFailure, to_page, to_platform};
use crate::web::routes::{ACCOUNT, AUTHORIZE};

/// Where a sign-in leads, and what pages say about it.
pub struct Way {
    /// The query of the authorization request; empty on the way to the account page.
    pub request: String,
    /// Who wants to link.
    pub platform: Option<String>,
    asked: Option<AuthorizationRequest>,
}

impl Way {
    /// To the account page.
    pub fn to_account() -> Self {
        Self { request: String::new(), platform: None, asked: None }
    }

    /// To a link that is shown the page for now.
    pub fn shown(parameters: &Parameters, asked: &AuthorizationRequest) -> Self {
        let platform = Some(platform_title(&asked.client.settings).to_owned());
        Self { request: continuation(parameters), platform, asked: None }
    }

    /// A form that leads to a link leads there only if the link may still be asked for.
    pub async fn of(app: &App, parameters: &Parameters) -> Result<Self, PageFailure> {
        if continuation(parameters).is_empty() {
            return Ok(Self::to_account());
        }
        let asked = app.protocol.authorization_request(parameters).await?;
        let shown = Self::shown(parameters, &asked);
        Ok(Self { asked: Some(asked), ..shown })
    }

    /// Where the way begins: the page that asks for the password.
    pub fn beginning(&self) -> String {
        if self.request.is_empty() { ACCOUNT.to_owned() } else { format!("{AUTHORIZE}?{}", self.request) }
    }

    /// What follows an address of ours to stay on the way.
    pub fn query(&self) -> String {
        if self.request.is_empty() { String::new() } else { format!("?{}", self.request) }
    }

    fn destination(&self, parameters: &Parameters) -> String {
        if self.request.is_empty() {
            return ACCOUNT.to_owned();
        }
        format!("{AUTHORIZE}?{}", continuation_after_sign_in(parameters))
    }
}

/// Lets somebody in who has just proved who they are: cookies, and on to where the way leads.
pub async fn welcome(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    way: Way,
    welcome: Welcome,
) -> Result<HttpResponse, PageFailure> {
    let Welcome { user, session, device: browser } = welcome;
    let address = client_ip::read(request, &app.trusted_proxies);
    tracing::info!(user = %user.id, %address, "signed in");
    app.metrics.sign_ins.count(SignInResult::Ok);
    if let Some(former) = signed_in::read(request, app).await? {
        app.identity.sign_out(&former).await?;
    }
    let mut response = onward(app, &user, parameters, way).await;
    let fresh = csrf::fresh_token(app, Some(&user));
    let cookies = [signed_in::cookie(app, &session), device::cookie(app, &browser)];
    for cookie in cookies.into_iter().chain(fresh.cookie) {
        response.add_cookie(&cookie).map_err(|_| PageFailure::Incomplete)?;
    }
    Ok(response)
}

/// Sends on whoever has just signed in: to the platform at once, if nothing is left to ask; else to where they came from.
async fn onward(app: &App, user: &User, parameters: &Parameters, way: Way) -> HttpResponse {
    let destination = way.destination(parameters);
    let Some(asked) = way.asked else { return to_page(&destination) };
    match app.protocol.next_step(&asked.after_sign_in(), Some(user)).await {
        Ok(NextStep::Answer(location)) => to_platform(&location),
        // There it is told as what it is, and the person stays signed in.
        Ok(NextStep::SignIn | NextStep::Consent) | Err(_) => to_page(&destination),
    }
}
