//! Owns where a sign-in leads: the linking request that a form carries along, or the account page. Leaves every form to its
//! page, and what a link still lacks to the authorization endpoint.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::identity::approval::{Browser, Question};
use crate::identity::sign_in::{Proven, Welcome};
use crate::model::approval::ApprovalPolicy;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::{AuthorizationRequest, continuation};
use crate::platforms::preset::platform_title;
use crate::telemetry::metrics::SignInResult;
use crate::web::extract::{approval, browser_name, client_ip, csrf, device, signed_in};
use crate::web::oauth::authorize;
use crate::web::pages;
use crate::web::reply::{PageFailure, to_page};
use crate::web::routes::{ACCOUNT, AUTHORIZE};

/// Where a sign-in leads, and what pages say about it.
pub struct Way {
    /// The query of the authorization request; empty on the way to the account page.
    pub request: String,
    /// Who wants to link.
    pub platform: Option<String>,
    /// Whose sign-ins on it have to be approved.
    pub approval: ApprovalPolicy,
}

impl Way {
    /// To the account page.
    pub fn to_account() -> Self {
        Self { request: String::new(), platform: None, approval: ApprovalPolicy::default() }
    }

    /// To a link that is shown the page for now.
    pub fn shown(parameters: &Parameters, asked: &AuthorizationRequest) -> Self {
        let settings = &asked.client.settings;
        let platform = Some(platform_title(settings).to_owned());
        Self { request: continuation(parameters), platform, approval: settings.approval }
    }

    /// A form that leads to a link leads there only if the link may still be asked for.
    pub async fn of(app: &App, parameters: &Parameters) -> Result<Self, PageFailure> {
        if continuation(parameters).is_empty() {
            return Ok(Self::to_account());
        }
        let asked = app.protocol.authorization_request(parameters).await?;
        Ok(Self::shown(parameters, &asked))
    }

    /// The same for somebody who has just proved who they are: a link that may no longer be asked for is refused by the
    /// authorization endpoint, after they are signed in.
    async fn after_proof(app: &App, parameters: &Parameters) -> Result<Self, PageFailure> {
        match Self::of(app, parameters).await {
            Err(PageFailure::Authorize(_)) => Ok(Self { request: continuation(parameters), ..Self::to_account() }),
            known => known,
        }
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

/// Lets somebody in who has just proved who they are, or sends them to where they wait for an approval.
pub async fn enter(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    proven: Proven,
) -> Result<HttpResponse, PageFailure> {
    let way = Way::after_proof(app, parameters).await?;
    let browser = Browser { held: approval::read(request, app), device: device::read(request, app) };
    let entered = app.identity.enter(proven, way.approval, browser, &question(request, app, &way)).await;
    pages::approval::follow(request, app, parameters, &way, entered.map_err(pages::approval::failed)?).await
}

/// Lets somebody in who has proved enough.
pub async fn let_in(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    proven: Proven,
) -> Result<HttpResponse, PageFailure> {
    let let_in = app.identity.let_in(proven, device::read(request, app)).await?;
    welcome(request, app, parameters, let_in).await
}

/// What a device is told of a sign-in on this way.
pub fn question(request: &HttpRequest, app: &App, way: &Way) -> Question {
    Question {
        service: app.service_name.clone(),
        application: way.platform.clone(),
        address: client_ip::read(request, &app.trusted_proxies),
        browser: browser_name::read(request),
    }
}

/// Begins a session: cookies, and on to where the way leads.
pub async fn welcome(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    welcome: Welcome,
) -> Result<HttpResponse, PageFailure> {
    let Welcome { user, session, device: browser } = welcome;
    let address = client_ip::read(request, &app.trusted_proxies);
    tracing::info!(user = %user.id, %address, approved = user.is_approved(), "signed in");
    app.metrics.sign_ins.count(SignInResult::Ok);
    let former = signed_in::read(request, app).await?;
    if let Some(former) = former.filter(|former| former.sign_in_id() != user.sign_in_id()) {
        app.identity.sign_out(&former).await?;
    }
    let mut response = match &*continuation(parameters) {
        "" => to_page(ACCOUNT),
        _ => authorize::after_sign_in(app, parameters, &user).await,
    };
    let fresh = csrf::fresh_token(app, Some(&user));
    let cookies = [signed_in::cookie(app, &session), device::cookie(app, &browser)];
    let no_wait = approval::read(request, app).map(|_| approval::removal(app));
    for cookie in cookies.into_iter().chain(fresh.cookie).chain(no_wait) {
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
