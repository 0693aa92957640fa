//! `serve` that terminates TLS itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use rstest::rstest;

use crate::support::authority::{Authority, Issued};
use crate::support::program::{Program, Running};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn put(program: &Program, issued: &Issued) {
    program.write("cert.pem", &issued.certificate);
    program.write("key.pem", &issued.key);
}

fn program(issued: &Issued) -> Program {
    let program = Program::new().set_up_to_serve();
    let url = program.variable("COUPLET_PUBLIC_URL").replace("http://127.0.0.1", "https://localhost");
    put(&program, issued);
    program
        .with("COUPLET_PUBLIC_URL", &url)
        .with("COUPLET_TLS_CERTIFICATE_FILE", "cert.pem")
        .with("COUPLET_TLS_KEY_FILE", "key.pem")
}

fn address(program: &Program) -> String {
    program.variable("COUPLET_LISTEN").to_owned()
}

/// Whether somebody who trusts this authority gets an answer.
async fn reaches(authority: &Authority, program: &Program) -> bool {
    let url = format!("{}/healthz", program.variable("COUPLET_PUBLIC_URL"));
    authority.client().get(url).send().await.is_ok_and(|answer| answer.status() == 200)
}

async fn until_reached(authority: &Authority, program: &Program, server: &Running) {
    let began = Instant::now();
    while !reaches(authority, program).await {
        assert!(began.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_logged(server: &Running, words: &str) {
    let began = Instant::now();
    while !server.log().contains(words) {
        assert!(began.elapsed() < PATIENCE, "{words} in {}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[rstest]
#[case::no_key("COUPLET_TLS_KEY_FILE", "", "tls.key_file is missing; ")]
#[case::no_certificate("COUPLET_TLS_CERTIFICATE_FILE", "", "tls.certificate_file is missing; ")]
#[case::key_away("COUPLET_TLS_KEY_FILE", "nowhere.pem", "tls.key_file nowhere.pem: No such file")]
#[case::certificate_away("COUPLET_TLS_CERTIFICATE_FILE", "nowhere.pem", "tls.certificate_file nowhere.pem: No such")]
#[case::no_pem(
    "COUPLET_TLS_CERTIFICATE_FILE",
    "couplet.key",
    "tls.certificate_file couplet.key holds no certificate; "
)]
#[case::swapped("COUPLET_TLS_KEY_FILE", "cert.pem", "tls.key_file cert.pem holds no private key; ")]
#[case::another_key("COUPLET_TLS_KEY_FILE", "other.pem", "tls.key_file other.pem is not the key of the certificate; ")]
#[case::plain("COUPLET_PUBLIC_URL", "http://127.0.0.1:1", "public_url is plain http, but TLS is on; ")]
fn a_pair_that_can_not_be_served_is_refused(#[case] variable: &str, #[case] value: &str, #[case] words: &str) {
    let authority = Authority::new();
    let program = program(&authority.issue()).with(variable, value);
    program.write("other.pem", &authority.issue().key);
    let ran = program.run("serve");
    let told = ran.refused(2);
    assert!(told.starts_with(words), "{told}");
    assert!(told.split_once("; ").is_some_and(|(_, mend)| !mend.is_empty()), "{told}");
}

#[tokio::test]
async fn whoever_speaks_no_tls_is_cut_off() {
    let authority = Authority::new();
    let program = program(&authority.issue()).with("COUPLET_LIMITS_HEAD_TIMEOUT", "1s");
    let server = program.start("serve");
    until_reached(&authority, &program, &server).await;
    for said in [b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".as_slice(), b""] {
        let mut stream = TcpStream::connect(address(&program)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(said).unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well.
        let ended = stream.read_to_end(&mut answer);
        assert!(ended.is_ok() || ended.unwrap_err().kind() == std::io::ErrorKind::ConnectionReset, "it must end");
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    }
    assert!(reaches(&authority, &program).await);
}

#[tokio::test]
async fn handshakes_that_do_not_come_hold_nobody_up() {
    let authority = Authority::new();
    let program = program(&authority.issue());
    let server = program.start("serve");
    until_reached(&authority, &program, &server).await;
    let _silent: Vec<_> = (0..200).map(|_| TcpStream::connect(address(&program)).unwrap()).collect();
    let began = Instant::now();
    assert!(reaches(&authority, &program).await);
    assert!(began.elapsed() < Duration::from_secs(8), "handshakes take 10 s to be given up: {:?}", began.elapsed());
}

#[tokio::test]
async fn pages_come_by_https_with_cookies_that_stay_there() {
    let authority = Authority::new();
    let program = program(&authority.issue());
    let server = program.start("serve");
    until_reached(&authority, &program, &server).await;
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let client = authority.client_builder().tls_version_min(version).tls_version_max(version).build().unwrap();
        let page = client.get(format!("{}/account", program.variable("COUPLET_PUBLIC_URL"))).send().await.unwrap();
        assert_eq!(page.version(), reqwest::Version::HTTP_11);
        assert!(page.headers()["strict-transport-security"].to_str().unwrap().contains("max-age"));
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "{cookie}");
    }
}

#[tokio::test]
async fn a_new_pair_is_taken_up_and_a_broken_one_is_not() {
    let (authority, new_authority) = (Authority::new(), Authority::new());
    let program = program(&authority.issue());
    let server = program.start("serve");
    until_reached(&authority, &program, &server).await;
    let kept = authority.client_builder().build().unwrap();
    let ask = async || kept.get(format!("{}/healthz", program.variable("COUPLET_PUBLIC_URL"))).send().await;
    ask().await.unwrap();

    program.write("key.pem", &new_authority.issue().key);
    until_logged(&server, "is not the key of the certificate").await;
    assert!(reaches(&authority, &program).await, "the former pair is served on");

    put(&program, &new_authority.issue());
    until_reached(&new_authority, &program, &server).await;
    assert!(!reaches(&authority, &program).await);
    ask().await.expect("who is connected stays so");
    assert_eq!(server.log().matches("can't be served").count(), 1, "{}", server.log());
}

#[tokio::test]
async fn a_pair_that_could_not_be_read_is_taken_up_once_it_can_though_no_file_changed() {
    let (authority, new_authority) = (Authority::new(), Authority::new());
    let program = program(&authority.issue());
    let server = program.start("serve");
    until_reached(&authority, &program, &server).await;

    let issued = new_authority.issue();
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let put_key = |key: &str| {
        program.write("key.pem", key).set_modified(written).unwrap();
    };
    put(&program, &issued);
    put_key(&"x".repeat(issued.key.len()));
    until_logged(&server, "can't be served").await;
    put_key(&issued.key);
    until_reached(&new_authority, &program, &server).await;
}

#[rstest]
#[case::over(Authority::new().issue_until(2021, 1, 1), "the certificate ended 2021-01-01")]
#[case::of_another_host(Authority::new().issue(), "the certificate is not for localhost.example")]
#[tokio::test]
async fn a_certificate_that_browsers_refuse_is_told(#[case] issued: Issued, #[case] words: &str) {
    let program = program(&issued);
    let of_another_host = program.variable("COUPLET_PUBLIC_URL").replace("localhost", "localhost.example");
    let program =
        if words.contains(".example") { program.with("COUPLET_PUBLIC_URL", &of_another_host) } else { program };
    let server = program.start("serve");
    until_logged(&server, words).await;
}
