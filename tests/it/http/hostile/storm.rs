//! A storm: some thousand requests put together by chance of hostile parts, against a real process. Every answer is well-formed
//! and none is a fault of ours; afterwards everything works as before.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::iter;
use rstest::rstest;

use super::{FORM, POSTS, READS};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::raw::{parse, send};
use crate::support::stage::Stage;

/// How many requests for each database.
const REQUESTS: u64 = 1_200;

/// How many at once.
const AT_ONCE: usize = 16;

/// Chance that is the same in every run (splitmix64): a request that fails is made again by its number.
struct Chance(u64);

impl Chance {
    fn number(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.number(of.len())]
    }

    fn in_a_hundred(&mut self, percent: usize) -> bool {
        self.number(100) < percent
    }
}

const METHODS: [&str; 14] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "X", "P OST",
    "P\0T",
];

/// Names of parameters; `target` is a client that no other test of the stage needs.
const NAMES: [&str; 28] = [
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "client_secret",
    "code_verifier",
    "refresh_token",
    "scope",
    "token",
    "token_type_hint",
    "subject_token",
    "subject_token_type",
    "audience",
    "resource",
    "access_token",
    "response_type",
    "response_mode",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "username",
    "password",
    "request",
    "csrf",
    "decision",
    "grant",
    "unlinked",
];

const VALUES: [&[u8]; 44] = [
    b"",
    b"x",
    b"target",
    b"alexa",
    b"authorization_code",
    b"refresh_token",
    b"reciprocal_authorization_code",
    b"urn:ietf:params:oauth:grant-type:token-exchange",
    b"urn:ietf:params:oauth:grant-type:reciprocal",
    b"urn:ietf:params:oauth:token-type:access_token",
    b"urn:couplet:token-type:grant-id",
    b"code",
    b"token",
    b"S256",
    b"none login consent",
    b"lights%3Aread",
    b"https%3A%2F%2Flayla.amazon.com%2Fapi%2Fskill%2Flink%2FM2TESTVENDOR0",
    b"https%3A%2F%2Fevil.example%2F",
    b"cplc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"cplr_AAAA",
    b"cpla_%00",
    b"eyJhbGciOiJub25lIn0.e30.",
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.e30.AAAA",
    b"....",
    b"%",
    b"%zz",
    b"%00",
    b"%ff",
    b"\xff\xfe",
    b"%ED%A0%80",
    b"%C0%AF",
    b"%F0%9F%94%97",
    b"%E2%80%AE",
    b"%0d%0aX:%20y",
    b"%1b[31m",
    b"'%20OR%201=1%20--",
    b"<script>",
    b"../../etc/passwd",
    b"${jndi:ldap://x}",
    b"{{7*7}}",
    b"-1",
    b"99999999999999999999",
    b"0197b2c4-0000-7000-8000-000000000000",
    b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
];

const HEADERS: [&[u8]; 26] = [
    b"Authorization: Basic dGFyZ2V0OndyaW5n",
    b"Authorization: Basic /////w==",
    b"Authorization: Bearer cpla_AAAA",
    b"Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.e30.AAAA",
    b"Authorization: \xff",
    b"Cookie: couplet_session=AAAA; couplet_form=AAAA",
    b"Cookie: \xff=\xfe; couplet_form=%ff",
    b"Cookie: ;;;==",
    b"Origin: null",
    b"Origin: https://evil.example",
    b"Sec-Fetch-Site: cross-site",
    b"X-Forwarded-For: \xff, ::1",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"Connection: upgrade",
    b"Content-Encoding: gzip",
    b"Host: evil.example",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Length: 3",
    b"Content-Length: -1",
    b"Content-Type: application/json",
    b"X : y",
    b" folded",
    b"no colon",
    b"X: a\0b",
];

const BEFORE: [&str; 7] = ["", "", "", "", "/", "http://evil.example", "/%2e%2e"];
const AFTER: [&str; 9] = ["", "", "", "", "/", ";x", "%00", "%zz", "#x"];

fn parameters(chance: &mut Chance) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..chance.number(7) {
        if !all.is_empty() {
            all.push(b'&');
        }
        all.extend_from_slice(chance.one(&NAMES).as_bytes());
        all.push(b'=');
        let times = if chance.in_a_hundred(2) { 2_000 } else { 1 };
        all.extend(chance.one(&VALUES).repeat(times));
    }
    all
}

/// A request: what it is, and whether nothing in it is malformed HTTP, so that it must be answered.
fn draw(chance: &mut Chance) -> (Vec<u8>, bool) {
    let path = if chance.in_a_hundred(70) { chance.one(&POSTS) } else { chance.one(&READS) };
    let method = match chance.number(10) {
        0..5 => "POST",
        5..8 => "GET",
        _ => chance.one(&METHODS),
    };
    let mut plain = !matches!(method, "CONNECT" | "P OST" | "P\0T");
    let mut whole = format!("{method} {}{path}{}", chance.one(&BEFORE), chance.one(&AFTER)).into_bytes();
    if chance.in_a_hundred(40) {
        let query = parameters(chance);
        plain &= query.is_ascii() && !query.iter().any(|byte| b"<>{}\"".contains(byte));
        whole.push(b'?');
        whole.extend(query);
    }
    whole.extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for _ in 0..chance.number(3) {
        let header: &[u8] = chance.one(&HEADERS);
        plain &=
            header.starts_with(b"Authorization: Basic") || header.starts_with(b"Origin") || header.starts_with(b"Sec");
        whole.extend_from_slice(header);
        whole.extend_from_slice(b"\r\n");
    }
    let body = if method == "GET" { Vec::new() } else { parameters(chance) };
    if chance.in_a_hundred(90) {
        whole.extend_from_slice(format!("Content-Type: {FORM}\r\n").as_bytes());
    }
    match chance.number(20) {
        0 => whole.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n"),
        1 => whole.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len() + 7).as_bytes()),
        2 => whole.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len() / 2).as_bytes()),
        3 => whole.extend_from_slice(b"\r\n"),
        _ => {
            whole.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            whole.extend(body);
            return (whole, plain);
        }
    }
    whole.extend(body);
    (whole, false)
}

/// Sends the request of that number; gives the status, if there was an answer.
async fn strike(url: &str, number: u64) -> Option<u16> {
    let (request, is_plain) = draw(&mut Chance(number));
    let shown = format!("number {number}: {}", request.iter().take(600).copied().collect::<Vec<_>>().escape_ascii());
    let answered = send(url, &request).await;
    let answers = parse(&answered, request.starts_with(b"HEAD"));
    assert!(answers.iter().all(|answer| (200..500).contains(&answer.status)), "{shown} {answers:?}");
    assert!(!answers.iter().any(|answer| answer.body.contains("panicked")), "{shown} {answers:?}");
    assert!(!is_plain || answers.len() == 1, "{shown} {answers:?}");
    answers.first().map(|answer| answer.status)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_some_thousand_hostile_requests_everything_works_as_before(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let target = "client add --name Target --client-id target --client-secret-stdin --redirect-uri https://t.example/";
    stage.program.tell(target, "another-secret-that-is-long-enough").done();
    let (alexa, alice) = (stage.alexa(), stage.person());
    let tokens = alexa.link(&alice).await;
    let url = stage.server.url.clone();
    let began = Instant::now();
    let strikes = iter(0..REQUESTS).map(|number| {
        let url = url.clone();
        tokio::spawn(async move { strike(&url, number).await })
    });
    let statuses: Vec<Option<u16>> = strikes.buffer_unordered(AT_ONCE).map(Result::unwrap).collect().await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    for status in [200, 400, 401, 404, 405, 415] {
        assert!(statuses.contains(&Some(status)), "the storm never met {status}");
    }
    let log = stage.server.log();
    for word in ["panicked", "\"level\":\"ERROR\""] {
        assert!(!log.contains(word), "{}", log.lines().filter(|line| line.contains(word)).collect::<String>());
    }
    assert!(alexa.is_active(&tokens.access).await, "no link was lost");
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
    alexa.link(&stage.person()).await;
}
