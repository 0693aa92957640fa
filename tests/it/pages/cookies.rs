//! Cookies: out of reach of scripts and of other sites, and over https bound to the host.

use reqwest::{Client, RequestBuilder};

use super::scene::{account, stage, submit};
use crate::support::app::Backend::Sqlite;
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::Page;

/// A cookie's value and its attributes in order.
fn parts(cookie: &str) -> (String, Vec<String>) {
    let (value, attributes) = cookie.split_once("; ").unwrap_or((cookie, ""));
    let mut attributes: Vec<String> = attributes.split("; ").map(str::to_owned).collect();
    attributes.sort();
    (value.to_owned(), attributes)
}

#[tokio::test]
async fn scripts_and_other_sites_do_not_get_at_cookies() {
    let app = stage(Sqlite).await;
    let person = app.person();
    let page = account(&person).await;
    let answer = submit(&person, &page, ALICE, PASSWORD).await;
    for cookie in [page.cookie("couplet_form"), answer.cookie("couplet_form"), answer.cookie("couplet_session")] {
        let (value, attributes) = parts(&cookie.unwrap());
        assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax"]);
        assert!(value.len() >= 43, "too short to be random: {value}");
    }
    let (_, attributes) = parts(&answer.cookie("couplet_device").unwrap());
    assert_eq!(attributes, ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax"]);
    assert!(page.cookie("couplet_device").is_none(), "only whoever has signed in is known");
}

#[tokio::test]
async fn a_browser_that_has_a_form_cookie_gets_no_other() {
    let app = stage(Sqlite).await;
    let person = app.person();
    account(&person).await;
    assert!(account(&person).await.headers.get("set-cookie").is_none(), "an open form in another tab keeps working");
}

/// Sends a request as a browser would that reaches the server by https through a proxy.
async fn send(app: &TestApp, request: RequestBuilder, cookie: &str) -> Page {
    let request = request.header("Origin", "https://couplet.example").header("Cookie", cookie);
    app.person().send(request).await
}

#[tokio::test]
async fn over_https_cookies_are_secure_and_of_this_host_only() {
    let https = |config: &mut couplet::config::Config| {
        config.public_url = Some("https://couplet.example".parse().unwrap());
    };
    let app = TestApp::with(Sqlite, https).await.with_alice().await;
    let (http, address) = (Client::new(), format!("{}/account", app.url));
    let page = send(&app, http.get(&address), "").await;
    let (form_cookie, attributes) = parts(&page.cookie("__Host-couplet_form").unwrap());
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    let form = [("username", ALICE), ("password", PASSWORD), ("csrf", &page.value("csrf"))];
    let posted = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let posted = posted.post(format!("{}/sign-in", app.url)).form(&form);
    let answer = send(&app, posted, &format!("__Host-couplet_form={form_cookie}")).await;
    let (session, attributes) = parts(&answer.cookie("__Host-couplet_session").unwrap());
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    let (_, attributes) = parts(&answer.cookie("__Host-couplet_device").unwrap());
    assert_eq!(attributes, ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax", "Secure"]);
    let page = send(&app, http.get(&address), &format!("__Host-couplet_session={session}")).await;
    assert!(page.text("dl").contains(ALICE));
    let page = send(&app, http.get(&address), &format!("couplet_session={session}")).await;
    assert!(page.has("[name=password]"), "a cookie of the open name could be planted by a neighbour");
}
