//! Owns the signed-in person's page: profile, linked services, unlink. Leaves its list of devices to `devices.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::ids::GrantId;
use crate::model::push::factor::Platform;
use crate::model::reverse_link::ReverseStanding;
use crate::model::time::{Timestamp, before};
use crate::oauth::links::Linked;
use crate::platforms::preset::platform_title;
use crate::web::extract::{csrf, form, signed_in};
use crate::web::pages::views::{AccountPage, LinkedService};
use crate::web::pages::way::Way;
use crate::web::pages::{Frame, approval, devices, permissions, sign_in};
use crate::web::reply::{PageFailure, page_answer, to_page};
use crate::web::routes::{ACCOUNT, STYLESHEET, Shared};

/// How long the page says that a sign-in was stopped.
const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);

/// Names in the address the link that was just ended.
const UNLINKED: &str = "unlinked=";

/// The page.
pub async fn get(request: HttpRequest, app: Shared) -> HttpResponse {
    let result = show(&request, &app).await;
    page_answer(&request, &app, result)
}

/// The server's root leads to the page.
pub async fn from_home() -> HttpResponse {
    to_page(ACCOUNT)
}

async fn show(request: &HttpRequest, app: &App) -> Result<HttpResponse, PageFailure> {
    let Some(user) = signed_in::read(request, app).await? else {
        return Ok(sign_in::show_for_account(request, app));
    };
    if !user.may_manage() {
        return approval::begin::show(request, app, &Way::to_account(), &user).await;
    }
    let links = app.protocol.links_of(user.id).await?;
    let token = csrf::token(request, app, Some(&user));
    let unlinked = match request.query_string().strip_prefix(UNLINKED).and_then(GrantId::parse) {
        Some(grant) => app.protocol.is_unlinked(user.id, grant).await?,
        None => false,
    };
    let devices = devices::list(app, &user).await?;
    let unlinked = unlinked.then_some("Unlinked. It can no longer use your account.");
    let done = unlinked.or_else(|| devices::just_done(request.query_string(), &devices));
    let devices_locked = !user.may_change_devices(!devices.is_empty());
    let page = AccountPage {
        service: app.service_name.clone(),
        login: user.login.to_string(),
        email: user.email.as_ref().map(ToString::to_string),
        phone: user.phone.as_ref().map(ToString::to_string),
        message: done.map(str::to_owned),
        approval: approval::setting::of(app, &user).await?,
        disowned: user.disowned_at.filter(|at| *at > before(app.protocol.clock.now(), REMEMBERED)).map(day),
        grants: links.iter().map(|link| linked_service(app, link)).collect(),
        devices,
        devices_locked,
        notifies: asks_for_notifications(app),
        csrf: token.field,
        stylesheet: STYLESHEET,
    };
    Ok(Frame::scripted(token.cookie).show(&page))
}

/// Whether browsers are reached by their own push services; a rehearsal's stand-in needs nobody's consent.
fn asks_for_notifications(app: &App) -> bool {
    let is_rehearsed = app.rehearsal.as_ref().is_some_and(|rehearsal| rehearsal.push_service.is_some());
    app.push.sender.serves(Platform::Web) && !is_rehearsed
}

fn linked_service(app: &App, linked: &Linked) -> LinkedService {
    let all: BTreeSet<String> = linked.scopes.iter().flat_map(|scope| permissions(app, scope)).collect();
    LinkedService {
        id: linked.grant_id.to_string(),
        platform: platform_title(&linked.client).to_owned(),
        name: linked.client.name.clone(),
        since: day(linked.since),
        since_iso: linked.since.to_rfc3339(),
        last_used: Some(day(linked.last_used)),
        last_used_iso: Some(linked.last_used.to_rfc3339()),
        permissions: all.into_iter().collect(),
        reverse: linked.reverse.map(reverse_words),
    }
}

fn reverse_words(standing: ReverseStanding) -> &'static str {
    match standing {
        ReverseStanding::Active => "Connected",
        ReverseStanding::Pending => "Being connected",
        ReverseStanding::Failed => "Not connected. Unlink, then link again to mend it.",
        ReverseStanding::Revoked => "Ended there. Unlink, then link again to connect it anew.",
    }
}

/// A day in words.
pub(super) fn day(at: Timestamp) -> String {
    at.format("%-d %B %Y").to_string()
}

/// The posted unlink form.
pub async fn unlink(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = end_link(&request, payload, &app).await;
    page_answer(&request, &app, result)
}

async fn end_link(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let user: Option<SignedInUser> = signed_in::read(request, app).await?;
    let Some(person) = user.as_ref().filter(|person| person.may_manage()) else { return Ok(to_page(ACCOUNT)) };
    csrf::check(request, app, user.as_ref(), &form)
        .map_err(|_| PageFailure::Forged { retry: Some(ACCOUNT.to_owned()) })?;
    let grant = form.one("grant").ok().flatten().and_then(GrantId::parse).ok_or(PageFailure::Incomplete)?;
    app.protocol.unlink(person.id, grant).await?;
    Ok(to_page(&format!("{ACCOUNT}?{UNLINKED}{grant}")))
}
