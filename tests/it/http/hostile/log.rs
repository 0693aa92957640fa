//! What strangers write into the log: no line of their own, no colours, no end of the disk.

use serde_json::Value;

use crate::http::hostile::{post, request};
use crate::support::app::{ALICE, Backend::Sqlite, SECRET};
use crate::support::raw::{ask, send};
use crate::support::stage::Stage;
use couplet::web::routes::{CONSENT, INTROSPECT, SIGN_IN};

/// A line that pretends to be ours, colours, the writing turned around, and a terminal's control sequences in one byte.
const EVIL: &str =
    "%0d%0a{\"level\":\"INFO\",\"message\":\"forged\"}%1b[31mred%1b]0;title%07%c2%9b2J%e2%80%ae%e2%80%a8";

#[tokio::test]
async fn a_request_writes_one_plain_line_of_bounded_length_whatever_it_holds() {
    let stage = Stage::on(Sqlite).await;
    let url = &stage.server.url;
    let raw = "\u{9b}31mred\u{85}\u{202e}\u{2028}";
    for target in [
        format!("/{EVIL}"),
        format!("/{raw}"),
        format!("/{}", "long".repeat(20_000)),
        format!("/oauth2/authorize?client_id={EVIL}&redirect_uri={EVIL}&state={EVIL}"),
        format!("/oauth2/authorize?client_id=alexa&redirect_uri={EVIL}{}", "long".repeat(10_000)),
        format!("/account?{EVIL}"),
    ] {
        ask(url, request("GET", &target, &format!("User-Agent: {raw}\r\nReferer: {raw}\r\n"), b"")).await;
    }
    ask(url, request(&"LONG".repeat(20_000), "/", "", b"")).await;
    send(url, b"\x1b[31m / HTTP/1.1\r\n\r\n").await;
    let form =
        format!("username={EVIL}&password={EVIL}&token={EVIL}&client_id={EVIL}&client_secret={EVIL}&request={EVIL}");
    for path in super::POSTS {
        ask(url, post(path, "", form.as_bytes())).await;
    }
    let log = stage.server.log();
    assert!(log.lines().count() > 15, "{log}");
    for line in log.lines() {
        let told: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(told["message"], "forged", "{line}");
        let odd = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}');
        assert!(!line.contains(odd) && line.len() < 3000, "{line}");
        assert!(!line.contains("\\u001b") && !line.contains("\\u009b"), "{line}");
    }
}

#[tokio::test]
async fn who_signs_in_who_is_refused_and_what_is_forged_is_told_without_a_secret() {
    let stage = Stage::on(Sqlite).await;
    let person = stage.person();
    let page = person.open(&stage.alexa().authorize(&[])).await;
    person.sign_in(&page, ALICE, "the wrong password").await;
    person.sign_in(&page, "a password typed as a name", "x").await;
    person.post(SIGN_IN, &[("username", ALICE), ("password", "unproven"), ("csrf", "invented")]).await;
    let consent = person.sign_in(&page, ALICE, crate::support::app::PASSWORD).await;
    person.post(CONSENT, &[("decision", "allow"), ("request", &consent.value("request")), ("csrf", "invented")]).await;
    let account = person.open(&format!("{}/account", stage.server.url)).await;
    person.post("/sign-out", &[("csrf", &account.value("csrf"))]).await;
    let answer = stage.platform("alexa", "wrong-secret").post(INTROSPECT, &[("token", "x")]).await;
    assert_eq!(answer.status, 401);
    let log = stage.server.log();
    let times = |message: &str| log.lines().filter(|line| line.contains(message)).count();
    assert_eq!((times("\"sign-in refused\""), times("\"signed in\""), times("\"signed out\"")), (2, 1, 1), "{log}");
    assert_eq!((times("is not of a page of ours"), times("secret sent by Basic is wrong")), (2, 1), "{log}");
    for secret in ["wrong password", "typed as a name", "unproven", "invented", "wrong-secret", SECRET] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    assert!(log.lines().all(|line| line.contains("\"timestamp\":\"20") && line.contains("Z\"")), "{log}");
}
