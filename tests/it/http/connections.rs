//! Connections that do not behave: slow, idle, many, large, deaf. Each is bounded, and meanwhile tokens are served.

use std::time::{Duration, Instant};

use couplet::config::Limits;
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

/// Longer than any of the limits set here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn app(change: impl FnOnce(&mut Limits)) -> TestApp {
    app_on(Sqlite, change).await
}

async fn app_on(backend: Backend, change: impl FnOnce(&mut Limits)) -> TestApp {
    TestApp::with(backend, |config| change(&mut config.limits)).await
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

async fn say(app: &TestApp, words: &str) -> TcpStream {
    let mut stream = connect(app).await;
    stream.write_all(words.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the server ends the connection.
async fn until_ended(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    drop(timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server ends the connection"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The server's clock for such limits is a coarse one.
const COARSE: Duration = Duration::from_millis(100);

fn assert_ended_after(began: Instant, limit: Duration) {
    assert!(began.elapsed() + COARSE >= limit, "cut off too early: {:?}", began.elapsed());
}

const SECOND: Duration = Duration::from_secs(1);

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[rstest]
#[case::silent("")]
#[case::in_the_request_line("GET /healthz HT")]
#[case::in_a_header("GET /healthz HTTP/1.1\r\nHost: local")]
#[tokio::test]
async fn a_head_that_does_not_come_is_cut_off(#[case] words: &str) {
    let app = app(|limits| limits.head_timeout = SECOND).await;
    let began = Instant::now();
    let answer = until_ended(&mut say(&app, words).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_ended_after(began, SECOND);
}

#[tokio::test]
async fn a_second_head_that_does_not_come_is_cut_off() {
    let app = app(|limits| (limits.request_timeout, limits.keep_alive) = (SECOND * 2, SECOND)).await;
    let began = Instant::now();
    let answer = until_ended(&mut say(&app, &format!("{HEALTHZ}GET /healthz HTTP/1.1\r\n")).await).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert_ended_after(began, SECOND);
}

#[rstest]
#[case::with_a_length("Content-Length: 100\r\n\r\na=b")]
#[case::in_chunks("Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n")]
#[tokio::test]
async fn a_body_that_does_not_come_is_cut_off(#[case] rest: &str) {
    let app = app(|limits| limits.request_timeout = SECOND * 4).await;
    let began = Instant::now();
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let answer = until_ended(&mut say(&app, &format!("{head}{rest}")).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "it is told why: {answer}");
    assert_ended_after(began, SECOND * 2);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let app = app(|limits| limits.keep_alive = SECOND * 2).await;
    let began = Instant::now();
    let answer = until_ended(&mut say(&app, HEALTHZ).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_ended_after(began, SECOND * 2);
}

/// Answers that its sender never reads, in front of a small window.
#[tokio::test]
async fn who_never_reads_is_cut_off() {
    let app = app(|limits| limits.answer_timeout = SECOND * 2).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(app.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let began = Instant::now();
    let page = "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let cut = async { while stream.write_all(page.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, cut).await.expect("the server breaks the connection");
    assert_ended_after(began, SECOND * 2);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_no_faster_than_they_are_read() {
    let app = app(|_| {}).await;
    let mut stream = connect(&app).await;
    let (mut reader, mut writer) = stream.split();
    let many = 5000;
    let last = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let all = HEALTHZ.repeat(many) + last;
    let mut answer = Vec::new();
    let both = async {
        tokio::join!(async { writer.write_all(all.as_bytes()).await.unwrap() }, reader.read_to_end(&mut answer)).1
    };
    timeout(PATIENCE, both).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), many);
    assert_eq!(answer.rfind("HTTP/1.1"), answer.find("HTTP/1.1 404"), "the last one comes last");
}

#[rstest]
#[case::request_line(&format!("GET /healthz?{} HTTP/1.1\r\nHost: localhost\r\n", "a".repeat(60_000)))]
#[case::header(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n", "a".repeat(60_000)))]
#[case::cookies(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}", format!("Cookie: {}\r\n", "a".repeat(4000)).repeat(15)))]
#[case::number(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}", "X: y\r\n".repeat(96)))]
#[case::endless(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n", "a".repeat(140_000)))]
#[tokio::test]
async fn a_head_that_is_too_large_is_431(#[case] head: &str) {
    let app = app(|_| {}).await;
    let answer = until_ended(&mut say(&app, &format!("{head}Connection: close\r\n\r\n")).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_request_line_of_16_kib_is_served_beside_large_headers() {
    let app = app(|_| {}).await;
    let (query, cookie) = ("a".repeat(16_384), "c".repeat(8192));
    let request =
        format!("GET /healthz?{query} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    let answer = until_ended(&mut say(&app, &request).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[rstest]
#[case::with_a_length("Content-Length: 10000000")]
#[case::in_chunks("Transfer-Encoding: chunked")]
#[tokio::test]
async fn who_sends_a_giant_body_still_reads_why_it_is_refused(#[case] length: &str) {
    let app = app(|_| {}).await;
    let mut stream = connect(&app).await;
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    stream.write_all(format!("{head}{length}\r\n\r\n").as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let part = format!("2710\r\n{}\r\n", "a".repeat(10_000));
    let sending = async {
        for _ in 0..1000 {
            if writer.write_all(part.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let mut answer = Vec::new();
    let both = async { tokio::join!(sending, reader.read_to_end(&mut answer)) };
    drop(timeout(PATIENCE, both).await.expect("the server ends the connection"));
    assert!(answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn the_configured_body_is_the_largest() {
    let app = app(|limits| limits.body = 16 * 1024).await;
    let http = reqwest::Client::new();
    for size in [16 * 1024, 16 * 1024 + 1] {
        let body = format!("grant_type=refresh_token&a={}", "a".repeat(size - 27));
        let asked = http.post(format!("{}/oauth2/token", app.url)).basic_auth("nobody", Some("x")).body(body);
        let answer = asked.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(answer.status() == 413, size > 16 * 1024, "{size}: {}", answer.status());
    }
}

/// Whether a new connection gets an answer within a moment.
async fn is_served(app: &TestApp, moment: Duration) -> bool {
    let mut stream = say(app, HEALTHZ).await;
    matches!(timeout(moment, stream.read_u8()).await, Ok(Ok(b'H')))
}

#[tokio::test]
async fn one_address_has_no_more_connections_than_its_share() {
    let app = app(|limits| limits.connections_per_address = Some(3)).await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut stream = say(&app, HEALTHZ).await;
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        inside.push(stream);
    }
    assert_eq!(until_ended(&mut say(&app, HEALTHZ).await).await, "");
    drop(inside);
    let began = Instant::now();
    while !is_served(&app, SECOND).await {
        assert!(began.elapsed() < PATIENCE, "who left makes room");
    }
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_as_it_needs() {
    let change = |config: &mut couplet::config::Config| {
        config.limits.connections_per_address = Some(1);
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let app = TestApp::with(Sqlite, change).await;
    let _first = say(&app, HEALTHZ).await;
    assert!(is_served(&app, PATIENCE).await);
}

#[tokio::test]
async fn in_a_full_house_the_next_one_waits_until_an_idle_one_has_made_room() {
    let app = app(|limits| limits.connections = 8).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        let mut stream = say(&app, HEALTHZ).await;
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        idle.push(stream);
    }
    assert!(!is_served(&app, SECOND / 2).await, "the house is full");
    assert!(is_served(&app, PATIENCE).await, "idle connections end early in a crowd, not after 60 s");
}

#[rstest]
#[tokio::test]
async fn tokens_are_served_beside_a_thousand_open_connections(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = app_on(backend, |limits| limits.connections_per_address = None).await.with_alice().await;
    let service = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = service.link(&app.person()).await;
    let mut open = Vec::new();
    for number in 0..1000 {
        open.push(say(&app, ["", "GET /hea", HEALTHZ][number % 3]).await);
    }
    assert_eq!(service.refresh(&tokens.refresh).await.status, 200);
    assert!(service.is_active(&tokens.access).await);
    drop(open);
}
