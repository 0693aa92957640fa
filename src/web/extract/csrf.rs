//! Owns the proof that a form was made for this browser: a random cookie, and in the form a keyed tag over it and over who
//! is signed in. Another site can read neither.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::http::header::{HOST, ORIGIN};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::parameters::Parameters;
use crate::model::random::bytes;
use crate::web::extract::cookies;
use crate::web::extract::signed_in::{cookie_name, make_cookie};

const COOKIE: &str = "couplet_form";

/// The value for a form's hidden field, and the cookie to set when the browser has none yet.
pub struct FormToken {
    /// For the field `csrf`.
    pub field: String,
    /// For the answer.
    pub cookie: Option<Cookie<'static>>,
}

/// A posted form that did not come from our page in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

/// Makes the token for a form.
pub fn token(request: &HttpRequest, app: &App, user: Option<&SignedInUser>) -> FormToken {
    match nonce(request, app) {
        Some(nonce) => FormToken { field: field(app, &nonce, user), cookie: None },
        None => fresh_token(app, user),
    }
}

/// Makes a token with a new cookie, for when the one before may be known to others: at sign-in.
pub fn fresh_token(app: &App, user: Option<&SignedInUser>) -> FormToken {
    let nonce = bytes(&*app.randomness);
    let cookie = make_cookie(app, COOKIE, URL_SAFE_NO_PAD.encode(nonce));
    FormToken { field: field(app, &nonce, user), cookie: Some(cookie) }
}

/// Checks a posted form.
pub fn check(request: &HttpRequest, app: &App, user: Option<&SignedInUser>, form: &Parameters) -> Result<(), Forged> {
    if is_from_elsewhere(request, app) {
        return Err(Forged);
    }
    let nonce = nonce(request, app).ok_or(Forged)?;
    let presented = form.one("csrf").ok().flatten().ok_or(Forged)?;
    let expected = field(app, &nonce, user);
    if expected.as_bytes().ct_eq(presented.as_bytes()).into() { Ok(()) } else { Err(Forged) }
}

/// The secret by which this browser is told from others, if it has one: known to it and to nobody else. It is another one after
/// each sign-in.
pub fn browser(request: &HttpRequest, app: &App) -> Option<[u8; 32]> {
    nonce(request, app)
}

fn nonce(request: &HttpRequest, app: &App) -> Option<[u8; 32]> {
    let cookie = cookies::read(request, &cookie_name(app, COOKIE))?;
    URL_SAFE_NO_PAD.decode(cookie).ok()?.try_into().ok()
}

fn field(app: &App, nonce: &[u8; 32], user: Option<&SignedInUser>) -> String {
    let who = user.map_or([0; 16], |user| user.sign_in_id().0.into_bytes());
    URL_SAFE_NO_PAD.encode(app.protocol.keys.tokens().form.tag(&[nonce, &who]))
}

/// What the browser itself says about where a form was posted from. `null` says nothing: privacy settings send it too.
fn is_from_elsewhere(request: &HttpRequest, app: &App) -> bool {
    // What can't be read, or comes more than once, was not sent by a browser that shows our page.
    let header = |name: &str| {
        let mut values = request.headers().get_all(name).map(|value| value.to_str().unwrap_or("unreadable"));
        let first = values.next();
        if values.next().is_some() { Some("repeated") } else { first }
    };
    if !matches!(header("sec-fetch-site"), None | Some("same-origin" | "none")) {
        return true;
    }
    match header(ORIGIN.as_str()) {
        None | Some("null") => false,
        Some(origin) if origin == app.protocol.policy.issuer => false,
        Some(_) if app.is_https() => true,
        Some(origin) => origin.split_once("://").map(|(_, host)| host) != header(HOST.as_str()),
    }
}
