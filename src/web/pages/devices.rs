//! Owns the account page's list of devices that approve sign-ins: showing it, letting this browser enrol, removing one. Once
//! there is one, both need an approved session. Leaves what a device may do to `push/`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::failure::{Failure, Fault};
use crate::model::push::factor::{Factor, Platform};
use crate::model::push::sid::FactorSid;
use crate::model::user::User;
use crate::push::Denied;
use crate::web::extract::{csrf, form, signed_in};
use crate::web::pages::account::day;
use crate::web::pages::approval;
use crate::web::pages::views::devices::EnrolledDevice;
use crate::web::pages::way::Way;
use crate::web::reply::{PageFailure, json_answer, page_answer, to_page};
use crate::web::routes::{ACCOUNT, Shared};

/// Names in the address the device that was just added.
const ADDED: &str = "added=";

/// Names in the address the device that was just removed.
const REMOVED: &str = "removed=";

/// Names in the address the device that can't be removed, because it is the last one.
const LAST: &str = "last=";

/// What this browser enrols with. Named as the mobile SDKs' samples name it, and with what is needed for Web Push.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ticket<'a> {
    token: &'a str,
    service_sid: String,
    account_sid: String,
    identity: &'a str,
    factor_type: &'static str,
    vapid_key: Option<String>,
    subscription: Option<Value>,
}

/// The devices of a person, as the page shows them.
pub(super) async fn list(app: &App, user: &User) -> Result<Vec<EnrolledDevice>, PageFailure> {
    let devices = app.push.devices_of(user.id).await.map_err(failure)?;
    let needed = user.approval && devices.len() == 1;
    Ok(devices.iter().map(|device| shown(device, needed)).collect())
}

fn shown(device: &Factor, needed: bool) -> EnrolledDevice {
    EnrolledDevice {
        sid: device.sid.to_string(),
        name: device.friendly_name.clone(),
        since: day(device.created_at),
        since_iso: device.created_at.to_rfc3339(),
        notified: device.config.platform != Platform::None,
        needed,
    }
}

/// What the address says was just done, or refused, if the list shows that it was.
pub(super) fn just_done(query: &str, devices: &[EnrolledDevice]) -> Option<&'static str> {
    let has = |sid: FactorSid| devices.iter().any(|device| device.sid == sid.to_string());
    let named = |what: &str| query.strip_prefix(what).and_then(FactorSid::parse);
    if named(ADDED).is_some_and(has) {
        return Some("Added. It can now approve sign-ins.");
    }
    if named(LAST).is_some_and(|sid| devices.iter().any(|device| device.needed && device.sid == sid.to_string())) {
        return Some("Not removed: it is your last device, and sign-ins are approved on it.");
    }
    named(REMOVED).is_some_and(|sid| !has(sid)).then_some("Removed. It can no longer approve sign-ins.")
}

/// Gives this browser, posted to by the page's script, what it enrols with.
pub async fn enrol(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = give_ticket(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn give_ticket(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let user: Option<SignedInUser> = signed_in::read(request, app).await?;
    let Some(person) = user.as_ref().filter(|person| person.may_manage()) else { return Ok(to_page(ACCOUNT)) };
    csrf::check(request, app, user.as_ref(), &form)
        .map_err(|_| PageFailure::Forged { retry: Some(ACCOUNT.to_owned()) })?;
    let devices = list(app, person).await?;
    if !person.may_change_devices(!devices.is_empty()) {
        return Ok(to_page(ACCOUNT));
    }
    let (enrolment, token) = app.push.enrol_user(person.id).await.map_err(failure)?;
    let scope = &enrolment.scope;
    let vapid_key = app.push.vapid_public_key().await.map_err(failure)?;
    let subscription = rehearsed_subscription(app, vapid_key.as_deref());
    Ok(json_answer(&Ticket {
        token: token.expose(),
        service_sid: scope.service.to_string(),
        account_sid: scope.account.to_string(),
        identity: scope.identity.as_str(),
        factor_type: "push",
        vapid_key,
        subscription,
    }))
}

/// A push subscription at the stand-in for a push service, which there is in `dev`: `{"endpoint", "keys": {"p256dh", "auth"}}`.
/// A browser there needs no push service of its own, and the developer sees on a page what came.
fn rehearsed_subscription(app: &App, vapid_key: Option<&str>) -> Option<Value> {
    app.rehearsal
        .as_ref()
        .and_then(|rehearsal| rehearsal.push_service.as_ref())
        .map(|service| service.subscribe(vapid_key))
}

/// The posted form that removes a device.
pub async fn remove(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = forget(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn forget(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let user: Option<SignedInUser> = signed_in::read(request, app).await?;
    let Some(person) = user.as_ref().filter(|person| person.may_manage()) else { return Ok(to_page(ACCOUNT)) };
    csrf::check(request, app, user.as_ref(), &form)
        .map_err(|_| PageFailure::Forged { retry: Some(ACCOUNT.to_owned()) })?;
    let device = form.one("device").ok().flatten().and_then(FactorSid::parse).ok_or(PageFailure::Incomplete)?;
    let devices = list(app, person).await?;
    if !person.may_change_devices(!devices.is_empty()) {
        return approval::begin::show(request, app, &Way::to_account(), person).await;
    }
    // Without a device approval would only lock its owner out.
    if devices.iter().any(|listed| listed.needed && listed.sid == device.to_string()) {
        return Ok(to_page(&format!("{ACCOUNT}?{LAST}{device}")));
    }
    if !app.push.forget_device(person.id, device).await.map_err(failure)? {
        return Ok(to_page(ACCOUNT));
    }
    keep_in(app, person).await?;
    Ok(to_page(&format!("{ACCOUNT}?{REMOVED}{device}")))
}

/// Who removes two devices at once may have removed the last two.
async fn keep_in(app: &App, person: &User) -> Result<(), PageFailure> {
    if person.approval && list(app, person).await?.is_empty() {
        app.store.set_approval(person.id, false).await?;
        tracing::warn!(user = %person.id, "the last devices were removed at once; approval of sign-ins was switched off");
    }
    Ok(())
}

/// Nothing here is refused to a person about their own devices.
fn failure(denied: Denied) -> PageFailure {
    match denied {
        Failure::Store(error) => PageFailure::Store(error),
        Failure::Internal(fault) => PageFailure::Internal(fault),
        Failure::Refused(refusal) => PageFailure::Internal(Fault::new(refusal.message().to_owned())),
    }
}
