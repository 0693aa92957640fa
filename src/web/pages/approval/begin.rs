//! Owns the page for somebody who is signed in and has to approve that, and its form: a question is put to a device only when
//! the person asks for it, not because some page sent their browser here.

use actix_web::{HttpRequest, HttpResponse};

use super::views::BeginPage;
use super::{ended, failed, follow, words};
use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::parameters::Parameters;
use crate::web::extract::{approval, csrf, signed_in};
use crate::web::pages::Frame;
use crate::web::pages::way::{Way, question};
use crate::web::reply::{PageFailure, to_page};
use crate::web::routes::STYLESHEET;

/// Says what is needed.
pub async fn show(
    request: &HttpRequest,
    app: &App,
    way: &Way,
    user: &SignedInUser,
) -> Result<HttpResponse, PageFailure> {
    let means = app.identity.means(user, user.proven().first()).await.map_err(failed)?;
    if means.devices.is_empty() && !means.text {
        return Ok(ended(app, way, words::no_way(way.platform.as_deref(), user.approval)));
    }
    let token = csrf::token(request, app, Some(user));
    let page = BeginPage {
        service: app.service_name.clone(),
        platform: way.platform.clone(),
        login: user.login.to_string(),
        device: means.devices.first().map(|device| device.name.clone()),
        request: way.request.clone(),
        csrf: token.field,
        stylesheet: STYLESHEET,
    };
    Ok(Frame::linking(token.cookie).show(&page))
}

/// The posted form.
pub async fn post(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    way: &Way,
    form: &Parameters,
) -> Result<HttpResponse, PageFailure> {
    let user = signed_in::read(request, app).await?;
    let Some(person) = user.as_ref().filter(|person| !person.is_approved()) else {
        return Ok(to_page(&way.beginning()));
    };
    csrf::check(request, app, user.as_ref(), form).map_err(|_| PageFailure::Forged { retry: Some(way.beginning()) })?;
    let held = approval::read(request, app);
    let entered = app.identity.begin_approval(&person.proven(), held, &question(request, app, way)).await;
    follow(request, app, parameters, way, entered.map_err(failed)?).await
}
