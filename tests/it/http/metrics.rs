//! What is counted: each number means what its name says, and no label says more than it may.

use std::time::Duration;

use couplet::jobs::purge::purge;
use reqwest::{Client, Method};
use rstest::rstest;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET, TestApp};
use crate::support::numbers::Numbers;
use crate::support::platform::Platform;

impl TestApp {
    fn numbers(&self) -> Numbers {
        Numbers::read(&self.app.metrics.render(self.app.readings()))
    }
}

fn outcome(numbers: &Numbers, endpoint: &str, outcome: &str) -> f64 {
    numbers.get(&format!("couplet_outcomes_total{{endpoint=\"{endpoint}\",outcome=\"{outcome}\"}}"))
}

fn answers(numbers: &Numbers, endpoint: &str, method: &str, status: u16) -> f64 {
    let labels = format!("endpoint=\"{endpoint}\",method=\"{method}\",status=\"{status}\"");
    numbers.get(&format!("couplet_requests_total{{{labels}}}"))
}

fn sign_ins(numbers: &Numbers) -> [f64; 4] {
    ["ok", "wrong", "braked", "busy"]
        .map(|result| numbers.get(&format!("couplet_sign_ins_total{{result=\"{result}\"}}")))
}

#[tokio::test]
async fn the_public_listener_knows_nothing_of_them() {
    let app = TestApp::on(Sqlite).await;
    for path in ["/metrics", "/metrics/", "/%6detrics", "//metrics"] {
        let answer = reqwest::get(format!("{}{path}", app.url)).await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn each_refusal_is_counted_by_its_code_and_each_success_as_ok(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    assert_eq!(alexa.refresh("no token").await.error(), "invalid_grant");
    assert_eq!(Platform::new(&app.url, "alexa", Some("wrong"), "").refresh(&tokens.refresh).await.status, 401);
    assert_eq!(alexa.post("/oauth2/token", &[("grant_type", "magic")]).await.error(), "unsupported_grant_type");
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
    let untrusted = alexa.authorize(&[("redirect_uri", "https://evil.example/")]);
    assert_eq!(app.person().open(&untrusted).await.status, 400);
    app.person().open(&alexa.authorize(&[("response_type", "token")])).await;
    let numbers = app.numbers();
    for (code, count) in
        [("ok", 2.0), ("invalid_grant", 1.0), ("invalid_client", 1.0), ("unsupported_grant_type", 1.0), ("busy", 0.0)]
    {
        assert_eq!(outcome(&numbers, "/oauth2/token", code), count, "{code}");
    }
    assert_eq!(outcome(&numbers, "/oauth2/authorize", "untrusted"), 1.0);
    assert_eq!(outcome(&numbers, "/oauth2/authorize", "unsupported_response_type"), 1.0);
    assert_eq!(answers(&numbers, "/oauth2/token", "POST", 200), 2.0);
    assert_eq!(answers(&numbers, "/oauth2/token", "POST", 400), 2.0);
    assert_eq!(answers(&numbers, "/oauth2/token", "POST", 401), 1.0);
    assert_eq!(numbers.get("couplet_request_duration_seconds_count{endpoint=\"/oauth2/token\"}"), 5.0);
    assert!(numbers.get("couplet_request_duration_seconds_sum{endpoint=\"/oauth2/token\"}") > 0.0);
    let last = "couplet_request_duration_seconds_bucket{le=\"+Inf\",endpoint=\"/oauth2/token\"}";
    assert_eq!(numbers.get(last), 5.0);
    assert_eq!(numbers.find("couplet_requests_in_flight"), Some(0.0));
}

#[tokio::test]
async fn attempts_to_sign_in_are_counted_by_what_became_of_them() {
    let with_few = |config: &mut couplet::config::Config| config.throttle.per_account.as_mut().unwrap().count = 2;
    let app = TestApp::with(Sqlite, with_few).await.with_alexa().await.with_alice().await;
    let (alexa, hashed) = (app.alexa(), app.numbers().get("couplet_password_hashes_total"));
    for password in [PASSWORD, "wrong", "wrong again", PASSWORD] {
        let person = app.person();
        let page = person.open(&alexa.authorize(&[])).await;
        person.sign_in(&page, ALICE, password).await;
    }
    let numbers = app.numbers();
    assert_eq!(sign_ins(&numbers), [1.0, 2.0, 1.0, 0.0], "ok, wrong, braked, busy");
    assert_eq!(numbers.get("couplet_password_hashes_total") - hashed, 3.0, "who is braked costs no hash");
    assert!(numbers.get("couplet_password_hash_seconds_total") > 0.0);
    assert_eq!(outcome(&numbers, "/sign-in", "wrong_credentials"), 2.0);
    assert_eq!(outcome(&numbers, "/sign-in", "too_many_requests"), 1.0);
}

#[tokio::test]
async fn labels_hold_no_path_method_id_or_secret_of_a_caller() {
    let app = TestApp::on(Sqlite).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    let tokens = alexa.link(&app.person()).await;
    let http = Client::new();
    for (method, path) in
        [("GET", "/a-made-up-path"), ("BREW", "/oauth2/token"), ("GET", "/static/made-up.css"), ("GET", "/%ff\"}")]
    {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        http.request(method, format!("{}{path}?a-query", app.url)).send().await.unwrap();
    }
    let text = app.app.metrics.render(app.app.readings());
    let known = [&tokens.access, &tokens.refresh, ALICE, "alexa", SECRET, "made-up", "BREW", "%ff", "a-query"];
    for secret in known {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let numbers = Numbers::read(&text);
    assert_eq!(answers(&numbers, "other", "GET", 404), 3.0);
    assert_eq!(answers(&numbers, "/oauth2/token", "other", 405), 1.0);
}

#[tokio::test]
async fn every_path_that_is_served_has_a_name_of_its_own() {
    let app = TestApp::on(Sqlite).await;
    let page = app.person().open(&format!("{}/account", app.url)).await;
    let stylesheet = page.attribute("link[rel=stylesheet]", "href");
    let metadata: serde_json::Value = reqwest::get(format!("{}/.well-known/oauth-authorization-server", app.url))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let endpoints = metadata.as_object().unwrap().values().filter_map(|value| value.as_str()?.strip_prefix(&app.url));
    let more = ["/", "/healthz", "/readyz", "/favicon.ico", "/sign-in", "/consent", "/sign-out", "/account/unlink"];
    for path in endpoints.chain(more).chain([stylesheet.as_str()]).filter(|path| !path.is_empty()) {
        reqwest::get(format!("{}{path}", app.url)).await.unwrap();
    }
    assert_eq!(app.numbers().beginning("couplet_requests_total{endpoint=\"other\""), []);
}

#[tokio::test]
async fn who_leaves_before_the_answer_is_counted_and_not_in_flight() {
    let app = TestApp::on(Sqlite).await;
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: couplet\r\nContent-Length: 8\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    until(|| app.numbers().get("couplet_requests_in_flight") == 1.0).await;
    drop(stream);
    until(|| app.numbers().get("couplet_requests_in_flight") == 0.0).await;
    let numbers = app.numbers();
    let counted = numbers.beginning("couplet_outcomes_total{endpoint=\"/oauth2/token\"");
    assert!(matches!(counted.as_slice(), [(_, 1.0)]), "{counted:?}");
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..400 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to that");
}

#[rstest]
#[tokio::test]
async fn links_are_counted_when_the_purge_walks(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let alexa = app.alexa();
    assert_eq!(app.numbers().find("couplet_links"), None, "nobody has counted yet");
    let ended = alexa.link(&app.person()).await;
    alexa.link(&app.person()).await;
    alexa.revoke(&ended.refresh).await;
    alexa.code_from(&app.person()).await;
    purge(&app.app).await.unwrap();
    let numbers = app.numbers();
    assert_eq!((numbers.get("couplet_links"), numbers.get("couplet_codes_waiting")), (1.0, 1.0));
    assert!(numbers.get("couplet_purge_last_success_timestamp_seconds") > 1.7e9);
    app.clock.advance(Duration::from_secs(301));
    purge(&app.app).await.unwrap();
    let numbers = app.numbers();
    assert_eq!((numbers.get("couplet_links"), numbers.get("couplet_codes_waiting")), (1.0, 0.0));
    assert_eq!(numbers.get("couplet_purged_rows_total{kind=\"grants\"}"), 1.0);
    assert_eq!(numbers.find("couplet_purge_failures_total"), Some(0.0));
}

#[rstest]
#[tokio::test]
async fn reverse_links_and_calls_to_the_partner_are_counted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let amazon = app.add_amazon().await;
    app.link_both_ways(&amazon).await;
    purge(&app.app).await.unwrap();
    let numbers = app.numbers();
    assert_eq!(numbers.get("couplet_reverse_links{state=\"active\"}"), 1.0);
    assert_eq!(numbers.find("couplet_reverse_links{state=\"failed\"}"), Some(0.0));
    assert_eq!(numbers.get("couplet_partner_calls_total{asked=\"exchange\",result=\"ok\"}"), 1.0);
}

#[rstest]
#[case::sqlite(Sqlite, &["writer", "readers"])]
#[case::postgres(Postgres, &["main"])]
#[tokio::test]
async fn each_pool_of_connections_is_told(#[case] backend: Backend, #[case] pools: &[&str]) {
    let app = TestApp::on(backend).await.with_alice().await;
    let numbers = app.numbers();
    for pool in pools {
        let number = |what: &str| numbers.find(&format!("couplet_database_connections_{what}{{pool=\"{pool}\"}}"));
        assert!(number("max") >= Some(1.0));
        assert!(number("idle").zip(number("in_use")).is_some_and(|(idle, used)| idle + used <= number("max").unwrap()));
    }
}
