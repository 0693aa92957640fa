//! Owns the form on the account page that switches approval on and off.

use actix_web::{HttpRequest, HttpResponse, web};

use super::failed;
use super::views::ApprovalSetting;
use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::web::extract::{csrf, form, signed_in};
use crate::web::reply::{PageFailure, page_answer, to_page};
use crate::web::routes::{ACCOUNT, Shared};

/// How the account page shows it.
pub async fn of(app: &App, user: &SignedInUser) -> Result<ApprovalSetting, PageFailure> {
    let devices = app.identity.approvers.devices(user.id).await.map_err(failed)?;
    Ok(ApprovalSetting { is_on: user.approval, has_device: !devices.is_empty() })
}

/// The posted form.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = switch(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn switch(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let user = signed_in::read(request, app).await?;
    let Some(person) = user.as_ref().filter(|person| person.may_manage()) else { return Ok(to_page(ACCOUNT)) };
    csrf::check(request, app, user.as_ref(), &form)
        .map_err(|_| PageFailure::Forged { retry: Some(ACCOUNT.to_owned()) })?;
    let on = match form.one("approval") {
        Ok(Some("on")) => true,
        Ok(Some("off")) => false,
        _ => return Err(PageFailure::Incomplete),
    };
    // Without a device it would only lock its owner out.
    if !on || of(app, person).await?.has_device {
        app.store.set_approval(person.id, on).await?;
        tracing::info!(user = %person.id, on, "approval of sign-ins was switched");
    }
    Ok(to_page(ACCOUNT))
}
