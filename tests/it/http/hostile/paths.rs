//! Paths that mean another one to somebody on the way.

use rstest::rstest;

use super::{assert_refusal, assert_sound, request};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::raw::{ask, parse, send};

#[rstest]
#[tokio::test]
async fn a_path_that_is_not_quite_one_is_404(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    for path in [
        "//account",
        "/account/",
        "/account//unlink",
        "/account;jsessionid=1",
        "/account%2funlink",
        "/account%00",
        "/account%0d%0aX:%20y",
        "/account.css",
        "/account/x.css",
        "/Account",
        "/ACCOUNT",
        "/x/../account",
        "/x/%2e%2e/account",
        "/static/../account",
        "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static/..%5c..%5cetc",
        "/.git/config",
        "/.env",
        "/couplet.toml",
        "/account%3f",
        "/account%23",
        "/%",
        "/%zz",
        "/%e2%82",
        "/%c3%a9",
        "/%ef%bc%8e%ef%bc%8e/account",
        "/oauth2/../account",
        "/metrics",
        "/dev/callback",
        "/dev/login-with-amazon/token",
    ] {
        let answer = ask(&app.url, request("GET", path, "", b"")).await;
        assert_eq!((answer.status, answer.header("location").as_str()), (404, ""), "{path}: {answer:?}");
        assert_sound(path, &answer);
    }
    for path in ["/oauth2//token", "/oauth2/token;x", "/oauth2/token%00", "/oauth2/Token", "/.well-known/../oauth2/x"] {
        let answer = ask(&app.url, request("POST", path, "", b"")).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert_refusal(path, &answer);
    }
}

#[rstest]
#[tokio::test]
async fn an_encoded_letter_changes_neither_the_path_nor_its_language(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    for (path, plain) in [
        ("/%6fauth2/token", "/oauth2/token"),
        ("/oauth2/%61uthorize", "/oauth2/authorize"),
        ("/.well-known/%6awks.json", "/.well-known/jwks.json"),
        ("/s%69gn-in", "/sign-in"),
    ] {
        let answer = ask(&app.url, request("PUT", path, "", b"")).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_refusal(plain, &answer);
    }
}

#[rstest]
#[case::of_all("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::of_nothing("GET ? HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::of_a_name("GET account HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::of_a_scheme("GET file:///etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::of_another_server("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::tunnel("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n")]
#[case::tunnel_to_a_path("CONNECT /oauth2/token HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
#[case::fragment("GET /account#x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::blank("GET /account x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::tab("GET\t/account\tHTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::control("GET /acc\x1bount HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::letters_that_need_encoding("GET /acc\u{f6}unt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[case::nothing("GET  HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
#[tokio::test]
async fn an_odd_request_target_gets_one_answer_or_none(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] whole: &str,
) {
    let app = TestApp::on(backend).await;
    let answers = parse(&send(&app.url, whole.as_bytes()).await, false);
    assert!(answers.len() <= 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status < 500 && !answer.body.contains("evil")), "{answers:?}");
    assert!(!whole.starts_with("CONNECT") || answers.iter().all(|answer| answer.status >= 400), "{answers:?}");
}
