//! Owns the pages of `couplet dev` that play the Alexa app, and the token endpoint of its Login with Amazon. Leaves playing to
//! `rehearse/`.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::model::parameters::Parameters;
use crate::model::redirect_uri::is_loopback;
use crate::rehearse::dev::{Played, Rehearsal};
use crate::rehearse::login_with_amazon::{Answer, TokenCall};
use crate::web::extract::form::read_body;
use crate::web::pages::views::{DevHomePage, DevLinkPage, DevStep};
use crate::web::pages::{Frame, problem};
use crate::web::reply::to_page;
use crate::web::routes::{STYLESHEET, Shared};

/// The page with the button.
pub async fn home(request: HttpRequest, app: Shared) -> HttpResponse {
    let Some(rehearsal) = allowed(&request, &app) else { return elsewhere(&request, &app) };
    let page = DevHomePage {
        service: app.service_name.clone(),
        login: rehearsal.login.clone(),
        password: rehearsal.password.expose().to_owned(),
        phone: rehearsal.phone,
        client_id: rehearsal.client_id.clone(),
        console: rehearsal.console.clone(),
        stylesheet: STYLESHEET,
    };
    Frame::linking(None).show(&page)
}

/// The button: opens the authorization page as the app would.
pub async fn link(request: HttpRequest, app: Shared) -> HttpResponse {
    match allowed(&request, &app) {
        Some(rehearsal) => to_page(&rehearsal.begin(&*app.randomness)),
        None => elsewhere(&request, &app),
    }
}

/// The browser comes back, as it would to Amazon.
pub async fn callback(request: HttpRequest, app: Shared) -> HttpResponse {
    let Some(rehearsal) = allowed(&request, &app) else { return elsewhere(&request, &app) };
    let query = request.query_string();
    let parameters = Parameters::parse(query.as_bytes()).unwrap_or_default();
    let state = parameters.one("state").ok().flatten().unwrap_or_default();
    match rehearsal.go_on(state, query).await {
        Some(steps) => show(&app, steps),
        None => to_page(crate::web::routes::HOME),
    }
}

/// What the server itself calls when it exchanges the codes that Alexa handed over.
pub async fn amazon_token(request: HttpRequest, payload: Payload, app: Shared) -> HttpResponse {
    let amazon = allowed(&request, &app).and_then(|rehearsal| rehearsal.amazon.as_ref());
    let Some(amazon) = amazon else { return elsewhere(&request, &app) };
    let body = match read_body(&request, payload).await {
        Ok(body) => body,
        Err(why) => return HttpResponse::build(why.status()).finish(),
    };
    let header = |name: HeaderName| request.headers().get(name)?.to_str().ok();
    let call = TokenCall { content_type: header(CONTENT_TYPE), authorization: header(AUTHORIZATION), body: &body };
    let Answer { status, content_type, body } = amazon.answer(&call);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(content_type).body(body)
}

fn show(app: &App, steps: Vec<Played>) -> HttpResponse {
    let linked = steps.iter().all(|step| step.passed);
    let failed = steps.iter().find(|step| !step.passed);
    let page = DevLinkPage {
        service: app.service_name.clone(),
        linked,
        summary: match failed {
            None => "The link works: Alexa would be content with every step. It was ended again at the end.".to_owned(),
            Some(step) => format!("Not linked: {} failed. {}", step.name, step.verdict),
        },
        steps: steps.into_iter().map(step).collect(),
        stylesheet: STYLESHEET,
    };
    Frame::linking(None).show(&page)
}

fn step(played: Played) -> DevStep {
    let took =
        if played.took.is_zero() { "–".to_owned() } else { format!("{:.1} ms", played.took.as_secs_f64() * 1e3) };
    DevStep {
        name: played.name.to_owned(),
        verdict: played.verdict,
        passed: played.passed,
        took,
        request: played.request,
        answer: played.answer,
    }
}

/// The pages show a password, so they are for a browser on this machine alone: not through a tunnel, and not for another
/// site whose name was pointed at loopback.
pub(super) fn allowed<'a>(request: &HttpRequest, app: &'a App) -> Option<&'a Rehearsal> {
    let host = request.headers().get("host")?.to_str().ok()?;
    let local = url::Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url));
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];
    let direct = !forwarded.iter().any(|name| request.headers().contains_key(*name));
    app.rehearsal.as_ref().filter(|_| local && direct)
}

/// The answer to everybody else.
pub(super) fn elsewhere(request: &HttpRequest, app: &App) -> HttpResponse {
    problem::show(request, app, StatusCode::NOT_FOUND, problem::Problem::not_found())
}
