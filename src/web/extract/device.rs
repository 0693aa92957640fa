//! Owns the cookie by which a browser is known again at the next sign-in. It is no credential. Leaves what it means to
//! `identity/device.rs`.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;

use crate::app::App;
use crate::identity::device::Device;
use crate::web::extract::cookies;
use crate::web::extract::signed_in::{cookie_name, make_cookie};

const COOKIE: &str = "couplet_device";

/// As long as browsers keep a cookie (RFC 6265bis section 5.5); each sign-in begins it anew.
const KEPT: Duration = Duration::days(400);

/// The browser, if somebody has signed in with it before.
pub fn read(request: &HttpRequest, app: &App) -> Option<Device> {
    Device::parse(cookies::read(request, &cookie_name(app, COOKIE))?)
}

/// The cookie of a browser in which somebody has just signed in.
pub fn cookie(app: &App, device: &Device) -> Cookie<'static> {
    let mut cookie = make_cookie(app, COOKIE, device.encode());
    cookie.set_max_age(KEPT);
    cookie
}
