//! Owns the public table: every path of the program is written here and nowhere else. Metadata, links and forms are built
//! from it.

pub mod devices;
pub mod push;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder};

use crate::app::App;
use crate::model::text_message::CodeUsage;
use crate::oauth::metadata::Endpoints;
use crate::web::{metrics, oauth, pages, reply, twilio};

/// The authorization endpoint (RFC 6749 section 3.1).
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// The token endpoint (RFC 6749 section 3.2).
pub const TOKEN: &str = "/oauth2/token";
/// The revocation endpoint (RFC 7009).
pub const REVOKE: &str = "/oauth2/revoke";
/// The introspection endpoint (RFC 7662).
pub const INTROSPECT: &str = "/oauth2/introspect";
/// Where platforms hand over authorization codes of their own (draft-ietf-oauth-reciprocal, in Alexa's form).
pub const RECIPROCAL: &str = "/oauth2/reciprocal";
/// Where apps fetch Twilio access tokens for the user of an access token of ours.
pub const TWILIO_ACCESS_TOKEN: &str = "/twilio/access-token";
/// The metadata (RFC 8414 section 3).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// The same document where OpenID Connect clients look for it (RFC 8414 section 5).
pub const OPENID_METADATA: &str = "/.well-known/openid-configuration";
/// The published keys (RFC 7517 section 5).
pub const JWKS: &str = "/.well-known/jwks.json";
/// Where the sign-in form is posted.
pub const SIGN_IN: &str = "/sign-in";
/// Signing in with a code by text message.
pub const SIGN_IN_BY_CODE: &str = "/sign-in/code";
/// Waiting for the approval of a sign-in.
pub const SIGN_IN_APPROVE: &str = "/sign-in/approve";
/// Making an account.
pub const REGISTER: &str = "/register";
/// Setting a new password.
pub const FORGOT: &str = "/forgot";
/// Where the consent form is posted.
pub const CONSENT: &str = "/consent";
/// Where the sign-out form is posted.
pub const SIGN_OUT: &str = "/sign-out";
/// The signed-in person's page.
pub const ACCOUNT: &str = "/account";
/// Where the unlink form is posted.
pub const UNLINK: &str = "/account/unlink";
/// Where approval at sign-in is switched on and off.
pub const ACCOUNT_APPROVAL: &str = "/account/approval";
/// The program is alive.
pub const HEALTHZ: &str = "/healthz";
/// The program can serve: the database is reachable and migrated.
pub const READYZ: &str = "/readyz";
/// On the operator's listener alone, numbers for Prometheus.
pub const METRICS: &str = "/metrics";
/// The style sheet; its name changes with its content.
pub const STYLESHEET: &str = concat!("/static/couplet-", env!("STYLESHEET_HASH"), ".css");
/// The small picture of browser tabs.
pub const ICON: &str = "/favicon.ico";
/// In `dev` the page that plays the Alexa app.
pub const HOME: &str = "/";
/// In `dev`, where the page's button is posted.
pub const DEV_LINK: &str = "/dev/link";
/// In `dev`, the redirect URI of the demo client.
pub const DEV_CALLBACK: &str = "/dev/callback";
/// In `dev`, the token endpoint of the stand-in for Login with Amazon; only the server itself calls it.
pub const DEV_AMAZON_TOKEN: &str = "/dev/login-with-amazon/token";

/// In `dev`, the page with the text messages that were not really sent.
pub const DEV_MESSAGES: &str = "/dev/messages";
/// In `dev`, below what the stand-in for Twilio answers.
pub const DEV_TWILIO: &str = "/dev/twilio";
/// In `dev`, the Messages API of that stand-in, for the account [`DEV_ACCOUNT`]; only the server itself calls it.
pub const DEV_TWILIO_MESSAGES: &str =
    "/dev/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json";
/// In `dev`, the page with the messages that browsers got.
pub const DEV_PUSHES: &str = "/dev/pushes";
/// In `dev`, below what the stand-in for browsers' push service answers.
pub const DEV_PUSH: &str = "/dev/push";
/// In `dev`, one subscription there; only the server itself calls it.
pub const DEV_PUSH_SUBSCRIPTION: &str = "/dev/push/{subscription}";
/// In `dev`, the account at the stand-in for Twilio.
pub const DEV_ACCOUNT: &str = "AC00000000000000000000000000000000";

/// Every path with the name by which logs of all kinds count it: its own, but for one that changes with its content. The busiest
/// come first, for the list is searched from its beginning.
const ENDPOINTS: [(&str, &str); 38] = [
    (TOKEN, TOKEN),
    (INTROSPECT, INTROSPECT),
    (AUTHORIZE, AUTHORIZE),
    (SIGN_IN, SIGN_IN),
    (CONSENT, CONSENT),
    (SIGN_IN_BY_CODE, SIGN_IN_BY_CODE),
    (SIGN_IN_APPROVE, SIGN_IN_APPROVE),
    (REGISTER, REGISTER),
    (FORGOT, FORGOT),
    (REVOKE, REVOKE),
    (RECIPROCAL, RECIPROCAL),
    (TWILIO_ACCESS_TOKEN, TWILIO_ACCESS_TOKEN),
    (METADATA, METADATA),
    (OPENID_METADATA, OPENID_METADATA),
    (JWKS, JWKS),
    (SIGN_OUT, SIGN_OUT),
    (ACCOUNT, ACCOUNT),
    (UNLINK, UNLINK),
    (devices::APPROVE, devices::APPROVE),
    (devices::ENROL, devices::ENROL),
    (devices::REMOVE, devices::REMOVE),
    (devices::DEVICE_SCRIPT, "/static/device.js"),
    (devices::ENROL_SCRIPT, "/static/enrol.js"),
    (devices::APPROVE_SCRIPT, "/static/approve.js"),
    (devices::WORKER, devices::WORKER),
    (ACCOUNT_APPROVAL, ACCOUNT_APPROVAL),
    (HEALTHZ, HEALTHZ),
    (READYZ, READYZ),
    (METRICS, METRICS),
    (STYLESHEET, "/static/couplet.css"),
    (ICON, ICON),
    (HOME, HOME),
    (DEV_LINK, DEV_LINK),
    (DEV_CALLBACK, DEV_CALLBACK),
    (DEV_AMAZON_TOKEN, DEV_AMAZON_TOKEN),
    (DEV_MESSAGES, DEV_MESSAGES),
    (DEV_PUSHES, DEV_PUSHES),
    (DEV_TWILIO_MESSAGES, "/dev/twilio"),
];

/// The names of all endpoints.
pub fn labels() -> Vec<&'static str> {
    ENDPOINTS.iter().map(|(_, label)| *label).chain(push::ENDPOINTS).collect()
}

/// The number of a path among the [`labels`]; their count for all paths that are none of ours.
pub fn endpoint(path: &str) -> usize {
    if path.starts_with(push::PUSH) {
        let found = push::ENDPOINTS.iter().position(|form| push::is_of_form(form, path));
        return ENDPOINTS.len() + found.unwrap_or(push::ENDPOINTS.len());
    }
    let found = ENDPOINTS.iter().position(|(served, _)| *served == path);
    found.unwrap_or(ENDPOINTS.len() + push::ENDPOINTS.len())
}

/// The name of an endpoint by its number; one for all that is none of ours.
pub fn label(endpoint: usize) -> &'static str {
    let of_push = || push::ENDPOINTS.get(endpoint.checked_sub(ENDPOINTS.len())?).copied();
    ENDPOINTS.get(endpoint).map(|(_, label)| *label).or_else(of_push).unwrap_or("other")
}

/// Paths below these speak JSON also when nothing is found; all others show pages.
const API: [&str; 7] = ["/oauth2/", "/.well-known/", "/twilio/", push::PUSH, HEALTHZ, READYZ, METRICS];

/// Whether errors of this path are JSON. The authorization endpoint is a page, though it lives beside the others.
pub fn is_api(path: &str) -> bool {
    path != AUTHORIZE && API.iter().any(|prefix| path.starts_with(prefix))
}

/// A path with its methods; all others get 405 with `Allow` (RFC 9110 section 15.5.6).
fn at(path: &str, methods: &'static [Method]) -> Resource {
    let allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    web::resource(path)
        .default_service(web::to(move |request, app| reply::method_not_allowed(request, app, allow.clone())))
}

const GET: &[Method] = &[Method::GET, Method::HEAD];
const POST: &[Method] = &[Method::POST];
/// Without HEAD, which must be safe: an authorization request may issue a code.
const GET_POST: &[Method] = &[Method::GET, Method::POST];
/// For scripts of other origins (CORS), which ask first.
const GET_POST_OPTIONS: &[Method] = &[Method::GET, Method::POST, Method::OPTIONS];

const GET_HEAD_POST: &[Method] = &[Method::GET, Method::HEAD, Method::POST];

/// A path that is read.
fn read<F, Arguments>(path: &str, handler: F) -> Resource
where
    F: Handler<Arguments>,
    Arguments: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    at(path, GET).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// A path that forms are posted to.
fn post<F, Arguments>(path: &str, handler: F) -> Resource
where
    F: Handler<Arguments>,
    Arguments: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    at(path, POST).route(web::post().to(handler))
}

/// The pages for one use of codes by text message. Where it is switched off there is nothing.
fn by_code(usage: CodeUsage) -> Resource {
    let show = move |request, app| pages::by_code::get(request, app, usage);
    let take = move |request, payload, app| pages::by_code::post(request, payload, app, usage);
    at(pages::by_code::path(usage), GET_HEAD_POST)
        .route(web::get().to(show))
        .route(web::head().to(show))
        .route(web::post().to(take))
}

/// Everything the public listener serves.
pub fn public(services: &mut ServiceConfig, with_dev: bool) {
    services
        .service(
            at(AUTHORIZE, GET_POST)
                .route(web::get().to(oauth::authorize::get))
                .route(web::post().to(oauth::authorize::post)),
        )
        .service(post(TOKEN, oauth::token::post))
        .service(post(RECIPROCAL, oauth::reciprocal::post))
        .service(post(REVOKE, oauth::revoke::post))
        .service(post(INTROSPECT, oauth::introspect::post))
        .service(
            at(TWILIO_ACCESS_TOKEN, GET_POST_OPTIONS)
                .route(web::get().to(twilio::get))
                .route(web::post().to(twilio::post))
                .route(web::method(Method::OPTIONS).to(twilio::options)),
        )
        .service(read(METADATA, oauth::metadata::get))
        .service(read(OPENID_METADATA, oauth::metadata::get))
        .service(read(JWKS, oauth::jwks::get))
        .service(post(SIGN_IN, pages::sign_in::post))
        .service(by_code(CodeUsage::SignIn))
        .service(by_code(CodeUsage::Register))
        .service(by_code(CodeUsage::ForgotPassword))
        .service(
            // Without HEAD: looking may let somebody in.
            at(SIGN_IN_APPROVE, GET_POST)
                .route(web::get().to(pages::approval::get))
                .route(web::post().to(pages::approval::post)),
        )
        .service(post(CONSENT, pages::consent::post))
        .service(post(SIGN_OUT, pages::sign_out::post))
        .service(read(ACCOUNT, pages::account::get))
        .service(post(UNLINK, pages::account::unlink))
        .service(post(ACCOUNT_APPROVAL, pages::approval::setting::post))
        .service(read(STYLESHEET, pages::assets::stylesheet))
        .service(read(ICON, pages::assets::icon));
    devices::devices(services);
    push::push(services);
    health(services);
    if with_dev {
        services
            .service(read(HOME, pages::dev::home))
            .service(post(DEV_LINK, pages::dev::link))
            .service(read(DEV_CALLBACK, pages::dev::callback))
            .service(post(DEV_AMAZON_TOKEN, pages::dev::amazon_token))
            .service(read(DEV_MESSAGES, pages::dev_messages::page))
            .service(post(DEV_TWILIO_MESSAGES, pages::dev_messages::api))
            .service(read(DEV_PUSHES, pages::dev_pushes::page))
            .service(post(DEV_PUSH_SUBSCRIPTION, pages::dev_pushes::service));
    } else {
        services.service(read(HOME, pages::account::from_home));
    }
    services.default_service(web::to(reply::not_found));
}

/// Everything the operator's listener serves.
pub fn admin(services: &mut ServiceConfig) {
    health(services);
    services.service(read(METRICS, metrics::get)).default_service(web::to(reply::not_found));
}

/// What both listeners serve.
pub fn health(services: &mut ServiceConfig) {
    services.service(read(HEALTHZ, oauth::health::alive)).service(read(READYZ, oauth::health::ready));
}

/// The addresses of our endpoints, for the metadata and for platforms' consoles.
pub fn endpoints(issuer: &str) -> Endpoints {
    let address = |path: &str| format!("{issuer}{path}");
    Endpoints {
        authorization: address(AUTHORIZE),
        token: address(TOKEN),
        revocation: address(REVOKE),
        introspection: address(INTROSPECT),
        reciprocal: address(RECIPROCAL),
        jwks: address(JWKS),
    }
}

/// The state that handlers share.
pub type Shared = web::Data<App>;
