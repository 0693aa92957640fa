//! Owns the consent page and its form. Leaves issuing the code to `oauth/authorize.rs`.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::{AuthorizationRequest, continuation};
use crate::platforms::preset::platform_title;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{csrf, form, signed_in};
use crate::web::oauth::authorize;
use crate::web::pages::views::ConsentPage;
use crate::web::pages::{Frame, permissions, sign_in};
use crate::web::reply::{PageFailure, page_answer, to_page, to_platform};
use crate::web::routes::{AUTHORIZE, STYLESHEET, Shared};

/// Asks the person.
pub fn show(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    asked: &AuthorizationRequest,
    user: Option<&SignedInUser>,
) -> Result<HttpResponse, PageFailure> {
    let Some(person) = user else { return Ok(sign_in::show_for(request, app, parameters, asked)) };
    let token = csrf::token(request, app, user);
    let page = ConsentPage {
        service: app.service_name.clone(),
        platform: platform_title(&asked.client.settings).to_owned(),
        login: person.login.to_string(),
        permissions: permissions(app, &asked.scope),
        request: continuation(parameters),
        csrf: token.field,
        stylesheet: STYLESHEET,
    };
    Ok(Frame::linking(token.cookie).show(&page))
}

/// The posted form.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = decide(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn decide(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let field = |name| form.one(name).map_err(|_| PageFailure::Incomplete)?.ok_or(PageFailure::Incomplete);
    let parameters = Parameters::parse(field("request")?.as_bytes()).map_err(Unreadable::Malformed)?;
    let asked = app.protocol.authorization_request(&parameters).await?;
    let user = signed_in::read(request, app).await?;
    let Some(person) = &user else { return Ok(sign_in::show_for(request, app, &parameters, &asked)) };
    if csrf::check(request, app, user.as_ref(), &form).is_err() {
        let retry = format!("{AUTHORIZE}?{}", continuation(&parameters));
        return Err(PageFailure::Forged { retry: Some(retry) });
    }
    let decision = field("decision")?;
    if decision == "allow" && asked.lacks_approval(authorize::person(person)) {
        return Ok(to_page(&format!("{AUTHORIZE}?{}", continuation(&parameters))));
    }
    let location = match decision {
        "allow" => app.protocol.allow(&asked, person).await?,
        "deny" => app.protocol.deny(&asked),
        _ => return Err(PageFailure::Incomplete),
    };
    Ok(to_platform(&location))
}
