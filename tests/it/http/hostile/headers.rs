//! Headers that lie, are malformed, or come from elsewhere.

use std::net::TcpListener;

use couplet::web::routes::{ACCOUNT, AUTHORIZE, CONSENT, JWKS, METADATA, SIGN_IN, TOKEN};
use rstest::rstest;

use super::{FORM, POSTS, READS, assert_sound, post, refused_with, request, whole, whole_with};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::raw::{ask, send};

/// Headers with bytes, lengths and forms that are none.
fn hostile() -> Vec<Vec<u8>> {
    let line = |name: &str, value: &[u8]| [name.as_bytes(), b": ", value, b"\r\n"].concat();
    vec![
        line("Authorization", b"Basic \xff\xfe"),
        line("Authorization", b"Basic AAAA AAAA"),
        line("Authorization", b"Basic Og=="),
        line("Authorization", b"Basic AAAAOg=="),
        line("Authorization", b"Bearer"),
        line("Authorization", b"Bearer \t\xc3\xa9"),
        line("Authorization", "Bearer \u{2028}".as_bytes()),
        line("Authorization", &[b"Basic ".to_vec(), b"A".repeat(60_000)].concat()),
        line("Authorization", &[b"Bearer ".to_vec(), b"a.".repeat(30_000)].concat()),
        line("Authorization", b"Digest username=\"app\""),
        line("Authorization", b""),
        [line("Authorization", b"Basic eA=="), line("Authorization", b"Bearer x")].concat(),
        line("Cookie", b"couplet_session=\xff; couplet_form=\x80"),
        line("Cookie", b"couplet_session=%00; couplet_form=\"; ;;;=;"),
        line("Cookie", &b"a=b; ".repeat(12_000)),
        line("Cookie", &[b"couplet_session=".to_vec(), b"A".repeat(60_000)].concat()),
        line("X-Forwarded-For", b"\xff, ,,127.0.0.1:99999, [::1, ::ffff:1.2.3.4%eth0"),
        line("X-Forwarded-For", &b"1.2.3.4, ".repeat(6_000)),
        line("Origin", b"\xff"),
        line("Accept", &b"*/*;q=0.1, ".repeat(5_000)),
        line("Expect", b"the impossible"),
        line("Range", b"bytes=0-0,5-,-1"),
        line("If-None-Match", b"*"),
        line("Accept-Encoding", b"gzip;q=1000, \xff"),
        line("Upgrade", b"h2c"),
        line("Content-Encoding", b"gzip"),
    ]
}

#[rstest]
#[tokio::test]
async fn no_header_breaks_an_endpoint_or_a_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await.with_alexa().await;
    let with = |whole: Vec<u8>, lines: &[u8]| {
        let end = whole.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 2;
        [&whole[..end], lines, &whole[end..]].concat()
    };
    for lines in hostile() {
        for path in POSTS {
            let body = b"grant_type=refresh_token&refresh_token=x&token=x";
            assert_sound(path, &ask(&app.url, with(post(path, "", body), &lines)).await);
        }
        for path in READS {
            assert_sound(path, &ask(&app.url, with(request("GET", path, "", b""), &lines)).await);
        }
    }
}

#[rstest]
#[case("application/x-www-form-urlencoded, application/json")]
#[case("application/json; application/x-www-form-urlencoded")]
#[case("text/plain; charset=application/x-www-form-urlencoded")]
#[case("multipart/form-data; boundary=----x")]
#[case("application/x-www-form-urlencoded\u{a0}")]
#[case("application /x-www-form-urlencoded")]
#[case("*/*")]
#[case(";")]
#[case("application/jwt")]
#[tokio::test]
async fn another_content_type_is_415_at_every_form(#[values(Sqlite, Postgres)] backend: Backend, #[case] kind: &str) {
    let app = whole(backend).await;
    for path in POSTS {
        let answer = ask(&app.url, request("POST", path, &format!("Content-Type: {kind}\r\n"), b"a=b")).await;
        assert_sound(path, &answer);
        assert_eq!(answer.status, refused_with(path, 415), "{path} {kind}");
        let twice = format!("Content-Type: {FORM}\r\nContent-Type: {kind}\r\n");
        let answer = ask(&app.url, request("POST", path, &twice, b"a=b")).await;
        assert_eq!(answer.status, refused_with(path, 415), "{path} {kind}");
    }
}

#[rstest]
#[tokio::test]
async fn a_header_does_not_make_another_method(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        for path in [SIGN_IN, CONSENT, TOKEN] {
            let answer = ask(&app.url, request("GET", path, &format!("{name}: POST\r\n"), b"")).await;
            assert_eq!(answer.status, 405, "{path} {name}");
        }
        assert_eq!(ask(&app.url, request("GET", JWKS, &format!("{name}: DELETE\r\n"), b"")).await.status, 200);
    }
    for method in ["get", "Get", "TRACE", "TRACK", "DEBUG", "COPY", "PRI", &"X".repeat(5_000)] {
        for path in POSTS.into_iter().chain(READS) {
            let answer = ask(&app.url, request(method, path, "Max-Forwards: 0\r\n", b"")).await;
            assert_sound(path, &answer);
            assert_eq!(answer.status, 405, "{path} {method}");
            assert!(!answer.body.contains("Max-Forwards"), "nothing is echoed");
        }
    }
}

#[rstest]
#[tokio::test]
async fn every_address_we_tell_is_below_the_public_url_whatever_the_request_says(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let everyone = |config: &mut couplet::config::Config| {
        config.trusted_proxies = vec!["0.0.0.0/0".parse().unwrap()];
    };
    let app = whole_with(backend, everyone).await.with_alexa().await;
    let lies = "X-Forwarded-Host: evil.example\r\nX-Host: evil.example\r\nForwarded: host=evil.example;proto=https\r\n\
                X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: //evil.example\r\nX-Original-URL: /evil.example\r\n\
                X-Rewrite-URL: /evil.example\r\nX-Forwarded-Port: 6666\r\n";
    for host in ["localhost", "evil.example", "evil.example:80", "couplet.example@evil.example"] {
        for path in READS.into_iter().chain(["/nothing", "/oauth2/nothing"]) {
            let target = match path {
                AUTHORIZE => app.alexa().authorize(&[("prompt", "none")]).trim_start_matches(&app.url).to_owned(),
                path => path.to_owned(),
            };
            let whole = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lies}\r\n");
            let answer = ask(&app.url, whole).await;
            assert!(!format!("{answer:?}").contains("evil"), "{path}: {answer:?}");
        }
    }
    let absolute = "GET http://evil.example/.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\
                    Connection: close\r\n\r\n";
    let answer = ask(&app.url, absolute).await;
    assert!(answer.status == 200 && answer.body.contains(&app.url) && !answer.body.contains("evil"), "{answer:?}");
}

#[rstest]
#[tokio::test]
async fn no_script_of_another_site_reads_an_answer(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    let asks = "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\
                Access-Control-Request-Headers: authorization\r\n";
    for method in ["OPTIONS", "GET", "POST"] {
        for path in POSTS.into_iter().chain(READS) {
            // `assert_sound` looks for the headers that would allow it.
            assert_sound(path, &ask(&app.url, request(method, path, asks, b"")).await);
        }
    }
}

#[rstest]
#[tokio::test]
async fn nothing_in_a_request_makes_the_server_call_somebody(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await.with_alexa().await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let trap = format!("http://{}/", listener.local_addr().unwrap());
    let fields = ["request_uri", "sector_identifier_uri", "jwks_uri", "logo_uri", "redirect_uri", "resource", "target"];
    let fields: String = fields.iter().map(|name| format!("{name}={trap}&")).collect();
    let query = app.alexa().authorize(&[("redirect_uri", "")]);
    let query = query.trim_start_matches(&app.url);
    ask(&app.url, request("GET", &format!("{query}&{fields}"), "", b"")).await;
    for path in POSTS {
        let body = format!("{fields}client_id=app&client_secret={SECRET}&grant_type=authorization_code&code=x&token=x");
        ask(&app.url, post(path, &format!("Referer: {trap}\r\nOrigin: {trap}\r\n"), body.as_bytes())).await;
    }
    assert!(listener.accept().is_err(), "somebody was called");
}

#[rstest]
#[tokio::test]
async fn more_headers_than_anybody_sends_are_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = whole(backend).await;
    let many: String = (0..5_000).map(|number| format!("X-{number}: x\r\n")).collect();
    for path in [METADATA, ACCOUNT] {
        let answered = send(&app.url, &request("GET", path, &many, b"")).await;
        let refused = answered.is_empty() || answered.starts_with(b"HTTP/1.1 4");
        assert!(refused, "{}", String::from_utf8_lossy(&answered));
    }
    assert_eq!(ask(&app.url, request("GET", METADATA, "", b"")).await.status, 200);
}
