//! Owns the pages that people see, one file a family: form, view, get and post. Leaves every decision to the rooms.

pub mod account;
pub mod approval;
pub mod approve;
pub mod assets;
pub mod by_code;
pub mod consent;
pub mod dev;
pub mod dev_messages;
pub mod dev_pushes;
pub mod devices;
pub mod problem;
pub mod sign_in;
pub mod sign_out;
mod views;
pub mod way;

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use askama::Template;

use crate::app::App;
use crate::model::scope::Scope;

/// Nothing inline, nothing from elsewhere, in no frame. Forms of the linking pages end in a redirect to the platform, which
/// `form-action` would block in Chromium, so those pages leave it out.
const LINKING_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      form-action 'self'";

/// The same for pages with scripts of ours, which talk to nobody else.
const SCRIPTED_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
                               style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
                               form-action 'self'";

/// The words for a form that is not of a page of ours in this browser.
const STALE: &str = "This page was open for too long, or your browser keeps no cookies. Please try again.";

/// The words for more at once than this machine can do.
const BUSY: &str = "We are very busy. Please try again in a moment.";

/// The words for who has to wait.
fn too_many(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60).max(1);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("Too many attempts. Please wait {minutes} {unit} and try again.")
}

/// What surrounds a page's content.
struct Frame {
    status: StatusCode,
    policy: &'static str,
    cookies: Vec<Cookie<'static>>,
}

impl Frame {
    /// A page that may lead on to a platform.
    fn linking(cookies: impl IntoIterator<Item = Cookie<'static>>) -> Self {
        Self { status: StatusCode::OK, policy: LINKING_POLICY, cookies: cookies.into_iter().collect() }
    }

    /// A page that leads nowhere else.
    fn own(cookies: impl IntoIterator<Item = Cookie<'static>>) -> Self {
        Self { policy: POLICY, ..Self::linking(cookies) }
    }

    /// A page that leads nowhere else and has scripts.
    fn scripted(cookies: impl IntoIterator<Item = Cookie<'static>>) -> Self {
        Self { policy: SCRIPTED_POLICY, ..Self::linking(cookies) }
    }

    fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn show(self, page: &impl Template) -> HttpResponse {
        let Ok(html) = page.render() else {
            tracing::error!("a page could not be rendered");
            return HttpResponse::ServiceUnavailable().finish();
        };
        let mut response = HttpResponse::build(self.status);
        for cookie in self.cookies {
            response.cookie(cookie);
        }
        // Some in-app browsers ask for a frame policy in its older form only.
        response
            .insert_header((CONTENT_SECURITY_POLICY, self.policy))
            .insert_header(("X-Frame-Options", "DENY"))
            .content_type("text/html; charset=utf-8")
            .body(html)
    }
}

/// What a scope permits, in the operator's words where there are any; continues "will be able to".
fn permissions(app: &App, scope: &Scope) -> Vec<String> {
    let words = |token: &str| app.scope_words.get(token).cloned().unwrap_or_else(|| format!("use “{token}”"));
    scope.tokens().map(words).collect()
}
