//! Asking a person for a link (RFC 6749 section 4.1.1): who may ask, what is answered and where to.

mod answer;
mod consent;
mod prompt;
mod redirect_uri;
mod refused;
mod rows;
mod untrusted;

use crate::support::app::TestApp;
use crate::support::person::Page;
use crate::support::platform::{Platform, answer_parameter};

const CONSENT: &str = "button[name=decision]";
const SIGN_IN: &str = "input[name=password]";

/// What a fresh browser gets for a query.
async fn open(app: &TestApp, query: &str) -> Page {
    app.person().open(&format!("{}/oauth2/authorize?{query}", app.url)).await
}

/// A page that says that nobody may be redirected.
#[track_caller]
fn assert_page_400(page: &Page) {
    assert_eq!((page.status.as_u16(), page.location()), (400, None), "{}", page.body);
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
    assert!(page.has("h1") && !page.has("input"), "{}", page.body);
}

/// An error that the client is told (RFC 6749 section 4.1.2.1, RFC 9207 section 2).
#[track_caller]
fn assert_told(page: &Page, client: &Platform, error: &str, state: Option<&str>) {
    let location = page.location().unwrap_or_else(|| panic!("{} {}", page.status, page.body));
    assert_eq!(page.status, 302, "{location}");
    assert!(location.starts_with(&client.redirect_uri), "{location}");
    assert_eq!(answer_parameter(page, "error").as_deref(), Some(error), "{location}");
    assert_eq!(answer_parameter(page, "state").as_deref(), state, "{location}");
    assert_eq!(answer_parameter(page, "iss").as_deref(), Some(client.url.as_str()), "{location}");
    assert_eq!(answer_parameter(page, "code"), None);
}
