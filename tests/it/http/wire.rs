//! What no HTTP library sends: requests that two servers on the way could read differently (RFC 9112), and noise.

use std::time::Duration;

use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;

/// Longer than the server needs to answer or to close.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends bytes and gives all that comes back until the server closes.
async fn send(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    // The server may close before it has read everything.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes the connection"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

/// Refused as malformed, or just closed; and nothing after it was taken for a request.
#[track_caller]
fn assert_refused(answers: &str) {
    let statuses = statuses(answers);
    assert!(statuses.is_empty() || statuses == ["400"], "{answers}");
}

#[rstest]
#[case::the_same("Host: localhost\r\nHost: localhost\r\n")]
#[case::different("Host: localhost\r\nHost: evil.example\r\n")]
#[case::one_empty("Host: localhost\r\nHost:\r\n")]
#[tokio::test]
async fn two_hosts_are_refused(#[values(Sqlite, Postgres)] backend: Backend, #[case] hosts: &str) {
    let app = TestApp::on(backend).await;
    for path in ["/healthz", "/oauth2/authorize", "/nothing"] {
        assert_refused(
            &send(&app, format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes()).await,
        );
    }
}

#[rstest]
#[case::chunked_last("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")]
#[case::chunked_first("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")]
#[case::in_other_letters("content-length: 5\r\nTRANSFER-ENCODING: Chunked\r\n")]
#[case::of_no_length("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")]
#[case::unknown_encoding("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n")]
#[case::two_lengths("Content-Length: 5\r\nContent-Length: 6\r\n")]
#[case::length_list("Content-Length: 5, 5\r\n")]
#[case::signed_length("Content-Length: +5\r\n")]
#[case::negative_length("Content-Length: -5\r\n")]
#[case::chunked_not_last("Transfer-Encoding: chunked, gzip\r\n")]
#[case::chunked_twice("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")]
#[tokio::test]
async fn an_ambiguous_length_is_refused(#[values(Sqlite, Postgres)] backend: Backend, #[case] length: &str) {
    let app = TestApp::on(backend).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_refused(&send(&app, format!("{head}{length}\r\n{smuggled}").as_bytes()).await);
}

#[rstest]
#[case::noise(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")]
#[case::no_method(b"/ HTTP/1.1\r\nHost: localhost\r\n\r\n")]
#[case::another_version(b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n")]
#[case::header_without_colon(b"GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n")]
#[case::space_before_colon(b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n")]
#[case::nul_in_header(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n")]
#[tokio::test]
async fn what_is_no_http_is_refused(#[values(Sqlite, Postgres)] backend: Backend, #[case] bytes: &[u8]) {
    let app = TestApp::on(backend).await;
    assert_refused(&send(&app, bytes).await);
}

#[rstest]
#[tokio::test]
async fn a_head_without_end_is_cut_off(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}", "X-Padding: padding\r\n".repeat(50_000));
    let answers = send(&app, head.as_bytes()).await;
    assert!(statuses(&answers).iter().all(|status| status.starts_with('4')), "{answers}");
}

#[rstest]
#[tokio::test]
async fn a_chunked_body_over_64_kib_is_too_large(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let chunk = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    let answers = send(&app, format!("{head}{chunk}{chunk}{chunk}0\r\n\r\n").as_bytes()).await;
    assert_eq!(statuses(&answers), ["413"], "{answers}");
}

#[rstest]
#[tokio::test]
async fn a_chunked_form_is_read(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let request = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                   Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nb\r\ngrant_type=\r\n4\r\nnone\r\n0\r\n\r\n";
    let answers = send(&app, request.as_bytes()).await;
    assert!(answers.contains("unsupported_grant_type"), "{answers}");
}
