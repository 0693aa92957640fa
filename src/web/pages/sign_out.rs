//! Owns signing out, alone or to go on with another account.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::model::parameters::Parameters;
use crate::oauth::authorize::continuation;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{csrf, form, signed_in};
use crate::web::reply::{PageFailure, page_answer, to_page};
use crate::web::routes::{ACCOUNT, AUTHORIZE, Shared};

/// The posted form.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = sign_out(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn sign_out(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let user = signed_in::read(request, app).await?;
    let asked = form.one("request").map_err(|_| PageFailure::Incomplete)?.unwrap_or_default();
    let asked = continuation(&Parameters::parse(asked.as_bytes()).map_err(Unreadable::Malformed)?);
    let next = if asked.is_empty() { ACCOUNT.to_owned() } else { format!("{AUTHORIZE}?{asked}") };
    // Nobody is signed in, or somebody else's page sent the browser, whose cookies then did not come along: nothing to end, and
    // no cookie to take.
    let Some(person) = &user else { return Ok(to_page(&next)) };
    csrf::check(request, app, user.as_ref(), &form).map_err(|_| PageFailure::Forged { retry: Some(next.clone()) })?;
    app.identity.sign_out(person).await?;
    tracing::info!(user = %person.id, "signed out");
    let mut response = to_page(&next);
    for cookie in [Some(signed_in::removal(app)), csrf::fresh_token(app, None).cookie].into_iter().flatten() {
        response.add_cookie(&cookie).map_err(|_| PageFailure::Incomplete)?;
    }
    Ok(response)
}
