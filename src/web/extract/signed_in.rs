//! Owns the session cookie. Leaves whether it counts to `identity/`.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::app::App;
use crate::identity::sign_in::SignedInUser;
use crate::model::failure::StoreError;
use crate::model::secret::PlainSecret;
use crate::web::extract::cookies;

const COOKIE: &str = "couplet_session";

/// The person whose browser sent the request, if anyone is signed in.
pub async fn read(request: &HttpRequest, app: &App) -> Result<Option<SignedInUser>, StoreError> {
    match cookies::read(request, &cookie_name(app, COOKIE)) {
        Some(cookie) => app.identity.recognise(cookie).await,
        None => Ok(None),
    }
}

/// The cookie of a browser that has just signed in.
pub fn cookie(app: &App, secret: &PlainSecret) -> Cookie<'static> {
    make_cookie(app, COOKIE, secret.expose().to_owned())
}

/// The cookie that takes a session back.
pub fn removal(app: &App) -> Cookie<'static> {
    let mut cookie = make_cookie(app, COOKIE, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// Over https a name that browsers accept only as `Secure`, for this host alone (RFC 6265bis section 4.1.3.2).
pub fn cookie_name(app: &App, name: &str) -> String {
    if app.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

/// A cookie that scripts can't read, and that comes along when a platform sends the browser here.
pub fn make_cookie(app: &App, name: &str, value: String) -> Cookie<'static> {
    Cookie::build(cookie_name(app, name), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.is_https())
        .finish()
}
