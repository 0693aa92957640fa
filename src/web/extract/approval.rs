//! Owns the cookie of a browser that waits for the approval of its sign-in. It opens nothing by itself. Leaves what becomes of
//! the sign-in to `identity/approval/`.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;

use crate::app::App;
use crate::model::secret::PlainSecret;
use crate::web::extract::cookies;
use crate::web::extract::signed_in::{cookie_name, make_cookie};

const COOKIE: &str = "couplet_approval";

/// The secret of what the browser waits for, if it waits.
pub fn read<'a>(request: &'a HttpRequest, app: &App) -> Option<&'a str> {
    cookies::read(request, &cookie_name(app, COOKIE))
}

/// The cookie of a browser that has to wait.
pub fn cookie(app: &App, secret: &PlainSecret) -> Cookie<'static> {
    make_cookie(app, COOKIE, secret.expose().to_owned())
}

/// The cookie that ends the wait.
pub fn removal(app: &App) -> Cookie<'static> {
    let mut cookie = make_cookie(app, COOKIE, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}
