//! Cookies that a neighbour on another subdomain planted: browsers let it set any name but one with the `__Host-` prefix, for
//! a longer path than ours, so that it comes first.

use couplet::config::Config;
use reqwest::header::{COOKIE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use rstest::rstest;

use super::scene::account;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, TestApp};
use crate::support::person::Page;

/// A server behind a proxy for https, where prefixes count, with Alice and the neighbour.
async fn stage(backend: Backend) -> TestApp {
    let https = |config: &mut Config| config.public_url = Some("https://couplet.example".parse().unwrap());
    let app = TestApp::with(backend, https).await.with_alice().await;
    app.add_user("Mallory").await;
    app
}

/// Sends a request with this `Cookie` header, to the byte.
async fn send(app: &TestApp, request: RequestBuilder, cookies: &[u8]) -> Page {
    let request = request.header(COOKIE, HeaderValue::from_bytes(cookies).unwrap());
    app.person().send(request.header("Origin", "https://couplet.example")).await
}

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

async fn account_with(app: &TestApp, cookies: &[u8]) -> Page {
    send(app, browser().get(format!("{}/account", app.url)), cookies).await
}

fn value(page: &Page, name: &str) -> String {
    page.cookie(name).unwrap().split(';').next().unwrap().to_owned()
}

/// A fresh form's cookie and token.
async fn form_of(app: &TestApp) -> (String, String) {
    let page = account(&app.person()).await;
    (value(&page, "__Host-couplet_form"), page.value("csrf"))
}

async fn sign_in(app: &TestApp, login: &str, csrf: &str, cookies: &[u8]) -> Page {
    let form = [("username", login), ("password", PASSWORD), ("csrf", csrf)];
    send(app, browser().post(format!("{}/sign-in", app.url)).form(&form), cookies).await
}

/// The session of somebody who signs in.
async fn session_of(app: &TestApp, login: &str) -> String {
    let (cookie, csrf) = form_of(app).await;
    let page = sign_in(app, login, &csrf, format!("__Host-couplet_form={cookie}").as_bytes()).await;
    value(&page, "__Host-couplet_session")
}

/// Names that a browser does not see the prefix in, and a forgiving reader does.
const NEARLY: [&str; 9] = [
    "\u{2000}__Host-couplet_session",
    "\u{a0}__Host-couplet_session",
    "\u{85}__Host-couplet_session",
    "\u{3000}__Host-couplet_session",
    "__Host-couplet_session\u{2000}",
    "__HOST-couplet_session",
    "%5F_Host-couplet_session",
    "$Version=1,__Host-couplet_session",
    "couplet_session",
];

#[rstest]
#[tokio::test]
async fn a_name_that_is_not_ours_to_the_byte_signs_nobody_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (planted, own) = (session_of(&app, "Mallory").await, session_of(&app, ALICE).await);
    for name in NEARLY {
        let page = account_with(&app, format!("{name}={planted}").as_bytes()).await;
        assert!(page.has("[name=password]"), "{name}: {}", page.body);
        let page = account_with(&app, format!("{name}={planted}; __Host-couplet_session={own}").as_bytes()).await;
        assert!(page.text("dl").contains(ALICE), "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn a_planted_form_cookie_signs_nobody_in_as_the_neighbour(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (planted, csrf) = form_of(&app).await;
    for name in NEARLY.map(|name| name.replace("session", "form")) {
        let page = sign_in(&app, "Mallory", &csrf, format!("{name}={planted}").as_bytes()).await;
        assert_eq!((page.status.as_u16(), page.cookie("__Host-couplet_session")), (403, None), "{name}");
    }
    let page = sign_in(&app, "Mallory", &csrf, format!("__Host-couplet_form={planted}").as_bytes()).await;
    assert_eq!(page.status, 303, "what the names above were tried against");
}

#[rstest]
#[tokio::test]
async fn of_two_different_sessions_none_is_believed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = stage(backend).await;
    let (planted, own) = (session_of(&app, "Mallory").await, session_of(&app, ALICE).await);
    for (first, second) in [(&planted, &own), (&own, &planted)] {
        let both = format!("__Host-couplet_session={first}; __Host-couplet_session={second}");
        assert!(account_with(&app, both.as_bytes()).await.has("[name=password]"));
    }
}

#[rstest]
#[case(b"name=Zo\xe9")]
#[case(b"x=%ff%zz")]
#[case(b"=;;; ;a")]
#[case(b"\"unclosed=\"x")]
#[tokio::test]
async fn a_neighbour_s_odd_cookie_locks_nobody_out(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] odd: &'static [u8],
) {
    let app = stage(backend).await;
    let own = format!("; __Host-couplet_session={}", session_of(&app, ALICE).await);
    let page = account_with(&app, &[odd, own.as_bytes()].concat()).await;
    assert!(page.text("dl").contains(ALICE), "{}", page.body);
}

#[rstest]
#[case::other_alphabet("\u{410}lice")]
#[case::joined("Al\u{200d}ice")]
#[case::turned("\u{202e}Alice")]
#[case::with_a_mark("Alic\u{e9}")]
#[case::small_capitals("\u{1d00}lice")]
#[case::blank_inside("Al ice")]
#[case::line("Alice\r\nBob")]
#[case::tail("Alice\u{ad}")]
#[tokio::test]
async fn a_name_that_only_looks_like_hers_is_not_alice(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] name: &str,
) {
    let app = stage(backend).await;
    let (cookie, csrf) = form_of(&app).await;
    let page = sign_in(&app, name, &csrf, format!("__Host-couplet_form={cookie}").as_bytes()).await;
    assert_eq!((page.status.as_u16(), page.cookie("__Host-couplet_session")), (200, None), "{}", page.body);
    assert!(page.has("[role=alert]"));
}
