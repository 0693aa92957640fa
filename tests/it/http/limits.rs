//! Requests that are no proper ones: each gets the status that says so, JSON on API paths and a page on page paths.

use reqwest::header::{ALLOW, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response};
use rstest::rstest;
use serde_json::Value;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

const FORM: &str = "application/x-www-form-urlencoded";
const APIS: [&str; 3] = ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"];
const PAGES: [&str; 3] = ["/oauth2/authorize", "/sign-in", "/consent"];

fn request(app: &TestApp, method: &str, path: &str) -> RequestBuilder {
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", app.url))
}

fn posted(app: &TestApp, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request(app, "POST", path).header(CONTENT_TYPE, FORM).body(body)
}

async fn assert_json(answer: Response, status: u16) {
    assert_eq!(answer.status(), status, "{}", answer.url());
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let json: Value = answer.json().await.unwrap();
    assert!(json["error"].is_string() && json["error_description"].is_string(), "{json}");
}

async fn assert_page(answer: Response, status: u16) {
    assert_eq!(answer.status(), status, "{}", answer.url());
    assert!(answer.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert!(answer.text().await.unwrap().contains("<h1"));
}

#[rstest]
#[tokio::test]
async fn unknown_paths(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    for path in [
        "/oauth2/nothing",
        "/oauth2/token/",
        "/oauth2/token/x",
        "/.well-known/nothing",
        "/.well-known/jwks.json/",
        "/twilio/nothing",
    ] {
        for method in ["GET", "POST"] {
            assert_json(request(&app, method, path).send().await.unwrap(), 404).await;
        }
    }
    for path in ["/nothing", "/account/nothing", "/%00", "/%ff", "/..%2f..%2fetc/passwd", "/static/nothing.css", "/é"]
    {
        assert_page(request(&app, "GET", path).send().await.unwrap(), 404).await;
    }
}

#[rstest]
#[case("/oauth2/token", "POST")]
#[case("/oauth2/introspect", "POST")]
#[case("/oauth2/revoke", "POST")]
#[case("/oauth2/authorize", "GET, POST")]
#[case("/twilio/access-token", "GET, POST, OPTIONS")]
#[case("/.well-known/oauth-authorization-server", "GET, HEAD")]
#[case("/.well-known/jwks.json", "GET, HEAD")]
#[case("/healthz", "GET, HEAD")]
#[case("/readyz", "GET, HEAD")]
#[case("/account", "GET, HEAD")]
#[case("/sign-in", "POST")]
#[case("/consent", "POST")]
#[case("/sign-out", "POST")]
#[case("/favicon.ico", "GET, HEAD")]
#[tokio::test]
async fn wrong_methods(#[values(Sqlite, Postgres)] backend: Backend, #[case] path: &str, #[case] allowed: &str) {
    let app = TestApp::on(backend).await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "NONSENSE"] {
        let answer = request(&app, method, path).send().await.unwrap();
        let is_allowed = allowed.split(", ").any(|name| name == method);
        assert_eq!(answer.status() != 405, is_allowed, "{method} {path} gets {}", answer.status());
        assert!(!answer.status().is_server_error());
        if !is_allowed {
            assert_eq!(answer.headers()[ALLOW], allowed, "{method} {path}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_wrong_method_is_answered_in_the_language_of_the_path(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    for path in APIS {
        assert_json(request(&app, "GET", path).send().await.unwrap(), 405).await;
    }
    assert_json(request(&app, "POST", "/.well-known/jwks.json").send().await.unwrap(), 405).await;
    assert_page(request(&app, "PUT", "/oauth2/authorize").send().await.unwrap(), 405).await;
    assert_page(request(&app, "GET", "/consent").send().await.unwrap(), 405).await;
}

#[rstest]
#[tokio::test]
async fn bodies_over_64_kib(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let body = |size: usize| format!("a={}", "b".repeat(size - 2));
    for path in APIS {
        assert_json(posted(&app, path, body(65_537)).send().await.unwrap(), 413).await;
        let fitting = posted(&app, path, body(65_536)).send().await.unwrap();
        assert!([400, 401].contains(&fitting.status().as_u16()), "{path} {}", fitting.status());
    }
    for path in PAGES {
        assert_page(posted(&app, path, body(65_537)).send().await.unwrap(), 413).await;
        assert!(posted(&app, path, body(65_536)).send().await.unwrap().status() != 413, "{path}");
    }
}

#[rstest]
#[case("application/json", r#"{"grant_type":"refresh_token"}"#)]
#[case("multipart/form-data; boundary=x", "--x--")]
#[case("text/plain", "grant_type=refresh_token")]
#[case("application/x-www-form-urlencoded2", "grant_type=refresh_token")]
#[case("nonsense", "grant_type=refresh_token")]
#[tokio::test]
async fn wrong_content_types(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] content_type: &str,
    #[case] body: &'static str,
) {
    let app = TestApp::on(backend).await;
    for path in APIS {
        let asked = request(&app, "POST", path).header(CONTENT_TYPE, content_type).body(body);
        assert_json(asked.send().await.unwrap(), 415).await;
    }
    for path in PAGES {
        let asked = request(&app, "POST", path).header(CONTENT_TYPE, content_type).body(body);
        assert_page(asked.send().await.unwrap(), 415).await;
    }
}

#[rstest]
#[tokio::test]
async fn no_content_type(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    assert_json(request(&app, "POST", "/oauth2/token").body("a=b").send().await.unwrap(), 415).await;
    assert_page(request(&app, "POST", "/consent").body("a=b").send().await.unwrap(), 415).await;
}

#[rstest]
#[case::percent(b"refresh_token=%")]
#[case::percent_and_letters(b"refresh_token=%zz")]
#[case::nul(b"refresh_token=a%00b")]
#[case::raw_nul(b"refresh_token=a\0b")]
#[case::no_utf8(b"refresh_token=%ff")]
#[case::raw_no_utf8(b"refresh_token=\xff")]
#[case::surrogate(b"refresh_token=%ED%A0%80")]
#[case::in_a_name(b"%ff=x")]
#[case::in_what_is_ignored(b"ignored=%ff")]
#[tokio::test]
async fn malformed_bodies(#[values(Sqlite, Postgres)] backend: Backend, #[case] malformed: &[u8]) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let body = [b"grant_type=refresh_token&token=a&".as_slice(), malformed].concat();
    for path in APIS {
        let asked = posted(&app, path, body.clone()).basic_auth("app", Some(SECRET));
        assert_json(asked.send().await.unwrap(), 400).await;
    }
    for path in PAGES {
        assert_page(posted(&app, path, body.clone()).send().await.unwrap(), 400).await;
    }
}

#[rstest]
#[case("application/x-www-form-urlencoded; charset=UTF-8")]
#[case("application/x-www-form-urlencoded;charset=utf-8")]
#[case("APPLICATION/X-WWW-Form-URLEncoded")]
#[tokio::test]
async fn spellings_of_the_right_content_type(#[values(Sqlite, Postgres)] backend: Backend, #[case] content_type: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let asked =
        request(&app, "POST", "/oauth2/token").header(CONTENT_TYPE, content_type).basic_auth("app", Some(SECRET));
    let answer = asked.body("grant_type=refresh_token&refresh_token=x").send().await.unwrap();
    let json: Value = answer.json().await.unwrap();
    assert_eq!(json["error"], "invalid_grant");
}

#[rstest]
#[case("/")]
#[case("/account")]
#[case("/favicon.ico")]
#[case("/healthz")]
#[case("/readyz")]
#[case("/.well-known/jwks.json")]
#[case("/.well-known/oauth-authorization-server")]
#[case(couplet::web::routes::STYLESHEET)]
#[tokio::test]
async fn head_is_get_without_a_body(#[values(Sqlite, Postgres)] backend: Backend, #[case] path: &str) {
    let app = TestApp::on(backend).await;
    let head = request(&app, "HEAD", path).send().await.unwrap();
    let get = request(&app, "GET", path).send().await.unwrap();
    assert_eq!(head.status(), get.status());
    assert_eq!(head.headers().get(CONTENT_TYPE), get.headers().get(CONTENT_TYPE));
    assert!(head.bytes().await.unwrap().is_empty());
}
